"""What the header of a column says: which coordinate it holds, in which unit, or what it names.

Headers are compared in one width and lower case. A header that stood over two rows of the sheet
is joined by `JOINT` ("坐标·X"), and its lower part alone means the same.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gridwarden.intake.formats.systems import datum_in

JOINT: Final = "·"
Kind = Literal["lon", "lat", "east", "north", "x", "y", "wkt"]


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


_WORDS: Final[dict[Kind, frozenset[str]]] = {
    "lon": frozenset({"lon", "lng", "long", "longitude", "经度", "东经", "经度l", "l经度", "经"}),
    "lat": frozenset({"lat", "latitude", "纬度", "北纬", "纬度b", "b纬度", "纬"}),
    "east": words("e east easting 东 东向 横 东y y东 横y y横 东x x东 横x x横 横轴 pointx eastingm"),
    "north": words(
        "n north northing 北 北向 纵 北x x北 纵x x纵 北y y北 纵y y纵 纵轴 pointy northingm"
    ),
    "x": frozenset({"x", "xm", "x值", "x轴"}),
    "y": frozenset({"y", "ym", "y值", "y轴"}),
    "wkt": frozenset({"wkt", "geom", "geometry", "thegeom", "wktgeom", "geomwkt"}),
}
WHOLE: Final = "wkt"
"""A column of this name has the whole shape, where lon and lat beside it have one point of it."""
_TELLS: Final[dict[str, Kind]] = {
    **dict.fromkeys(("东", "e", "east", "横", "easting"), "east"),
    **dict.fromkeys(("北", "n", "north", "纵", "northing"), "north"),
}
_BESIDE: Final = words(
    "m 米 x y l b e n 东 北 东经 北纬 度 ° 十进制 十进制度 小数 度分秒 dms dd deg degree degrees"
    " 纵 横 east north easting northing 必填 单位m 单位米"
)
"""What may stand in brackets beside the name of a coordinate."""
_ONE_END: Final = re.compile(r"起|终|止|始|start|begin|\bend\b|^from|^to_")
"""A coordinate of one end of a line is not the row's place."""
_BRACKETS: Final = re.compile(r"[(\[【{<]([^)\]】}>]*)[)\]】}>]?")
_UNIT_AT_END: Final = re.compile(
    r"^(?P<name>.+?)\s*(?:[(\[【{/,]\s*(?:单位[:：]?\s*)?|\s单位[:：]?|_)"
    r"(?P<unit>[a-z°㎜㎝㎡%‰米厘毫千兆帕度年月日个户座根条台层伏巴]+[23²³]?)\s*[)\]】}]?$"
)
_CODED: Final = re.compile(r"^epsg_?(\d{4,6})_(lon|lat|east|north)$")
"""Headers that name the system by its code, as exports write them."""
_CODED_KINDS: Final[dict[str, Kind]] = {
    "lon": "lon",
    "lat": "lat",
    "east": "east",
    "north": "north",
}
_ASIDE: Final = re.compile(
    r"[(\[【{]\s*(?:必填|必填项|选填|可选|可空|全称|汉字|中文)\s*[)\]】}]|[*＊]"
)
SERIAL: Final = words("序号 序 no. 项次 行号 顺序号 编序 #")
UNITS: Final[dict[str, tuple[str, float]]] = {
    "m": ("length", 1.0),
    "米": ("length", 1.0),
    "mm": ("length", 0.001),
    "毫米": ("length", 0.001),
    "cm": ("length", 0.01),
    "厘米": ("length", 0.01),
    "km": ("length", 1000.0),
    "千米": ("length", 1000.0),
    "公里": ("length", 1000.0),
    "in": ("length", 0.0254),
    "inch": ("length", 0.0254),
    "ft": ("length", 0.3048),
    "mpa": ("pressure", 1.0),
    "兆帕": ("pressure", 1.0),
    "kpa": ("pressure", 0.001),
    "千帕": ("pressure", 0.001),
    "pa": ("pressure", 1e-6),
    "bar": ("pressure", 0.1),
    "kv": ("voltage", 1.0),
    "千伏": ("voltage", 1.0),
    "v": ("voltage", 0.001),
}
"""A unit as it is written → what it measures, and how many of metre, MPa or kV it is."""
COUNTS: Final = words("个 户 座 根 条 台 层 年 月 日 度 ° % ‰ 人 栋 幢 处 间 片 辆 只")
"""Units that tell what is counted: nothing is to be converted."""
_COLUMN_UNITS: Final = {"mm": "mm", "m": "m", "mpa": "mpa", "kv": "kv"}


@dataclass(frozen=True, slots=True)
class Coordinate:
    """One column of coordinates: which, and the datum that its header names (`systems.py`), or
    its system as `EPSG:n`."""

    kind: Kind
    datum: str | None = None


