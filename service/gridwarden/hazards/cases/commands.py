"""`gridwarden hazards list · show · move`: the ledger on the machine."""

import asyncio
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gridwarden.access.command import acting
from gridwarden.database import as_caller
from gridwarden.hazards.cases.forms import FIELDS, transition_of
from gridwarden.hazards.cases.listing import Q, list_cases
from gridwarden.hazards.cases.loading import Story, case_document, story
from gridwarden.hazards.cases.moving import judged_again, move
from gridwarden.hazards.cases.parameters import FILTERS, cases_query
from gridwarden.layers.features.commands import As, Org
from gridwarden.words import say
from gridwarden.words.figures import when
from gridwarden.words.problems import Problem

Number = str
AsJson = Annotated[bool, typer.Option("--json")]


def add_to(app: typer.Typer) -> None:
    """Add the commands `hazards …`."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="hazards")
    group.command("list")(listed)
    group.command("show")(shown)
    group.command("move")(moved)


def listed(
    where: Annotated[list[str] | None, typer.Option("--where")] = None,
    state: str | None = None,
    grade: str | None = None,
    overdue: Annotated[bool, typer.Option("--overdue")] = False,
    sort: str = "newest",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
    role: As = "supervisor",
    org: Org = None,
) -> None:
    """`gridwarden hazards list`."""
    asked = [_pair(one, FILTERS) for one in where or ()]
    plain = (("state", state), ("grade", grade), ("overdue", "true" if overdue else None))
    asked += [(name, value) for name, value in (*plain, ("sort", sort)) if value]
    rows, lang, zone = asyncio.run(_listed(asked, limit, role, org))
    if as_json:
        typer.echo(json.dumps([case_document(one) for one in rows], ensure_ascii=False))
        return
    heads = ("page.number", "column.grade", "page.state", "page.where", "column.org_id")
    table = Table()
    for head in (*heads, "column.due_at"):
        whole = head in ("page.number", "column.grade", "page.state")  # never cut, never broken
        table.add_column(say(f"hazards.{head}", lang), no_wrap=whole, overflow="fold")
    for one in rows:
        table.add_row(
            one["hazard_no"] or str(one["id"]),
            say(f"severity.{one['grade']}", lang) if one["grade"] else "–",
            say(f"hazards.state.{one['state']}", lang),
            one["place_words"] or one["district"] or "–",
            one["org"] or "–",
            when(one["due_at"], lang, zone=zone) if one["due_at"] else "–",
        )
    Console(markup=False).print(table)


def shown(
    number: Number, as_json: AsJson = False, role: As = "supervisor", org: Org = None
) -> None:
    """`gridwarden hazards show`."""
    found, lang, zone = asyncio.run(_shown(number, role, org))
    if as_json:
        typer.echo(json.dumps(found.document(), ensure_ascii=False))
        return
    case = found.case
    typer.echo(f"{case['hazard_no'] or case['id']}  {say('hazards.state.' + case['state'], lang)}")
    for one in found.acts:
        told = when(one["at"], lang, zone=zone, year=True)
        screen = one["role"] == "screen"
        who = say("hazards.who.screen", lang) if screen else one["person"] or one["role"]
        typer.echo(
            f"  {told}  {say('hazards.act.' + one['act'], lang)}  {who}  {one['note'] or ''}"
        )
    named = [(say(f"hazards.act.{one.name}", lang), one.name) for one in found.legal]
    legal = say("hazards.comma", lang).join(
        say("hazards.called", lang, word=word, name=name) for word, name in named
    )
    typer.echo(f"{say('hazards.page.now', lang)}: {legal or '–'}")


def moved(
    number: Number,
    act: str,
    values: Annotated[list[str] | None, typer.Option("--set")] = None,
    note: str = "",
    role: As = "supervisor",
    org: Org = None,
) -> None:
    """`gridwarden hazards move`."""
    told = dict(_pair(one, FIELDS) for one in values or ()) | {"act": act, "note": note}
    done, lang = asyncio.run(_moved(number, told, role, org))
    typer.echo(f"{done['hazard_no'] or done['id']}  {say('hazards.state.' + done['state'], lang)}")


def _pair(text: str, known: tuple[str, ...]) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or name not in known:
        raise Problem("unknown_parameter", field=name[:80])
    return name, value


async def _listed(
    asked: list[tuple[str, str]], limit: int, role: str, org: str | None
) -> tuple[list[dict[str, Any]], str, str]:
    async with acting(role, org) as (pool, caller, settings):
        query = cases_query(asked, settings.time_zone, limit=limit)
        async with as_caller(pool, caller) as c:
            found = await list_cases(c, caller, query, settings.crs)
        return found.items, settings.language, settings.time_zone


async def _shown(number: str, role: str, org: str | None) -> tuple[Story, str, str]:
    async with acting(role, org) as (pool, caller, settings):
        async with as_caller(pool, caller) as c:
            found = await story(c, await _numbered(c, number), settings.crs)
        return found, settings.language, settings.time_zone


async def _moved(
    number: str, told: dict[str, str], role: str, org: str | None
) -> tuple[dict[str, Any], str]:
    async with acting(role, org) as (pool, caller, settings):
        async with as_caller(pool, caller) as c:
            case = await _numbered(c, number)
            wanted = await transition_of(c, told, settings.time_zone)
        if wanted.act == "close":
            await judged_again(pool, caller, case, settings.closing_wait_s)
        async with as_caller(pool, caller) as c:
            done = await move(c, case, wanted.act, expected=None, said=wanted.said())
        return done, settings.language


async def _numbered(c: Any, number: str) -> int:
    """The id of the case of this id or number. Raises Problem `not_found`."""
    if number.isascii() and number.isdigit():
        values = {"number": number, "id": int(number) if len(number) < 19 else None}
        row = await (await c.execute(Q["numbered"], values)).fetchone()
        if row is not None:
            return int(row[0])
    raise Problem("not_found", "hazards.none", field="number")
