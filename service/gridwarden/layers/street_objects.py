"""Street objects 沿线物: trees, poles, rails, stockpiles and walls above or beside mains."""

from gridwarden.layers.catalogue.model import EVERYONE, Column, Layer, Style, Words

LAYER = Layer(
    id="street_objects",
    title=Words("Street objects", "沿线树木杆线堆载"),
    geometry="any",
    columns=(
        Column(
            "kind",
            "text",
            Words("kind", "类型"),
            ("类型", "类别", "种类", "object_type"),
            choices={
                "tree": ("树", "树木", "行道树", "乔木", "街树"),
                "pole": ("电杆", "电力杆", "电线杆", "杆塔", "铁塔", "power pole", "pylon"),
                "lighting_pole": (
                    "路灯杆",
                    "路灯",
                    "灯杆",
                    "照明杆",
                    "通信杆",
                    "通讯照明电杆",
                    "street lamp",
                    "telegraph pole",
                ),
                "railway": ("铁路", "铁路路堤", "铁道", "rail"),
                "tramway": ("有轨电车", "电车轨道", "有轨电车钢轨", "tram"),
                "stockpile": ("堆载", "堆料", "堆场", "堆土", "料堆", "物料堆放", "stack"),
                "compound": ("圈占", "围挡", "围墙", "院落", "围院", "封闭院落", "walled yard"),
                "other": ("其他",),
            },
        ),
        Column(
            "voltage_kv",
            "real",
            Words("voltage, kV", "电压 kV"),
            ("电压", "电压kv", "电压等级"),
            factors={"voltage_v": 0.001, "电压v": 0.001},
            minimum=0,
            maximum=1200,
        ),
        Column(
            "deep_rooted",
            "boolean",
            Words("deep-rooted", "深根植物"),
            ("深根", "深根植物", "是否深根"),
        ),
        Column(
            "operator", "text", Words("operator", "权属单位"), ("权属单位", "管理单位", "owner")
        ),
    ),
    readers=EVERYONE,
    # Judged against mains: who brings it reads mains or no finding, or probes would find them.
    importers=("supervisor", "administrator"),
    style=Style(stroke="#6E7F4F", fill="#E8EDDC"),
    update_days=730,
)
