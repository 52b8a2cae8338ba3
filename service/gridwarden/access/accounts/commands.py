"""`gridwarden accounts …`: people's accounts, on the machine itself."""

import asyncio
import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gridwarden.access.accounts import from_csv, people
from gridwarden.access.accounts.people import Act, Person, Wanted
from gridwarden.access.bounds import bounds_called
from gridwarden.access.command import acting
from gridwarden.database import ADMINISTRATORS, ASKERS, as_caller
from gridwarden.database.passwords import write_private
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem
from gridwarden.words.sheets import safe

Name = Annotated[str, typer.Argument(help="what the person types to sign in")]
Several = Annotated[list[str] | None, typer.Option(help="name, code or id; may be given again")]
accounts = typer.Typer(help="People's accounts: names, passwords, roles.", no_args_is_help=True)
console = Console(stderr=True)


def add_to(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(accounts, name="accounts")


@accounts.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(help=" · ".join((*ASKERS, *ADMINISTRATORS)))],
    full_name: Annotated[str, typer.Option(help="the person's own name")],
    org: Several = None,
    district: Several = None,
    grid: Several = None,
    all_districts: Annotated[bool, typer.Option("--all-districts", help="the whole city")] = False,
    language: Annotated[str, typer.Option(help="zh · en")] = "zh",
) -> None:
    """Make an account and print its first password, once."""

    async def made() -> tuple[str, int]:
        async with acting("security") as (pool, officer, settings), as_caller(pool, officer) as c:
            bounds = await bounds_called(c, org or [], district or [], grid or [], all_districts)
            number = await people.add(c, Wanted(name, full_name, role, bounds, language))
            person = await people.one_of(c, number)
            hours = settings.first_password_hours
            return await people.reset_password(c, person, hours), hours

    _say_password(name, *asyncio.run(made()))


def _say_password(name: str, password: str, hours: int) -> None:
    lang = Settings().language
    console.print(say("accounts.cli.first", lang, name=name, hours=hours), highlight=False)
    print(password)


@accounts.command("list")
def listed() -> None:
    """List the accounts."""

    async def found() -> list[Person]:
        async with acting("security") as (pool, officer, _), as_caller(pool, officer) as c:
            return await people.everybody(c)

    table = Table(
        "name", "full name", "role", "organisations", "districts", "grids", "seen", "state"
    )
    for one in asyncio.run(found()):
        bounds = one.bounds
        table.add_row(
            one.name,
            one.full_name,
            one.role,
            _numbers(bounds.org_ids),
            "all" if bounds.all_districts else _numbers(bounds.district_ids),
            _numbers(bounds.grid_ids),
            f"{one.last_seen_at:%Y-%m-%d}" if one.last_seen_at else "never",
            _state(one),
        )
    Console().print(table)


def _numbers(ids: tuple[int, ...]) -> str:
    return ", ".join(map(str, ids))


def _state(one: Person) -> str:
    if one.disabled_at is not None:
        return "disabled"
    states = [("locked", one.locked_until), ("first password", one.must_change)]
    states += [("second factor", one.has_factor)]
    return ", ".join(word for word, holds in states if holds) or "-"


@accounts.command()
def disable(name: Name) -> None:
    """End an account at once: its sessions, its keys, and signing in."""
    asyncio.run(_act(name, "disable"))


@accounts.command()
def enable(name: Name) -> None:
    """Open a disabled account again."""
    asyncio.run(_act(name, "enable"))


@accounts.command()
def unlock(name: Name) -> None:
    """Open an account that too many wrong passwords closed."""
    asyncio.run(_act(name, "unlock"))


async def _act(name: str, what: Act) -> None:
    async with acting("security") as (pool, officer, _), as_caller(pool, officer) as c:
        await people.act(c, await people.one_called(c, name), what)


@accounts.command()
def reset(
    name: Name,
    factor: Annotated[bool, typer.Option("--factor", help="the second factor instead")] = False,
) -> None:
    """Print a new first password, once; or take a lost second factor away."""

    async def done() -> tuple[str | None, int]:
        async with acting("security") as (pool, officer, settings), as_caller(pool, officer) as c:
            person, hours = await people.one_called(c, name), settings.first_password_hours
            if factor:
                await people.reset_factor(c, person)
                return None, hours
            return await people.reset_password(c, person, hours), hours

    password, hours = asyncio.run(done())
    if password is not None:
        _say_password(name, password, hours)


@accounts.command("import")
def import_csv(
    file: Annotated[Path, typer.Argument(help="CSV with a line of heads", exists=True)],
) -> None:
    """Make the accounts of a CSV, all or none; first passwords go to a file that you alone read."""
    rows = from_csv.read(file.read_bytes())
    made, refused, settings = asyncio.run(_take_in(rows))
    lang = settings.language
    for one in refused:
        told = say(
            "accounts.csv.refused", lang, line=one.line, name=one.name[:64], why=one.why.said(lang)
        )
        console.print(told, highlight=False, markup=False, soft_wrap=True)
    if refused:
        raise Problem("refused", "accounts.csv.none", field="file", n=len(refused))
    place = settings.home / f"first-passwords-{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
    write_private(place, _table(made))
    hours = settings.first_password_hours
    told = say("accounts.csv.made", lang, n=len(made), file=str(place), hours=hours)
    console.print(told, highlight=False, markup=False, soft_wrap=True)


async def _take_in(rows: list[from_csv.Row]) -> Any:
    async with acting("security") as (pool, officer, settings):
        made: list[tuple[str, str, str]] = []
        refused: list[from_csv.Refused] = []
        try:
            async with as_caller(pool, officer, timeout_ms=600_000) as c:
                made, refused = await from_csv.take_in(c, rows, settings.first_password_hours)
                if refused:
                    raise _TakeBack
        except _TakeBack:
            pass
        return made, refused, settings


class _TakeBack(Exception):  # noqa: N818
    """Nothing of the transaction stays."""


def _table(made: list[tuple[str, str, str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("name", "full_name", "first_password"))
    writer.writerows((safe(name), safe(full_name), password) for name, full_name, password in made)
    return text.getvalue()


@accounts.command()
def dormant(
    days: Annotated[int | None, typer.Option(help="default: the office's setting", min=0)] = None,
) -> None:
    """Accounts and keys that nobody has used for so many days."""

    async def found() -> list[dict[str, Any]]:
        async with acting("security") as (pool, officer, settings), as_caller(pool, officer) as c:
            return await people.dormant(c, settings.dormant_days if days is None else days)

    table = Table("what", "name", "person", "role", "not used since")
    for one in asyncio.run(found()):
        since = f"{one['since']:%Y-%m-%d}" + (" (never)" if one["never"] else "")
        table.add_row(one["what"], one["name"], one["full_name"], one["role"], since)
    Console().print(table)
