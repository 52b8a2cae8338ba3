"""Which coordinate system a title, a note or a header names in words.

A city's own "…2000" (武汉2000坐标系) is no national system: only 国家2000, 2000国家大地坐标系,
CGCS2000 and a 2000坐标系 without a place before it are CGCS2000.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pyproj import CRS
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion
from pyproj.exceptions import CRSError

from gridwarden.geodesy import meridian_zone, numbered_zone
from gridwarden.intake.formats.claim import DEGREES, PLANE, Claim

_CITIES: Final = (
    "北京|天津|石家庄|太原|呼和浩特|沈阳|大连|长春|哈尔滨|上海|南京|苏州|无锡|常州|徐州|南通|扬州|杭州|宁波|温州"
    "|嘉兴|绍兴|合肥|福州|厦门|泉州|南昌|济南|青岛|烟台|郑州|洛阳|武汉|宜昌|襄阳|长沙|株洲|广州|深圳|珠海|佛山"
    "|东莞|惠州|中山|南宁|柳州|桂林|海口|三亚|重庆|成都|绵阳|贵阳|昆明|拉萨|西安|咸阳|兰州|西宁|银川|乌鲁木齐"
)
"""Many of them keep coordinates of their own, which they call by their names."""
_NO_SYSTEM: Final = r"(?!\s*(?:国家|中国|大地坐标|\d|年|米|m|平|立|吨|万|余|多|个|户|元|kpa|kv))"
_NATIONAL: Final = r"(?:国家|中国)(?:大地)?(?:坐标系统?)?"
_DATUMS: Final = {
    "cgcs2000": rf"cgcs[\s_-]*2000|2000\s*(?:国家|中国大地)|{_NATIONAL}\s*2000"
    r"|天地图|tianditu|china geodetic coordinate system",
    "beijing54": r"(?:北京|beijing|bj)[\s_-]*(?:19)?54|(?:19)?54\s*年?\s*北京|(?<!\d)54\s*坐标系",
    "xian80": r"(?:西安|xi'?an)[\s_-]*(?:19)?80|(?:19)?80\s*年?\s*西安|国家\s*80"
    r"|(?<!\d)(?:19)?80\s*年?\s*国家"
    r"|(?<!\d)80\s*坐标系",
    "wgs84": r"wgs[\s_-]*(?:19)?84|(?<!\d)84\s*坐标系",
    "gcj02": r"gcj[\s_-]*02|火星\s*坐标|国测局\s*坐标"
    r"|(?:高德|腾讯|amap)[^,。;\s]{0,6}(?:坐标|经纬|拾取)|坐标[^。;]{0,8}(?:高德|腾讯)(?:地图)?",
    "bd09": r"bd[\s_-]*09|(?:百度|baidu)[^,。;\s]{0,6}(?:坐标|经纬|拾取)"
    r"|坐标[^。;]{0,8}百度(?:地图)?",
    "local": r"(?:地方|独立|城建|施工|假定|相对|本地|城市)\s*坐标|独立坐标系|(?:local|site) grid"
    rf"|(?:{_CITIES})市?[\s_-]*2000{_NO_SYSTEM}"
    r"|坐标系?统?\s*(?:[:=]|为|是|采用)\s*(?!采用|国家|中国|大地)[\u4e00-\u9fff]{2,8}"
    rf"(?<!国家)(?<!中国)(?<!大地)(?<!采用)(?<!坐标系)2000{_NO_SYSTEM}",
}
_OF_2000: Final = re.compile(
    r"(?P<before>[a-z\u4e00-\u9fff]{0,12})(?P<gap>[\s_-]{0,3})(?<!\d)(?<!\d:)2000\s*(?:大地|平面)?坐标"
    r"(?P<system>系?)"
)
_NO_PLACE: Final = re.compile(
    r"(?:使|采|利|用|为|是|按|属|于|至|到|成|转|和|及|与|或|的|表|图|册|成果|数据|资料|系统?|坐标|平面|投影|基准|大地)$"
)
"""What may stand directly before a national 2000坐标系."""
_PLACE: Final = re.compile(r"[a-z]$|^.{0,3}$|[省市州县区]$")
_OF_HEADER: Final = {
    "gcj02": r"gcj|火星|高德|腾讯|amap|tencent",
    "bd09": r"\bbd(?=_|09|\s)|^bd(?=经|纬|l)|百度|baidu",
    "wgs84": r"wgs",
    "cgcs2000": r"cgcs|国家2000|2000国家|天地图",
    "beijing54": r"北京54|beijing54",
    "xian80": r"西安80|xian80",
}
"""A header is short, so that the name alone tells; in a title 百度 may be somebody's house.
Nothing follows from `gps`: trackers call shifted positions so, too."""
_NUMBER: Final = r"(?P<deg>\d{2,3}(?:\.\d+)?)\s*(?:°|度)?\s*(?:(?P<min>\d{1,2})\s*(?:′|'|分))?"
_MERIDIAN: Final = (
    re.compile(r"中央(?:子午线|经线)\s*(?:经度)?\s*(?:为|是|取|:|=)?\s*(?:东经|e)?\s*" + _NUMBER),
    re.compile(r"(?P<deg>\d{2,3}(?:\.\d+)?)\s*(?:°|度)\s*(?P<min>(?!))?中央(?:子午线|经线)"),
    re.compile(r"(?:l0|cm|central meridian)\s*[:=]?\s*" + _NUMBER),
)
_ZONE: Final = re.compile(
    r"(?<![\d.])(?P<zone>\d{2})\s*(?:号)?(?:投影)?带|带号\s*[:=]?\s*(?P<also>\d{2})"
)
_WIDTH: Final = re.compile(r"([36三六])\s*(?:°|度)\s*(?:分)?带")
DEGREES_OF: Final = {
    "cgcs2000": "EPSG:4490",
    "beijing54": "EPSG:4214",
    "xian80": "EPSG:4610",
    "wgs84": "EPSG:4326",
    "gcj02": "gcj02",
    "bd09": "bd09",
}
"""What longitude and latitude of each are."""
OLDER: Final = ("beijing54", "xian80")
"""Datums that nobody can move without a region's own parameters."""
SEVERAL: Final = "several"
"""The datum of words that name more than one."""
_SAME_PLACES: Final = {"cgcs2000", "wgs84"}
"""Named together they are one: they agree within decimetres."""
MAX_DETAIL: Final = 120


