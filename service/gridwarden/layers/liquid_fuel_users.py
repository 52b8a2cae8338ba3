"""Liquid fuels 液体燃料、液化气: restaurants that cook with them, and who brings them."""

from gridwarden.layers.catalogue.model import STREET, Column, Layer, Style, Words

KNOWN_TO = ("supervisor", "planner", "inspector", "warden")

LAYER = Layer(
    id="liquid_fuel_users",
    title=Words("Liquid fuel: restaurants and transporters", "液体燃料餐饮及运输单位"),
    geometry="any",
    columns=(
        Column(
            "kind",
            "text",
            Words("kind", "单位类别"),
            ("单位类别", "类别", "类型", "业态"),
            choices={
                "restaurant": ("餐饮单位", "餐饮", "餐饮场所", "饭店", "食堂"),
                "transporter": ("运输单位", "运输", "配送单位", "配送"),
                "supplier": ("供应单位", "供应", "经销单位", "销售"),
            },
        ),
        Column(
            "fuel",
            "text",
            Words("fuel", "燃料种类"),
            ("燃料种类", "燃料", "燃料类型"),
            choices={
                "lpg": ("液化石油气", "液化气", "瓶装气", "瓶装液化石油气"),
                "alcohol": ("醇基燃料", "醇基液体燃料", "甲醇", "生物醇油"),
                "oil": ("轻质燃油", "柴油", "植物油燃料", "燃油"),
                "other": ("其他",),
            },
        ),
        Column(
            "in_use",
            "boolean",
            Words("still uses or brings it", "是否在用"),
            ("是否在用", "在用", "是否营业"),
        ),
        Column(
            "licensed",
            "boolean",
            Words("has a licence", "有无许可"),
            ("有无许可", "是否有证", "许可证", "经营许可"),
        ),
        Column(
            "alarm",
            "boolean",
            Words("leak alarm fitted", "有无泄漏报警"),
            ("有无泄漏报警", "报警装置", "燃气报警器", "可燃气体报警"),
        ),
        Column(
            "stored_kg",
            "real",
            Words("stored, kg", "存放量 kg"),
            ("存放量", "存量", "储存量", "存放量公斤"),
            minimum=0,
            maximum=1_000_000,
        ),
        Column(
            "surveyed_on",
            "date",
            Words("surveyed on", "排查日期"),
            ("排查日期", "摸排日期", "检查日期"),
        ),
        Column("address", "text", Words("address", "地址"), ("地址", "经营地址", "addr")),
        Column(
            "in_charge",
            "text",
            Words("person in charge", "负责人"),
            ("负责人", "经营者", "法人", "法定代表人", "联系人"),
            known_to=KNOWN_TO,
        ),
        Column(
            "phone",
            "text",
            Words("phone", "联系电话"),
            ("联系电话", "电话", "手机", "手机号"),
            known_to=KNOWN_TO,
        ),
    ),
    readers=STREET,
    importers=("planner", "supervisor", "administrator"),
    style=Style(stroke="#8A5A2B", fill="#F3E8DC"),
    update_days=90,
    dated_by=("source_date", "surveyed_on"),
    register=True,
    category="liquid_fuel",
)
