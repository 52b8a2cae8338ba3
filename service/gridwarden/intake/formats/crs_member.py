"""The `crs` member of older GeoJSON (2008): whose coordinates a file says it has.

RFC 7946 has none, and is WGS 84. Of the older kinds only a name is understood: a link is never
fetched, and `null` says that no system can be assumed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gridwarden.intake.formats.claim import Claim


def crs_name(member: object) -> str | None:
    """The name that a `crs` member gives; None for one that is not understood."""
    if not isinstance(member, Mapping):
        return None
    kind, properties = member.get("type"), member.get("properties")
    name = properties.get("name") if isinstance(properties, Mapping) else None
    named = isinstance(kind, str) and kind.lower() == "name"
    return name if named and isinstance(name, str) and name.strip() else None


def crs_members(document: object) -> list[Any]:
    """Every different `crs` member of a GeoJSON: its own, its features' and their geometries'."""
    found: list[Any] = []
    for one in _objects(document):
        if "crs" in one and one["crs"] not in found:
            found.append(one["crs"])
    return found


def crs_claim(document: object) -> Claim:
    """What a GeoJSON says of its system: nothing (`geojson`), that it has none (`crs_null`), or
    something that is still to be understood (`file`)."""
    members = crs_members(document)
    because = "file" if members else "geojson"
    return Claim(None, "crs_null" if members == [None] else because)


def _objects(document: object) -> Iterator[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        return
    yield document
    yield from _objects(document.get("geometry"))
    features = document.get("features")
    for feature in features if isinstance(features, list) else ():
        if isinstance(feature, Mapping):
            yield feature
            if isinstance(feature.get("geometry"), Mapping):
                yield feature["geometry"]
