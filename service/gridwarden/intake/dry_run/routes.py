"""What an import would change by HTTP, and `publish` for one that was only checked."""

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from gridwarden.intake.dry_run.changes import page, publish
from gridwarden.intake.dry_run.picture import picture_of
from gridwarden.intake.seeing import Importer, ImportId

router = APIRouter(tags=["import"])
Op = Literal["insert", "update", "delete"]


@router.get("/api/imports/{import_id}/changes")
async def changes(
    request: Request,
    import_id: ImportId,
    caller: Importer,
    op: Annotated[Op | None, Query()] = None,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """What a dry run, or an import that waits for an answer, would change: GeoJSON, lon/lat."""
    pool = request.app.state.pool
    counts, features, following = await page(
        pool, caller, import_id, after=after, limit=limit, op=op
    )
    more = None
    if following is not None:
        again = request.url.include_query_params(after=following, limit=limit)
        more = f"{again.path}?{again.query}"
    head = json.dumps({"type": "FeatureCollection", "counts": counts, "next": more})
    text = f'{head[:-1]}, "features": [{", ".join(features)}]}}'
    return Response(
        text.encode(),
        media_type="application/geo+json",
        headers={"Cache-Control": "no-store"},
    )


@router.get(
    "/api/imports/{import_id}/changes.svg",
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}}},
)
async def changes_picture(request: Request, import_id: ImportId, caller: Importer) -> Response:
    """The same over the roads."""
    return await picture_of(request, caller, import_id)


class Publish(BaseModel):
    """How many rows of the dataset may go, where the import would be held for that."""

    model_config = ConfigDict(extra="forbid")
    remove: Annotated[int, Field(strict=True, ge=0, lt=2**63)] | None = None


@router.post("/api/imports/{import_id}/publish", status_code=202)
async def published(
    request: Request, import_id: ImportId, caller: Importer, said: Publish | None = None
) -> dict[str, Any]:
    """Publish what a dry run has shown, without the file being sent again."""
    state = request.app.state
    remove = said.remove if said else None
    job_id = await publish(state.pool, caller, state.settings, import_id, remove)
    here = f"/api/imports/{import_id}"
    return {"id": import_id, "job": job_id, "url": here, "job_url": f"/api/jobs/{job_id}"}
