"""Enclosed spaces 地下密闭空间: cellars, drains and trenches where leaking gas gathers."""

from gridwarden.layers.catalogue.model import EVERYONE, Column, Layer, Style, Words

LAYER = Layer(
    id="enclosed_spaces",
    title=Words("Enclosed spaces", "地下密闭空间"),
    geometry="any",
    columns=(
        Column(
            "kind",
            "text",
            Words("kind", "空间类型"),
            ("空间类型", "类型", "类别", "种类", "space_type"),
            choices={
                "basement": (
                    "地下室",
                    "半地下室",
                    "地下车库",
                    "地下空间",
                    "人防",
                    "人防工程",
                    "cellar",
                ),
                "drain": (
                    "排水暗沟",
                    "暗沟",
                    "暗渠",
                    "暗涵",
                    "箱涵",
                    "排水沟",
                    "排水箱涵",
                    "下水道",
                    "culvert",
                ),
                "heat_trench": ("热力沟", "热力管沟", "暖气沟", "供热管沟", "heat duct"),
                "cable_trench": (
                    "电缆沟",
                    "电力沟",
                    "电力管沟",
                    "通信管沟",
                    "电缆隧道",
                    "cable duct",
                ),
                "tunnel": (
                    "隧道",
                    "地下通道",
                    "人行地道",
                    "过街地道",
                    "综合管廊",
                    "管廊",
                    "地铁",
                    "metro",
                ),
                "manhole": ("检查井", "窨井", "阀门井", "人孔", "手孔", "化粪池", "chamber"),
            },
        ),
        Column(
            "depth_top_m",
            "real",
            Words("cover to the top, m", "顶板覆土 m"),
            ("顶板埋深", "埋深", "埋深m", "覆土", "depth"),
            minimum=-5,
            maximum=100,
        ),
        Column(
            "ventilated",
            "boolean",
            Words("ventilated", "有无通风"),
            ("通风", "有无通风", "是否通风"),
        ),
        Column(
            "operator", "text", Words("operator", "权属单位"), ("权属单位", "管理单位", "owner")
        ),
    ),
    readers=EVERYONE,
    # Judged against mains: who brings it reads mains or no finding, or probes would find them.
    importers=("supervisor", "administrator"),
    style=Style(stroke="#6B5B7B", fill="#E9E4EE"),
    update_days=365,
)
