"""`gridwarden rules try`: what a pack would find on the city as it is, before it is proposed."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from gridwarden.access.command import acting
from gridwarden.database import open_pool
from gridwarden.rules.reading import LoadedPack
from gridwarden.rules.trying import Trial, Tried, try_out
from gridwarden.words import known, say
from gridwarden.words.figures import metres
from gridwarden.words.problems import Problem

ACTS = ("added", "changed", "ended")
console = Console()


def add_to(rules: typer.Typer, read: Callable[[Path], LoadedPack]) -> None:
    """Add the command to the group `rules`; `read` loads a pack from what a person names."""

    @rules.command("try")
    def try_command(
        pack: Annotated[Path | None, typer.Argument()] = None,
        layer: list[str] | None = None,
        withdraw: str | None = None,
        instead_of_base: Annotated[bool, typer.Option("--instead-of-base")] = False,
        examples: Annotated[int, typer.Option(min=0, max=100)] = 3,
        role: Annotated[str, typer.Option("--as")] = "supervisor",
        org: str | None = None,
        as_json: Annotated[bool, typer.Option("--json")] = False,
    ) -> None:
        """`gridwarden rules try`."""
        if (pack is None) == (withdraw is None):
            raise Problem("missing_value", "rules.sharing.one_of", field="PACK")
        loaded = read(pack) if pack is not None else None
        trial = Trial(loaded, withdraw, instead_of_base, tuple(layer or ()), examples)
        tried, language = asyncio.run(_try(trial, role, org))
        if as_json:
            typer.echo(json.dumps(tried.as_json(), ensure_ascii=False, default=str))
        else:
            _print(tried, language)


async def _try(trial: Trial, role: str, org: str | None) -> tuple[Tried, str]:
    async with acting(role, org) as (web, caller, settings):
        worker = await open_pool(settings, "worker")
        try:
            with Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            ) as bar:
                words = say("rules.try.working", settings.language, pack=trial.name)
                shown = bar.add_task(words, total=None)

                async def progress(done: int, total: int) -> None:
                    bar.update(shown, completed=done, total=total)

                tried = await try_out(web, worker, caller, trial, settings.time_zone, progress)
            return tried, settings.language
        finally:
            await worker.close()


def _print(tried: Tried, language: str) -> None:
    plain = Console(markup=False, highlight=False, soft_wrap=True)
    if not tried.statements:
        plain.print(say("rules.try.nothing", language, pack=tried.pack))
        return
    columns = ("family", "rule", *ACTS, "same")
    table = Table(*(Column(say(f"rules.try.{c}", language), overflow="fold") for c in columns))
    for family, rule in dict.fromkeys((d["family"], d["rule"]) for d in tried.differences):
        of_both = [d for d in tried.differences if (d["family"], d["rule"]) == (family, rule)]
        counts = {act: sum(d["n"] for d in of_both if d["act"] == act) for act in (*ACTS, "same")}
        if any(counts[act] for act in ACTS):
            table.add_row(_title(family, language), rule, *map(str, counts.values()))
    console.print(table)
    for difference in tried.differences:
        for one in difference["examples"]:
            plain.print(_example(difference, one, language))
    words: dict[str, Any] = {
        "n": len(tried.statements),
        "of": tried.of,
        "seconds": tried.seconds,
        "pack": tried.pack,
    }
    plain.print(say("rules.try.done", language, **words))
    if tried.against != "last screening":
        waiting = tried.changes_waiting
        plain.print(say("rules.try.judged_now", language, changes=waiting))


def _example(difference: dict[str, Any], one: dict[str, Any], language: str) -> Text:
    old, new = one["severity"], one["new_severity"]
    grades = [say(f"severity.{g}", language) for g in dict.fromkeys((old, new)) if g]
    sure = [
        say(f"certainty.{c}", language)
        for c in dict.fromkeys((one["certainty"], one["new_certainty"]))
        if c
    ]
    needed = dict.fromkeys((one["required_m"], one["new_required_m"]))
    words = {
        "act": say(f"rules.try.{difference['act']}", language),
        "rule": difference["rule"],
        "subject": one.get("subject") or f"{one['layer']} {one['subject_id']}",
        "grade": " → ".join(grades),
        "certainty": " → ".join(sure),
        "distance": metres(one["distance_m"]),
        "required": " → ".join(metres(m) for m in needed if m is not None) or "–",
    }
    return Text(say("rules.try.example", language, **words))


def _title(family: str, language: str) -> str:
    return say(f"family.{family}", language) if known(f"family.{family}") else family
