"""What the OpenAPI document says of edits."""

from typing import Any, Final

from gridwarden.intake.editing.bodies import PATCH
from gridwarden.layers.features.documents import GEOJSON, JSON

PROBLEM: Final = "application/problem+json"
_GEOMETRY: Final = {
    "type": ["object", "null"],
    "description": "GeoJSON; null in a layer without places",
    "properties": {"type": {"type": "string"}, "coordinates": {"type": "array"}},
}
_PROPERTIES: Final = {
    "type": ["object", "null"],
    "description": (
        "the layer's columns; what no column takes is kept in `extra`. `source_id` names the"
        " feature for good; `version`, `repair` and `dataset` may come back and change nothing"
    ),
}
FEATURE: Final = {
    "type": "object",
    "required": ["type", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]},
        "geometry": _GEOMETRY,
        "properties": _PROPERTIES,
    },
}
_PATCHED: Final = {
    "type": "object",
    "properties": {"geometry": _GEOMETRY, "properties": {"type": "object"}},
}
_TAG: Final = {"ETag": {"description": "the version", "schema": {"type": "string"}}}
BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {GEOJSON: {"schema": FEATURE}, JSON: {"schema": FEATURE}},
    }
}
PATCH_BODY: Final = {"requestBody": {"required": True, "content": {PATCH: {"schema": _PATCHED}}}}


def _refused(text: str) -> dict[str, Any]:
    return {"description": text, "content": {PROBLEM: {"schema": {"type": "object"}}}}


NO_SUCH: Final[dict[int | str, dict[str, Any]]] = {
    404: _refused("there is none, or it is not yours to see"),
    428: _refused("If-Match is missing"),
    412: _refused("changed since; ETag is the present version") | {"headers": _TAG},
}
CREATED: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "description": "made; Location is its address",
        "content": {GEOJSON: {"schema": FEATURE}},
        "headers": _TAG | {"Location": {"schema": {"type": "string"}}},
    },
    409: _refused("the dataset has that source_id already, or is just being published"),
}
CHANGED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "as it is now",
        "content": {GEOJSON: {"schema": FEATURE}},
        "headers": _TAG,
    },
    204: {"description": "changed; you do not read this layer", "headers": _TAG},
    409: CREATED[409],
    **NO_SUCH,
}
REMOVED: Final[dict[int | str, dict[str, Any]]] = {204: {"description": "removed"}, **NO_SUCH}
