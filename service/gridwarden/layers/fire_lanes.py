"""Fire lanes 消防车道: how an engine reaches a building, and where its ladder stands."""

from gridwarden.layers.catalogue.model import EVERYONE, Column, Layer, Style, Words

LAYER = Layer(
    id="fire_lanes",
    title=Words("Fire lanes", "消防车道"),
    geometry="polygon",
    columns=(
        Column(
            "kind",
            "text",
            Words("kind", "类型"),
            ("类型", "类别", "种类", "lane_type"),
            choices={
                "lane": ("消防车道", "消防通道", "车道", "生命通道", "fire lane"),
                "climbing_area": (
                    "消防车登高操作场地",
                    "登高操作场地",
                    "登高场地",
                    "登高面",
                    "消防救援场地",
                    "扑救场地",
                ),
                "turning_place": ("回车场", "回车场地", "消防回车场", "turnaround"),
            },
        ),
        Column(
            "width_m",
            "real",
            Words("clear width, m", "净宽 m"),
            ("width", "净宽", "净宽度", "宽度"),
            minimum=0,
            maximum=200,
        ),
        Column(
            "clear_height_m",
            "real",
            Words("clear height, m", "净高 m"),
            ("clear_height", "净高", "净空高度", "maxheight"),
            minimum=0,
            maximum=100,
        ),
        Column(
            "length_m",
            "real",
            Words("length, m", "长度 m"),
            ("length", "长度"),
            minimum=0,
            maximum=10_000,
        ),
        Column(
            "dead_end",
            "boolean",
            Words("dead end", "尽头式"),
            ("尽头式", "尽端式", "断头路", "是否尽头"),
        ),
        Column(
            "state",
            "text",
            Words("state", "状态"),
            ("状态", "通畅情况", "status"),
            choices={
                "ok": ("正常", "畅通", "clear"),
                "occupied": ("占用", "被占用", "违停", "停车占用"),
                "blocked": ("堵塞", "封堵", "堵占", "锁闭", "obstructed"),
            },
        ),
    ),
    readers=EVERYONE,
    importers=("planner", "supervisor", "administrator"),
    style=Style(stroke="#B3473A", fill="#F7E6E3", width_px=0.8),
    update_days=365,
    register=True,
)
