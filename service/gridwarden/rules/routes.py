"""The rules in force and their packs, for whoever reads a finding with the code open beside it."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from gridwarden.access import allow
from gridwarden.database import OFFICE, Caller, as_caller
from gridwarden.rules.publishing import Q
from gridwarden.words.problems import Problem

router = APIRouter(tags=["rules"])
Anyone = Annotated[Caller, allow(*OFFICE, "administrator", "auditor")]


@router.get("/api/rules")
async def rules(request: Request, caller: Anyone) -> Response:
    """Every rule in force with its clause, and whether somebody has verified it against print.

    `not_set` names the figures that a rule needs and nobody has set: it judges nobody.
    """
    return await _items(request, caller, "list")


@router.get("/api/rules/packs")
async def packs(request: Request, caller: Anyone) -> Response:
    """Every pack that was ever published, and whether it is in force."""
    return await _items(request, caller, "pack_list")


@router.get("/api/rules/packs/{pack_id}")
async def pack(request: Request, caller: Anyone, pack_id: str) -> Response:
    """One pack: its classes, figures, profiles, rules, and the editions that lie side by side."""
    return await _one(request, caller, "pack", pack_id)


@router.get("/api/rules/{rule_id}")
async def rule(request: Request, caller: Anyone, rule_id: str) -> Response:
    """One rule with all its rows, as they are written; what is not named in a row, is any."""
    return await _one(request, caller, "rule", rule_id)


async def _items(request: Request, caller: Caller, query: str) -> Response:
    async with as_caller(request.app.state.pool, caller) as connection:
        row = await (await connection.execute(Q[query])).fetchone()
    items = row[0] if row else "[]"
    return Response(f'{{"items":{items},"next":null}}', media_type="application/json")


async def _one(request: Request, caller: Caller, what: str, name: str) -> Response:
    query = {"rule": "one", "pack": "pack_one"}[what]
    row = None
    if "\x00" not in name:
        async with as_caller(request.app.state.pool, caller) as connection:
            row = await (await connection.execute(Q[query], {what: name})).fetchone()
    if row is None:
        told: dict[str, Any] = {what: name[:80].replace("\x00", "?")}
        raise Problem("not_found", f"rules.no_such_{what}", **told)
    return Response(row[0], media_type="application/json")
