"""Gas supply stations 燃气供应站点: filling and storage stations, and what was found there."""

from gridwarden.layers.catalogue.model import EVERYONE, Column, Layer, Style, Words, count

LAYER = Layer(
    id="gas_supply_stations",
    title=Words("Gas supply stations", "燃气供应站点"),
    geometry="any",
    columns=(
        Column(
            "kind",
            "text",
            Words("kind", "站点类别"),
            ("站点类别", "类别", "类型", "站点类型"),
            choices={
                "lpg_filling": ("液化石油气灌装站", "灌装站", "储配站", "液化气站"),
                "lpg_shop": ("瓶装液化石油气供应站", "瓶装气供应站", "供应点", "换瓶点"),
                "vehicle_filling": ("汽车加气站", "加气站", "CNG加气站", "LNG加气站"),
                "gate_station": ("天然气门站", "门站", "LNG气化站", "气化站"),
                "other": ("其他",),
            },
        ),
        Column(
            "operator", "text", Words("operator", "经营企业"), ("经营企业", "企业名称", "权属单位")
        ),
        Column(
            "licence",
            "text",
            Words("operating licence", "经营许可"),
            ("经营许可", "经营许可证", "许可证状态", "许可情况"),
            choices={
                "valid": ("有效", "已取得", "在有效期内"),
                "expired": ("过期", "已过期", "逾期"),
                "none": ("无证", "无", "未取得"),
            },
        ),
        Column(
            "inspected_on",
            "date",
            Words("last inspected", "最近检查日期"),
            ("检查日期", "最近检查"),
        ),
        count(
            "open_defects",
            Words("defects not rectified", "未整改问题数"),
            ("未整改问题数", "未整改隐患", "未整改数"),
            most=10_000,
        ),
        Column("address", "text", Words("address", "地址"), ("地址", "addr")),
        Column(
            "duty_phone",
            "text",
            Words("duty phone (24 h)", "值班电话"),
            ("值班电话", "抢险电话", "24小时电话"),
        ),
    ),
    readers=EVERYONE,
    importers=("planner", "supervisor", "administrator"),
    style=Style(stroke="#A05A00", fill="#FBEBD3"),
    update_days=180,
    dated_by=("source_date", "inspected_on"),
    register=True,
    category="gas",
)
