"""Who is late, and what is promised of a dataset, by HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from gridwarden.access import allow
from gridwarden.database import OFFICE, Caller, as_caller
from gridwarden.layers.age.ages import late_suppliers, promise
from gridwarden.layers.catalogue import layers
from gridwarden.layers.catalogue.model import MOST_DAYS

router = APIRouter(tags=["layers"])
IMPORTERS = tuple(dict.fromkeys(r for one in layers().values() for r in one.importers))
Knower = Annotated[Caller, allow(*OFFICE, "administrator")]
Promiser = Annotated[Caller, allow(*dict.fromkeys((*IMPORTERS, "supervisor")))]


@router.get("/api/late-suppliers")
async def late(request: Request, caller: Knower) -> dict[str, Any]:
    """Who has not brought what was promised, the latest first: no place, and no dataset's name
    that the caller may not know."""
    async with as_caller(request.app.state.pool, caller) as c:
        return {"items": await late_suppliers(c), "next": None}


class Promise(BaseModel):
    """Days until the next version is due; null takes the promise back."""

    model_config = ConfigDict(extra="forbid")
    update_days: Annotated[int, Field(strict=True, ge=1, le=MOST_DAYS)] | None


@router.put("/api/datasets/{dataset_id}/promise")
async def promised(
    request: Request,
    dataset_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    caller: Promiser,
    said: Promise,
) -> dict[str, Any]:
    """Change what is promised of a dataset: who may bring it, and supervisors; it is audited."""
    async with as_caller(request.app.state.pool, caller) as c:
        return await promise(c, dataset_id, said.update_days)