@dataclass(frozen=True, slots=True)
class Said:
    """A system as words name it; `meridian_deg`, `zone` and `width_deg` where they are given."""

    datum: str
    text: str
    meridian_deg: float | None = None
    zone: int | None = None
    width_deg: Literal[3, 6] | None = None

    def claim(self, *, plane: bool, numbered: bool, north_first: bool | None) -> Claim:
        """The claim for a table of plane metres, or of degrees; `numbered` tells that its
        eastings begin with the number of their zone."""
        system = self._plane(numbered) if plane else DEGREES_OF.get(self.datum, DEGREES)
        because = {"local": "title_local", SEVERAL: "title_several"}.get(self.datum, "title_row")
        return Claim(system, because, north_first, self.text)

    def _plane(self, numbered: bool) -> str:
        """EPSG code of the zone. Without a zone it stays open, but for the old datums, which are
        refused whatever their zone is."""
        if self.datum in OLDER:
            return DEGREES_OF[self.datum]
        if self.datum != "cgcs2000":
            return PLANE
        try:
            if numbered:
                return self._numbered()
            meridian = self.meridian_deg or self._meridian_of_zone()
            if meridian is None:
                return PLANE
            if meridian != int(meridian) or int(meridian) % 3:
                return _own_meridian(meridian)
            return f"EPSG:{meridian_zone(int(meridian))}"
        except ValueError:
            return PLANE

    def _numbered(self) -> str:
        if self.zone is not None:
            return f"EPSG:{numbered_zone(self.zone, 3 if self.zone >= 25 else 6)}"
        if self.meridian_deg is None or self.meridian_deg != int(self.meridian_deg):
            return PLANE
        if self.width_deg == 6:
            return f"EPSG:{numbered_zone(int(self.meridian_deg + 3) // 6, 6)}"
        return f"EPSG:{numbered_zone(int(self.meridian_deg) // 3, 3)}"

    def _meridian_of_zone(self) -> float | None:
        if self.zone is None:
            return None
        return self.zone * 3.0 if self.zone >= 25 else self.zone * 6.0 - 3.0


