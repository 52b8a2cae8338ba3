"""The rules in force, for whoever reads a finding with the code open beside it."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from gridwarden.access import allow
from gridwarden.database import ASKERS, Caller, as_caller
from gridwarden.rules.publishing import Q
from gridwarden.words.problems import Problem

router = APIRouter(tags=["rules"])
Anyone = Annotated[Caller, allow(*ASKERS, "administrator", "auditor")]


@router.get("/api/rules")
async def rules(request: Request, caller: Anyone) -> Response:
    """Every rule in force with its clause, and whether somebody has verified it against print."""
    async with as_caller(request.app.state.pool, caller) as connection:
        row = await (await connection.execute(Q["list"])).fetchone()
    items = row[0] if row else "[]"
    return Response(f'{{"items":{items},"next":null}}', media_type="application/json")


@router.get("/api/rules/{rule_id}")
async def rule(request: Request, caller: Anyone, rule_id: str) -> Response:
    """One rule with all its rows; `class` unknown holds the strictest numbers of the table."""
    if "\x00" in rule_id:
        raise Problem("not_found", "rules.no_such_rule", rule=rule_id[:80].replace("\x00", "?"))
    async with as_caller(request.app.state.pool, caller) as connection:
        row = await (await connection.execute(Q["one"], {"rule": rule_id})).fetchone()
    if row is None:
        raise Problem("not_found", "rules.no_such_rule", rule=rule_id[:80])
    return Response(row[0], media_type="application/json")
