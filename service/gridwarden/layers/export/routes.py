"""`GET /api/layers/{layer}/export`: a layer as a file, as the caller may see it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller
from gridwarden.layers.catalogue import layers
from gridwarden.layers.export.content import Content, of_layer
from gridwarden.layers.export.kinds import ENCODINGS, KINDS
from gridwarden.layers.export.sending import PARAMETERS, how, names_of, sent
from gridwarden.layers.features.crs import CRS84, crs_of
from gridwarden.layers.features.items import Connection, look_first
from gridwarden.layers.features.parameters import only, windows
from gridwarden.layers.features.routes import READERS, readable_layer
from gridwarden.layers.past import go_back
from gridwarden.settings import Settings

router = APIRouter(tags=["layers"])
LayerId = Annotated[str, Path(description="a layer", json_schema_extra={"enum": list(layers())})]
Reader = Annotated[Caller, allow(*READERS)]
DESCRIBED: Final[list[dict[str, Any]]] = [
    {
        "name": "format",
        "in": "query",
        "required": True,
        "schema": {"type": "string", "enum": list(KINDS)},
        "description": "the kind of file",
    },
    {
        "name": "crs",
        "in": "query",
        "required": False,
        "schema": {"type": "string"},
        "description": "EPSG:n, crs84, or gcj02 (for display only, marked as such in the file);"
        " usually crs84 for geojson, csv and xlsx and the working CRS for the others",
    },
    {
        "name": "encoding",
        "in": "query",
        "required": False,
        "schema": {"type": "string", "enum": list(ENCODINGS)},
        "description": "of csv and shp",
    },
    {
        "name": "at",
        "in": "query",
        "required": False,
        "schema": {"type": "string"},
        "description": "as it was known at a day's end, or a moment (RFC 3339)",
    },
]
COPIED: Final = ("why", "request")
OF_COPIES: Final[list[dict[str, Any]]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "schema": schema,
        "description": told,
    }
    for name, schema, told in (
        ("why", {"type": "string"}, "why so many mains are taken out; it stands in the copy"),
        ("request", {"type": "integer", "minimum": 1}, "the request that a second person approved"),
    )
]
BBOX: Final[dict[str, Any]] = {
    "name": "bbox",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "west,south,east,north in degrees: features that touch it",
}


@router.get(
    "/api/layers/{layer}/export",
    response_class=Response,
    openapi_extra={"parameters": [*DESCRIBED, *OF_COPIES, BBOX]},
)
@costs("file")
async def export(request: Request, layer: LayerId, caller: Reader) -> Response:
    """A layer as a file, every row that the caller may see; a look at mains is recorded."""
    settings: Settings = request.app.state.settings
    one = readable_layer(layer, caller)
    given = only(request, *PARAMETERS, *COPIED, "bbox")
    asked = how(given, settings)
    degrees = crs_of(CRS84, "bbox", settings.crs)
    boxes = windows(given["bbox"], degrees, settings.crs) if "bbox" in given else None

    async def prepare(c: Connection) -> Content:
        await look_first(c, caller, one, f"export {request.url.query}")
        await go_back(c, asked.at, "features")
        return of_layer(one, settings.crs, boxes, past=asked.at is not None)

    return await sent(request, caller, asked, names_of(one.id, one.title), prepare)
