"""What an edit says: one GeoJSON Feature, or a merge patch (RFC 7396) of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from gridwarden.intake.bodies import limited_body, parse_json
from gridwarden.intake.formats.batch import MAX_COLUMNS
from gridwarden.intake.formats.crs_member import crs_members
from gridwarden.intake.rows import MAX_EXTRA
from gridwarden.intake.values import BadValueError, storable, text
from gridwarden.layers.features.documents import GEOJSON, JSON
from gridwarden.words.problems import Problem

MAX_BYTES: Final = 4 << 20
"""One feature; a register belongs to an import."""
PATCH: Final = "application/merge-patch+json"
FEATURES: Final = (GEOJSON, JSON)
ABSENT: Final = object()
_OURS: Final = frozenset({"source_id", "dataset", "version", "repair", "extra"})
"""Properties that we give beside the layer's columns; `repair` and `version` are ours to say."""


@dataclass(frozen=True)
class Said:
    """A body, taken apart: `geometry` is GeoJSON, None, or ABSENT where nothing is said of it.

    `properties` are those that the layer's columns or `extra` may take. `dataset`, `source_id` and
    `extra` are the members of that name; ABSENT, where they do not stand there. `crs` holds the
    different `crs` members of older GeoJSON, None among them.
    """

    geometry: object
    properties: Mapping[str, Any]
    dataset: object
    source_id: str | None
    extra: object
    crs: tuple[Any, ...]


async def body_of(request: Request, *kinds: str) -> bytes:
    """The body of a request whose content type is one of `kinds`. Raises Problem (415, 413)."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent not in kinds:
        accept = "Accept-Patch" if kinds == (PATCH,) else "Accept"
        taken = ", ".join(kinds)
        raise Problem(
            "unsupported_media_type",
            "editing.content_type",
            field="Content-Type",
            kinds=taken,
            headers={accept: taken},
        )
    return await limited_body(request, MAX_BYTES)


def feature_in(body: bytes) -> Said:
    """A GeoJSON Feature. Raises Problem (400) for anything else."""
    document = _object(body)
    if document.get("type") != "Feature":
        raise Problem("invalid_value", "editing.no_feature", field="type")
    properties = document.get("properties")
    return _said(document, {} if properties is None else properties, document.get("geometry"))


def patch_in(body: bytes) -> Said:
    """A merge patch of a Feature: what it does not name stays. Raises Problem (400)."""
    document = _object(body)
    if document.get("type", "Feature") != "Feature":
        raise Problem("invalid_value", "editing.no_feature", field="type")
    return _said(document, document.get("properties", {}), document.get("geometry", ABSENT))


def _object(body: bytes) -> dict[str, Any]:
    document = parse_json(body, "body")
    if not isinstance(document, dict):
        raise Problem("invalid_value", "editing.no_feature", field="body")
    return document


def _said(document: dict[str, Any], properties: object, geometry: object) -> Said:
    if not isinstance(properties, dict):
        raise Problem("invalid_value", "editing.no_properties", field="properties")
    if len(properties) > MAX_COLUMNS or not all(map(_nameable, properties)):
        raise Problem("invalid_value", "editing.bad_names", field="properties", limit=MAX_COLUMNS)
    extra = properties.get("extra", ABSENT)
    if not (extra is ABSENT or extra is None or isinstance(extra, dict)):
        raise Problem(
            "invalid_value", "editing.bad_extra", field="properties.extra", most=MAX_EXTRA
        )
    return Said(
        geometry,
        {name: value for name, value in properties.items() if name not in _OURS},
        properties.get("dataset", ABSENT),
        _identity(properties.get("source_id")),
        extra,
        tuple(crs_members(document)),
    )


def _nameable(name: str) -> bool:
    return "\x00" not in name and storable(name)


def _identity(value: object) -> str | None:
    """The identity that a feature is given; None where nothing is said. Raises Problem (400)."""
    if value is None or value == "":
        return None
    try:
        found = text(value) if isinstance(value, (str, int, float)) else None
    except BadValueError:
        found = None
    if found is None:
        raise Problem("invalid_value", "editing.bad_identity", field="properties.source_id")
    return found
