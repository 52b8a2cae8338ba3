"""What a coordinate system is called by people."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pyproj import CRS
from pyproj.exceptions import CRSError

from gridwarden.geodesy import zone_of
from gridwarden.intake.coordinates.local import LOCAL
from gridwarden.words import say

_KNOWN: Final = {
    "EPSG:4326": "wgs84",
    "EPSG:4490": "cgcs2000",
    "gcj02": "gcj02",
    "bd09": "bd09",
}


def system_name(name: str, lang: str) -> str:
    """The words for `EPSG:n`, `gcj02`, `bd09` or `local:name`; the name itself for any other."""
    if name in _KNOWN:
        return say(f"places.system.{_KNOWN[name]}", lang)
    if name.startswith(LOCAL):
        return say("places.system.local", lang, name=name.removeprefix(LOCAL))
    number = name.removeprefix("EPSG:")
    epsg = int(number) if number != name and number.isdecimal() else None
    zone = zone_of(epsg)
    if zone is None:
        return _official(name)
    key = "zone" if zone.number is not None else "meridian"
    return say(
        f"places.system.{key}",
        lang,
        width=zone.width_deg,
        zone=zone.number,
        meridian=zone.meridian,
        epsg=name,
    )


def choices(epsg: int, lang: str, local: Sequence[str], *, unknown: bool) -> list[tuple[str, str]]:
    """What a form offers, as (value, words): what the place itself tells, the usual systems, the
    working CRS, `local` ones by name, and, with `unknown`, that nobody knows."""
    keys = [("", "told"), ("EPSG:4326", "lonlat"), ("gcj02", "gcj02"), ("bd09", "bd09")]
    keys += [(f"EPSG:{epsg}", "working")]
    said = [(value, say(f"permits.page.crs_{key}", lang, epsg=epsg)) for value, key in keys]
    said += [(f"{LOCAL}{name}", system_name(f"{LOCAL}{name}", lang)) for name in local]
    return said + ([("unknown", say("permits.page.crs_unknown", lang))] if unknown else [])


@lru_cache(maxsize=256)
def _official(name: str) -> str:
    try:
        return f"{CRS.from_user_input(name).name} ({name})"
    except CRSError:
        return name
