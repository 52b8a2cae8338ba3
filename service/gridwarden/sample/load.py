"""Bringing a sample city in: every file by the importer's own door, then one full screen.

Nothing is special about these files: each is asked for, queued, checked, published and audited as
if a person had brought it, by the same jobs in the same order that `city.json` gives.
"""

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gridwarden.access.command import acting
from gridwarden.database import Caller, Pool, as_caller, open_pool, queries
from gridwarden.intake import tasks as _import_task  # noqa: F401  (registers the job)
from gridwarden.intake.ask import Ask
from gridwarden.intake.importers import usual_role
from gridwarden.intake.imports import ask_for, discard, incoming
from gridwarden.jobs import queue_screen, run_here
from gridwarden.screening import tasks as _screen_task  # noqa: F401  (registers the job)
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.sample", "load.sql")
SCREENER = "supervisor"
Told = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Brought:
    """What came of one file: the importer's own counts."""

    dataset: str
    layer: str
    state: str
    rows_in: int
    rows_good: int
    repaired: int
    quarantined: int


@dataclass(frozen=True)
class Loaded:
    """Every file in the order of import, and what the screen found (as its job says it)."""

    files: tuple[Brought, ...]
    screened: dict[str, Any]


async def load(settings: Settings, folder: Path, told: Told) -> Loaded:
    """Import what `city.json` in the folder lists, each as the layer's usual importer, and screen.

    `told(what, done, total)` hears how far the work is. Files that are unchanged since the last
    load change nothing. Raises Problem when a file is refused or any row of it is, because a
    sample city has no bad rows; what was published before stays.
    """
    listed = json.loads((folder / "city.json").read_text("utf-8"))["datasets"]
    async with acting(SCREENER, settings=settings) as (pool, caller, _):
        worker = await open_pool(settings, "worker")
        try:
            files = []
            for at, one in enumerate(listed):
                told(one["dataset"], at, len(listed))
                files.append(await _bring(pool, worker, caller, settings, folder, one))
            told("screen", len(listed), len(listed))
            screened = await _screen(pool, worker, caller, settings)
        finally:
            await worker.close()
    return Loaded(tuple(files), screened)


async def _bring(
    pool: Pool,
    worker: Pool,
    caller: Caller,
    settings: Settings,
    folder: Path,
    one: dict[str, Any],
) -> Brought:
    file = folder / one["file"]
    caller = replace(caller, role=usual_role(one["layer"]))
    room = incoming(settings)
    try:
        await asyncio.to_thread(_copy, file, room)
        ask = Ask(layer=one["layer"], dataset=one["dataset"])
        number, job = await ask_for(pool, caller, settings, ask, one.get("org"), room, file.name)
    finally:
        await asyncio.to_thread(discard, room)
    await run_here(job, worker, settings)
    async with as_caller(pool, caller) as connection:
        row = await (await connection.execute(Q["brought"], {"id": number})).fetchone()
    brought = Brought(one["dataset"], one["layer"], *row) if row else None
    if brought is None or brought.state not in ("published", "unchanged") or brought.quarantined:
        raise Problem(
            "refused",
            "sample.not_taken",
            file=file.name,
            state=brought.state if brought else "?",
            bad=brought.quarantined if brought else 0,
        )
    return brought


def _copy(file: Path, room: Path) -> None:
    room.mkdir(mode=0o700)
    shutil.copyfile(file, room / f"source{file.suffix}")


async def _screen(pool: Pool, worker: Pool, caller: Caller, settings: Settings) -> dict[str, Any]:
    """The first screening of the city, or another one: of all of it."""
    async with as_caller(pool, caller) as connection:
        waiting = await queue_screen(connection)
    await run_here(waiting, worker, settings)
    async with as_caller(worker, Caller("import", caller.person)) as connection:
        row = await (await connection.execute(Q["screened"], {"id": waiting})).fetchone()
    state, said = row if row else ("?", {})
    if state != "finished":
        raise Problem("refused", said.get(settings.language) or "sample.not_screened", state=state)
    return dict(said["screened"])
