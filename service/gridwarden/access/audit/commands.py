"""`gridwarden audit verify`, `export` and `check`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gridwarden.access.audit.checking import Checked, Fault
from gridwarden.access.audit.exporting import CheckedFile, check, taken_out
from gridwarden.access.audit.heads import Head, heads_of, kept_heads
from gridwarden.access.audit.listing import moment
from gridwarden.access.audit.signing import public_key_file, public_key_in
from gridwarden.access.audit.verifying import verify
from gridwarden.access.command import acting
from gridwarden.settings import Settings
from gridwarden.words import say

SHOWN = 20
"""Faults that are printed one by one."""


def add_to(app: typer.Typer) -> None:
    """Add the commands `audit …`."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="audit")

    @group.command("verify")
    def verify_(
        head: list[str] | None = None,
    ) -> None:
        """`gridwarden audit verify`."""
        found, language = asyncio.run(_verify(head))
        for line in told(found, language):
            typer.echo(line)
        if not found.whole:
            raise typer.Exit(1)

    @group.command("export")
    def export(
        since: Annotated[str, typer.Argument(metavar="FROM")],
        until: Annotated[str, typer.Argument(metavar="TO")],
        file: Annotated[Path, typer.Option("-o")],
    ) -> None:
        """`gridwarden audit export`."""
        typer.echo(asyncio.run(_export(since, until, file)))

    @group.command("check")
    def check_(
        file: Path,
        key: Path | None = None,
        head: list[str] | None = None,
    ) -> None:
        """`gridwarden audit check`."""
        settings = Settings()
        own = public_key_file(settings)
        place = key or (own if own.exists() else None)
        heads = [one for name in head or () for one in heads_of(name)]
        found = check(file, public_key_in(place) if place else None, heads)
        for line in told_of_file(found, settings.language):
            typer.echo(line)
        if not found.whole:
            raise typer.Exit(1)


async def _export(since: str, until: str, file: Path) -> str:
    async with acting("auditor") as (pool, caller, settings):
        zone = settings.time_zone
        begin, end = moment(since, zone, "FROM"), moment(until, zone, "TO", end=True)
        assert begin is not None and end is not None
        span = await taken_out(pool, caller, settings, begin, end, file)
        key = public_key_file(settings)
        return say(
            "audit.exported", settings.language,
            first=span.first, last=span.last, file=file, key=key,
        )  # fmt: skip


def told_of_file(done: CheckedFile, language: str) -> list[str]:
    """What was checked of a file, in sentences."""
    lines = [] if done.found.whole else told(done.found, language)
    if not done.unharmed:
        lines.append(say("audit.checked.harmed", language))
    word = {None: "unsigned", True: "signed", False: "forged"}[done.signed]
    lines.append(say(f"audit.checked.{word}", language, key=done.says.get("key", "–")))
    if done.whole:
        first, last = done.says["seals"]
        numbers = {"rows": done.found.rows, "heads": done.found.heads, "first": first}
        head = done.found.head.hex()
        lines.append(say("audit.checked.whole", language, **numbers, last=last, head=head))
    return lines


async def _verify(named: list[str] | None) -> tuple[Checked, str]:
    async with acting("auditor") as (pool, caller, settings):
        given: list[Head] = [head for name in named or () for head in heads_of(name)]
        heads = given if named else kept_heads(settings)
        return await verify(pool, caller, heads, settings), settings.language


def told(found: Checked, language: str) -> list[str]:
    """What was checked and what is wrong, in sentences."""
    lines = [
        say(f"audit.fault.{fault.kind}", language, **_where(fault))
        for fault in found.faults[:SHOWN]
    ]
    if len(found.faults) > SHOWN:
        lines.append(say("audit.more_faults", language, n=len(found.faults) - SHOWN))
    key = "whole" if found.whole else "broken"
    numbers = {
        "rows": found.rows,
        "seals": found.seals,
        "unsealed": found.unsealed,
        "heads": found.heads,
        "head": found.head.hex(),
        "n": len(found.faults),
    }
    return [*lines, say(f"audit.verified.{key}", language, **numbers)]


def _where(fault: Fault) -> dict[str, str]:
    return {
        "seal": "–" if fault.seal is None else str(fault.seal),
        "id": "–" if fault.id is None else str(fault.id),
    }
