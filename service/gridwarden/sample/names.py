"""Names of a town that does not exist. 样例 means "sample"; the area code 0000 is in no plan."""

from __future__ import annotations

from dataclasses import dataclass

CITY = "样例市"
CITY_EN = "Sample City"


@dataclass(frozen=True)
class Organisation:
    """A company with the telephone numbers that a permit's answer gives out."""

    code: str
    name: str
    name_en: str
    kind: str
    phone: str
    duty_phone: str
    address: str


JIA = "样例甲城燃气有限公司"
YI = "样例乙港燃气有限公司"
GAS_COMPANIES = (
    Organisation(
        "ORG-JIA", JIA, "Jiacheng Gas (sample)", "gas_company",
        "0000-8800-0100", "0000-8800-0119", "样例市西北区一纬路1号",
    ),
    Organisation(
        "ORG-YI", YI, "Yigang Gas (sample)", "gas_company",
        "0000-8800-0200", "0000-8800-0219", "样例市中南区三经路8号",
    ),
)  # fmt: skip
PROPERTY = ("安居", "和家", "万邻", "惠民", "暖巢", "清风", "守望")
CONTRACTORS = ("第一市政", "宏基建设", "路桥工程", "地铁工程", "园林绿化")

DISTRICTS = (
    ("990101", "西北区", "Northwest"),
    ("990102", "中北区", "North"),
    ("990103", "东北区", "Northeast"),
    ("990104", "西南区", "Southwest"),
    ("990105", "中南区", "South"),
    ("990106", "东南区", "Southeast"),
)
"""Code, name, English name; numbers that begin with 99 belong to no province."""

ESTATE_FIRST = "望星云锦翠瑞明清银春枫桂竹兰荷松梅雅康福泰和景丽"
ESTATE_LAST = (
    "江苑", "湖花园", "河里", "景园", "庭", "华府", "新村", "名都", "家园", "水岸",
    "山居", "林语", "丽舍", "佳苑", "公馆", "东里", "西里", "南苑", "北苑", "嘉园",
)  # fmt: skip
USES = ("商场", "写字楼", "学校", "医院", "酒店", "仓库", "厂房")
DIGITS = "〇一二三四五六七八九"


def numeral(number: int) -> str:
    """A number below 1000 in Chinese, the way streets are numbered: 12 → 十二."""
    if number < 10:
        return DIGITS[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return ("" if tens == 1 else DIGITS[tens]) + "十" + (DIGITS[ones] if ones else "")
    return "".join(DIGITS[int(digit)] for digit in str(number))


def street_name(letter: str, number: int, kind: str) -> str:
    """Streets run as 经 (north–south) and 纬 (west–east); big ones are 大道."""
    if kind == "bypass":
        return "样例绕城公路"
    if kind == "ring":
        return "样例环路"
    axis = "经" if letter.endswith("V") else "纬"
    out = "出城" if letter.startswith("O") else ""
    return f"{numeral(number)}{axis}{out}{'大道' if kind == 'arterial' else '路'}"


def estate_name(number: int) -> str:
    """A different name for every number."""
    pairs = len(ESTATE_FIRST) * len(ESTATE_LAST)
    phase, rest = divmod(number, pairs)
    mixed = rest * 77 % pairs  # 77 shares no divisor with 480: neighbours sound different
    first, last = divmod(mixed, len(ESTATE_LAST))
    name = ESTATE_FIRST[first] + ESTATE_LAST[last]
    return name if phase == 0 else f"{name}{numeral(phase + 1)}期"


def organisations() -> list[Organisation]:
    """Both gas companies, the property companies, the contractors and the bureau."""
    found = list(GAS_COMPANIES)
    for number, _ in enumerate(PROPERTY, 1):
        found.append(
            Organisation(
                f"ORG-P{number:02d}", property_company(number - 1), f"Property {number} (sample)",
                "property_company", f"0000-8810-{number:04d}", f"0000-8811-{number:04d}",
                f"样例市中北区二纬路{number}号",
            )
        )  # fmt: skip
    for number, name in enumerate(CONTRACTORS, 1):
        found.append(
            Organisation(
                f"ORG-C{number:02d}", f"样例{name}有限公司", f"Contractor {number} (sample)",
                "contractor", f"0000-8820-{number:04d}", f"0000-8821-{number:04d}",
                f"样例市东南区五经路{number}号",
            )
        )  # fmt: skip
    found.append(
        Organisation(
            "ORG-D01", "样例市住房和城乡建设局", "Housing and Construction Bureau (sample)",
            "department", "0000-8830-0001", "0000-8830-0009", "样例市中北区市民广场1号",
        )
    )  # fmt: skip
    return found


def property_company(number: int) -> str:
    """The property company that runs the estate of that number."""
    return f"样例{PROPERTY[number % len(PROPERTY)]}物业服务有限公司"


def contractor(number: int) -> str:
    """The contractor of the site of that number."""
    return f"样例{CONTRACTORS[number % len(CONTRACTORS)]}有限公司"
