"""`gridwarden audit verify`."""

import asyncio
from typing import Annotated

import typer

from gridwarden.access.audit.checking import Checked, Fault
from gridwarden.access.audit.heads import Head, heads_of, kept_heads
from gridwarden.access.audit.verifying import verify
from gridwarden.access.command import acting
from gridwarden.words import say

SHOWN = 20
"""Faults that are printed one by one."""


def add_to(app: typer.Typer) -> None:
    """Add the commands `audit …`."""
    group = typer.Typer(
        help="The audit trail: verify it, hand it to outsiders.", no_args_is_help=True
    )
    app.add_typer(group, name="audit")

    @group.command("verify")
    def verify_(
        head: Annotated[
            list[str] | None,
            typer.Option(
                help="a head, or a file of heads, kept elsewhere; default: this machine's"
            ),
        ] = None,
    ) -> None:
        """Hold every row against its seal, and the chain against heads kept outside."""
        found, language = asyncio.run(_verify(head))
        for line in told(found, language):
            typer.echo(line)
        if not found.whole:
            raise typer.Exit(1)


async def _verify(named: list[str] | None) -> tuple[Checked, str]:
    async with acting("auditor") as (pool, caller, settings):
        given: list[Head] = [head for name in named or () for head in heads_of(name)]
        heads = given if named else kept_heads(settings)
        return await verify(pool, caller, heads), settings.language


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
