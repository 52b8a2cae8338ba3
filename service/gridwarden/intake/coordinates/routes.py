"""The question of a held import: answered, and drawn over the roads."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from gridwarden.intake.coordinates import local_routes
from gridwarden.intake.coordinates.picture import picture_of
from gridwarden.intake.imports import answer
from gridwarden.intake.seeing import Importer, ImportId, found

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
    document = await found(request.app.state.pool, caller, import_id)
    return await picture_of(request, caller, document)
