"""Local systems by HTTP: fitted and kept, listed, shown."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from gridwarden.intake.coordinates.local import MOST, Common, fitted
from gridwarden.intake.coordinates.named import checked_name, keep, listed, one
from gridwarden.intake.coordinates.points import points_of_text
from gridwarden.intake.seeing import Importer
from gridwarden.words import say

router = APIRouter(prefix="/api/coordinates/local", tags=["import"])
Text = Annotated[str, Field(min_length=1, max_length=200)]
Pair = tuple[float, float]
HEADERS = {"Cache-Control": "no-store"}


class Point(BaseModel):
    """A point known in both systems; the two numbers in the order of their tables."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    name: Annotated[str, Field(min_length=1, max_length=100)]
    local: Pair
    true: Pair


class Points(BaseModel):
    """A name and its common points: as a list, or as a pasted table of name, two local numbers,
    two true ones. `north_first` is the order of the local numbers, where two points, or points in
    one line, cannot tell it."""

    model_config = ConfigDict(extra="forbid")
    name: Text
    points: (
        Annotated[list[Point], Field(max_length=MOST)] | Annotated[str, Field(max_length=200_000)]
    )
    crs: Text | None = None
    north_first: StrictBool | None = None
    org: Text | None = None
    dry_run: StrictBool = False


@router.post("", status_code=201)
async def fit_and_keep(request: Request, caller: Importer, given: Points) -> JSONResponse:
    """Fit a local system by two common points or more and keep it under a name, the next version of
    it; `dry_run` only fits. Refused above 0.3 m or a scale off by more than 1/2500, naming the
    suspect point."""
    state = request.app.state
    name = checked_name(given.name)
    if isinstance(given.points, str):
        points = points_of_text(given.points)
    else:
        points = [Common(p.name, p.local, p.true) for p in given.points]
    system = fitted(points, given.crs, given.north_first, state.settings.crs)
    if given.dry_run:
        document = system.document() | {"name": name, "version": None}
        return JSONResponse(shown(document, caller.language), 200, HEADERS)
    kept = await keep(state.pool, caller, name, given.org, system)
    headers = HEADERS | {"Location": f"{router.prefix}/{kept['id']}"}
    return JSONResponse(shown(kept, caller.language), 201, headers)


@router.get("")
async def all_of_them(
    request: Request,
    caller: Importer,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> dict[str, Any]:
    """The caller's local systems, newest first, without points and parameters."""
    found = await listed(request.app.state.pool, caller, before, limit + 1)
    items = [shown(row, caller.language) for row in found[:limit]]
    more = len(found) > limit
    following = f"{router.prefix}?limit={limit}&before={items[-1]['id']}" if more else None
    return {"items": items, "next": following}


@router.get("/{number}")
async def of_number(
    request: Request, number: Annotated[int, Path(ge=1, le=2**63 - 1)], caller: Importer
) -> JSONResponse:
    """One version of a local system with its points, residuals and parameters."""
    found = await one(request.app.state.pool, caller, number)
    return JSONResponse(shown(found, caller.language), 200, HEADERS)


def shown(document: dict[str, Any], language: str) -> dict[str, Any]:
    """A system with the name it is used by, and what to think of it in words."""
    key = "checked" if document["checked"] else "unchecked"
    told = {
        "accuracy": f"{document['accuracy_m']:.2f}",
        "rmse": f"{document['rmse_m']:.3f}",
        "scale": f"{document['scale']:.6f}",
        "turn": f"{document['rotation_deg']:.4f}",
        "order": say(f"coordinates.local.{_order(document)}", language),
    }
    return document | {
        "crs_name": f"local:{document['name']}",
        "say": say(f"coordinates.local.{key}", language, **told),
    }


def _order(document: dict[str, Any]) -> str:
    return "north_comes_first" if document["north_first"] else "east_comes_first"
