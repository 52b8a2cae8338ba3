"""`GET /api/findings/changes`: why the number of findings is another one than it was."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller
from gridwarden.screening.changes import BESIDE, PARTS, changes, changes_query
from gridwarden.screening.listing import COMPARING

router = APIRouter(tags=["screening"])
PARAMETERS: Final[list[dict[str, Any]]] = [
    {"name": name, "in": "query", "required": name == "from", "schema": schema, "description": told}
    for name, schema, told in (
        ("from", {"type": "string"}, "the first moment (RFC 3339), or a day: its end"),
        ("to", {"type": "string"}, "the second; now where it is not given"),
        ("family", {"type": "string"}, "count these alone"),
        ("layer", {"type": "string"}, "the subject's layer"),
        ("severity", {"enum": ["general", "serious", "major"]}, "grade"),
        ("certainty", {"enum": ["certain", "possible"]}, "certain or possible"),
        ("district", {"type": "string"}, "id, code or name of a district"),
        ("limit", {"type": "integer", "minimum": 1}, "rows of each list, at most 1000"),
        ("list", {"enum": [*PARTS, *BESIDE]}, "this list alone; from `next`"),
        ("cursor", {"type": "integer", "minimum": 0}, "from `next`"),
    )
]


@router.get("/api/findings/changes", openapi_extra={"parameters": PARAMETERS})
async def findings_changes(
    request: Request, caller: Annotated[Caller, allow(*COMPARING)]
) -> JSONResponse:
    """The number at both moments, and the difference split into what really is new or ended, what
    was corrected in the records, what the rules changed and what was entered late.

    Each finding stands in one of the four parts, and `then` + appeared - ended = `now`. Beside
    them stand those that came and went in between, and those that changed their grade alone.
    """
    settings = request.app.state.settings
    asked = changes_query(request.query_params.multi_items(), settings.time_zone)
    async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
        found = await changes(c, caller, asked)
    return JSONResponse(found, headers={"Cache-Control": "no-store"})
