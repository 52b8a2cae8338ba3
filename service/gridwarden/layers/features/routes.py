"""`/ogc`: OGC API – Features, Parts 1 and 2, for every layer as the caller may see it."""

import json
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response

from gridwarden.access import allow, everyone
from gridwarden.access.audit.seeing import MAINS
from gridwarden.database import Caller, as_caller
from gridwarden.layers.catalogue import AREA_SCOPES, Layer, layers
from gridwarden.layers.features import documents as docs
from gridwarden.layers.features.crs import CRS84, Crs, crs_of
from gridwarden.layers.features.etags import is_known, tag_of
from gridwarden.layers.features.items import extent_of, feature_of, look_first, page_of
from gridwarden.layers.features.parameters import (
    GREATEST_LIMIT,
    OF_MAINS,
    bulk_of,
    items_query,
    only,
)
from gridwarden.layers.past import go_back, moment_of
from gridwarden.settings import Settings
from gridwarden.words import language_of, say
from gridwarden.words.path_prefix import own_url
from gridwarden.words.problems import Problem

router = APIRouter(prefix="/ogc", tags=["features"])
LAYERS = layers()
READERS = tuple(dict.fromkeys(role for one in LAYERS.values() for role in one.readers))

Reader = Annotated[Caller, allow(*READERS)]
LayerId = Annotated[str, Path(description="a layer", json_schema_extra={"enum": list(LAYERS)})]
FeatureId = Annotated[str, Path(json_schema_extra={"type": "integer", "minimum": 1})]


def described(description: str, **schema: Any) -> Any:
    """A query parameter that the OpenAPI document describes and `parameters` reads strictly."""
    return Query(description=description, json_schema_extra=schema)


Lang = Annotated[str, described("language of titles", enum=["zh", "en"])]
Limit = Annotated[
    str,
    described("features a page", type="integer", minimum=1, maximum=GREATEST_LIMIT, default=100),
]
CrsName = Annotated[
    str, described("CRS of the coordinates in the answer, in its own axis order", default=CRS84)
]
Why = Annotated[
    str, described("of mains, above so many kilometres a day: why, at least 8 letters, once a day")
]
Approved = Annotated[
    str,
    Query(
        alias="request",
        description="of mains: the request for so many that a second person approved",
        json_schema_extra={"type": "integer", "minimum": 1},
    ),
]
At = Annotated[str, described("as it was known at a day's end, or a moment (RFC 3339)")]


def json_response(document: object, kind: str = docs.JSON) -> Response:
    """A document of our own as JSON."""
    text = json.dumps(document, ensure_ascii=False)
    return Response(text.encode("utf-8"), media_type=kind)


@router.get("", dependencies=[everyone()])
async def landing(request: Request, lang: Lang = "zh") -> Response:
    """The landing page: links to everything below."""
    only(request)
    return json_response(docs.landing(request, language_of(request)))


@router.get("/conformance", dependencies=[everyone()])
async def conformance(request: Request) -> Response:
    """The conformance classes that hold here."""
    only(request)
    return json_response({"conformsTo": list(docs.CONFORMS_TO)})


@router.get("/api", dependencies=[everyone()])
async def api(request: Request) -> Response:
    """The OpenAPI document of the whole service."""
    only(request)
    return json_response(request.app.openapi(), docs.OPENAPI)


@router.get("/collections")
async def collections(request: Request, caller: Reader, lang: Lang = "zh") -> Response:
    """The layers that the caller may read."""
    only(request)
    settings: Settings = request.app.state.settings
    readable = [one for one in LAYERS.values() if caller.role in one.readers]
    return json_response(docs.collections(request, readable, settings.crs, language_of(request)))


@router.get("/collections/{layer}")
async def collection(
    request: Request, layer: LayerId, caller: Reader, lang: Lang = "zh"
) -> Response:
    """One layer: its CRSs, and where it lies as the caller may see it."""
    only(request)
    settings: Settings = request.app.state.settings
    one = readable_layer(layer, caller)
    async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
        extent = await extent_of(c, one, settings.crs)
    document = docs.collection(request, one, settings.crs, language_of(request), extent)
    return json_response(document)


