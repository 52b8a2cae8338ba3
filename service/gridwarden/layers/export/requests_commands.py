"""`gridwarden export-requests` and `gridwarden audit trace`."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from gridwarden.access.command import acting
from gridwarden.layers.export import requests
from gridwarden.layers.features.commands import As, Org
from gridwarden.words import say
from gridwarden.words.command_line import listing
from gridwarden.words.refused import spoken

Number = Annotated[int, typer.Argument(min=1)]


def add_to(app: typer.Typer) -> None:
    """Add the commands `export-requests …`, and `trace` to those of the audit."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="export-requests")

    @group.command("ask")
    def ask(
        why: Annotated[str, typer.Option()],
        bbox: str = "",
        role: As = "supervisor",
        org: Org = None,
    ) -> None:
        """`gridwarden export-requests ask`."""
        typer.echo(asyncio.run(_ask(role, org, why, bbox)))

    @group.command("list")
    def list_(role: As = "supervisor", org: Org = None) -> None:
        """`gridwarden export-requests list`."""
        lang = spoken()
        table = listing(lang, "number", "km", "asked_by", "why", "state", "until")
        for one in asyncio.run(_list(role, org)):
            until = f"{one['until']:%Y-%m-%d %H:%M}" if one["until"] else "–"
            km = f"{one['km']:.1f}"
            state = say(f"listing.{one['state']}", lang)
            table.add_row(str(one["id"]), km, one["person"], one["why"], state, until)
        Console().print(table)

    @group.command("approve")
    def approve(number: Number, why: str = "", role: As = "supervisor", org: Org = None) -> None:
        """`gridwarden export-requests approve`."""
        typer.echo(asyncio.run(_decide(role, org, number, why, approve=True)))

    @group.command("reject")
    def reject(number: Number, why: str = "", role: As = "supervisor", org: Org = None) -> None:
        """`gridwarden export-requests reject`."""
        typer.echo(asyncio.run(_decide(role, org, number, why, approve=False)))

    audit = next(g.typer_instance for g in app.registered_groups if g.name == "audit")
    assert audit is not None

    @audit.command("trace")
    def trace(
        file: Path,
        crs: str | None = None,
        role: As = "supervisor",
        org: Org = None,
    ) -> None:
        """`gridwarden audit trace`."""
        line, found = asyncio.run(_trace(role, org, file, crs))
        typer.echo(line)
        if not found:
            raise typer.Exit(1)


async def _ask(role: str, org: str | None, why: str, bbox: str) -> str:
    async with acting(role, org) as (pool, caller, settings):
        made = await requests.ask(pool, caller, settings, why, bbox)
        km = f"{made['km']:.1f}"
        return say("copies.asked", settings.language, id=made["id"], km=km)


async def _list(role: str, org: str | None) -> list[dict[str, Any]]:
    async with acting(role, org) as (pool, caller, _):
        return await requests.requests(pool, caller)


async def _decide(role: str, org: str | None, number: int, why: str, *, approve: bool) -> str:
    async with acting(role, org) as (pool, caller, settings):
        made = await requests.decide(pool, caller, settings, number, approve=approve, why=why)
        until = f"{made['until']:%Y-%m-%d %H:%M}" if made["until"] else "–"
        told = {"id": number, "person": made["person"], "until": until}
        return say(f"copies.{made['state']}", settings.language, **told)


async def _trace(role: str, org: str | None, file: Path, crs: str | None) -> tuple[str, bool]:
    from gridwarden.layers.export.tracing import trace  # not for every command

    async with acting(role, org) as (pool, caller, settings):
        found = await trace(pool, caller, settings, file, crs)
        if found.copy is None:
            return say("copies.untraced", settings.language, of=found.of), False
        told = found.copy | {"at": f"{found.copy['made_at']:%Y-%m-%d %H:%M}"}
        numbers = {"agree": found.agree, "of": found.of}
        return say("copies.traced", settings.language, **told, **numbers), True
