"""`gridwarden proof verify`: whether every file of a case is there, and as it was kept."""

import asyncio
from typing import Annotated

import typer

from gridwarden.access.command import acting
from gridwarden.database import as_caller
from gridwarden.hazards.proof import store
from gridwarden.hazards.proof.keeping import Q
from gridwarden.words import say
from gridwarden.words.problems import Problem

As = Annotated[str, typer.Option("--as")]


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True)
    app.add_typer(group, name="proof")
    group.command("verify")(verify)


def verify(role: As = "auditor") -> None:
    """`gridwarden proof verify`."""
    line, good = asyncio.run(_verify(role))
    typer.echo(line)
    if not good:
        raise typer.Exit(1)


async def _verify(role: str) -> tuple[str, bool]:
    async with acting(role) as (pool, caller, settings):
        async with as_caller(pool, caller) as c:
            rows = await (await c.execute(Q["kept"])).fetchall()
        wrong = {"proof.gone": 0, "proof.changed": 0}
        names = {name for row in rows for name in row if name}
        for name in names:
            try:
                await asyncio.to_thread(store.get, settings, name)
            except Problem as problem:
                wrong[problem.detail] += 1
        gone, changed = wrong.values()
        key = "proof.amiss" if gone or changed else "proof.verified"
        told = {"n": len(names), "gone": gone, "changed": changed}
        return say(key, settings.language, **told), not (gone or changed)
