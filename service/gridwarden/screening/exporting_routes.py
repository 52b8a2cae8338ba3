"""`GET /api/findings/export`, and `findings` for the command `export`."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller
from gridwarden.layers.export.content import Content
from gridwarden.layers.export.routes import DESCRIBED
from gridwarden.layers.export.sending import PARAMETERS, Prepare, how, names_of, sent
from gridwarden.layers.features.items import Connection
from gridwarden.screening.exporting import NAME, TITLE, findings_content
from gridwarden.screening.listing import LISTING
from gridwarden.screening.parameters import FindingsQuery, narrowing_query
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

router = APIRouter(tags=["screening"])
FILTERS: Final[list[dict[str, Any]]] = [
    {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
    for name in ("family", "rule", "layer", "severity", "certainty", "district", "cell", "bbox")
]


@router.get(
    "/api/findings/export",
    response_class=Response,
    openapi_extra={"parameters": [*DESCRIBED, *FILTERS]},
)
@costs("file")
async def export(request: Request, caller: Annotated[Caller, allow(*LISTING)]) -> Response:
    """Findings as a file, filtered as `GET /api/findings` is, with what the caller may read."""
    settings: Settings = request.app.state.settings
    items = request.query_params.multi_items()
    filters = [(name, value) for name, value in items if name not in PARAMETERS]
    given = dict(items)
    if sum(name in PARAMETERS for name, _ in items) != len(given.keys() & set(PARAMETERS)):
        raise Problem("invalid_value", "asked.repeated", field="format")
    wanted = how(given, settings)
    filters += [("at", given["at"])] if "at" in given else []
    asked = narrowing_query(filters, caller.role, settings.time_zone)

    async def prepare(c: Connection) -> Content:
        purpose = f"export findings?{request.url.query}"
        return await findings_content(c, caller, asked, settings.crs, purpose)

    return await sent(request, caller, wanted, names_of(NAME, TITLE), prepare)


def all_findings(caller: Caller, settings: Settings, at: datetime | None) -> Prepare:
    """What `gridwarden export findings FILE` holds. Raises Problem (403)."""
    if caller.role not in LISTING:
        roles = ", ".join(LISTING)
        raise Problem("forbidden", "export.not_yours", field="--as", role=caller.role, roles=roles)

    reader = replace(caller, language=settings.language)

    async def prepare(c: Connection) -> Content:
        asked = FindingsQuery({}, None, None, 0, at=at)
        return await findings_content(c, reader, asked, settings.crs, "export findings")

    return prepare
