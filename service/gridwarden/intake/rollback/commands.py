"""`gridwarden rollback LAYER DATASET --to N`: what that undoes first, then the way back."""

import asyncio
import sys
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridwarden.access.command import acting
from gridwarden.database import Caller, Pool
from gridwarden.intake.importers import usual_role
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem

console = Console()
NEWEST = 20


def rollback_command(
    layer: str,
    dataset: str,
    to: Annotated[int | None, typer.Option("--to", min=1, max=2**31 - 1)] = None,
    yes: Annotated[bool, typer.Option("--yes")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    remove: Annotated[int | None, typer.Option("--remove", min=0)] = None,
    org: Annotated[str | None, typer.Option("--org")] = None,
    role: Annotated[str | None, typer.Option("--as")] = None,
) -> None:
    """`gridwarden rollback`."""
    asyncio.run(_whole(layer, dataset, to, yes, dry_run, remove, org, role))


async def _whole(
    layer: str,
    dataset: str,
    to: int | None,
    yes: bool,
    dry_run: bool,
    remove: int | None,
    org: str | None,
    role: str | None,
) -> None:
    from gridwarden.intake.rollback.asking import datasets, undone, versions

    async with acting(role or usual_role(layer, org), org) as (pool, caller, settings):
        there = await datasets(pool, caller, layer=layer, name=dataset, limit=1)
        if not there:
            raise Problem("not_found", "nothing_lost.no_such_dataset", field="DATASET")
        language = settings.language
        if to is None:
            rows = await versions(pool, caller, there[0]["id"], None, NEWEST)
            console.print(_listed(rows[:NEWEST], language))
            return
        undoes = await undone(pool, caller, there[0]["id"], to)
        _tell(undoes, language)
        if not dry_run and not yes:
            asked = say("nothing_lost.sure", language, version=to, dataset=dataset)
            if not sys.stdin.isatty() or not typer.confirm(asked):
                raise Problem("refused", "nothing_lost.say_yes", field="--yes")
        await _go(pool, caller, settings, there[0]["id"], to, dry_run, remove)


async def _go(
    pool: Pool,
    caller: Caller,
    settings: Settings,
    dataset_id: int,
    to: int,
    dry_run: bool,
    remove: int | None,
) -> None:
    from gridwarden.intake import tasks  # noqa: F401  (registers the job)
    from gridwarden.intake.dry_run.commands import first_changes
    from gridwarden.intake.rollback.asking import roll_back
    from gridwarden.intake.routes import words_of
    from gridwarden.intake.seeing import found
    from gridwarden.jobs.command import watched

    language = settings.language
    import_id, job = await roll_back(pool, caller, dataset_id, to, dry_run=dry_run, remove=remove)
    state = await watched(job, settings, say("nothing_lost.going_back", language))
    document = await found(pool, caller, import_id)
    changes = await first_changes(pool, caller, document, language)
    if changes is not None:
        console.print(changes)
    if state != "finished":
        kept = (document["say"] or {}).get(language)
        raise Problem("held" if state == "held" else "refused", str(kept or state), field="--to")
    console.print(words_of(document, language)["say"], highlight=False, markup=False)


def _tell(undoes: dict[str, Any], language: str) -> None:
    """What would be undone: later versions, and edits by other paths."""
    if undoes["versions"]:
        console.print(say("nothing_lost.undoes", language), highlight=False)
        console.print(_listed(undoes["versions"], language))
    n = undoes["edits"]["features"]
    if n:
        last = undoes["edits"]["last_at"]
        console.print(say("nothing_lost.edited", language, n=n, last=last), highlight=False)
    if not undoes["versions"] and not n:
        console.print(say("nothing_lost.undoes_nothing", language), highlight=False)


def _listed(rows: list[dict[str, Any]], language: str) -> Table:
    table, zone = Table(box=None, pad_edge=False), ZoneInfo(Settings().time_zone)
    names = ("version", "published_at", "person", "file", "added", "changed", "removed")
    for name in names:
        table.add_column(say(f"nothing_lost.version.{name}", language))
    for row in rows:
        back = row["rolled_back_to"]
        file = say("nothing_lost.back_to", language, version=back) if back else row["file_name"]
        at = datetime.fromisoformat(row["published_at"]).astimezone(zone)
        cells = (row["version"], f"{at:%Y-%m-%d %H:%M}", row["person"], file)
        counts = (row["added"], row["changed"], row["removed"])
        table.add_row(*(Text("" if v is None else str(v)) for v in (*cells, *counts)))
    return table
