"""`gridwarden board day · ranking · sign · verify`: the board on the machine."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from gridwarden.access.command import acting
from gridwarden.database import as_caller
from gridwarden.hazards.board import asked, ledgers, signing
from gridwarden.hazards.board.asked import Connection, Q
from gridwarden.hazards.board.definitions import Definitions, definitions_of
from gridwarden.hazards.board.documents import board_document, ledger_between
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.asked import check_choices

Day = Annotated[str | None, typer.Argument()]
By = Annotated[str, typer.Option()]
AsJson = Annotated[bool, typer.Option("--json")]
As = Annotated[str, typer.Option("--as")]


def add_to(app: typer.Typer) -> None:
    """Add the commands `board …`."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="board")
    group.command("day")(show_day)
    group.command("ranking")(show_ranking)
    group.command("sign")(sign)
    group.command("verify")(verify)


def show_day(
    day: Day = None, by: By = "district", as_json: AsJson = False, role: As = "supervisor"
) -> None:
    """`gridwarden board day`."""
    rows, lang = asyncio.run(_ledger(day, by, role))
    lines = ledgers.told_ledger(ledgers.summed(rows, by), by, lang)
    if as_json:
        typer.echo(json.dumps(ledgers.told_ledger(rows, by, lang), ensure_ascii=False))
    else:
        table = Table(Column(say(f"board.by.{by}", lang), overflow="fold"))
        for name in asked.LEDGER:
            table.add_column(say(f"board.figure.{name}", lang), justify="right")
        for one in lines:
            table.add_row(one["name"], *(str(one[name]) for name in asked.LEDGER))
        Console(markup=False).print(table)
    if not all(map(ledgers.balances, lines)):
        typer.echo(say("board.unbalanced", lang), err=True)
        raise typer.Exit(1)


def show_ranking(
    day: Day = None, by: By = "district", as_json: AsJson = False, role: As = "supervisor"
) -> None:
    """`gridwarden board ranking`."""
    told, lang = asyncio.run(_ranking(day, by, role))
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    heads = (
        *("board.column.rank", f"board.by.{by}", "board.column.score", "board.column.class"),
        *("board.figure.open", "board.figure.overdue"),
    )
    table = Table(*(Column(say(head, lang), overflow="fold") for head in heads))
    for one in told["items"]:
        score = "–" if one["score"] is None else f"{one['score']:.2f}"
        grade = one["class"]["words"] if one["class"] else say("board.no_score", lang)
        numbers = (str(one["open"]), str(one["overdue"]))
        table.add_row(str(one["rank"] or "–"), one["name"], score, grade, *numbers)
    Console(markup=False).print(table)


def sign(day: str) -> None:
    """`gridwarden board sign`."""
    made, lang = asyncio.run(_sign(day))
    typer.echo(f"{made['day']}  {made['sha256']}")
    typer.echo(say("board.sign.what", lang))


def verify(
    day: Day = None,
    role: As = "supervisor",
) -> None:
    """`gridwarden board verify`."""
    found, lang = asyncio.run(_verify(day, role))
    for one in found:
        word = "board.intact" if one["intact"] else "board.not_intact"
        typer.echo(f"{one['day']}  {one['sha256'][:16]}  {say(word, lang)}")
        for place in one["differences"]:
            typer.echo(f"  {place}")
    if not found:
        typer.echo(say("board.not_signed", lang))
    if not all(one["intact"] for one in found):
        raise typer.Exit(1)


@asynccontextmanager
async def _asking(
    role: str, day: str | None
) -> AsyncIterator[tuple[Connection, Settings, Definitions, date, date]]:
    """The caller's transaction with the day asked for and the day that is being reported."""
    async with acting(role) as (pool, caller, settings):
        definitions = definitions_of(settings)
        async with as_caller(pool, caller, timeout_ms=0) as c:
            today = await asked.today_of(c)
            on_day = asked.day_of(day, "DAY", today) if day else today
            yield c, settings, definitions, on_day, today


async def _ledger(day: str | None, by: str, role: str) -> tuple[list[dict[str, Any]], str]:
    check_choices({"by": by}, {"by": asked.BY})
    async with _asking(role, day) as (c, settings, _, on_day, _today):
        return await ledger_between(c, by, on_day, on_day), settings.language


async def _ranking(day: str | None, by: str, role: str) -> tuple[dict[str, Any], str]:
    check_choices({"by": by}, {"by": asked.BY})
    async with _asking(role, day) as (c, settings, definitions, on_day, today):
        lang = settings.language
        return await board_document(c, definitions, by, on_day, today, lang), lang


async def _sign(day: str) -> tuple[dict[str, Any], str]:
    async with _asking("supervisor", day) as (c, settings, definitions, on_day, _today):
        return await signing.sign(c, definitions, on_day), settings.language


async def _verify(day: str | None, role: str) -> tuple[list[dict[str, Any]], str]:
    async with _asking(role, day) as (c, settings, definitions, on_day, today):
        values = {"since": on_day if day else asked.FIRST, "until": on_day if day else today}
        found = []
        for signed, *_ in await (await c.execute(Q["signed"], values)).fetchall():
            told = await signing.signature_of(c, signed)
            if told is not None:
                now = json.loads(await signing.document_of(c, definitions, signed))
                found.append({**told, "differences": signing.differing(told["figures"], now)})
        return found, settings.language
