"""`gridwarden map heat -o FILE.html` and `gridwarden cells SYSTEM`."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from gridwarden.access.command import acting
from gridwarden.layers.past import moment_of
from gridwarden.words import say
from gridwarden.words.language import as_language

maps = typer.Typer(no_args_is_help=True, help="Maps as files.")
Role = Annotated[str, typer.Option("--as", help="the role to act in: who sees what")]
Org = Annotated[str | None, typer.Option(help="name, code or id of the company a utility acts for")]
At = Annotated[str | None, typer.Option(help="as known at a day's end, or a moment (RFC 3339)")]
Measure = Annotated[str, typer.Option(help="weighted, count, or a rule family")]


@maps.command("heat")
def heat_file(
    file: Annotated[Path, typer.Option("-o", "--output", help="HTML file to write")],
    cells: Annotated[str, typer.Option(help="square-500, square-1000 or districts")] = "square-500",
    measure: Measure = "weighted",
    at: At = None,
    lang: Annotated[str | None, typer.Option(help="zh or en")] = None,
    role: Role = "planner",
    org: Org = None,
) -> None:
    """Write the heat map as one HTML file that opens anywhere, without the service or a network."""
    asyncio.run(_heat_file(file, cells, measure, at, lang, role, org))


async def _heat_file(
    file: Path,
    cells: str,
    measure: str,
    at: str | None,
    lang: str | None,
    role: str,
    org: str | None,
) -> None:
    # Folium and its pandas take a second to load: not for every command.
    from gridwarden.maps.alone import alone
    from gridwarden.maps.cells import heat
    from gridwarden.maps.context import checked_measure
    from gridwarden.maps.ground import backdrop
    from gridwarden.maps.view import view

    async with acting(role, org) as (pool, caller, settings):
        then = moment_of(at, settings.time_zone, "--at")
        found = await heat(pool, caller, cells, settings, names=True, at=then)
        ground = await backdrop(pool, caller, settings)
    checked_measure(measure, found)
    language = as_language(lang) or as_language(settings.language) or "zh"
    shown = view(found, measure, ground, settings, language, linked=False)
    file.write_text(alone(shown, settings, language), encoding="utf-8")
    typer.echo(
        say("maps.written", language, file=file, cells=len(found.cells), findings=shown.findings)
    )


def cells(
    system: Annotated[str, typer.Argument(help="square-500, square-1000 or districts")],
    measure: Measure = "weighted",
    at: At = None,
    role: Role = "planner",
    org: Org = None,
) -> None:
    """Print the cells of a system as GeoJSON: the same figures as on the heat map."""
    asyncio.run(_cells(system, measure, at, role, org))


async def _cells(system: str, measure: str, at: str | None, role: str, org: str | None) -> None:
    from gridwarden.maps.cells import heat
    from gridwarden.maps.context import checked_measure
    from gridwarden.maps.routes import as_geojson

    async with acting(role, org) as (pool, caller, settings):
        then = moment_of(at, settings.time_zone, "--at")
        found = await heat(pool, caller, system, settings, at=then)
    checked_measure(measure, found)
    typer.echo(json.dumps(as_geojson(found, measure, settings), ensure_ascii=False))


def add_to(app: typer.Typer) -> None:
    """Add `map` and `cells` to the command line."""
    app.add_typer(maps, name="map")
    app.command("cells")(cells)
