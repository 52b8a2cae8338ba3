"""Excavations 开挖: dig areas that were asked about."""

from gridwarden.layers.catalogue.model import Column, Layer, Style, Words

LAYER = Layer(
    id="excavations",
    title=Words("Excavations", "开挖"),
    geometry="any",
    columns=(
        Column(
            "method",
            "text",
            Words("method", "施工方式"),
            ("施工方式", "方式"),
            choices={
                "hand": ("人工开挖", "人工"),
                "mechanical": ("机械开挖", "机械", "excavator"),
                "trenchless": ("顶管", "定向钻", "hdd"),
                "piling": ("打桩",),
                "borehole": ("勘探钻孔", "钻孔"),
                "blasting": ("爆破",),
                "dewatering": ("降水",),
                "lifting": ("吊装",),
            },
        ),
        Column(
            "depth_m",
            "real",
            Words("depth, m", "深度 m"),
            ("depth", "深度", "开挖深度", "孔深", "钻孔深度"),
            minimum=0,
            maximum=200,
        ),
        Column("starts_on", "date", Words("starts on", "开始日期"), ("开始日期", "start")),
        Column("ends_on", "date", Words("ends on", "结束日期"), ("结束日期", "end")),
        Column("contractor", "text", Words("contractor", "施工单位"), ("施工单位",)),
    ),
    readers={
        "utility": "all",
        "supervisor": "all",
        "planner": "all",
        "inspector": "districts",
    },
    # Judged against mains: who brings it reads mains or no finding, or probes would find them.
    importers=("utility", "supervisor", "administrator"),
    style=Style(stroke="#8A5A00", fill="#F6E9D2"),
    update_days=30,
)
