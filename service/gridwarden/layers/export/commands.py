"""`gridwarden export LAYER FILE`; rooms above add what is no layer (`OTHERS`)."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from gridwarden.access.command import acting
from gridwarden.database import Caller
from gridwarden.layers.catalogue import Layer
from gridwarden.layers.catalogue import layers as all_layers
from gridwarden.layers.features.commands import As, Org
from gridwarden.layers.features.items import Connection, look_first
from gridwarden.layers.past import go_back, moment_of
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem
from gridwarden.words.refused import spoken

if TYPE_CHECKING:
    from gridwarden.layers.export.sending import Prepare

OTHERS: Final[dict[str, "Callable[[Caller, Settings, datetime | None], Prepare]"]] = {}
"""What is exported beside layers, by the name that stands for it: who may, and what it holds."""


def add_to(app: typer.Typer) -> None:
    """Add the command `export`."""

    @app.command()
    def export(
        layer: str,
        file: Annotated[
            Path,
            typer.Argument(
                help="FILE.gpkg, .geojson, .parquet, .fgb, .csv, .xlsx, .dxf, .zip (shp)"
            ),
        ],
        crs: str | None = None,
        encoding: str | None = None,
        at: str | None = None,
        why: str | None = None,
        request: str | None = None,
        role: As = "planner",
        org: Org = None,
    ) -> None:
        """`gridwarden export`."""
        options = (
            *(("crs", crs), ("encoding", encoding), ("at", at)),
            *(("why", why), ("request", request)),
        )
        given = {k: v for k, v in options if v is not None}
        count = asyncio.run(_export(layer, file, role, org, given))
        told = say("export.written", spoken(), n=count, file=file)
        Console(stderr=True).print(told, highlight=False, markup=False, soft_wrap=True)


async def _export(name: str, file: Path, role: str, org: str | None, given: dict[str, str]) -> int:
    from gridwarden.layers.export.sending import to_file  # not for every command

    one = all_layers().get(name)
    if one is None and name not in OTHERS:
        known = ", ".join([*all_layers(), *OTHERS])
        raise Problem("not_found", "export.no_layer", field="LAYER", layers=known)
    async with acting(role, org) as (pool, caller, settings):
        at = moment_of(given.get("at"), settings.time_zone, "--at")
        prepare = (
            preparing(one, caller, settings, file.name, at)
            if one
            else OTHERS[name](caller, settings, at)
        )
        console = Console(stderr=True)
        with console.status("") as status:
            return await to_file(
                pool,
                caller,
                settings,
                file,
                prepare,
                lambda done: status.update(f"{name}: {done} features"),
                given,
            )


def preparing(
    layer: Layer, caller: Caller, settings: Settings, name: str, at: datetime | None = None
) -> "Prepare":
    """What an export of a layer begins with, as it is or was at a moment.

    Raises Problem (403) for who may not read it.
    """
    from gridwarden.layers.export.content import Content, of_layer

    if caller.role not in layer.readers:
        roles = ", ".join(layer.readers)
        raise Problem("forbidden", "export.not_yours", field="--as", role=caller.role, roles=roles)

    async def prepare(c: Connection) -> Content:
        await look_first(c, caller, layer, f"export {name}")
        await go_back(c, at, "features", "--at")
        return of_layer(layer, settings.crs, past=at is not None)

    return prepare
