"""`gridwarden export-requests` and `gridwarden audit trace`."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gridwarden.access.command import acting
from gridwarden.layers.export import requests
from gridwarden.layers.features.commands import As, Org
from gridwarden.words import say

Number = Annotated[int, typer.Argument(help="the request's number", min=1)]


def add_to(app: typer.Typer) -> None:
    """Add the commands `export-requests …`, and `trace` to those of the audit."""
    group = typer.Typer(help="Bulk exports of exact mains: two persons.", no_args_is_help=True)
    app.add_typer(group, name="export-requests")

    @group.command("ask")
    def ask(
        why: Annotated[str, typer.Option(help="why; it stands in every copy")],
        bbox: Annotated[str, typer.Option(help="west,south,east,north in degrees")] = "",
        role: As = "supervisor",
        org: Org = None,
    ) -> None:
        """Ask for the exact mains that the role sees."""
        typer.echo(asyncio.run(_ask(role, org, why, bbox)))

    @group.command("list")
    def list_(role: As = "supervisor", org: Org = None) -> None:
        """The requests that the role may see."""
        table = Table("request", "km", "asked by", "why", "state", "until")
        for one in asyncio.run(_list(role, org)):
            until = f"{one['until']:%Y-%m-%d %H:%M}" if one["until"] else "–"
            km = f"{one['km']:.1f}"
            table.add_row(str(one["id"]), km, one["person"], one["why"], one["state"], until)
        Console().print(table)

    @group.command("approve")
    def approve(number: Number, why: str = "", role: As = "supervisor", org: Org = None) -> None:
        """Approve another person's request."""
        typer.echo(asyncio.run(_decide(role, org, number, why, approve=True)))

    @group.command("reject")
    def reject(number: Number, why: str = "", role: As = "supervisor", org: Org = None) -> None:
        """Reject a request."""
        typer.echo(asyncio.run(_decide(role, org, number, why, approve=False)))

    audit = next(g.typer_instance for g in app.registered_groups if g.name == "audit")
    assert audit is not None

    @audit.command("trace")
    def trace(
        file: Annotated[Path, typer.Argument(help="a file of mains that was found somewhere")],
        crs: Annotated[str | None, typer.Option(help="where the file does not say it")] = None,
        role: As = "supervisor",
        org: Org = None,
    ) -> None:
        """Tell whose copy a file of mains is, by the mark in its vertices."""
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
