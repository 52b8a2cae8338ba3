"""`gridwarden accounts …`: people's accounts, on the machine itself."""

import asyncio
import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gridwarden.access.accounts import from_csv, people
from gridwarden.access.accounts.people import Act, Person, Wanted
from gridwarden.access.bounds import bounds_called
from gridwarden.access.command import acting
from gridwarden.database import ADMINISTRATORS, ASKERS, as_caller
from gridwarden.database.passwords import write_private
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.command_line import listing
from gridwarden.words.problems import Problem
from gridwarden.words.refused import spoken
from gridwarden.words.sheets import safe

Name = str
Several = Annotated[list[str] | None, typer.Option()]
accounts = typer.Typer(no_args_is_help=True)
console = Console(stderr=True)


def add_to(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(accounts, name="accounts")


@accounts.command()
def add(
    name: Name,
    role: Annotated[str, typer.Option(help=" · ".join((*ASKERS, *ADMINISTRATORS)))],
    full_name: Annotated[str, typer.Option()],
    org: Several = None,
    district: Several = None,
    grid: Several = None,
    all_districts: Annotated[bool, typer.Option("--all-districts")] = False,
    language: str = "zh",
) -> None:
    """`gridwarden accounts add`."""

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
    """`gridwarden accounts list`."""

    async def found() -> list[Person]:
        async with acting("security") as (pool, officer, _), as_caller(pool, officer) as c:
            return await people.everybody(c)

    lang = spoken()
    heads = ("name", "full_name", "role", "organisations", "districts", "grids", "seen", "state")
    table = listing(lang, *heads)
    for one in asyncio.run(found()):
        bounds = one.bounds
        table.add_row(
            one.name,
            one.full_name,
            one.role,
            _numbers(bounds.org_ids),
            say("listing.all", lang) if bounds.all_districts else _numbers(bounds.district_ids),
            _numbers(bounds.grid_ids),
            f"{one.last_seen_at:%Y-%m-%d}" if one.last_seen_at else say("listing.never", lang),
            _state(one, lang),
        )
    Console().print(table)


def _numbers(ids: tuple[int, ...]) -> str:
    return ", ".join(map(str, ids))


def _state(one: Person, lang: str) -> str:
    if one.disabled_at is not None:
        return say("listing.disabled", lang)
    states = [("locked", one.locked_until), ("first_password", one.must_change)]
    states += [("second_factor", one.has_factor)]
    held = [say(f"listing.{word}", lang) for word, holds in states if holds]
    return say("listing.and", lang).join(held) or "-"


@accounts.command()
def disable(name: Name) -> None:
    """`gridwarden accounts disable`."""
    asyncio.run(_act(name, "disable"))


@accounts.command()
def enable(name: Name) -> None:
    """`gridwarden accounts enable`."""
    asyncio.run(_act(name, "enable"))


@accounts.command()
def unlock(name: Name) -> None:
    """`gridwarden accounts unlock`."""
    asyncio.run(_act(name, "unlock"))


async def _act(name: str, what: Act) -> None:
    async with acting("security") as (pool, officer, _), as_caller(pool, officer) as c:
        await people.act(c, await people.one_called(c, name), what)


@accounts.command()
def reset(
    name: Name,
    factor: Annotated[bool, typer.Option("--factor")] = False,
) -> None:
    """`gridwarden accounts reset`."""

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
    file: Annotated[Path, typer.Argument(exists=True)],
) -> None:
    """`gridwarden accounts import`."""
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
    days: Annotated[int | None, typer.Option(min=0)] = None,
) -> None:
    """`gridwarden accounts dormant`."""

    async def found() -> list[dict[str, Any]]:
        async with acting("security") as (pool, officer, settings), as_caller(pool, officer) as c:
            return await people.dormant(c, settings.dormant_days if days is None else days)

    lang = spoken()
    table = listing(lang, "what", "name", "person", "role", "not_used_since")
    for one in asyncio.run(found()):
        since = f"{one['since']:%Y-%m-%d}"
        if one["never"]:
            since = say("listing.never_since", lang, day=since)
        what = say(f"listing.{one['what']}", lang)
        table.add_row(what, one["name"], one["full_name"], one["role"], since)
    Console().print(table)
