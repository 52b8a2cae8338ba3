"""Indoor gas inspections 入户安检: by estate, how many homes were visited and what is left.

A row is an estate's round, never a home's: what was found behind one door stays with the company.
"""

from gridwarden.layers.catalogue.model import STREET, Column, Layer, Style, Words, count

KNOWN_TO = ("supervisor", "planner")

LAYER = Layer(
    id="indoor_gas_inspections",
    title=Words("Indoor gas inspections", "入户安检"),
    geometry="any",
    columns=(
        Column("estate", "text", Words("estate", "小区"), ("小区", "小区名称", "所属小区")),
        Column("operator", "text", Words("gas company", "供气企业"), ("供气企业", "燃气公司")),
        Column("starts_on", "date", Words("round begins", "安检开始"), ("安检开始", "开始日期")),
        Column("ends_on", "date", Words("round ends", "安检截止"), ("安检截止", "截止日期")),
        count(
            "households", Words("homes with gas", "通气户数"), ("通气户数", "应检户数", "用户数")
        ),
        count("visited", Words("homes visited", "已检户数"), ("已检户数", "入户户数", "安检户数")),
        count(
            "no_access",
            Words("nobody at home", "到访不遇户数"),
            ("到访不遇户数", "到访不遇", "未入户数"),
        ),
        count("refused", Words("homes that refused", "拒检户数"), ("拒检户数", "拒绝安检", "拒检")),
        count(
            "found",
            Words("homes with defects", "发现隐患户数"),
            ("发现隐患户数", "隐患户数", "发现隐患"),
        ),
        count(
            "left_open",
            Words("of them not rectified", "未整改户数"),
            ("未整改户数", "未整改", "遗留隐患"),
        ),
        Column(
            "inspector",
            "text",
            Words("who inspects", "安检员"),
            ("安检员", "安检人员", "责任人"),
            known_to=KNOWN_TO,
        ),
        Column(
            "phone",
            "text",
            Words("phone", "联系电话"),
            ("联系电话", "电话", "手机"),
            known_to=KNOWN_TO,
        ),
    ),
    readers=STREET,
    importers=("planner", "supervisor", "administrator"),
    style=Style(stroke="#B07A1E", fill="#FAF0DC"),
    update_days=180,
    dated_by=("source_date", "ends_on"),
    register=True,
    category="gas",
    placed_by=(("estate", "estates"),),
)
