"""Construction sites 建筑工地: digging that may meet a main."""

from gridwarden.layers.catalogue.model import STREET, Column, Layer, Style, Words

LAYER = Layer(
    id="construction_sites",
    title=Words("Construction sites", "建筑工地"),
    geometry="any",
    columns=(
        Column("stage", "text", Words("stage", "施工阶段"), ("施工阶段", "阶段", "进度")),
        Column(
            "contractor", "text", Words("contractor", "施工单位"), ("施工单位", "总包", "builder")
        ),
        Column(
            "starts_on", "date", Words("starts on", "开工日期"), ("开工日期", "start", "start_date")
        ),
        Column("ends_on", "date", Words("ends on", "竣工日期"), ("竣工日期", "end", "end_date")),
    ),
    readers=STREET,
    # Judged against mains: who brings it reads mains or no finding, or probes would find them.
    importers=("supervisor", "administrator"),
    style=Style(stroke="#9A6B16", fill="#F3E6CC"),
    update_days=30,
)
