"""`/rules`: what is in force, what waits for a second person, and each rule with its table."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse
from psycopg.rows import dict_row
from starlette.responses import HTMLResponse, Response

from gridwarden.access import allow
from gridwarden.database import OFFICE, Caller, as_caller
from gridwarden.intake.bodies import limited_form
from gridwarden.layers.catalogue import layers
from gridwarden.rules import sharing
from gridwarden.rules.reading import built_in_packs, load_built_in
from gridwarden.rules.sharing import Q
from gridwarden.rules.sharing_routes import decide, propose_document
from gridwarden.rules.telling import (
    change_words,
    condition_words,
    hands,
    heading,
    measured_words,
    table,
)
from gridwarden.words import known, language_of, say
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["rules"])
Anyone = Annotated[Caller, allow(*OFFICE, "administrator", "auditor")]
Administrator = Annotated[Caller, allow("administrator")]
Number = Annotated[int, Path(ge=1, lt=2**63, description="the proposal's number")]
DECIDED_SHOWN: Final = 10
_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": {"type": "object"}}},
    }
}


@router.get("/rules", response_class=HTMLResponse)
async def rules_page(request: Request, caller: Anyone) -> HTMLResponse:
    """Packs in force, proposals, and every rule in force."""
    return await _rules_page(request, caller)


async def _rules_page(
    request: Request, caller: Caller, problem: Problem | None = None
) -> HTMLResponse:
    lang = language_of(request)
    async with as_caller(request.app.state.pool, caller) as connection:
        waiting = await sharing.proposals(connection, "waiting")
        recent = await sharing.proposals(connection, limit=DECIDED_SHOWN)
        async with connection.cursor(row_factory=dict_row) as cursor:
            packs = await (await cursor.execute(Q["packs"])).fetchall()
            rules = await (await cursor.execute(Q["rules"])).fetchall()
    return page(
        request,
        "rules/rules.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        packs=packs,
        waiting=waiting,
        decided=[one for one in recent if one["state"] != "waiting"],
        rules=[one | {"family_title": _family(one["family"], lang)} for one in rules],
        built_in=[path.stem for path in built_in_packs()] if _decides(caller) else [],
        sentence=problem.said(lang) if problem else None,
        decides=_decides(caller),
    )


@router.post("/rules/proposals", response_class=Response, openapi_extra=_FORM)
async def propose(request: Request, caller: Administrator) -> Response:
    """Propose a file, a pack that comes with Gridwarden, or that a pack goes, from the form."""
    try:
        values = await limited_form(request, "text")
        number = await propose_document(request, caller, _asked(values))
    except Problem as problem:
        return await _rules_page(request, caller, problem)
    return RedirectResponse(f"/rules/proposals/{number}", 303)


def _asked(values: dict[str, str]) -> dict[str, Any]:
    """The form as the API's body; an empty field asks for nothing."""
    asked: dict[str, Any] = {
        "why": values.get("why", "")[:2000],
        "instead_of_base": values.get("instead_of_base") == "yes",
    }
    if values.get("withdraw"):
        return asked | {"withdraw": values["withdraw"][:80]}
    if values.get("text"):
        return asked | {"files": {"pack.toml": values["text"]}}
    if values.get("built_in"):
        try:
            found = load_built_in(values["built_in"])
        except KeyError:
            raise Problem("not_found", "rules.no_such_pack", pack=values["built_in"][:80]) from None
        return asked | {"files": dict(found.documents)}
    raise Problem("missing_value", "rules.sharing.one_of", field="file")


@router.get("/rules/proposals/{number}", response_class=HTMLResponse)
async def proposal_page(request: Request, caller: Anyone, number: Number) -> HTMLResponse:
    """One proposal: what changes, and the decision."""
    return await _proposal_page(request, caller, number)


async def _proposal_page(
    request: Request, caller: Caller, number: int, problem: Problem | None = None
) -> HTMLResponse:
    lang = language_of(request)
    async with as_caller(request.app.state.pool, caller) as connection:
        told = await sharing.proposal(connection, number)
    return page(
        request,
        "rules/proposal.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        told=told,
        changes=[one | {"lines": change_words(one, lang)} for one in told["changes"]],
        judged_again=[
            f"{_family(one['family'], lang)} · {_layer(one['layer'], lang)}"
            for one in told["judged_again"] or ()
        ],
        decides=_decides(caller),
        hands=hands(told, lang),
        sentence=problem.said(lang) if problem else None,
    )


@router.post("/rules/proposals/{number}", response_class=Response, openapi_extra=_FORM)
async def decide_page(request: Request, caller: Administrator, number: Number) -> Response:
    """Approve, reject or take back from the page."""
    try:
        values = await limited_form(request, "text")
        why = values.get("why", "")[:2000]
        await decide(request, caller, number, values.get("decision", ""), why)
    except Problem as problem:
        if problem.kind == "not_found":
            raise
        return await _proposal_page(request, caller, number, problem)
    return RedirectResponse(f"/rules/proposals/{number}", 303)


@router.get("/rules/{rule}", response_class=HTMLResponse)
async def rule_page(request: Request, caller: Anyone, rule: str) -> HTMLResponse:
    """One rule: clause, table, what it depends on, and whether somebody has held the print."""
    lang = language_of(request)
    found = None
    if "\x00" not in rule:
        async with as_caller(request.app.state.pool, caller) as c:
            cursor = c.cursor(row_factory=dict_row)
            found = await (await cursor.execute(Q["rule"], {"rule": rule})).fetchone()
    if found is None:
        raise Problem("not_found", "rules.no_such_rule", rule=rule[:80].replace("\x00", "?"))
    columns, rows = table(found["rows"], lang)
    names = layers()
    return page(
        request,
        "rules/rule.html",
        caller=caller,
        rule=found,
        family_title=_family(found["family"], lang),
        subjects=[names[s].title.in_(lang) for s in found["subjects"] if s in names],
        counterpart=_layer(found["counterpart"], lang),
        columns=[heading(name, lang) for name in columns],
        rows=rows,
        measured=measured_words(found, lang),
        conditions=condition_words(found["test"], lang),
    )


def _decides(caller: Caller) -> bool:
    return caller.role == "administrator"


def _layer(layer_id: str | None, lang: str) -> str | None:
    found = layers().get(layer_id or "")
    return found.title.in_(lang) if found else None


def _family(family: str, lang: str) -> str:
    return say(f"family.{family}", lang) if known(f"family.{family}") else family
