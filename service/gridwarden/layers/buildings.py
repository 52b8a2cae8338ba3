"""Buildings 建筑物, with the height that decides whether a water system is due (> 21 m)."""

from gridwarden.layers.catalogue.model import STREET, Column, Layer, Style, Words, count

LAYER = Layer(
    id="buildings",
    title=Words("Buildings", "建筑物"),
    geometry="polygon",
    columns=(
        Column(
            "height_m",
            "real",
            Words("height, m", "高度 m"),
            ("height", "高度", "建筑高度", "render_height", "building:height"),
            minimum=0,
            maximum=1000,
        ),
        Column(
            "storeys",
            "real",
            Words("storeys above ground", "地上层数"),
            ("floor", "floors", "levels", "building:levels", "building_levels", "层数", "地上层数"),
            minimum=0,
            maximum=250,
        ),
        Column("use", "text", Words("use", "用途"), ("building", "usage", "用途", "建筑用途")),
        Column(
            "water_system_state",
            "text",
            Words("water system", "建筑水系统状态"),
            ("水系统状态", "水系统", "消防水系统", "hydrant_state"),
            choices={
                "ok": ("正常", "完好", "working"),
                "fault": ("故障", "损坏"),
                "paralysed": ("瘫痪",),
                "under_repair": ("维修中", "整改中"),
                "in_renewal_plan": ("纳入老旧小区改造", "已纳入改造", "renewal"),
                "none": ("无", "未设置", "没有"),
            },
        ),
        count(
            "households",
            Words("households", "户数"),
            ("户数", "住户数", "居民户数", "building:flats", "flats"),
            most=100_000,
        ),
    ),
    readers=STREET,
    # Judged against mains: who brings it reads mains or no finding, or probes would find them.
    importers=("supervisor", "administrator"),
    style=Style(stroke="#A7B1BA", fill="#DDE2E7", width_px=0.6),
    update_days=365,
)
