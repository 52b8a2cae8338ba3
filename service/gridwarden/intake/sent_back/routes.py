"""The sender's own file with its rejected rows marked, by HTTP."""

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from gridwarden.intake.imports import discard
from gridwarden.intake.seeing import Importer, ImportId
from gridwarden.intake.sent_back.sending import marked

router = APIRouter(tags=["import"])


@router.get("/api/imports/{import_id}/rejects/file", response_class=FileResponse)
async def file(request: Request, import_id: ImportId, caller: Importer) -> FileResponse:
    """The file as it was sent, its rejected rows coloured, each with a reason at its end."""
    state = request.app.state
    made, name = await marked(state.pool, caller, state.settings, import_id)
    return FileResponse(
        made,
        filename=name,
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(discard, made.parent),
    )
