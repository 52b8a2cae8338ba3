"""`gridwarden layers` and `gridwarden export`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from gridwarden.access.command import acting
from gridwarden.database import as_caller
from gridwarden.layers.catalogue import EVERYONE, Layer
from gridwarden.layers.catalogue import layers as all_layers
from gridwarden.layers.features.items import Q
from gridwarden.words.problems import Problem

As = Annotated[str, typer.Option("--as", help="the role to act as; recorded with your name")]
Org = Annotated[str | None, typer.Option(help="a utility's company: name, code or id")]


def add_to(app: typer.Typer) -> None:
    """Add this room's commands."""

    groups = {group.name: group.typer_instance for group in app.registered_groups}
    group = groups.get("layers")
    if group is None:
        group = typer.Typer(help="The layers of the city.")
        app.add_typer(group, name="layers")

    @group.callback(invoke_without_command=True)
    def layers(context: typer.Context) -> None:
        """List the layers: what they hold, who may read and who may import them."""
        if context.invoked_subcommand is not None:
            return
        first = Column("layer", no_wrap=True)
        table = Table(
            first, "title", "geometry", "loaded", "read by", Column("imported by", overflow="fold")
        )
        loaded = asyncio.run(_loaded())
        for one in all_layers().values():
            table.add_row(
                one.id,
                one.title.zh,
                one.geometry,
                "\n".join(loaded.get(one.id, [])) or "–",
                _readers(one),
                ", ".join(one.importers),
            )
        Console().print(table)
        Console(stderr=True).print("* its own company's, or its districts' and each look recorded")

    @app.command()
    def export(
        layer: Annotated[str, typer.Argument(help="its id, from `layers`")],
        file: Annotated[Path, typer.Argument(help="FILE.geojson, .gpkg or .csv")],
        role: As = "planner",
        org: Org = None,
    ) -> None:
        """Write a layer to a file, as the role may see it. A file of that name is replaced."""
        count = asyncio.run(_export(layer, file, role, org))
        Console(stderr=True).print(f"{count} features written to {file}", highlight=False)


def _readers(layer: Layer) -> str:
    """Roles, `everyone` for all that ask; a star where a role sees a part."""
    if layer.readers == EVERYONE:
        return "everyone"
    return ", ".join(f"{r}*" if scope != "all" else r for r, scope in layer.readers.items())


async def _loaded() -> dict[str, list[str]]:
    """Dataset names with their versions, by layer."""
    found: dict[str, list[str]] = {}
    async with acting("viewer") as (pool, caller, _), as_caller(pool, caller) as c:
        for layer, dataset in await (await c.execute(Q["loaded"])).fetchall():
            found.setdefault(layer, []).append(dataset)
    return found


async def _export(layer: str, file: Path, role: str, org: str | None) -> int:
    from gridwarden.layers.features.export import export as write  # GDAL: not for every command

    one = all_layers().get(layer)
    if one is None:
        raise Problem("not_found", "export.no_layer", field="LAYER", layers=", ".join(all_layers()))
    async with acting(role, org) as (pool, caller, settings):
        console = Console(stderr=True)
        with console.status("") as status:
            return await write(
                pool,
                caller,
                one,
                file,
                settings.crs,
                lambda done: status.update(f"{layer}: {done} features"),
            )
