"""`gridwarden screen`: judge the city now, and show what was found."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from gridwarden.access.command import acting
from gridwarden.database import Caller, as_caller, open_pool, queries
from gridwarden.jobs import queue_screen
from gridwarden.jobs.command import watched
from gridwarden.layers.export.commands import OTHERS
from gridwarden.screening import tasks as _tasks  # noqa: F401  (registers the job)
from gridwarden.screening.rulebook import Q as Q_STEPS
from gridwarden.screening.screener import all_steps, value_of
from gridwarden.screening.tasks import WHOLE
from gridwarden.settings import Settings
from gridwarden.words import known, say
from gridwarden.words.problems import Problem

if TYPE_CHECKING:
    from gridwarden.layers.export.sending import Prepare

Q = queries(__package__ or "gridwarden.screening", "findings.sql")
SEVERITIES = ("major", "serious", "general")
CERTAINTIES = ("certain", "possible")
console = Console()


def add_to(app: typer.Typer) -> None:
    """Add the command `screen`, and findings to what `export` writes."""
    OTHERS["findings"] = _all_findings
    app.command("screen")(screen_command)


def screen_command(
    full: Annotated[bool, typer.Option("--full")] = False,
    role: Annotated[str, typer.Option("--as")] = "supervisor",
) -> None:
    """`gridwarden screen`."""
    if not full and (done := asyncio.run(_catch_up(role))) is not None:
        console.print(done)
        return
    said, language = asyncio.run(_screen(role))
    console.print(findings_table(said, language))
    if said["split"]:
        console.print(split_table(said, language))
    words = {"n": len(said["steps"]), "of": said["of"]}
    console.print(say("screenings.judged", language, **words))
    console.print(
        say(
            "screening.done",
            language,
            **{k: said[k] for k in ("added", "changed", "removed", "changes", "seconds")},
        )
    )


def _all_findings(caller: Caller, settings: Settings, at: datetime | None) -> "Prepare":
    from gridwarden.screening.exporting_routes import all_findings  # not for every command

    return all_findings(caller, settings, at)


async def _catch_up(role: str) -> str | None:
    """Step until nothing waits; what was done in a sentence. None where the whole city has to be
    judged: rules turned, or a change could not be judged alone.

    Who looks at no main is told no count: a number that goes up by one is a distance.
    """
    async with acting(role) as (pool, caller, settings):
        async with as_caller(pool, caller) as connection:
            if not await value_of(connection, Q_STEPS["may_screen"]):
                raise Problem("forbidden", field="--as", role=role)
        worker = await open_pool(settings, "worker")
        try:
            done = await all_steps(worker, caller.person)
            async with as_caller(worker, Caller("screen", caller.person)) as connection:
                if await value_of(connection, Q_STEPS["needs_whole"]):
                    return None
        finally:
            await worker.close()
    key = "screening.done" if role in WHOLE else "screening.stepped"
    return say(key, settings.language, **done)


async def _screen(role: str) -> tuple[dict[str, Any], str]:
    async with acting(role) as (pool, caller, settings):
        async with as_caller(pool, caller) as connection:
            job = await queue_screen(connection)
        state = await watched(job, settings, say("screening.working", settings.language))
        async with as_caller(pool, caller) as connection:
            row = await (await connection.execute(Q["job"], {"id": job})).fetchone()
        said = row[0] if row else {}
        if state != "finished":
            raise Problem("refused", said.get(settings.language, state))
        return said["screened"], settings.language


def findings_table(screened: dict[str, Any], language: str) -> Table:
    """Families by severity and certainty, with the seconds that judging each took."""
    counts = {(c["family"], c["severity"], c["certainty"]): c["n"] for c in screened["findings"]}
    seconds: dict[str, float] = {}
    for step in screened["steps"]:
        seconds[step["family"]] = seconds.get(step["family"], 0.0) + step["seconds"]
    columns = [(s, c) for s in SEVERITIES for c in CERTAINTIES]
    table = Table(Column(say("screening.column.family", language), overflow="fold"))
    for severity, certainty in columns:
        title = (
            f"{say(f'severity.{severity}', language)}\n{say(f'certainty.{certainty}', language)}"
        )
        table.add_column(title, justify="right")
    table.add_column(say("screening.column.total", language), justify="right")
    table.add_column(say("screening.column.seconds", language), justify="right")
    for family in sorted({*seconds, *(c["family"] for c in screened["findings"])}):
        cells = [counts.get((family, *column), 0) for column in columns]
        took = f"{seconds[family]:.2f}" if family in seconds else "-"
        table.add_row(_title(family, language), *map(str, cells), str(sum(cells)), took)
    return table


def split_table(screened: dict[str, Any], language: str) -> Table:
    """What changed in each family, apart by reason."""
    table = Table(
        say("screening.column.family", language), say("screenings.column.reason", language)
    )
    acts = ("added", "changed", "ended")
    for act in acts:
        table.add_column(say(f"screenings.column.{act}", language), justify="right")
    for one in screened["split"]:
        reason = say(f"screenings.reason.{one['reason']}", language)
        table.add_row(_title(one["family"], language), reason, *(str(one[a]) for a in acts))
    return table


def _title(family: str, language: str) -> str:
    return say(f"family.{family}", language) if known(f"family.{family}") else family
