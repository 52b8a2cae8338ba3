"""`gridwarden main-grants`: a bureau opens the exact mains of a district to one planner."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gridwarden.access.command import acting
from gridwarden.layers.features.commands import As
from gridwarden.layers.granted import grants
from gridwarden.words import say
from gridwarden.words.command_line import listing
from gridwarden.words.refused import spoken

MOST_HOURS = 30 * 24


def add_to(app: typer.Typer) -> None:
    """Add the commands `main-grants …`."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="main-grants")

    @group.command("list")
    def list_(role: As = "supervisor") -> None:
        """`gridwarden main-grants list`."""
        lang = spoken()
        heads = ("number", "planner", "district", "why", "granted_by", "until", "holds")
        table = listing(lang, *heads)
        for one in asyncio.run(_list(role)):
            until = f"{one['ends_at']:%Y-%m-%d %H:%M}"
            place = str(one["district"] or one["district_id"])
            said = (one["person"], place, one["why"], one["granted_by"], until)
            table.add_row(str(one["id"]), *said, say("listing.yes", lang) if one["holds"] else "")
        Console(markup=False).print(table)

    @group.command("give")
    def give(
        person: str,
        district: str,
        why: Annotated[str, typer.Option()],
        hours: Annotated[int, typer.Option(min=1, max=MOST_HOURS)] = 8,
        role: As = "supervisor",
    ) -> None:
        """`gridwarden main-grants give`."""
        given = {"person": person, "district": district, "why": why, "hours": hours}
        typer.echo(asyncio.run(_give(role, given)))

    @group.command("end")
    def end(
        number: Annotated[int, typer.Argument(min=1)],
        role: As = "supervisor",
    ) -> None:
        """`gridwarden main-grants end`."""
        typer.echo(asyncio.run(_end(role, number)))

    @group.command("mains")
    def mains(
        file: Path,
    ) -> None:
        """`gridwarden main-grants mains`."""
        typer.echo(asyncio.run(_mains(file)))

    @group.command("cells")
    def cells(
        file: Path,
    ) -> None:
        """`gridwarden main-grants cells`."""
        typer.echo(asyncio.run(_cells(file)))


async def _list(role: str) -> list[dict[str, Any]]:
    async with acting(role) as (pool, caller, _):
        return await grants.listed(pool, caller)


async def _give(role: str, given: dict[str, Any]) -> str:
    async with acting(role) as (pool, caller, settings):
        number = await grants.give(pool, caller, **given)
        return say("granted.given", settings.language, number=number, **given)


async def _end(role: str, number: int) -> str:
    async with acting(role) as (pool, caller, settings):
        await grants.end(pool, caller, number)
        return say("granted.ended", settings.language, number=number)


async def _mains(file: Path) -> str:
    features: list[Any] = []
    copy: str | None = None
    async with acting("planner") as (pool, caller, settings):
        after: int | None = 0
        while after is not None:
            page = await grants.mains(pool, caller, settings, after)
            features, copy, after = features + page.features, copy or page.copy, page.last
        told = {"type": "FeatureCollection", "copy": copy, "features": features}
        file.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
        return say("granted.written", settings.language, file=file, n=len(features))


async def _cells(file: Path) -> str:
    async with acting("planner") as (pool, caller, settings):
        found = await grants.cells(pool, caller, settings.statement_timeout_ms)
        file.write_text(json.dumps(found, ensure_ascii=False), "utf-8")
        return say("granted.cells", settings.language, file=file, n=len(found["features"]))
