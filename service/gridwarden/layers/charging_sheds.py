"""E-bike charging sheds 电动自行车充电棚, with their free places."""

from gridwarden.layers.catalogue.model import STREET, Column, Layer, Style, Words, count

LAYER = Layer(
    id="charging_sheds",
    title=Words("Charging sheds", "充电棚"),
    geometry="any",
    columns=(
        count(
            "places",
            Words("places", "车位数"),
            ("capacity", "车位", "车位数", "充电位"),
            most=100_000,
        ),
        count("free", Words("free places", "空位"), ("空位", "空闲", "available"), most=100_000),
        Column(
            "status",
            "text",
            Words("status", "状态"),
            ("状态", "state"),
            choices={
                "working": ("正常", "运行", "open", "ok"),
                "fault": ("故障", "维修"),
                "closed": ("关闭", "停用", "拆除"),
            },
        ),
        Column("status_at", "timestamp", Words("status at", "状态时间"), ("状态时间", "更新时间")),
        Column("power_on", "boolean", Words("power on", "通电"), ("通电", "供电")),
        Column(
            "open_to_public",
            "boolean",
            Words("open to the public", "对外开放"),
            ("对外开放", "public"),
        ),
    ),
    readers=STREET,
    # Judged against mains: who brings it reads mains or no finding, or probes would find them.
    importers=("supervisor", "administrator"),
    style=Style(stroke="#0B5CAD", fill="#CFE0F1"),
    update_days=90,
)
