"""`/docs/access`, the same as JSON, and `/openapi.json`."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse

from gridwarden.access.audience import allow
from gridwarden.access.matrix.table import SHOWN, Matrix, matrix_for, sought
from gridwarden.access.matrix.walking import operations
from gridwarden.database import ADMINISTRATORS, ASKERS, Caller
from gridwarden.words import language_of
from gridwarden.words.page import page

router = APIRouter(tags=["access"])
Anyone = Annotated[Caller, allow(*ASKERS, *ADMINISTRATORS)]
Sought = Annotated[str, Query(max_length=100, description="words of a path, name or summary")]
InRole = Annotated[str, Query(max_length=40, description="this role alone")]
NOT_KEPT = {"Cache-Control": "no-store"}


def _matrix(request: Request, caller: Caller, q: str, role: str) -> Matrix:
    whole = matrix_for(caller.role, operations(request.app), request.app.state.shares())
    return sought(whole, q, role)


@router.get("/docs/access.json")
async def access_json(
    request: Request, caller: Anyone, q: Sought = "", role: InRole = ""
) -> JSONResponse:
    """Who may use what, as declared: administrators read all columns, others their own."""
    return JSONResponse(_matrix(request, caller, q, role).document(), headers=NOT_KEPT)


@router.get("/docs/access", response_class=HTMLResponse)
async def access_page(
    request: Request, caller: Anyone, q: Sought = "", role: InRole = ""
) -> HTMLResponse:
    """The same as a page: routes, layers and what the database grants, a column for each role."""
    found = _matrix(request, caller, q, role)
    lang = language_of(request)
    return page(
        request,
        "access/matrix.html",
        caller=caller,
        roles=[one for one in SHOWN if one in found.roles],
        choices=SHOWN if caller.role in ADMINISTRATORS else (),
        chosen=role,
        q=q,
        found=found,
        titles={one.name: (one.title or {}).get(lang, "") for one in found.layers},
    )


@router.get("/openapi.json")
async def openapi(request: Request, caller: Anyone) -> JSONResponse:
    """The OpenAPI document of the whole service; `x-roles` says who may use an operation."""
    document: dict[str, Any] = request.app.openapi()
    return JSONResponse(document, headers={"Cache-Control": "private, no-cache"})