def _own_meridian(meridian_deg: float) -> str:
    """WKT of CGCS2000 around a central meridian of a city's own."""
    if not 73 <= meridian_deg <= 136:
        return PLANE
    way = TransverseMercatorConversion(0, meridian_deg, 500_000, 0, 1)
    return str(ProjectedCRS(way, geodetic_crs=CRS.from_epsg(4490)).to_wkt())


def datum_in(text: str, *, of_header: bool = False) -> str | None:
    """The one datum that a text names (NFKC, lower case); None for none, and for several."""
    names = _named(text) or (_named(text, _OF_HEADER) if of_header else set())
    return names.pop() if len(names) == 1 else None


def _named(text: str, words: dict[str, str] = _DATUMS) -> set[str]:
    found = {datum for datum, pattern in words.items() if re.search(pattern, text)}
    return found | _named_2000(text) if words is _DATUMS else found


def _named_2000(text: str) -> set[str]:
    """Whose each 2000坐标系 is: the nation's, or that of the place before it."""
    out: set[str] = set()
    for found in _OF_2000.finditer(text):
        before = found["before"]
        if re.search(rf"(?:cgcs|{_NATIONAL})$", before):
            continue  # `_DATUMS` knows them
        apart = bool(found["gap"].strip(" ")) or not found["gap"]
        bare = not before or bool(_NO_PLACE.search(before))
        if not bare and (apart or _PLACE.search(before)):
            out.add("local")
        elif found["system"]:
            out.add("cgcs2000")
    return out


def said_in(texts: Iterable[str]) -> Said | None:
    """The system that the titles and notes of a sheet name.

    None when they name none. Of several (由…转换至…) it is not said which the numbers are in: the
    datum is then `SEVERAL`.
    """
    written = list(texts)
    lines = [folded(line) for line in written]
    datums = set().union(*map(_named, lines)) if lines else set()
    if datums == _SAME_PLACES:
        datums = {"cgcs2000"}
    if not datums:
        return None
    if len(datums) > 1:
        telling = (said.strip() for said, line in zip(written, lines, strict=True) if _named(line))
        return Said(SEVERAL, " / ".join(dict.fromkeys(telling))[:MAX_DETAIL])
    (datum,) = datums
    whole = " ".join(lines)
    told = next(said for said, line in zip(written, lines, strict=True) if datum in _named(line))
    width = _WIDTH.search(whole)
    zone = _ZONE.search(_WIDTH.sub(" ", whole))
    number = int(zone["zone"] or zone["also"]) if zone else None
    return Said(
        datum,
        told.strip()[:MAX_DETAIL],
        _meridian(whole),
        number if number and (13 <= number <= 23 or 25 <= number <= 45) else None,
        None if width is None else 3 if width[1] in "3三" else 6,
    )


def stated(text: str, because: str) -> Claim:
    """The claim of a statement that no library has read: of an older datum by its name; else the
    statement itself, which is read as a system's name or refused, and never passed over."""
    datum = datum_in(folded(text))
    system = DEGREES_OF[datum] if datum in OLDER else text.strip()
    return Claim(system, because, False, " ".join(text.split())[:MAX_DETAIL])


def in_degrees(system: str) -> bool:
    """Whether a stated system is known and counts longitude and latitude."""
    if system.lower().replace("-", "") in ("gcj02", "bd09"):
        return True
    try:
        return bool(CRS.from_user_input(system).is_geographic)
    except CRSError:
        return False


def folded(text: str) -> str:
    """A text as patterns are looked for in it: one width, lower case."""
    return unicodedata.normalize("NFKC", text).casefold()


def _meridian(text: str) -> float | None:
    for pattern in _MERIDIAN:
        found = pattern.search(text)
        if found:
            minutes = found["min"]
            return float(found["deg"]) + (float(minutes) / 60 if minutes else 0.0)
    return None
