"""`gridwarden habits`: what is remembered of the forms that somebody sends."""

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridwarden.access.command import acting
from gridwarden.words import say

console = Console()
FIELDS = 8


def habits_command(
    layer: Annotated[str | None, typer.Option("--layer")] = None,
    forget: Annotated[int | None, typer.Option("--forget", min=1)] = None,
    role: Annotated[str, typer.Option("--as")] = "supervisor",
    org: Annotated[str | None, typer.Option("--org")] = None,
) -> None:
    """`gridwarden habits`."""
    asyncio.run(_habits(layer, forget, "utility" if org else role, org))


async def _habits(layer: str | None, number: int | None, role: str, org: str | None) -> None:
    from gridwarden.intake.habits.routes import forget, mine

    async with acting(role, org) as (pool, caller, settings):
        language = settings.language
        if number is not None:
            await forget(pool, caller, number)
            console.print(say("intake.habit.forgotten", language), highlight=False)
            return
        _print(await mine(pool, caller, layer), language)


def _print(items: list[dict[str, Any]], language: str) -> None:
    from gridwarden.intake.habits.knowing import shown

    if not items:
        console.print(say("intake.habit.none", language), highlight=False)
        return
    heads = ("layer", "fields", "remembered", "learned")
    table = Table("#", *(say(f"intake.habit.{head}", language) for head in heads), box=None)
    for one in items:
        names = ", ".join(one["fields"][:FIELDS]) + ("…" if len(one["fields"]) > FIELDS else "")
        cells = (str(one["id"]), one["layer"], f"{one['kind']}: {names}", shown(one))
        table.add_row(*map(Text, cells), Text(str(one["learned_at"])[:10]))
    console.print(table)
