"""Datasets and their versions by HTTP, and the way back to one."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from gridwarden.intake.rollback.asking import datasets, roll_back, undone, versions
from gridwarden.intake.seeing import Importer
from gridwarden.layers.age import routes as ages

router = APIRouter(tags=["import"])
router.include_router(ages.router)
DatasetId = Annotated[int, Path(ge=1, le=2**63 - 1)]
Version = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


def _next(request: Request, more: bool, **values: int) -> str | None:
    if not more:
        return None
    again = request.url.include_query_params(**values)
    return f"{again.path}?{again.query}"


@router.get("/api/datasets")
async def listed(
    request: Request,
    caller: Importer,
    layer: Annotated[str | None, Query(max_length=100)] = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """The datasets that the caller may see."""
    rows = await datasets(request.app.state.pool, caller, layer=layer, after=after, limit=limit)
    items, more = rows[:limit], len(rows) > limit
    following = _next(request, more, after=items[-1]["id"] if items else 0, limit=limit)
    return {"items": items, "next": following}


@router.get("/api/datasets/{dataset_id}/versions")
async def listed_versions(
    request: Request,
    dataset_id: DatasetId,
    caller: Importer,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> dict[str, Any]:
    """The versions of a dataset, newest first: their import, person and counts."""
    rows = await versions(request.app.state.pool, caller, dataset_id, before, limit)
    items, more = rows[:limit], len(rows) > limit
    following = _next(request, more, before=items[-1]["version"] if items else 1, limit=limit)
    return {"items": items, "next": following}


class Back(BaseModel):
    """To which version; `dry_run` only tells; `remove` confirms how many rows may go."""

    model_config = ConfigDict(extra="forbid")
    version: Version
    dry_run: Annotated[bool, Field(strict=True)] = False
    remove: Annotated[int, Field(strict=True, ge=0, lt=2**63)] | None = None


@router.post("/api/datasets/{dataset_id}/rollback", status_code=202)
async def asked(
    request: Request, dataset_id: DatasetId, caller: Importer, back: Back
) -> dict[str, Any]:
    """Bring an earlier version back as a new one; the answer lists what that undoes."""
    pool = request.app.state.pool
    undoes = await undone(pool, caller, dataset_id, back.version)
    import_id, job_id = await roll_back(
        pool, caller, dataset_id, back.version, dry_run=back.dry_run, remove=back.remove
    )
    here = f"/api/imports/{import_id}"
    urls = {"url": here, "job_url": f"/api/jobs/{job_id}"}
    return {"id": import_id, "job": job_id, **urls, "undoes": undoes}
