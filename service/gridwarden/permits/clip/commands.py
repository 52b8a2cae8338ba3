"""`gridwarden tickets`: give a dig's ticket to a contractor, and look at what one holds."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gridwarden.access.command import acting
from gridwarden.database import Caller
from gridwarden.layers.features.commands import As, Org
from gridwarden.permits.clip import tickets
from gridwarden.words import say
from gridwarden.words.picture import bar_of
from gridwarden.words.problems import Problem

Excavation = Annotated[int, typer.Argument(help="the excavation's number", min=1)]


def add_to(app: typer.Typer) -> None:
    """Add the commands `tickets …`."""
    group = typer.Typer(help="Contractors' tickets 施工查询单.", no_args_is_help=True)
    app.add_typer(group, name="tickets")

    @group.command("list")
    def list_(role: As = "supervisor", org: Org = None) -> None:
        """The tickets that a contractor holds; to others those that they gave."""
        table = Table("excavation", "code", "contractor", "ends on", "given by", "dig changed")
        for one in asyncio.run(_list(role, org)):
            changed = "yes" if one["changed"] else ""
            said = (one["code"], one["contractor"], one["ends_on"], one["given_by"])
            table.add_row(str(one["excavation"]), *(str(v or "–") for v in said), changed)
        Console(markup=False).print(table)

    @group.command("give")
    def give(
        excavation: Excavation,
        contractor: Annotated[str, typer.Argument(help="its name, code or number")],
        role: As = "supervisor",
        org: Org = None,
    ) -> None:
        """Give an excavation's ticket to a contractor, until its last day."""
        typer.echo(asyncio.run(_give(role, org, excavation, contractor)))

    @group.command("end")
    def end(
        excavation: Excavation,
        contractor: Annotated[str | None, typer.Option(help="from this one alone")] = None,
        role: As = "supervisor",
        org: Org = None,
    ) -> None:
        """Take a ticket back, from one contractor or from all that it was given to."""
        typer.echo(asyncio.run(_end(role, org, excavation, contractor)))

    @group.command("clip")
    def clip(
        excavation: Excavation,
        file: Annotated[Path, typer.Argument(help="FILE.geojson or FILE.png")],
        org: Annotated[str, typer.Option(help="the contractor: its name, code or number")],
    ) -> None:
        """Write the mains within a contractor's ticket, watermarked; the look is on record."""
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