@router.get("/collections/{layer}/items")
async def items(
    request: Request,
    layer: LayerId,
    caller: Reader,
    limit: Limit = "100",
    cursor: Annotated[str, described("from a `next` link")] = "",
    bbox: Annotated[str, described("four or six numbers: west,south,east,north")] = "",
    bbox_crs: Annotated[
        str, Query(alias="bbox-crs", description="CRS of bbox, in its own axis order")
    ] = CRS84,
    crs: CrsName = CRS84,
    datetime: Annotated[str, described("a day, a moment, or `start/end` with `..` open")] = "",
    at: At = "",
    why: Why = "",
    approved: Approved = "",
    lang: Lang = "zh",
) -> Response:
    """A page of the layer's features as GeoJSON, in the order of their ids."""
    settings: Settings = request.app.state.settings
    one = readable_layer(layer, caller)
    own_area = one.readers[caller.role] in AREA_SCOPES
    asked = replace(items_query(request, settings, *said_of(one)), own_area=own_area)
    speech = language_of(request)
    here = f"{docs.base(request)}/collections/{one.id}"
    given = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
    links = [
        docs.link("self", docs.GEOJSON, say("features.this", speech), own_url(request)),
        docs.link("collection", docs.JSON, one.title.in_(speech), here),
    ]
    async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
        await look_first(c, caller, one, f"items?{request.url.query}")
        await go_back(c, asked.at, "features")
        text = await page_of(
            c,
            one,
            asked,
            settings,
            links,
            f"{here}/items?{urlencode([*given, ('cursor', '')])}",
            say("features.next", speech),
        )
    return geojson_response(text, one, asked.crs)


@router.get(
    "/collections/{layer}/items/{feature}",
    responses={304: {"description": "the version that If-None-Match names is still the present"}},
)
async def item(
    request: Request,
    layer: LayerId,
    feature: FeatureId,
    caller: Reader,
    crs: CrsName = CRS84,
    at: At = "",
    why: Why = "",
    approved: Approved = "",
) -> Response:
    """One feature as GeoJSON; its ETag is its version."""
    settings: Settings = request.app.state.settings
    one = readable_layer(layer, caller)
    given = only(request, "crs", "at", *said_of(one))
    bulk = bulk_of(given)
    wanted = crs_of(given.get("crs", CRS84), "crs", settings.crs)
    then = moment_of(given.get("at"), settings.time_zone)
    found = None
    if feature.isascii() and feature.isdecimal() and len(feature) <= 18:
        async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
            await look_first(c, caller, one, f"items/{feature}")
            await go_back(c, then, "features")
            found = await feature_of(
                c, one, int(feature), wanted, settings, past=then is not None, bulk=bulk
            )
    if found is None:
        raise Problem("not_found", "features.no_feature", field="feature")
    text, version = found
    if is_known(request.headers.get("If-None-Match"), version):
        response = Response(status_code=304, headers=headers_of(one, wanted))
    else:
        response = geojson_response(text, one, wanted)
    response.headers["ETag"] = tag_of(version)
    return response


def said_of(layer: Layer) -> tuple[str, ...]:
    """The parameters that only exact mains have."""
    return OF_MAINS if layer.id == MAINS else ()


def readable_layer(layer: str, caller: Caller) -> Layer:
    """The layer of this id. Raises Problem: 404 for none, 403 for one the role may not read."""
    one = LAYERS.get(layer)
    if one is None:
        raise Problem("not_found", "features.no_layer", field="layer")
    if caller.role not in one.readers:
        raise Problem("forbidden", "features.not_yours", field="layer")
    return one


def geojson_response(text: bytes, layer: Layer, crs: Crs) -> Response:
    """The database's own text."""
    return Response(text, headers=headers_of(layer, crs), media_type=docs.GEOJSON)


def headers_of(layer: Layer, crs: Crs) -> dict[str, str]:
    """`Content-Crs` says which axis order an answer has; exact places of mains are kept nowhere."""
    return {
        "Content-Crs": f"<{crs.uri}>",
        "Cache-Control": "no-store" if layer.secret else "private, no-cache",
    }
