"""`gridwarden tickets`: give a dig's ticket to a contractor, and look at what one holds."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gridwarden.access.command import acting
from gridwarden.database import Caller
from gridwarden.layers.features.commands import As, Org
from gridwarden.permits.clip import tickets
from gridwarden.words import say
from gridwarden.words.command_line import listing
from gridwarden.words.picture import bar_of
from gridwarden.words.problems import Problem
from gridwarden.words.refused import spoken

Excavation = Annotated[int, typer.Argument(min=1)]


def add_to(app: typer.Typer) -> None:
    """Add the commands `tickets …`."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="tickets")

    @group.command("list")
    def list_(role: As = "supervisor", org: Org = None) -> None:
        """`gridwarden tickets list`."""
        lang = spoken()
        heads = ("excavation", "code", "contractor", "ends_on", "given_by", "dig_changed")
        table = listing(lang, *heads)
        for one in asyncio.run(_list(role, org)):
            changed = say("listing.yes", lang) if one["changed"] else ""
            said = (one["code"], one["contractor"], one["ends_on"], one["given_by"])
            table.add_row(str(one["excavation"]), *(str(v or "–") for v in said), changed)
        Console(markup=False).print(table)

    @group.command("give")
    def give(
        excavation: Excavation,
        contractor: str,
        role: As = "supervisor",
        org: Org = None,
    ) -> None:
        """`gridwarden tickets give`."""
        typer.echo(asyncio.run(_give(role, org, excavation, contractor)))

    @group.command("end")
    def end(
        excavation: Excavation,
        contractor: str | None = None,
        role: As = "supervisor",
        org: Org = None,
    ) -> None:
        """`gridwarden tickets end`."""
        typer.echo(asyncio.run(_end(role, org, excavation, contractor)))

    @group.command("clip")
    def clip(
        excavation: Excavation,
        file: Path,
        org: Annotated[str, typer.Option()],
    ) -> None:
        """`gridwarden tickets clip`."""
        typer.echo(asyncio.run(_clip(org, excavation, file)))


async def _list(role: str, org: str | None) -> list[dict[str, Any]]:
    async with acting(role, org) as (pool, caller, _):
        return await tickets.held(pool, caller)


async def _give(role: str, org: str | None, excavation: int, contractor: str) -> str:
    async with acting(role, org) as (pool, caller, settings):
        await tickets.give(pool, caller, excavation, contractor)
        return say("clips.given", settings.language, ticket=excavation, contractor=contractor)


async def _end(role: str, org: str | None, excavation: int, contractor: str | None) -> str:
    async with acting(role, org) as (pool, caller, settings):
        await tickets.end(pool, caller, excavation, contractor)
        return say("clips.ended", settings.language, ticket=excavation)


async def _clip(org: str, excavation: int, file: Path) -> str:
    kind = file.suffix.lower()
    if kind not in (".geojson", ".png"):
        raise Problem("invalid_value", "clips.no_such_file", field="FILE")
    # a contractor reads no list of organisations
    async with acting("supervisor", org) as (pool, asked, settings):
        caller = Caller("contractor", asked.person, asked.org_ids)
        lang, zone = settings.language, settings.time_zone
        found = await tickets.clip(pool, caller, excavation)
        mark = tickets.mark_of(found, caller, lang, zone)
        if kind == ".png":
            from gridwarden.permits.clip.drawing import png  # not for every command

            file.write_bytes(png(found, mark, bar_of(float(found["drawn"]["height"])), lang))
        else:
            told = tickets.geojson(found, caller, lang, zone)
            file.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
        return say("clips.written", lang, file=file, n=len(found["mains"]), mark=mark)
