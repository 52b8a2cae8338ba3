"""The documents around the features: landing page, conformance, collections and their links."""

from typing import Any, Final

from starlette.requests import Request

from gridwarden.layers.catalogue import Layer
from gridwarden.layers.features.crs import CRS84, offered, uri_of
from gridwarden.words import say

GEOJSON: Final = "application/geo+json"
JSON: Final = "application/json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.1"
CONFORMS_TO: Final = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/create-replace-delete",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/update",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/features",
    "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/optimistic-locking-etags",
)


def link(rel: str, kind: str, title: str, href: str) -> dict[str, str]:
    """One link as every OGC document writes it."""
    return {"rel": rel, "type": kind, "title": title, "href": href}


def base(request: Request) -> str:
    """The address of `/ogc` as the caller reached it."""
    return f"{request.base_url}ogc"


def landing(request: Request, lang: str) -> dict[str, Any]:
    """`/ogc`: where everything else is."""
    here = base(request)
    return {
        "title": say("app.name", lang),
        "description": say("features.landing", lang),
        "links": [
            link("self", JSON, say("features.this", lang), here),
            link("service-desc", OPENAPI, say("features.api", lang), f"{here}/api"),
            link("conformance", JSON, say("features.conformance", lang), f"{here}/conformance"),
            link("data", JSON, say("features.collections", lang), f"{here}/collections"),
        ],
    }


def collections(request: Request, layers: list[Layer], working: int, lang: str) -> dict[str, Any]:
    """`/ogc/collections`: the layers that this caller may read."""
    here = f"{base(request)}/collections"
    return {
        "links": [link("self", JSON, say("features.this", lang), here)],
        "crs": list(offered(working)),
        "collections": [collection(request, layer, working, lang) for layer in layers],
    }


def collection(
    request: Request,
    layer: Layer,
    working: int,
    lang: str,
    extent: list[float] | None = None,
) -> dict[str, Any]:
    """`/ogc/collections/{layer}`; `extent` is west, south, east, north in degrees."""
    here = f"{base(request)}/collections/{layer.id}"
    found: dict[str, Any] = {
        "id": layer.id,
        "title": layer.title.in_(lang),
        "itemType": "feature",
        "crs": list(offered(working)),
        "storageCrs": uri_of(working),
        "links": [
            link("self", JSON, say("features.this", lang), here),
            link("items", GEOJSON, layer.title.in_(lang), f"{here}/items"),
            link("root", JSON, say("app.name", lang), base(request)),
        ],
    }
    if extent is not None:
        found["extent"] = {"spatial": {"bbox": [extent], "crs": CRS84}}
    return found
