"""The job `import`: one file from its folder to a published version, or to a sentence why not."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, as_caller
from gridwarden.intake.ask import Ask
from gridwarden.intake.coordinates.knowing import Known, ask_removal, before_of, extent_of, keep
from gridwarden.intake.coordinates.named import fitted_for
from gridwarden.intake.formats.batch import Source
from gridwarden.intake.habits.knowing import Habits, habits_of, learn
from gridwarden.intake.imports import Q as IMPORTS
from gridwarden.intake.imports import kept_file, sweep
from gridwarden.intake.nearly import nearly_called
from gridwarden.intake.outcome import Outcome, Target, said
from gridwarden.intake.preparing import Prepared, prepared
from gridwarden.intake.preview import Preview, forget_old, keep_preview
from gridwarden.intake.publishing import Publication, Q
from gridwarden.intake.rollback.running import rolled_back
from gridwarden.intake.rows import Checker
from gridwarden.intake.sent_back.ours import only_rejects
from gridwarden.jobs import GIVEN_UP, Cancelled, Job, away, chore, task
from gridwarden.layers.catalogue import layers
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.answers import is_full, problem_of
from gridwarden.words.problems import Problem

NO_TIMEOUT = 0


chore(sweep)
chore(forget_old)


async def give_up(job: Job, settings: Settings) -> None:
    """The import that killed whoever read it says so."""
    await _stopped(job, Caller("import", job.caller.person), "failed", said(GIVEN_UP))


@task("import", gives_up=give_up)
async def bring(job: Job, settings: Settings) -> None:
    """Run the import that the job is about, and throw the file away when that has ended it.

    Raises Problem with the sentence for the person.
    """
    try:
        await _brought(job, settings)
    finally:
        with suppress(psycopg.Error, OSError):  # the worker sweeps again
            await sweep(job.pool, settings)


async def _brought(job: Job, settings: Settings) -> None:
    if job.subject_id is None:
        raise Problem("not_found", "intake.no_such_import")
    worker = Caller("import", job.caller.person)
    async with as_caller(job.pool, worker) as c:
        row = await (await c.execute(Q["begun"], {"id": job.subject_id})).fetchone()
        if row is None:  # cancelled, finished by another process, or held as that one died
            seen = await (await c.execute(Q["held"], {"id": job.subject_id})).fetchone()
            job.held, job.say = (seen[0], seen[1] or {}) if seen else (False, {})
    if row is None:
        return
    try:
        outcome = await _whole(job, worker, row, settings)
    except Cancelled:
        await _stopped(job, worker, "cancelled", None)
        raise
    except Problem as problem:
        await _stopped(job, worker, "failed", said(problem))
        raise
    except Exception as error:
        if away(error):
            raise
        own = _own(error)
        await _stopped(job, worker, "failed", said(own))
        if own.kind != "internal":
            raise own from error
        raise
    if outcome is not None:
        job.held = outcome.state == "held"
        job.say = outcome.say or _summary(outcome)
        if outcome.state == "failed":
            raise Problem("refused", str(job.say.get("en")), field="file")


async def _whole(
    job: Job, worker: Caller, row: tuple[Any, ...], settings: Settings
) -> Outcome | None:
    layer_id, dataset, document, org_id, file_name, _role, person = row
    ask, layer = Ask.of(document), layers()[layer_id]
    if ask.rollback_to is not None:
        return await rolled_back(job, worker, layer, ask, person)
    import_id = job.subject_id or 0
    known, habits = await _known(job, worker, ask, settings)
    room = await asyncio.to_thread(_room, settings, import_id)
    try:
        file = _kept_file(settings, import_id)
        ready = await asyncio.to_thread(
            prepared, layer, ask, file, file_name, room, settings, known, habits
        )
        target = Target(
            import_id,
            layer,
            dataset,
            org_id,
            person,
            file_name,
            ready.reading.name if ready.reading else "",
            ready.fields.source_id,
            ask.dry_run,
            ask.remove,
            partial=only_rejects(ready.source.fields),
            expects=ask.expects,
            update_days=ask.update_days,
        )
        return await _transaction(job, worker, target, ready)
    finally:
        await asyncio.to_thread(shutil.rmtree, room, ignore_errors=True)


async def _known(job: Job, worker: Caller, ask: Ask, settings: Settings) -> tuple[Known, Habits]:
    import_id = job.subject_id or 0
    async with as_caller(job.pool, worker) as c:
        extent = await extent_of(c, settings.crs, worker=True)
        before = await before_of(c, import_id)
        fitted = await fitted_for(c, ask.crs, import_id, extent.working)
        return Known(extent, before, fitted), await habits_of(c, import_id)


async def _transaction(job: Job, worker: Caller, target: Target, ready: Prepared) -> Outcome | None:
    source, preview = ready.source, Preview(ready.source, ready.fields, ready.as_last_time)
    async with as_caller(job.pool, worker, timeout_ms=NO_TIMEOUT) as c:
        await c.execute(Q["take"], {"id": target.import_id})
        cursor = await c.execute(Q["still_open"], {"id": target.import_id})
        open_still = await cursor.fetchone()
        if not open_still or not open_still[0]:
            return None
        if ready.decision is not None:
            question = await keep(c, target.import_id, ready.decision, source)
            if question is not None:
                preview.of_first(Checker(target.layer, ready.fields, ready.ask, None), ready.first)
                await keep_preview(c, target.import_id, preview)
                return Outcome("held", say=question)
        checker = Checker(target.layer, ready.fields, ready.ask, ready.reading)
        publication = Publication(c, target)
        publication.outcome.notes += [*source.notes, *await _nearly(c, target)]
        rows = preview.watched(checker.all(source), checker.columns)
        outcome = await publication.run(rows, _progress(job, source))
        outcome.notes += preview.notes()
        await keep_preview(c, target.import_id, preview)
        await c.execute(Q["ended"], {"id": target.import_id, **outcome.values()})
        if outcome.state == "held":
            await ask_removal(c, target.import_id)
        elif outcome.state == "published":
            await learn(c, target.import_id, source, ready.ask)
        return outcome


async def _nearly(c: AsyncConnection[TupleRow], target: Target) -> list[str]:
    """A note where the dataset is new and another, of those that its sender may know, is called
    nearly so."""
    values = {"layer": target.layer.id, "secret": target.layer.secret, "org": target.org_id}
    there = [row[0] for row in await (await c.execute(IMPORTS["called"], values)).fetchall()]
    near = [] if target.dataset in there else nearly_called(target.dataset, there)
    return [f"nearly_called:{', '.join(near)}"] if near else []


def _progress(job: Job, source: Source) -> Callable[[int], Awaitable[None]]:
    async def tell(done: int) -> None:
        total = max(source.rows, done) if source.rows else None
        await job.progress(done, total, "rows")

    return tell


def _room(settings: Settings, import_id: int) -> Path:
    return Path(tempfile.mkdtemp(prefix="reading-", dir=settings.files / str(import_id)))


def _kept_file(settings: Settings, import_id: int) -> Path:
    """The file as it was brought. Raises Problem `gone` when the folder was cleared."""
    file = kept_file(settings, import_id)
    if file is None:
        raise Problem("gone", "intake.file_gone", field="file")
    return file


async def _stopped(job: Job, worker: Caller, state: str, words: dict[str, Any] | None) -> None:
    values = {"id": job.subject_id, "state": state, "say": Jsonb(words) if words else None}
    async with as_caller(job.pool, worker) as c:
        await c.execute(Q["stopped"], values)


def _own(error: Exception) -> Problem:
    """What an unforeseen error is called: a full disk is the office's to mend, what our own
    functions in the database refuse says so itself, the rest is ours.
    """
    if is_full(error):
        return Problem("disk_full")
    if isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith("GW4"):
        return problem_of(error)
    return Problem("internal")


def _summary(outcome: Outcome) -> dict[str, Any]:
    counts = {
        "n": outcome.rows_good,
        "bad": outcome.quarantined,
        "added": outcome.added,
        "changed": outcome.changed,
        "removed": outcome.removed,
        "version": outcome.version,
    }
    key = f"intake.said_{outcome.state}"
    return {**{language: say(key, language, **counts) for language in ("en", "zh")}, **counts}
