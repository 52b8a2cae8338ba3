"""Which program wrote a KML, told by its marks, and so whose coordinates it holds.

KML is WGS 84 by its standard, and Chinese map programs write GCJ-02 into it all the same. Only
what a file says of itself counts: its root element, its document's name, description and author,
its comments, the identifiers of its styles. A placemark called 百度大厦 says nothing of who wrote
the file, nor does a folder's name; and a document's name counts only where it has a product's
whole name (百度地图, not 百度).

How sure each mark is, `certain` or `recalled`:
- certain: seen in many published files, or in the program's own source (GDAL's `root_doc`,
  ArcGIS's `FeatureLayer0` and its XSLT header, Google Earth's `__managed_style_` and pushpin
  styles, Ovital's `Ov…` elements).
- recalled: no published mark is known. Then only the product's plain name in the header counts.
"""

import re
from dataclasses import dataclass
from typing import Final

from gridwarden.intake.formats.claim import DEGREES, Claim
from gridwarden.intake.formats.kml_rows import Header

SHIFTED_SINCE: Final = (9, 3)
"""Ovital exports shifted coordinates since 9.3.0 (and only `.ovkml` since then); before, WGS 84."""


@dataclass(frozen=True, slots=True)
class Maker:
    """A program and its marks: patterns that have to be found in every place that is given.

    `says` is looked for in document name, description, author and comments; `ids` in identifiers
    of styles, documents and folders; `elements` in element names; `namespaces` are prefixes that
    the root declares, all of them; `table` in the first descriptions' HTML.
    """

    code: str
    product: str
    system: str
    because: str
    sure: str
    says: str | None = None
    ids: str | None = None
    elements: str | None = None
    namespaces: frozenset[str] = frozenset()
    table: str | None = None


_GX: Final = frozenset({"gx", "kml", "atom"})

MAKERS: Final = (
    # Ovital is judged by its version and by what each placemark says: see `_ovital`.
    Maker("ovital", "奥维互动地图", "gcj02", "ovital", "certain", elements=r"Ov[A-Z]\w+"),
    Maker(
        "ovital", "奥维互动地图", "gcj02", "ovital", "recalled", says=r"奥维(?:互动)?地图|\bovital"
    ),
    Maker("amap", "高德地图", "gcj02", "amap", "recalled", says=r"高德地图|\bamap\b|\bautonavi\b"),
    Maker("tencent", "腾讯地图", "gcj02", "tencent", "recalled", says=r"腾讯地图|tencent ?maps?\b"),
    Maker("baidu", "百度地图", "bd09", "baidu", "recalled", says=r"百度地图|baidu ?maps?\b"),
    Maker("tianditu", "天地图", "EPSG:4490", "tianditu", "recalled", says=r"天地图|\btianditu\b"),
    # Drawn over roads that are shifted in China, or over pictures that are not: nobody can tell.
    Maker(
        "google_maps",
        "Google My Maps",
        DEGREES,
        "kml_my_maps",
        "certain",
        ids=r"(?:icon-\d{3,4}|line|poly)-[0-9A-F]{6}(?:-\d+)*(?:-(?:labelson|nodesc))?(?:-(?:normal|highlight))?",
    ),
    Maker(
        "google_earth",
        "Google Earth",
        "EPSG:4326",
        "google_earth",
        "certain",
        ids=r"__managed_style_\w+",
    ),
    # Others copy this header, or these styles, into what they write; seldom both.
    Maker(
        "google_earth",
        "Google Earth",
        "EPSG:4326",
        "google_earth",
        "certain",
        ids=r"(?:m|s|sn|sh|msn)_ylw-pushpin\w*",
        namespaces=_GX,
    ),
    # Keeps what it was told: a shifted KML that went through it is shifted still.
    Maker("gdal", "GDAL / QGIS", DEGREES, "kml_gdal", "certain", ids=r"root_doc"),
    Maker("arcgis", "ArcGIS", "EPSG:4326", "arcgis_kml", "certain", ids=r"FeatureLayer\d+"),
    Maker(
        "arcgis",
        "ArcGIS",
        "EPSG:4326",
        "arcgis_kml",
        "certain",
        table=r"xmlns:fo=\"http://www\.w3\.org/1999/XSL/Format\" xmlns:msxsl=",
    ),
)

OVITAL_TYPES: Final = {
    "GCJ02": "gcj02",
    "BD09": "bd09",
    "CGCS2000": "EPSG:4490",
    "WGS84": "EPSG:4326",
}
"""What Ovital writes in `<OvCoordType>` (with or without a hyphen): certain for the first, third
and fourth, which published files have; BD-09 is recalled."""
_VERSION: Final = re.compile(r"(?:奥维(?:互动)?地图|ovital)\D{0,24}?v?(\d{1,2})\.(\d{1,2})", re.I)


def system_of(ovital_type: str | None) -> str | None:
    """The system that an `<OvCoordType>` names; None when it names none that is known."""
    plain = re.sub(r"[-_\s]", "", ovital_type or "").upper()
    return OVITAL_TYPES.get(plain)


def same_place(one: str | None, other: str | None) -> bool:
    """Whether two systems agree within decimetres."""
    earth = ("EPSG:4326", "EPSG:4490")
    return one == other or (one in earth and other in earth)


def claim_of(
    header: Header, comments: list[str], tables: str, suffix: str, types: list[str]
) -> Claim:
    """Whose coordinates a KML holds.

    `tables` is HTML of the first descriptions, `suffix` the file's (`.ovkml`), `types` what the
    placemarks say by Ovital's element, the most frequent first.
    """
    if types:
        said = system_of(types[0])
        return Claim(said or DEGREES, "ovital_says" if said else "ovital_unknown", detail=types[0])
    says = "\n".join([*header.says, *comments])
    found = [maker for maker in MAKERS if _is(maker, header, says, tables)]
    if suffix in (".ovkml", ".ovkmz"):
        # The suffix came with 9.3, which shifts; later versions say so in every placemark.
        return Claim("gcj02", "ovital", detail=suffix)
    if not found:
        return Claim(DEGREES, "kml_unknown_maker")
    if len({maker.system for maker in found}) > 1:
        names = dict.fromkeys(maker.product for maker in found)
        return Claim(DEGREES, "kml_makers_disagree", detail=", ".join(names))
    if found[0].code == "ovital":
        return _ovital(says)
    return Claim(found[0].system, found[0].because, detail=found[0].product)


def maker_named(text: str) -> str | None:
    """The product that a text names by its whole name (a GPX's `creator`); None for others'."""
    for maker in MAKERS:
        if maker.says and re.search(maker.says, text, re.I):
            return maker.product
    return None


def _is(maker: Maker, header: Header, says: str, tables: str) -> bool:
    return (
        (maker.says is None or bool(re.search(maker.says, says, re.I)))
        and (maker.ids is None or any(re.fullmatch(maker.ids, one) for one in header.ids))
        and (
            maker.elements is None or any(re.fullmatch(maker.elements, e) for e in header.elements)
        )
        and maker.namespaces <= header.namespaces
        and (maker.table is None or bool(re.search(maker.table, tables)))
    )


def _ovital(says: str) -> Claim:
    """By its version, where the file names it: a `.kml` that does not may be old or renamed."""
    found = _VERSION.search(says)
    if found is None:
        return Claim(DEGREES, "ovital_unknown")
    version = (int(found[1]), int(found[2]))
    detail = f"{found[1]}.{found[2]}"
    if version >= SHIFTED_SINCE:
        return Claim("gcj02", "ovital", detail=detail)
    return Claim(DEGREES, "ovital_old", detail=detail)
