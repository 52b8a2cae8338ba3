"""`gridwarden batches …`: the office's kinds of batches."""

import asyncio

import typer

from gridwarden.access.command import acting
from gridwarden.hazards.batches.kinds import load_kinds, read_kinds, shipped
from gridwarden.hazards.deadlines.commands import As, File, text_of
from gridwarden.words import say


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="batches")
    group.command("shipped")(show_shipped)
    group.command("check")(check)
    group.command("load")(load)


def show_shipped() -> None:
    """`gridwarden batches shipped`."""
    typer.echo(shipped(), nl=False)


def check(file: File) -> None:
    """`gridwarden batches check`."""
    typer.echo(f"{len(read_kinds(text_of(file)).kind)}: ok")


def load(file: File, role: As = "administrator") -> None:
    """`gridwarden batches load`."""
    typer.echo(asyncio.run(_load(role, text_of(file))))


async def _load(role: str, text: str) -> str:
    async with acting(role) as (pool, caller, settings):
        kinds = await load_kinds(pool, caller, text)
        named = [getattr(one, settings.language) for one in kinds.kind]
        return say("batches.loaded", settings.language, kinds=" · ".join(named))
