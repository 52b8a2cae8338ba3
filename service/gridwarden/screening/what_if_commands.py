"""`gridwarden what-if FILE.geojson --layer charging_sheds`."""

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
from gridwarden.intake.places import read_place
from gridwarden.screening.what_if import ASKERS, judge, read_proposal
from gridwarden.words import known, say
from gridwarden.words.figures import metres
from gridwarden.words.problems import Problem


def add_to(app: typer.Typer) -> None:
    """Add the command `what-if`."""
    app.command("what-if")(what_if)


def what_if(
    file: Path,
    layer: Annotated[str, typer.Option()],
    replaces: int | None = None,
    crs: str | None = None,
    as_: Annotated[str, typer.Option("--as")] = "supervisor",
    org: str | None = None,
    lang: str | None = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """`gridwarden what-if`."""
    document: dict[str, Any] = {"layer": layer}
    if replaces is not None:
        document["replaces"] = replaces
    found, language = asyncio.run(_judge(file, document, crs, as_, org, lang))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        show(found, language, Console(markup=False))


async def _judge(
    file: Path,
    document: dict[str, Any],
    crs: str | None,
    role: str,
    org: str | None,
    lang: str | None,
) -> tuple[dict[str, Any], str]:
    if role not in ASKERS:
        raise Problem("forbidden", field="--as", role=role)
    async with acting(role, org) as (pool, caller, settings):
        language = lang if lang in ("zh", "en") else settings.language
        place = await asyncio.to_thread(read_place, file, "FILE", settings)
        document["feature"] = {"type": "Feature", "properties": place.properties}
        city = await known_for(place, crs, pool, caller, settings)
        proposal = read_proposal(document, settings, crs, place, city)
        timeout = settings.statement_timeout_ms
        return await judge(pool, replace(caller, language=language), proposal, timeout), language


def show(found: dict[str, Any], lang: str, console: Console) -> None:
    """The answer for a terminal: verdict, findings, whose other mains are near, what would end."""
    if found["verdict"]:
        console.print(say(f"permits.verdict.{found['verdict']}", lang), style="bold")
    console.print(found["coordinates"]["say"], style="dim", highlight=False, soft_wrap=True)
    if found["findings"]:
        console.print(_findings(found["findings"], lang))
    elif not found["unmeasured"]:
        console.print(say("what_if.answer.nothing", lang))
    if found["unmeasured"]:
        console.print(found["unmeasured"]["say"], highlight=False, soft_wrap=True)
    for other in found["others"]:
        operator = other["operator"] or "–"
        band = other["distance_band"]
        console.print(f"{operator} {band} m: {other['say']}", highlight=False)
    for ending in found["ends"]:
        family = _family(ending["family"], lang)
        console.print(say("what_if.answer.ends_one", lang, family=family, id=ending["id"]))
    for beginning in found["begins"]:
        family, other = _family(beginning["family"], lang), beginning["counterpart"] or {}
        name = other.get("name") or other.get("code") or other.get("id")
        console.print(
            say("what_if.answer.begins_one", lang, family=family, name=name),
            markup=False,
            highlight=False,
        )


def _findings(findings: list[dict[str, Any]], lang: str) -> Table:
    table = Table(title=say("what_if.page.findings", lang), title_justify="left")
    for key in (
        "family",
        "with",
        "severity",
        "certainty",
        "distance",
        "required",
        "nearer",
        "away",
    ):
        right = key in ("distance", "required", "nearer", "away")
        table.add_column(say(f"what_if.page.{key}", lang), justify="right" if right else "left")
    for one in findings:
        other, move = one["counterpart"] or {}, one["edge_may_move_m"]
        table.add_row(
            _family(one["family"], lang),
            str(other.get("name") or other.get("code") or other.get("id") or "–"),
            say(f"severity.{one['severity']}", lang),
            say(f"certainty.{one['certainty']}", lang),
            *(metres(value) for value in (one["distance_m"], one["required_m"])),
            *(metres(move[way]) for way in ("nearer", "away")),
        )
    return table


def _family(name: str, lang: str) -> str:
    return say(f"family.{name}", lang) if known(f"family.{name}") else name
