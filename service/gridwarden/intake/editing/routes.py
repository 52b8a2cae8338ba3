"""`POST PUT PATCH DELETE OPTIONS /ogc/collections/{layer}/items[/{id}]`: Part 4 of the standard."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response

from gridwarden.access import allow
from gridwarden.database import Caller
from gridwarden.intake.editing import describing as told
from gridwarden.intake.editing.bodies import FEATURES, PATCH, Said, body_of, feature_in, patch_in
from gridwarden.intake.editing.placing import Stated, stated
from gridwarden.intake.editing.storing import Edit, Nature, Stored
from gridwarden.layers.catalogue import Layer
from gridwarden.layers.features.crs import CRS84
from gridwarden.layers.features.documents import base
from gridwarden.layers.features.etags import tag_of
from gridwarden.layers.features.parameters import only
from gridwarden.layers.features.routes import LAYERS, READERS, LayerId, geojson_response, headers_of
from gridwarden.words.problems import Problem

router = APIRouter(prefix="/ogc/collections/{layer}/items", tags=["features"])
EDITORS = tuple(dict.fromkeys(role for one in LAYERS.values() for role in one.importers))

Editor = Annotated[Caller, allow(*EDITORS)]
Anyone = Annotated[Caller, allow(*dict.fromkeys((*READERS, *EDITORS)))]
FeatureId = Annotated[str, Path(json_schema_extra={"type": "integer", "minimum": 1})]
Correction = Annotated[
    str, Query(description="`correction`: the city did not change, its record was wrong")
]
CrsName = Annotated[
    str,
    Query(description="CRS of the body (as Content-Crs), by its own axis order; gcj02, bd09 too"),
]
ContentCrs = Annotated[str, Header(alias="Content-Crs", description="CRS of the body")]
IfMatch = Annotated[str | None, Header(alias="If-Match", description="the ETag that you read")]
ASKED = ("crs", "nature")


@router.post("", status_code=201, openapi_extra=told.BODY, responses=told.CREATED)
async def create(
    request: Request,
    layer: LayerId,
    caller: Editor,
    dataset: Annotated[
        str, Query(description="where it belongs: one that you may bring; else `edited`")
    ] = "",
    new_dataset: Annotated[
        str, Query(description="`true`: the dataset is not there and is meant to be a new one")
    ] = "",
    org: Annotated[str, Query(description="whose the new dataset is: name, code or id")] = "",
    nature: Correction = "",
    crs: CrsName = CRS84,
    content_crs: ContentCrs = "",
) -> Response:
    """Make one feature."""
    one, given = _layer(layer), only(request, *ASKED, "dataset", "new_dataset", "org")
    if given.get("new_dataset", "false") not in ("true", "false"):
        raise Problem("invalid_value", "editing.bad_new_dataset", field="new_dataset")
    said = feature_in(await body_of(request, *FEATURES))
    edit, system = _edit(request, caller, one, given, said)
    new = given.get("new_dataset") == "true"
    made = await edit.create(said, system, given.get("dataset"), given.get("org"), new_dataset=new)
    answer = _answer(made, edit, 201)
    answer.headers["Location"] = f"{base(request)}/collections/{one.id}/items/{made.id}"
    return answer


@router.put("/{feature}", openapi_extra=told.BODY, responses=told.CHANGED)
async def replace(
    request: Request,
    layer: LayerId,
    feature: FeatureId,
    caller: Editor,
    nature: Correction = "",
    crs: CrsName = CRS84,
    content_crs: ContentCrs = "",
    if_match: IfMatch = None,
) -> Response:
    """Replace all that a feature says; what the body leaves out is taken away."""
    one, given = _layer(layer), only(request, *ASKED)
    said = feature_in(await body_of(request, *FEATURES))
    edit, system = _edit(request, caller, one, given, said)
    return _answer(await edit.replace(feature, said, system, if_match), edit, 200)


@router.patch("/{feature}", openapi_extra=told.PATCH_BODY, responses=told.CHANGED)
async def update(
    request: Request,
    layer: LayerId,
    feature: FeatureId,
    caller: Editor,
    nature: Correction = "",
    crs: CrsName = CRS84,
    content_crs: ContentCrs = "",
    if_match: IfMatch = None,
) -> Response:
    """Change what the body names (a JSON merge patch); null takes a value away."""
    one, given = _layer(layer), only(request, *ASKED)
    said = patch_in(await body_of(request, PATCH))
    edit, system = _edit(request, caller, one, given, said)
    return _answer(await edit.update(feature, said, system, if_match), edit, 200)


@router.delete("/{feature}", status_code=204, responses=told.REMOVED)
async def remove(
    request: Request,
    layer: LayerId,
    feature: FeatureId,
    caller: Editor,
    nature: Correction = "",
    if_match: IfMatch = None,
) -> Response:
    """Remove a feature; its history stays."""
    one, given = _layer(layer), only(request, "nature")
    edit, _ = _edit(request, caller, one, given, None)
    await edit.remove(feature, if_match)
    return Response(status_code=204)


@router.options("", status_code=204)
async def items_options(request: Request, layer: LayerId, caller: Anyone) -> Response:
    """What the caller may do with the layer."""
    only(request)
    return _options(_layer(layer), caller, ("POST",))


@router.options("/{feature}", status_code=204)
async def item_options(
    request: Request, layer: LayerId, feature: FeatureId, caller: Anyone
) -> Response:
    """What the caller may do with features of the layer."""
    only(request)
    return _options(_layer(layer), caller, ("PUT", "PATCH", "DELETE"))


def _options(layer: Layer, caller: Caller, edits: tuple[str, ...]) -> Response:
    reads, brings = caller.role in layer.readers, caller.role in layer.importers
    if not (reads or brings):
        raise Problem("forbidden", "features.not_yours", field="layer")
    methods = (*(("GET",) if reads else ()), *(edits if brings else ()), "OPTIONS")
    headers = {"Allow": ", ".join(methods), "Cache-Control": "private, no-cache"}
    if "PATCH" in methods:
        headers["Accept-Patch"] = PATCH
    if "POST" in methods:
        headers["Accept-Post"] = ", ".join(FEATURES)
    return Response(status_code=204, headers=headers)


def _layer(layer: str) -> Layer:
    one = LAYERS.get(layer)
    if one is None:
        raise Problem("not_found", "features.no_layer", field="layer")
    return one


def _edit(
    request: Request, caller: Caller, layer: Layer, given: dict[str, str], said: Said | None
) -> tuple[Edit, Stated]:
    """Who edits, and the system of what they send. Raises Problem (400, 403)."""
    app = request.app.state
    if caller.role not in layer.readers and caller.role not in layer.importers:
        raise Problem("forbidden", "features.not_yours", field="layer")
    nature: Nature | None = None
    if "nature" in given:
        if given["nature"] != "correction":
            raise Problem("invalid_value", "editing.bad_nature", field="nature")
        nature = "correction"
    members = said.crs if said is not None else ()
    system = stated(request, members, given.get("crs"), app.settings.crs)
    return Edit(app.pool, caller, app.settings, layer, nature, system.answer), system


def _answer(stored: Stored, edit: Edit, status: int) -> Response:
    if stored.text is not None:
        response = geojson_response(stored.text, edit.layer, edit.crs)
        response.status_code = status
    else:
        response = Response(
            status_code=201 if status == 201 else 204, headers=headers_of(edit.layer, edit.crs)
        )
    response.headers["ETag"] = tag_of(stored.version)
    return response
