"""`GET /api/permits/checks/{number}/replay`: whether an answer comes out the same today."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse

from gridwarden.access import allow
from gridwarden.database import Caller
from gridwarden.permits.replay import replay

router = APIRouter(tags=["permits"])
Number = Annotated[str, Path(max_length=30, description="as the answer has it: 2026-000012")]


@router.get("/api/permits/checks/{number}/replay")
async def replay_check(
    request: Request, number: Number, caller: Annotated[Caller, allow("utility", "supervisor")]
) -> JSONResponse:
    """Judge a stored question again over the mains, surveys, datasets and rules that its own
    snapshot saw. `same` says whether the answer comes out the same to the last character, `differs`
    what of it does not, `because` why.
    """
    found = await replay(request.app.state.pool, caller, number)
    headers = {"Cache-Control": "no-store", "Content-Language": caller.language}
    return JSONResponse(found, headers=headers)
