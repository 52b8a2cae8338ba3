"""`gridwarden deadlines …` and `gridwarden calendar …`: the office's table, and its years."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from gridwarden.access.command import acting
from gridwarden.database import as_caller
from gridwarden.hazards.deadlines import calendar, keeping, table
from gridwarden.words import say
from gridwarden.words.problems import Problem

As = Annotated[str, typer.Option("--as")]
File = Path


def add_to(app: typer.Typer) -> None:
    """Add the two groups."""
    days = typer.Typer(no_args_is_help=True)
    app.add_typer(days, name="deadlines")
    days.command("show")(show)
    days.command("check")(check)
    days.command("load")(load)
    years = typer.Typer(no_args_is_help=True)
    app.add_typer(years, name="calendar")
    years.command("show")(show_years)
    years.command("check")(check_year)
    years.command("load")(load_year)


def show(
    toml: bool = False,
    role: As = "supervisor",
) -> None:
    """`gridwarden deadlines show`."""
    told, lang = asyncio.run(_in_force(role))
    if toml:
        typer.echo(told["toml"], nl=False)
        return
    heads = ("grade", "family", "within", "source", "verified")
    listed = Table(*(Column(say(f"deadlines.head.{one}", lang), overflow="fold") for one in heads))
    for row in told["deadlines"]:
        within = say(f"deadlines.unit.{row['unit']}", lang, n=row["n"])
        verified = say(f"deadlines.verified.{str(row['verified']).lower()}", lang)
        grade = say("severity." + row["grade"], lang)
        listed.add_row(grade, row["family"] or "–", within, row["source"], verified)
    Console(markup=False).print(listed)
    typer.echo(say("deadlines.cut_off", lang, at=told["cut_off"]))


def check(file: File) -> None:
    """`gridwarden deadlines check`."""
    found = table.read(text_of(file))
    typer.echo(f"{len(found.deadline)} + {len(found.escalation)}: ok")


def load(file: File, role: As = "administrator") -> None:
    """`gridwarden deadlines load`."""
    typer.echo(asyncio.run(_load(role, text_of(file))))


def show_years(role: As = "supervisor") -> None:
    """`gridwarden calendar show`."""
    told, lang = asyncio.run(_in_force(role))
    for year in told["years"]:
        by = say(f"deadlines.told_by.{year['told_by']}", lang)
        typer.echo(f"{year['year']}  {year['days']:>3}  {by}  {year['source']}")
    typer.echo(say("deadlines.unknown_from", lang, year=told["last_known"] + 1))


def check_year(file: File) -> None:
    """`gridwarden calendar check`."""
    found = calendar.read_year(text_of(file))
    typer.echo(f"{found.year}, {len(found.days())}: ok")


def load_year(file: File, role: As = "administrator") -> None:
    """`gridwarden calendar load`."""
    typer.echo(asyncio.run(_load_year(role, text_of(file))))


def text_of(file: Path) -> str:
    """A file of an office, as UTF-8. Raises Problem `unreadable_file`, and OSError."""
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        why = str(error)[:200]
        raise Problem("unreadable_file", "deadlines.toml", field="FILE", why=why) from None


async def _in_force(role: str) -> tuple[dict[str, Any], str]:
    async with acting(role) as (pool, caller, settings), as_caller(pool, caller) as c:
        return await keeping.in_force(c), settings.language


async def _load(role: str, text: str) -> str:
    async with acting(role) as (pool, caller, settings):
        version = await keeping.load_table(pool, caller, text)
        return say("deadlines.loaded", settings.language, version=version)


async def _load_year(role: str, text: str) -> str:
    async with acting(role) as (pool, caller, settings):
        year = await keeping.load_year(pool, caller, text)
        return say("deadlines.year_loaded", settings.language, year=year.year, n=len(year.days()))
