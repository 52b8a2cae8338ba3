"""`GET /api/hazards/{number}/folder.zip`: one case as a folder, streamed."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response, StreamingResponse
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.access import allow
from gridwarden.access.limits import costs
from gridwarden.database import Caller
from gridwarden.hazards.cases.listing import LISTING
from gridwarden.hazards.cases.sections import section
from gridwarden.hazards.folder.filling import folder_of, parts
from gridwarden.hazards.folder.zipping import zipped
from gridwarden.words import say

router = APIRouter(tags=["hazards"])
Number = Annotated[int, Path(ge=1, lt=2**63, description="a case's id")]
HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@router.get("/api/hazards/{number}/folder.zip", response_class=Response)
@costs("heavy")
async def folder(
    request: Request, number: Number, caller: Annotated[Caller, allow(*LISTING)]
) -> Response:
    """A case as a folder: its story as a page in both languages, photos, documents, history and
    evidence as tables, and the list of their SHA-256. It holds what the page tells the same reader.
    """
    state = request.app.state
    found = await folder_of(state.pool, caller, state.settings, number)
    called = found.story.case["hazard_no"] or str(number)
    title = quote(f"{called}_{say('folder.name', caller.language)}.zip", safe="")
    shown = f"attachment; filename=\"{called}.zip\"; filename*=UTF-8''{title}"
    body = zipped(parts(found, state.pool, caller, state.settings), found.at)
    headers = {**HEADERS, "Content-Disposition": shown}
    return StreamingResponse(body, headers=headers, media_type="application/zip")


async def _link(c: AsyncConnection[TupleRow], caller: Caller, case: Mapping[str, Any]) -> Any:
    """What the story's page shows of it."""
    return {"href": f"/api/hazards/{case['id']}/folder.zip"}


section("folder", "hazards/folder_link.html", _link, order=900)
