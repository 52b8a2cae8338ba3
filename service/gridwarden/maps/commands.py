"""`gridwarden map heat -o FILE.html`, `gridwarden cells SYSTEM` and `gridwarden embed`."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape

from gridwarden.access.command import acting
from gridwarden.access.named import district_called
from gridwarden.access.tls.address import printed_url
from gridwarden.database import Caller, Pool, as_caller
from gridwarden.layers.past import moment_of
from gridwarden.words import say
from gridwarden.words.command_line import listing
from gridwarden.words.language import as_language
from gridwarden.words.problems import Problem
from gridwarden.words.refused import spoken

if TYPE_CHECKING:
    from gridwarden.maps.embeds.making import Wanted

embeds = typer.Typer(no_args_is_help=True)
maps = typer.Typer(no_args_is_help=True)
Role = Annotated[str, typer.Option("--as")]
Org = Annotated[str | None, typer.Option()]
At = Annotated[str | None, typer.Option()]
Measure = Annotated[str, typer.Option()]


@maps.command("heat")
def heat_file(
    file: Annotated[Path, typer.Option("-o", "--output")],
    cells: str = "square-500",
    measure: Measure = "weighted",
    district: str | None = None,
    lang: str | None = None,
    role: Role = "planner",
) -> None:
    """`gridwarden map heat`."""
    asyncio.run(_heat_file(file, cells, measure, district, lang, role))


async def _heat_file(
    file: Path,
    cells: str,
    measure: str,
    district: str | None,
    lang: str | None,
    role: str,
) -> None:
    # Folium and its pandas take a second to load: not for every command.
    from gridwarden.maps.alone import alone
    from gridwarden.maps.embeds.making import Wanted, as_file

    async with acting(role) as (pool, caller, settings):
        language = as_language(lang) or as_language(settings.language) or "zh"
        place = await district_of(pool, caller, district)
        wanted = Wanted(cells, measure, place, "en" if language == "en" else "zh")
        frozen = await as_file(pool, caller, wanted, settings)
    file.write_text(alone(frozen, settings), encoding="utf-8")
    n = sum(one["n"] or 0 for one in frozen["cells"])
    shown = len(frozen["cells"])
    typer.echo(say("maps.written", language, file=file, cells=shown, findings=n))


@embeds.command("make")
def make_embed(
    cells: str = "square-500",
    measure: Measure = "weighted",
    district: str | None = None,
    lang: str | None = None,
    site: list[str] | None = None,
    days: int = 30,
    base: str | None = None,
    role: Role = "planner",
) -> None:
    """`gridwarden embed make`."""
    from gridwarden.maps.embeds.making import Wanted

    wanted = Wanted(cells, measure, None, "en" if lang == "en" else "zh", tuple(site or ()), days)
    asyncio.run(_make_embed(wanted, district, lang, base, role))


async def _make_embed(
    wanted: "Wanted", district: str | None, lang: str | None, base: str | None, role: str
) -> None:
    from gridwarden.maps.embeds.making import make
    from gridwarden.maps.embeds.routes import told

    async with acting(role) as (pool, caller, settings):
        language = as_language(lang) or as_language(settings.language) or "zh"
        place = await district_of(pool, caller, district)
        chosen: Literal["en", "zh"] = "en" if language == "en" else "zh"
        exact = replace(wanted, district=place, language=chosen)
        made = told(base or printed_url(settings), await make(pool, caller, exact, settings))
    typer.echo(say("embeds.said", language, id=made.id, until=made.expires_at.date()), err=True)
    typer.echo(made.url)


@embeds.command("list")
def list_embeds(
    role: Role = "planner",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """`gridwarden embed list`."""
    from gridwarden.maps.embeds.routes import Embeds

    items = asyncio.run(_embeds(role))
    if as_json:
        typer.echo(Embeds.model_validate({"items": items}).model_dump_json())
        return
    lang = spoken()
    heads = ("number", "cells", "measure", "place", "sites", "made_by", "until", "state")
    table = listing(lang, *heads)
    for one in items:
        state = "revoked" if one["revoked_at"] else "lives" if one["lives"] else "ended"
        said = (str(one["id"]), one["cells"], one["measure"], one["place"] or "")
        until = f"{one['expires_at']:%Y-%m-%d}"
        told = say(f"listing.{state}", lang)
        table.add_row(*map(escape, (*said, " ".join(one["sites"]), one["made_by"], until, told)))
    Console().print(table)


async def _embeds(role: str) -> list[dict[str, Any]]:
    from gridwarden.maps.embeds.routes import listed

    async with acting(role) as (pool, caller, _):
        return await listed(pool, caller)


@embeds.command("revoke")
def revoke_embed(number: int, role: Role = "planner") -> None:
    """`gridwarden embed revoke`."""
    asyncio.run(_revoke_embed(number, role))


async def _revoke_embed(number: int, role: str) -> None:
    from gridwarden.maps.embeds.making import Q

    async with acting(role) as (pool, caller, _), as_caller(pool, caller) as c:
        row = await (await c.execute(Q["revoke"], {"id": number})).fetchone()
    if not row or not row[0]:
        raise Problem("not_found", "embeds.no_such", field="NUMBER")


def cells(
    system: str,
    measure: Measure = "weighted",
    at: At = None,
    role: Role = "planner",
    org: Org = None,
) -> None:
    """`gridwarden cells`."""
    asyncio.run(_cells(system, measure, at, role, org))


async def _cells(system: str, measure: str, at: str | None, role: str, org: str | None) -> None:
    from gridwarden.maps.drawn import Wish
    from gridwarden.maps.drawn import cells as as_text

    async with acting(role, org) as (pool, caller, settings):
        then = moment_of(at, settings.time_zone, "--at")
        text = await as_text(pool, settings, caller, Wish(system, measure, then), None)
    typer.echo(text.decode("utf-8"))


async def district_of(pool: Pool, caller: Caller, name: str | None) -> int | None:
    """The id of a district by name, code or id; None for none. Raises Problem for no such."""
    if name is None:
        return None
    async with as_caller(pool, caller) as c:
        return await district_called(c, name, "--district")


def add_to(app: typer.Typer) -> None:
    """Add `map` and `cells` to the command line."""
    app.add_typer(maps, name="map")
    app.add_typer(embeds, name="embed")
    app.command("cells")(cells)
