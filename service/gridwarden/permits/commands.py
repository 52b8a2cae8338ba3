"""`gridwarden permit check AREA.geojson --method mechanical`."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gridwarden.access.command import acting
from gridwarden.intake.located import known_for
from gridwarden.intake.places import Place, read_place
from gridwarden.layers.age import age_line
from gridwarden.permits.check import ask
from gridwarden.permits.question import read_question
from gridwarden.permits.replay import replay
from gridwarden.words import say
from gridwarden.words.figures import metres
from gridwarden.words.problems import Problem

permit = typer.Typer(name="permit", no_args_is_help=True)
EDGES = {
    "prohibited": "bold white on red",
    "protection_plan": "bold black on yellow",
    "notify": "bold yellow",
    "unknown": "bold reverse",
    "clear": "bold",
}


def add_to(app: typer.Typer) -> None:
    """Bring this room's commands."""
    app.add_typer(permit)


@permit.callback()
def _group() -> None:
    """`gridwarden permit`."""


@permit.command()
def check(
    area: Path,
    method: Annotated[str, typer.Option()],
    depth: float | None = None,
    buffer: float = 0.0,
    starts: str | None = None,
    ends: str | None = None,
    crs: str | None = None,
    from_: Annotated[str | None, typer.Option("--from")] = None,
    as_: Annotated[str, typer.Option("--as")] = "supervisor",
    org: str | None = None,
    lang: str | None = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """`gridwarden permit check`."""
    document = {
        "method": method,
        "depth_m": depth,
        "buffer_m": buffer,
        "starts_on": starts,
        "ends_on": ends,
    }
    text, language = asyncio.run(_ask(area, from_, document, crs, as_, org, lang))
    if as_json:
        typer.echo(text)
    else:
        show(json.loads(text), language, Console(markup=False))


async def _ask(
    area: Path,
    layer: str | None,
    document: dict[str, Any],
    crs: str | None,
    role: str,
    org: str | None,
    lang: str | None,
) -> tuple[str, str]:
    if role not in ("utility", "supervisor"):
        raise Problem("forbidden", field="--as", role=role)
    async with acting(role, org) as (pool, caller, settings):
        language = lang if lang in ("zh", "en") else settings.language
        place: Place = await asyncio.to_thread(read_place, area, "AREA", settings, layer)
        city = await known_for(place, crs, pool, caller, settings)
        question = read_question(document, crs, settings, place, city)
        return await ask(pool, replace(caller, language=language), question), language


@permit.command("replay")
def replay_command(
    number: str,
    as_: Annotated[str, typer.Option("--as")] = "supervisor",
    org: str | None = None,
    lang: str | None = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """`gridwarden permit replay`."""
    found, language = asyncio.run(_replay(number, as_, org, lang))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        console = Console(markup=False)
        console.print(f"{found['number']} · {found['say']}", highlight=False, soft_wrap=True)
        for one in found["because"]:
            console.print(f"· {one['say']}", highlight=False, soft_wrap=True)
        show(found["replayed"] or found["stored"], language, console)
    raise typer.Exit(0 if found["same"] else 1)


async def _replay(
    number: str, role: str, org: str | None, lang: str | None
) -> tuple[dict[str, Any], str]:
    if role not in ("utility", "supervisor"):
        raise Problem("forbidden", field="--as", role=role)
    async with acting(role, org) as (pool, caller, settings):
        language = lang if lang in ("zh", "en") else settings.language
        return await replay(pool, replace(caller, language=language), number), language


def show(answer: dict[str, Any], lang: str, console: Console) -> None:
    """The answer for a terminal: words first, then mains, measures and contacts."""
    verdict = answer["verdict"]
    console.print(say(f"permits.verdict.{verdict}", lang), style=EDGES[verdict])
    console.print(answer["say"], highlight=False, soft_wrap=True)
    if answer["mains"]:
        console.print(_mains(answer["mains"], lang))
    for number, measure in enumerate(answer["measures"], 1):
        console.print(f"{number}. {measure}", highlight=False)
    for note in answer["notes"]:
        console.print(f"· {note}", highlight=False, style="dim")
    for record in answer.get("records", []):  # an older answer has none
        style = "bold" if record["late"] else "dim"
        console.print(f"· {age_line(record, lang)}", highlight=False, style=style, soft_wrap=True)
    coordinates = answer["coordinates"]
    console.print(f"· {coordinates['say']}", highlight=False, style="dim", soft_wrap=True)
    coverage = say(f"permits.coverage.{answer['coverage']}", lang)
    rules = answer["data"]["rules"] or "–"
    console.print(
        f"{say('permits.page.number', lang)} {answer['number']} · {coverage} · {rules}",
        highlight=False,
        style="dim",
    )


def _mains(mains: list[dict[str, Any]], lang: str) -> Table:
    table = Table(title=say("permits.page.mains", lang), title_justify="left")
    for key in ("operator", "code", "class", "certainty"):
        table.add_column(say(f"permits.page.{key}", lang), overflow="fold")
    for key in ("distance", "room", "back"):
        table.add_column(say(f"permits.page.{key}", lang), justify="right")
    for main in mains:
        own = "id" in main
        table.add_row(
            main["operator"] or "–",
            (main["code"] or "") if own else "",
            say(f"permits.class.{main['pressure_class']}", lang),
            say(f"certainty.{main['certainty']}", lang) if own else "",
            metres(main["distance_m"]) if own else main["distance_band"],
            *(metres(main[way]) if own else "" for way in ("room_m", "back_m")),
        )
    return table
