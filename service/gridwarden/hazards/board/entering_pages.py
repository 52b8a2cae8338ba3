"""`/hazards/programmes/records`, `/hazards/spot-checks`: what was entered, a form for more."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import psycopg
from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gridwarden.access import allow
from gridwarden.access.named import organisation_called
from gridwarden.database import Caller, as_caller
from gridwarden.hazards.board import asked, entering
from gridwarden.hazards.board.asked import Connection, Q
from gridwarden.hazards.board.definitions import Definitions, definitions_of
from gridwarden.hazards.board.pages import page_of
from gridwarden.hazards.board.routes import Reader
from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.hazards.cases.forms import refused
from gridwarden.hazards.cases.moving import refusal_of
from gridwarden.hazards.forms import FORM_BODY, form_values
from gridwarden.words import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["hazards"])
Enterer = Annotated[Caller, allow("supervisor", "inspector")]
RECORDS: Final = "/hazards/programmes/records"
VISITS: Final = "/hazards/spot-checks"
WHERE: Final = ("day", "district", "organisation", "note")
"""Fields of both forms."""
Form = Mapping[str, str]


@router.get(RECORDS, response_class=HTMLResponse)
async def records_page(request: Request, caller: Reader) -> HTMLResponse:
    """The records behind a programme's figure, and the form for one more."""
    return await _entered(request, caller, "records", request.query_params)


@router.get(VISITS, response_class=HTMLResponse)
async def visits_page(request: Request, caller: Reader) -> HTMLResponse:
    """Unannounced visits with what the ledger said of each, and the form for one more."""
    return await _entered(request, caller, "visits", request.query_params)


@router.post(RECORDS, response_class=Response, openapi_extra=FORM_BODY)
async def send_record(request: Request, caller: Enterer) -> Response:
    """Enter one figure by the form; then the records that it stands among."""
    known = ("measure", "quantity", "at_least", "document_no", "corrects", *WHERE)
    values: dict[str, str] = {}
    try:
        values = await form_values(request, known)
        programme, _, measure = values.get("measure", "").partition(".")
        given = {**values, "programme": programme, "measure": measure}
        definitions = definitions_of(request.app.state.settings)
        async with as_caller(request.app.state.pool, caller) as c:
            record = _filled(entering.Record, await _where(c, given))
            entering.check_records(definitions, [record])
            await entering.add_records(c, [record])
    except (Problem, psycopg.Error) as error:
        return await _entered(request, caller, "records", values, _problem(error))
    asked_for = urlencode({"programme": programme, "measure": measure})
    return RedirectResponse(f"{RECORDS}?{asked_for}", 303)


@router.post(VISITS, response_class=Response, openapi_extra=FORM_BODY)
async def send_visit(request: Request, caller: Enterer) -> Response:
    """Enter one visit by the form: it is held against the ledger, and then shown first."""
    values: dict[str, str] = {}
    try:
        values = await form_values(request, ("saw", "place_words", "case", "family", *WHERE))
        async with as_caller(request.app.state.pool, caller) as c:
            given = await _where(c, values)
            if given.get("case"):
                given["case"] = await _case_called(c, given["case"])
            visit = _filled(entering.Visit, given)
            await entering.add_visits(c, [visit])
    except (Problem, psycopg.Error) as error:
        return await _entered(request, caller, "visits", values, _problem(error))
    return RedirectResponse(VISITS, 303)


def _problem(error: Problem | psycopg.Error) -> Problem:
    """What the form is answered. Raises an error that is no refusal."""
    return error if isinstance(error, Problem) else refusal_of(error)


def _filled(model: type[BaseModel], values: Mapping[str, object]) -> Any:
    """A form as a body of the API; empty fields say nothing. Raises Problem naming the field."""
    numbers = {n: int(str(values[n])) for n in ("district", "corrects") if _number(values.get(n))}
    try:
        return model.model_validate({k: v for k, v in values.items() if v} | numbers)
    except ValidationError as error:
        raise refused(error) from None


def _number(value: object) -> bool:
    text = str(value or "")
    return text.isascii() and text.isdigit() and len(text) < 19


async def _where(c: Connection, values: Form) -> dict[str, Any]:
    """The fields with the organisation's number in the place of its name. Raises Problem."""
    given: dict[str, Any] = dict(values)
    if name := given.get("organisation"):
        given["organisation"] = await organisation_called(c, name, "organisation")
    return given


async def _case_called(c: Connection, text: str) -> int:
    """The case of this number in the ledger, or id. Raises Problem `not_found`."""
    values = {"number": text, "id": int(text) if _number(text) else None}
    row = await (await c.execute(Q["case_called"], values)).fetchone()
    if row is None:
        raise Problem("not_found", "hazards.none", field="case")
    return int(row[0])


async def _entered(
    request: Request, caller: Caller, kind: str, values: Form, problem: Problem | None = None
) -> HTMLResponse:
    """The list with its form. After a refusal the form keeps what was typed."""
    definitions = definitions_of(request.app.state.settings)
    lang = language_of(request)
    items = [] if problem else request.query_params.multi_items()
    async with as_caller(request.app.state.pool, caller) as c:
        today = await asked.today_of(c)
        if kind == "records":
            found = await entering.records_of(c, definitions, items, today)
        else:
            found = await entering.visits_of(c, items, today)
        named = await (await c.execute(Q["names"], {"by": "district", "keys": []})).fetchall()
    chosen = {"day": today.isoformat(), **values}
    if kind == "records" and not problem:
        chosen["measure"] = f"{values.get('programme', '')}.{values.get('measure', '')}"
    own = {str(one) for one in caller.district_ids}
    return page(
        request,
        f"hazards/{kind}.html",
        caller=caller,
        status_code=problem.status if problem else 200,
        kind=kind,
        sentence=problem.said(lang) if problem else None,
        found=found,
        names=_names(definitions, lang),
        programmes=definitions.programmes,
        categories=CATEGORIES,
        districts=[one for one in named if caller.all_districts or one[0] in own],
        values=chosen,
        today=today,
        may_enter=caller.role in ("supervisor", "inspector"),
        following=page_of(found["next"]),
    )


def _names(definitions: Definitions, lang: str) -> dict[str, Any]:
    """What programmes and measures are called, and each measure's unit."""
    names: dict[str, Any] = {one.code: one.words[lang] for one in definitions.programmes}
    for one in definitions.programmes:
        names |= {f"{one.code}.{m.code}": m.words[lang] for m in one.measures}
        names |= {f"{one.code}.{m.code}.unit": m.unit for m in one.measures}
    return names
