"""Surveyed coverage 已普查范围: where an operator's mains are on record; outside is unknown."""

from gridwarden.layers.catalogue.model import Column, Layer, Style, Words

LAYER = Layer(
    id="coverage",
    title=Words("Surveyed coverage", "已普查范围"),
    geometry="polygon",
    columns=(
        Column(
            "operator", "text", Words("operator", "权属单位"), ("权属单位", "燃气公司", "owner")
        ),
        Column(
            "surveyed_on", "date", Words("surveyed on", "普查日期"), ("普查日期", "survey_date")
        ),
        Column(
            "update_days",
            "integer",
            Words("update interval, days", "更新周期 天"),
            ("更新周期", "update_interval_days"),
            minimum=1,
            maximum=36_500,
        ),
    ),
    readers={
        "utility": "all",
        "supervisor": "all",
        "planner": "all",
        "inspector": "districts",
    },
    importers=("utility", "supervisor", "administrator"),
    style=Style(stroke="#3E7C59", fill="#E6F0EA"),
    dated_by=("surveyed_on", "source_date"),
)
