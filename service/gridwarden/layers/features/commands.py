"""`gridwarden layers`."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from gridwarden.access.command import acting
from gridwarden.database import as_caller
from gridwarden.layers.age import commands as age_commands
from gridwarden.layers.age.ages import dataset_ages
from gridwarden.layers.catalogue import EVERYONE, Layer
from gridwarden.layers.catalogue import layers as all_layers
from gridwarden.words import say
from gridwarden.words.command_line import listing
from gridwarden.words.refused import spoken

As = Annotated[str, typer.Option("--as")]
Org = Annotated[str | None, typer.Option()]


def add_to(app: typer.Typer) -> None:
    """Add this room's commands."""

    groups = {group.name: group.typer_instance for group in app.registered_groups}
    group = groups.get("layers")
    if group is None:
        group = typer.Typer()
        app.add_typer(group, name="layers")
    age_commands.add_to(group)

    @group.callback(invoke_without_command=True)
    def layers(context: typer.Context) -> None:
        """`gridwarden layers`."""
        if context.invoked_subcommand is not None:
            return
        lang = spoken()
        heads = ("layer", "title", "geometry", "loaded", "days_old", "read_by", "imported_by")
        table = listing(lang, *heads)
        table.columns[0].no_wrap = True
        loaded = asyncio.run(_loaded())
        for one in all_layers().values():
            table.add_row(
                one.id,
                one.title.in_(lang),
                one.geometry,
                "\n".join(name for name, _ in loaded.get(one.id, [])) or "–",
                "\n".join(age for _, age in loaded.get(one.id, [])) or "–",
                _readers(one, lang),
                ", ".join(one.importers),
            )
        Console().print(table)
        Console(stderr=True).print(say("layers.star", lang), soft_wrap=True)


def _readers(layer: Layer, lang: str) -> str:
    """Roles, `everyone` for all that ask; a star where a role sees a part."""
    if layer.readers.items() >= EVERYONE.items():
        return say("layers.everyone", lang)
    return ", ".join(f"{r}*" if scope != "all" else r for r, scope in layer.readers.items())


async def _loaded() -> dict[str, list[tuple[str, str]]]:
    """Dataset names with their versions, and how old they are, by layer."""
    found: dict[str, list[tuple[str, str]]] = {}
    async with acting("viewer") as (pool, caller, settings), as_caller(pool, caller) as c:
        for one in await dataset_ages(c):
            late = say("age.late_mark", settings.language) if one["late"] else ""
            age = "–" if one["age_days"] is None else str(one["age_days"])
            promise = f"/{one['update_days']}" if one["update_days"] else ""
            named = f"{one['name']}@{one['version']}", f"{age}{promise} {late}".rstrip()
            found.setdefault(one["layer"], []).append(named)
    return found
