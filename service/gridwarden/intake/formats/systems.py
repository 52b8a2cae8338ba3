"""Which coordinate system a title, a note or a header names in words."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pyproj import CRS
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion

from gridwarden.geodesy import meridian_zone, numbered_zone
from gridwarden.intake.formats.claim import DEGREES, PLANE, Claim

_DATUMS: Final = {
    "cgcs2000": r"cgcs[\s_-]*2000|2000\s*国家|国家\s*2000|国家大地\s*2000|大地\s*2000"
    r"|2000\s*(?:大地)?坐标系?|天地图|tianditu|china geodetic coordinate system",
    "beijing54": r"(?:北京|beijing|bj)[\s_-]*(?:19)?54|(?:19)?54\s*年?\s*北京|(?<!\d)54\s*坐标系",
    "xian80": r"(?:西安|xi'?an)[\s_-]*(?:19)?80|(?:19)?80\s*年?\s*西安|国家\s*80"
    r"|(?<!\d)80\s*坐标系",
    "wgs84": r"wgs[\s_-]*(?:19)?84|(?<!\d)84\s*坐标系|gps\s*坐标",
    "gcj02": r"gcj[\s_-]*02|火星\s*坐标|国测局\s*坐标"
    r"|(?:高德|腾讯|amap)[^,。;\s]{0,6}(?:坐标|经纬|拾取)|坐标[^。;]{0,8}(?:高德|腾讯)(?:地图)?",
    "bd09": r"bd[\s_-]*09|(?:百度|baidu)[^,。;\s]{0,6}(?:坐标|经纬|拾取)"
    r"|坐标[^。;]{0,8}百度(?:地图)?",
    "local": r"(?:地方|独立|城建|施工|假定|相对|本地|城市)\s*坐标|独立坐标系|(?:local|site) grid",
}
_OF_HEADER: Final = {
    "gcj02": r"gcj|火星|高德|腾讯|amap|tencent",
    "bd09": r"\bbd(?=_|09|\s)|^bd(?=经|纬|l)|百度|baidu",
    "wgs84": r"wgs|gps",
    "cgcs2000": r"cgcs|国家2000|2000国家|天地图",
    "beijing54": r"北京54|beijing54",
    "xian80": r"西安80|xian80",
}
"""A header is short, so that the name alone tells; in a title 百度 may be somebody's house."""
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
        because = "title_local" if self.datum == "local" else "title_row"
        return Claim(system, because, north_first, self.text)

    def _plane(self, numbered: bool) -> str:
        """EPSG code of the zone. Without a zone it stays open, but for the old datums, which are
        refused whatever their zone is."""
        if self.datum in ("beijing54", "xian80"):
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
    return {datum for datum, pattern in words.items() if re.search(pattern, text)}


def said_in(texts: Iterable[str]) -> Said | None:
    """The system that the titles and notes of a sheet name.

    None when they name none, or several: which of them the numbers are in is then not said.
    """
    written = list(texts)
    lines = [folded(line) for line in written]
    datums = set().union(*map(_named, lines)) if lines else set()
    if len(datums) != 1:
        return None
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
