"""The position in a link that a map program shared. Links are never fetched.

The order of the two numbers differs from program to program and from parameter to parameter:

| where | parameter | order | system |
| --- | --- | --- | --- |
| uri.amap.com | `position`, `markers` | lon, lat | GCJ-02; `coordinate=wgs84` |
| (www., wb., m.)amap.com | `q`, `p` | lat, lon | GCJ-02 |
| androidamap:, iosamap:, amapuri: | `lat`, `lon` | | GCJ-02; `dev=1` is GPS |
| apis.map.qq.com, qqmap: | `marker=coord:`, `coord` | lat, lon | GCJ-02; `coord_type=1` is GPS |
| map.qq.com | `pointx`, `pointy` | lon, lat | GCJ-02 |
| api.map.baidu.com, baidumap: | `location` | lat, lon | BD-09; `coord_type` |
| map.baidu.com | `latlng`; `@…,…` | lat, lon; metres | BD-09; `coord_type` |
| google.*, maps.apple.com | several | lat, lon | asked: shifted roads, true pictures |
| openstreetmap.org | `mlat`, `mlon`, `#map=` | | WGS 84 |
| geo: | | lat, lon | WGS 84 (RFC 5870); asked for Android's `?q=` |

The first eight rows are what their makers' developer pages and published programs have. Numbers
that do not fit the order (a latitude of 116) are refused, never swapped.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from gridwarden.intake.formats.baidu_metres import degrees_of
from gridwarden.intake.formats.claim import DEGREES, Claim
from gridwarden.words.problems import Problem

SHORT: Final = frozenset(
    {
        "surl.amap.com",
        "j.map.baidu.com",
        "goo.gl",
        "maps.app.goo.gl",
        "g.co",
        "maps.apple",
        "url.cn",
        "w.url.cn",
        "t.cn",
        "dwz.cn",
        "bit.ly",
    }
)
"""Hosts whose links say nothing until they are opened."""
SCHEMES: Final = "https?|geo|amapuri|androidamap|iosamap|qqmap|baidumap|bdapp"
LONGEST: Final = 2_000
_LINK: Final = re.compile(rf"\b(?:{SCHEMES}):[^\s<>\"'，。；！【】《》]+", re.I)
_BARE: Final = re.compile(
    r"\b(?:[a-z0-9-]{1,40}\.){1,4}(?:com|org|gl|cn)/[^\s<>\"'，。；！【】《》]*", re.I
)
_NUMBER: Final = r"([-+]?[0-9]{1,3}(?:\.[0-9]{1,20})?)"
_PAIR: Final = re.compile(rf"\s*{_NUMBER}\s*,\s*\+?{_NUMBER}(?![0-9.])")
_METRES: Final = re.compile(
    r"@?(-?[0-9]{1,8}(?:\.[0-9]+)?),\s*(-?[0-9]{1,8}(?:\.[0-9]+)?)(?![0-9.])"
)
_EAST_OF: Final = 8_000_000
"""Metres: in China every Baidu easting lies beyond and every northing before."""

Query = dict[str, str]


@dataclass(frozen=True, slots=True)
class LinkedPlace:
    """A position in a link, in degrees as the link has it; `claim` says whose they are.

    `marked` is False for the middle of a screen, where nobody put a marker.
    """

    lon: float
    lat: float
    name: str | None
    claim: Claim
    marked: bool = True


def place_of_link(text: str, field: str | None = "area") -> LinkedPlace | None:
    """The position in the first map link of a text; None when there is no map link in it.

    Raises Problem `invalid_geometry`, naming `field`, for a short link (it says what to do) and
    for a map link that names no position.
    """
    link = link_in(text)
    if link is None:
        return None
    parts = _split(link)
    if parts is None:
        return None
    host = _host(parts)
    if host in SHORT or (host == "osm.org" and parts.path.startswith("/go/")):
        raise Problem("invalid_geometry", "phone.short_link", field=field, host=host)
    reader = _reader(parts, host)
    if reader is None:
        return None
    query = _query(parts.query)
    found = None if query is None else reader(parts, query, host)
    if found is None:
        raise Problem("invalid_geometry", "phone.link_without_place", field=field, host=host)
    return found


def link_in(text: str) -> str | None:
    """The first link in a text, as programs and people wrap it into words; None when none."""
    for found in (*_LINK.findall(text[:LONGEST]), *_BARE.findall(text[:LONGEST])):
        link = str(found).rstrip(".,;）")
        link = link if "(" in link else link.rstrip(")")
        link = link if re.match(rf"(?:{SCHEMES}):", link, re.I) else f"https://{link}"
        parts = _split(link)
        if parts is not None and (_host(parts) in SHORT or _reader(parts, _host(parts))):
            return link
    return None


def _split(link: str) -> SplitResult | None:
    try:
        parts = urlsplit(link)
        _ = parts.hostname
    except ValueError:
        return None
    return parts


def _query(text: str) -> Query | None:
    """The first value of each parameter; None for so many that no map program wrote them."""
    try:
        return {name: values[0] for name, values in parse_qs(text, max_num_fields=100).items()}
    except ValueError:
        return None


def _host(parts: SplitResult) -> str:
    if parts.scheme in ("http", "https"):
        return (parts.hostname or "").lower().removeprefix("www.")
    return f"{parts.scheme}:"


Reader = Callable[[SplitResult, Query, str], LinkedPlace | None]


def _reader(parts: SplitResult, host: str) -> Reader | None:
    if host in _READERS:
        return _READERS[host]
    if re.fullmatch(r"(?:maps\.|ditu\.)?google(?:\.[a-z]{2,3}){1,2}", host):
        maps = host.startswith(("maps.", "ditu.")) or parts.path.startswith("/maps")
        return _google if maps else None
    tail = ".".join(host.split(".")[-2:])
    if tail in ("amap.com", "gaode.com"):
        return _amap
    return None


def _pair(text: str | None) -> tuple[float, float] | None:
    """Two numbers at the beginning of a text."""
    found = _PAIR.match(text or "")
    return (float(found[1]), float(found[2])) if found else None


def _placed(
    lon: float, lat: float, name: str | None, claim: Claim, marked: bool = True
) -> LinkedPlace | None:
    """The place; None for numbers that are no longitude and latitude."""
    if abs(lon) > 180 or abs(lat) > 90 or (lon == 0 and lat == 0):
        return None
    plain = " ".join((name or "").split())[:200]
    return LinkedPlace(lon, lat, plain or None, claim, marked)


def _north_first(
    text: str | None, name: str | None, claim: Claim, marked: bool = True
) -> LinkedPlace | None:
    found = _pair(text)
    return _placed(found[1], found[0], name, claim, marked) if found else None


def _east_first(text: str | None, name: str | None, claim: Claim) -> LinkedPlace | None:
    found = _pair(text)
    return _placed(found[0], found[1], name, claim) if found else None


def _after(text: str, commas: int) -> str | None:
    """What stands between the commas of a list, such as the name after two numbers."""
    parts = text.split(",")
    return parts[commas] if len(parts) > commas else None


def _amap_uri(parts: SplitResult, query: Query, host: str) -> LinkedPlace | None:
    claim = Claim("gcj02", "amap", detail=host)
    said = query.get("coordinate", "gaode").lower()
    if said == "wgs84":
        claim = Claim("EPSG:4326", "link_says", detail="coordinate=wgs84")
    elif said != "gaode":
        claim = Claim(DEGREES, "link_unknown", detail=f"coordinate={said[:40]}")
    markers = query.get("markers", "")
    if markers and "|" not in markers:
        return _east_first(markers, _after(markers, 2), claim)
    return _east_first(query.get("position"), query.get("name"), claim)


def _amap(parts: SplitResult, query: Query, host: str) -> LinkedPlace | None:
    claim = Claim("gcj02", "amap", detail=host)
    if "p" in query:  # an identifier, latitude, longitude, name, address
        rest = query["p"].partition(",")[2]
        return _north_first(rest, _after(rest, 2), claim)
    if "q" in query:
        return _north_first(query["q"], _after(query["q"], 2), claim)
    return _lat_lon(query, claim, ("lat",), ("lng", "lon"), ("name",))


def _amap_app(parts: SplitResult, query: Query, host: str) -> LinkedPlace | None:
    claim = Claim("gcj02", "amap", detail=host)
    if query.get("dev") == "1":
        claim = Claim("EPSG:4326", "link_says", detail="dev=1")
    return _lat_lon(query, claim, ("lat",), ("lon", "lng"), ("poiname", "name"))


def _tencent_api(parts: SplitResult, query: Query, host: str) -> LinkedPlace | None:
    claim = Claim("gcj02", "tencent", detail=host)
    said = query.get("coord_type")
    if said == "1":
        claim = Claim("EPSG:4326", "link_says", detail="coord_type=1")
    elif said not in (None, "", "5"):
        claim = Claim(DEGREES, "link_unknown", detail=f"coord_type={said[:40]}")
    told = dict(one.partition(":")[::2] for one in query.get("marker", "").split(";"))
    at = told.get("coord") or query.get("coord")
    return _north_first(at, told.get("title") or query.get("name"), claim)


def _tencent(parts: SplitResult, query: Query, host: str) -> LinkedPlace | None:
    claim = Claim("gcj02", "tencent", detail=host)
    if "marker" in query:
        return _tencent_api(parts, query, host)
    return _lat_lon(query, claim, ("pointy",), ("pointx",), ("name",))


def _baidu(parts: SplitResult, query: Query, host: str) -> LinkedPlace | None:
    name = query.get("title") or query.get("name")
    said = query.get("coord_type", "bd09ll").lower()
    at = query.get("location") or query.get("latlng")
    if "@" in parts.path:
        way, _, centre = unquote(parts.path).partition("@")
        words = [w for w in way.split("/") if w]
        named = words[1] if len(words) == 2 and words[0] == "poi" else None
        return _baidu_metres(centre, named, host, marked=False)
    if said == "bd09mc":
        return _baidu_metres(at or "", name, host)
    known = {"bd09ll": "bd09", "bd09": "bd09", "gcj02": "gcj02", "wgs84": "EPSG:4326"}
    system = known.get(said.removesuffix("ll") if said != "bd09ll" else said)
    if "coord_type" not in query:
        claim = Claim("bd09", "baidu", detail=host)
    elif system:
        claim = Claim(system, "link_says", detail=f"coord_type={said}")
    else:
        claim = Claim(DEGREES, "link_unknown", detail=f"coord_type={said[:40]}")
    return _north_first(at, name, claim)


def _baidu_metres(
    text: str, name: str | None, host: str, marked: bool = True
) -> LinkedPlace | None:
    """Metres in either order: both are met, and in China an easting is never a northing."""
    found = _METRES.match(text)
    if not found:
        return None
    one, other = float(found[1]), float(found[2])
    if (abs(one) > _EAST_OF) == (abs(other) > _EAST_OF):
        return None
    east, north = (one, other) if abs(one) > _EAST_OF else (other, one)
    place = degrees_of(east, north)
    claim = Claim("bd09", "baidu", detail=f"{host} bd09mc")
    return _placed(*place, name, claim, marked) if place else None


def _google(parts: SplitResult, query: Query, host: str) -> LinkedPlace | None:
    claim = Claim(DEGREES, "google_maps", detail=host)
    path = unquote(parts.path)
    words = path.split("/")
    named = words[words.index("place") + 1] if "place" in words[:-1] else ""
    name = None if _pair(named) else named.replace("+", " ")
    pins = re.findall(rf"!3d{_NUMBER}!4d{_NUMBER}", path + parts.query)
    if pins:
        lat, lon = pins[-1]
        return _placed(float(lon), float(lat), name, claim)
    for one in (query.get("q", "").removeprefix("loc:"), query.get("query"), query.get("ll")):
        if _pair(one):
            return _north_first(one, None, claim)
    for i, word in enumerate(words[:-1]):
        if word in ("place", "search") and _pair(words[i + 1]):
            return _north_first(words[i + 1], None, claim)
    centre = re.search(rf"@({_NUMBER},{_NUMBER})", path)
    return _north_first(centre[1], name, claim, marked=False) if centre else None


def _apple(parts: SplitResult, query: Query, host: str) -> LinkedPlace | None:
    claim = Claim(DEGREES, "apple_maps", detail=host)
    name = query.get("name") or query.get("q")
    for one in ("coordinate", "ll", "q"):
        if _pair(query.get(one)):
            return _north_first(query[one], None if _pair(name) else name, claim)
    return None


def _osm(parts: SplitResult, query: Query, host: str) -> LinkedPlace | None:
    claim = Claim("EPSG:4326", "openstreetmap", detail=host)
    marked = _lat_lon(query, claim, ("mlat",), ("mlon",), ())
    found = re.match(rf"map=[0-9.]+/{_NUMBER}/{_NUMBER}", parts.fragment)
    if marked or not found:
        return marked
    return _placed(float(found[2]), float(found[1]), None, claim, marked=False)


def _geo(parts: SplitResult, query: Query, host: str) -> LinkedPlace | None:
    place, _, told = parts.path.partition(";")
    crs = dict(one.lower().partition("=")[::2] for one in told.split(";")).get("crs", "wgs84")
    android = query.get("q", "")
    if "q" in query:
        label = re.search(r"\(([^)]*)\)", android)
        claim = Claim(DEGREES, "geo_android")
        at = android if _pair(android) else place
        return _north_first(at, label[1] if label else None, claim)
    if crs != "wgs84":
        return _north_first(place, None, Claim(DEGREES, "link_unknown", detail=f"crs={crs[:40]}"))
    return _north_first(place, None, Claim("EPSG:4326", "geo_uri"))


def _unread(parts: SplitResult, query: Query, host: str) -> LinkedPlace | None:
    """Pages of maps whose addresses follow no order that is published."""
    return None


def _lat_lon(
    query: Query,
    claim: Claim,
    lats: tuple[str, ...],
    lons: tuple[str, ...],
    names: tuple[str, ...],
) -> LinkedPlace | None:
    lat, lon, name = (
        next((query[one] for one in wanted if one in query), None) for wanted in (lats, lons, names)
    )
    return _north_first(f"{lat},{lon}", name, claim)


_READERS: Final[dict[str, Reader]] = {
    "uri.amap.com": _amap_uri,
    "androidamap:": _amap_app,
    "iosamap:": _amap_app,
    "amapuri:": _amap_app,
    "apis.map.qq.com": _tencent_api,
    "qqmap:": _tencent_api,
    "map.qq.com": _tencent,
    "api.map.baidu.com": _baidu,
    "map.baidu.com": _baidu,
    "baidumap:": _baidu,
    "bdapp:": _baidu,
    "maps.apple.com": _apple,
    "openstreetmap.org": _osm,
    "osm.org": _osm,
    "geo:": _geo,
    "map.wap.qq.com": _unread,
    "map.tianditu.gov.cn": _unread,
    "tianditu.gov.cn": _unread,
}
