"""The question of a held import: answered, and drawn over the roads."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gridwarden.intake.coordinates import local_routes
from gridwarden.intake.coordinates.picture import picture_of
from gridwarden.intake.imports import answer
from gridwarden.intake.seeing import Importer, ImportId, found
from gridwarden.words.page import environment, furniture

router = APIRouter(tags=["import"])
router.include_router(local_routes.router)


class Answer(BaseModel):
    """What a held import waits for: `remove`, the number of rows of the dataset that may go; or
    whose coordinates it holds: `crs` (EPSG:n, gcj02, bd09, local:NAME), or `north_first`, whether
    the first number of each position is the northing. An option of its question may name both."""

    model_config = ConfigDict(extra="forbid")
    remove: Annotated[int, Field(strict=True, ge=0, lt=2**63)] | None = None
    crs: Annotated[str, Field(strict=True, min_length=1, max_length=200)] | None = None
    north_first: Annotated[bool, Field(strict=True)] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Answer":
        place = self.crs is not None or self.north_first is not None
        if (self.remove is not None) == place:
            raise ValueError("either remove, or crs or north_first")
        return self


@router.post("/api/imports/{import_id}/answer", status_code=202)
async def answered(
    request: Request, import_id: ImportId, caller: Importer, said: Answer
) -> dict[str, Any]:
    """Answer what a held import asks: it is queued again, and who answered is recorded."""
    state = request.app.state
    job_id = await answer(
        state.pool, caller, state.settings, import_id, said.model_dump(exclude_none=True)
    )
    here = f"/api/imports/{import_id}"
    return {"id": import_id, "job": job_id, "url": here, "job_url": f"/api/jobs/{job_id}"}


@router.get(
    "/api/imports/{import_id}/question.svg",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}},
)
async def question_picture(request: Request, import_id: ImportId, caller: Importer) -> Response:
    """The readings that a held import may have, drawn over the roads."""
    state = request.app.state
    document = await found(state.pool, caller, import_id)
    settings = state.settings
    picture = await picture_of(state.pool, caller, document, settings.crs, settings.time_zone)
    shown = furniture(request, caller, caller.language) | {"picture": picture}
    text = environment().get_template("intake/question.svg.html").render(shown)
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Content-Language": caller.language,
    }
    return Response(text.strip(), media_type="image/svg+xml", headers=headers)