def header(text: object) -> str:
    """A header as it is compared: one width, lower case, no spaces around it."""
    return unicodedata.normalize("NFKC", str(text)).strip().casefold()


def loose(text: object) -> str:
    """A header without what offices add to it: line breaks, stars, 必填, a colon at its end."""
    spelt = _ASIDE.sub("", header(text))
    return re.sub(r"\s+", "", spelt) if not spelt.isascii() else " ".join(spelt.split())


def _bare(text: str) -> str:
    return loose(text).strip(" :：.、*")


def spellings(name: str) -> list[str]:
    """What a header may be compared as, best first: itself, without frills, its lower part."""
    parts = [name]
    if JOINT in name:
        parts.append(name.rsplit(JOINT, 1)[-1])
        parts.append(name.replace(JOINT, ""))
    out: dict[str, None] = {}
    for one in parts:
        for spelt in (header(one), loose(one), _bare(one)):
            if spelt:
                out[spelt] = None
    return list(out)


def with_unit(spelt: str) -> tuple[str, str] | None:
    """The name and the unit of a header such as 管径(mm), 埋深/m; None for one without a unit."""
    found = _UNIT_AT_END.match(unicodedata.normalize("NFKC", spelt))
    if not found or (found["unit"] not in UNITS and found["unit"] not in COUNTS):
        return None
    return _bare(found["name"]), found["unit"]


def unit_of_column(name: str) -> str | None:
    """The unit that a layer's column is in, from the end of its name; `dn` is in millimetres."""
    return "mm" if name == "dn" else _COLUMN_UNITS.get(name.rsplit("_", 1)[-1])


def conversion(unit: str, column: str) -> float | None:
    """The factor from a unit to a layer's column's own; None when the two measure other things."""
    if unit in COUNTS:
        return 1.0
    wanted = unit_of_column(column)
    if wanted is None or unit not in UNITS:
        return None
    (what, many), (wanted_what, wanted_many) = UNITS[unit], UNITS[wanted]
    return round(many / wanted_many, 12) if what == wanted_what else None


def is_unit(text: object) -> bool:
    """Whether a cell holds a unit and nothing else, as in a row of units under the header."""
    spelt = header(text).strip("()[]【】 ")
    return spelt in UNITS or spelt in COUNTS or spelt in ("dms", "度分秒", "-", "/")


def is_serial(name: str) -> bool:
    """Whether a column only counts the rows: it names nothing for good."""
    return any(one in SERIAL for one in spellings(name))


def coordinate_of(name: str) -> Coordinate | None:
    """Which coordinate a column holds, as its header says; None for any other column."""
    whole = header(name)
    if _ONE_END.search(whole):
        return None
    coded = _CODED.match(whole)
    if coded:
        return Coordinate(_CODED_KINDS[coded[2]], f"EPSG:{coded[1]}")
    datum = datum_in(whole, of_header=True)
    for one in spellings(name):
        kind = _kind(_without_datum(one))
        if kind is not None:
            return Coordinate(kind, datum)
    return None


def _without_datum(spelt: str) -> str:
    spelt = re.sub(
        r"wgs-?_?84|gcj-?_?(02)?|bd-?_?(09)?(?=_|经|纬|l)|cgcs-?_?2000|国家2000|2000国家|gps"
        r"|火星|高德|腾讯|百度|天地图|北京54|西安80",
        "",
        spelt,
    )
    return re.sub(r"大地坐标系?|平面坐标系?|坐标系?|大地|平面", "", spelt)


def _kind(spelt: str) -> Kind | None:
    beside = [one.strip() for one in _BRACKETS.findall(spelt)]
    base = re.sub(r"[\s_\-.:/*]", "", _BRACKETS.sub("", spelt))
    if any(one and one not in _BESIDE for one in beside):
        return None
    kind = next((kind for kind, words in _WORDS.items() if base in words), None)
    if kind in ("x", "y"):
        kind = next((_TELLS[one] for one in beside if one in _TELLS), kind)
    return kind


MOST: Final = 300
"""Cells of a row that are looked at: where headers are, some are known long before."""


def known_words(names: Sequence[object], vocabulary: frozenset[str]) -> int:
    """How many of these cells are headers that somebody knows; of the first `MOST` of them."""
    looked_at = (str(name) for name in names[:MOST] if name is not None)
    return sum(1 for name in looked_at if _known(name, vocabulary))


def _known(name: str, vocabulary: frozenset[str]) -> bool:
    if len(name) > 60:
        return False
    spelt = spellings(name)
    if any(one in vocabulary or one in SERIAL for one in spelt) or coordinate_of(name):
        return True
    united = with_unit(spelt[0]) if spelt else None
    return united is not None and united[0] in vocabulary
