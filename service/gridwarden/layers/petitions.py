"""Petitions 信访: what people ask for, how far it is, how old, and how often they had to ask again.

Who asked is known to the bureau that answers, and to nobody else: the database holds it.
"""

from gridwarden.layers.catalogue.model import Column, Layer, Style, Words, count

KNOWN_TO = ("supervisor",)

LAYER = Layer(
    id="petitions",
    title=Words("Petitions", "信访事项"),
    geometry="any",
    columns=(
        Column(
            "matter",
            "text",
            Words("matter", "事项类别"),
            ("事项类别", "信访类别", "类别", "问题类别"),
            choices={
                "unfinished_estate": ("停工烂尾楼盘", "烂尾楼", "楼盘停工", "逾期交房"),
                "certificate": ("安置房办证", "办证", "不动产登记"),
                "veterans": ("退役军人", "涉军"),
                "expropriation": ("征收拆迁", "征收", "拆迁"),
                "property_management": ("物业管理", "物业", "物业纠纷"),
                "safety": ("安全隐患", "消防安全", "燃气安全"),
                "other": ("其他",),
            },
        ),
        Column(
            "stage",
            "text",
            Words("stage", "办理阶段"),
            ("办理阶段", "阶段", "办理状态", "状态"),
            choices={
                "received": ("登记", "收件", "待受理"),
                "accepted": ("受理", "已受理"),
                "in_progress": ("办理中", "正在办理"),
                "answered": ("已答复", "答复"),
                "review": ("复查复核", "复查", "复核"),
                "ended": ("办结", "已办结", "终结"),
            },
        ),
        Column(
            "received_on",
            "date",
            Words("received on", "信访日期"),
            ("信访日期", "登记日期", "来访日期", "来信日期"),
        ),
        count(
            "age_days",
            Words("age, days (on the source date)", "已办理天数"),
            ("已办理天数", "办理天数", "天数"),
            most=36_500,
        ),
        count(
            "repeats",
            Words("times asked again", "重复信访次数"),
            ("重复信访次数", "重复次数", "重访次数"),
            most=10_000,
        ),
        count("people", Words("people", "涉及人数"), ("涉及人数", "人数")),
        Column(
            "planned", "boolean", Words("plan made", "有无化解方案"), ("有无化解方案", "化解方案")
        ),
        Column(
            "department",
            "text",
            Words("who answers", "责任部门"),
            ("责任部门", "承办单位", "责任单位"),
        ),
        Column("estate", "text", Words("estate", "涉及小区"), ("涉及小区", "小区", "小区名称")),
        Column(
            "petitioner",
            "text",
            Words("who asks", "信访人"),
            ("信访人", "信访人姓名", "姓名", "反映人"),
            known_to=KNOWN_TO,
        ),
        Column(
            "phone",
            "text",
            Words("phone", "联系电话"),
            ("联系电话", "电话", "手机", "手机号"),
            known_to=KNOWN_TO,
        ),
        Column(
            "home",
            "text",
            Words("home address", "住址"),
            ("住址", "家庭住址", "信访人住址"),
            known_to=KNOWN_TO,
        ),
    ),
    readers={"supervisor": "all", "planner": "all", "inspector": "districts"},
    importers=("supervisor", "administrator"),
    style=Style(stroke="#7D5A7B", fill="#F0E7EF"),
    update_days=30,
    dated_by=("source_date", "received_on"),
    register=True,
    category="petition",
    placed_by=(("estate", "estates"),),
)
