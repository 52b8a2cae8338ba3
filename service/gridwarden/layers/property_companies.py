"""Property companies 物业服务企业: what they look after, and how they were assessed."""

from gridwarden.layers.catalogue.model import EVERYONE, Column, Layer, Style, Words, count

KNOWN_TO = ("supervisor", "planner", "inspector")

LAYER = Layer(
    id="property_companies",
    title=Words("Property companies", "物业服务企业"),
    geometry="any",
    columns=(
        Column(
            "credit_code",
            "text",
            Words("unified credit code", "统一社会信用代码"),
            ("统一社会信用代码", "信用代码"),
        ),
        Column(
            "estate",
            "text",
            Words("estate (where it works)", "服务小区"),
            ("服务小区", "所在小区", "小区", "小区名称"),
        ),
        Column("address", "text", Words("address", "地址"), ("地址", "办公地址", "addr")),
        count(
            "estates_n",
            Words("estates", "在管小区数"),
            ("在管小区数", "小区数", "在管项目数"),
            most=10_000,
        ),
        count("households", Words("households", "在管户数"), ("在管户数", "户数"), most=10_000_000),
        Column(
            "score",
            "real",
            Words("assessment, points of 100", "考核得分"),
            ("考核得分", "得分", "考评得分", "信用得分"),
            minimum=0,
            maximum=100,
        ),
        Column(
            "credit_grade",
            "text",
            Words("credit grade", "信用等级"),
            ("信用等级", "等级"),
            choices={
                "a": ("A级", "A", "优秀"),
                "b": ("B级", "B", "良好"),
                "c": ("C级", "C", "合格"),
                "d": ("D级", "D", "不合格"),
            },
        ),
        Column(
            "fire_trained",
            "boolean",
            Words("trained in fire safety", "是否参加消防培训"),
            ("是否参加消防培训", "消防培训", "是否培训"),
        ),
        Column(
            "fines_cny",
            "real",
            Words("fines, CNY", "处罚金额 元"),
            ("处罚金额", "罚款金额", "罚款"),
            factors={"处罚金额万元": 10_000, "罚款万元": 10_000},
            minimum=0,
            maximum=1e10,
        ),
        Column("duty_phone", "text", Words("office phone", "办公电话"), ("办公电话", "值班电话")),
        Column(
            "manager",
            "text",
            Words("manager", "项目经理"),
            ("项目经理", "负责人", "经理", "联系人", "法定代表人"),
            known_to=KNOWN_TO,
        ),
        Column(
            "phone",
            "text",
            Words("manager's phone", "联系电话"),
            ("联系电话", "手机", "负责人电话", "电话"),
            known_to=KNOWN_TO,
        ),
    ),
    readers=EVERYONE,
    importers=("planner", "supervisor", "administrator"),
    style=Style(stroke="#5E7B5A", fill="#E8F0E6"),
    update_days=365,
    register=True,
    category="property",
    placed_by=(("estate", "estates"),),
)
