"""`gridwarden import FILE --layer L --dataset D`: the file's way into the city, watched."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table as Shown
from rich.text import Text

from gridwarden.access.command import acting
from gridwarden.database import Caller, Pool
from gridwarden.intake import machine as _machine  # noqa: F401  (the doctor's look)
from gridwarden.intake.ask import Ask, pair, promised_days
from gridwarden.intake.coordinates.commands import NorthFirst, answer_command
from gridwarden.intake.coordinates.local_commands import group as coordinates
from gridwarden.intake.dry_run.commands import first_changes, publish_command
from gridwarden.intake.habits.commands import habits_command
from gridwarden.intake.importers import usual_role
from gridwarden.intake.options import (
    AsJson,
    Constants,
    Crs,
    Dataset,
    DryRun,
    Encoding,
    File,
    FromLayer,
    LayerName,
    Mappings,
    Org,
    Rejects,
    Remove,
    Role,
    SentBack,
    UpdateDays,
    Where,
)
from gridwarden.intake.rollback.commands import rollback_command
from gridwarden.jobs.command import watched
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem

console = Console()
COUNTS = ("rows_in", "rows_left_out", "rows_good", "repaired", "quarantined", "kept", "matched")


def add_to(app: typer.Typer) -> None:
    """Add the commands `import`, `answer`, `publish`, `rollback` and `habits`."""
    app.command("import")(import_command)
    app.command("answer")(answer_command)
    app.add_typer(coordinates, name="coordinates")
    app.command("publish")(publish_command)
    app.command("rollback")(rollback_command)
    app.command("habits")(habits_command)


def import_command(
    file: File,
    layer: LayerName,
    dataset: Dataset,
    from_layer: FromLayer = None,
    where: Where = None,
    crs: Crs = None,
    north_first: NorthFirst = None,
    encoding: Encoding = None,
    mapping: Mappings = None,
    constants: Constants = None,
    org: Org = None,
    role: Role = None,
    dry_run: DryRun = False,
    remove: Remove = None,
    rejects: Rejects = None,
    sent_back: SentBack = None,
    update_days: UpdateDays = None,
    as_json: AsJson = False,
) -> None:
    """`gridwarden import`."""
    ask = Ask(
        layer=layer,
        dataset=dataset.strip(),
        crs=crs,
        encoding=encoding,
        from_layer=from_layer,
        where=pair(where, "--where") if where else None,
        mapping=dict(pair(one, "--map") for one in mapping or []),
        constants=dict(pair(one, "--set") for one in constants or []),
        dry_run=dry_run,
        remove=remove,
        north_first=north_first,
        update_days=promised_days(update_days, "--update-days"),
    )
    document, language, refusal = asyncio.run(
        _bring(file, ask, role or usual_role(layer, org), org, rejects, sent_back, as_json=as_json)
    )
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _print(document, language, refused=refusal is not None)
    if refusal:
        raise refusal


async def _bring(
    file: Path,
    ask: Ask,
    role: str,
    org: str | None,
    rejects: Path | None,
    sent_back: Path | None,
    *,
    as_json: bool,
) -> tuple[dict[str, Any], str, Problem | None]:
    # GDAL and its company take a second to load: not for every other command.
    from gridwarden.intake.formats.files import keep
    from gridwarden.intake.imports import ask_for, check, discard, incoming
    from gridwarden.intake.preview import seen
    from gridwarden.intake.seeing import found

    if not file.is_file() and not (file.is_dir() and file.suffix.lower() == ".gdb"):
        raise Problem("not_found", "intake.no_such_file", field="FILE", file=file)
    async with acting(role, org) as (pool, caller, settings):
        check(ask, caller, settings)
        folder = incoming(settings)
        try:
            await asyncio.to_thread(keep, file, folder)
            import_id, job = await ask_for(pool, caller, settings, ask, org, folder, file.name)
        finally:
            discard(folder)
        from gridwarden.intake import tasks  # noqa: F401  (registers the job)

        state = await watched(job, settings, say("intake.working", settings.language))
        document = await found(pool, caller, import_id)
        document["preview"] = await seen(pool, caller, import_id)
        if rejects is not None:
            reader = replace(caller, language=settings.language)
            await _write(pool, reader, import_id, rejects)
        if sent_back is not None and document["quarantined"]:
            reader = replace(caller, language=settings.language)
            told = await sent_home(pool, reader, settings, import_id, sent_back)
            if not as_json:
                console.print(told, highlight=False, markup=False, soft_wrap=True)
        changes = await first_changes(pool, caller, document, settings.language)
        if changes is not None and not as_json:
            console.print(changes)
        said = document["say"] or {}
        refusal = None
        if state != "finished":
            kind = "held" if state == "held" else "refused"
            refusal = Problem(kind, str(said.get(settings.language) or state), field="FILE")
        return document, settings.language, refusal


async def sent_home(
    pool: Pool, caller: Caller, settings: Settings, import_id: int, to: Path
) -> str:
    """Write the sender's file with its rejects marked; what is said of it."""
    from gridwarden.intake.sent_back.sending import send_home

    made = await send_home(pool, caller, settings, import_id, to)
    return say("sent_back.written", caller.language, file=made)


async def _write(pool: Pool, caller: Caller, import_id: int, to: Path) -> None:
    from gridwarden.intake.routes import reject_lines

    with to.open("w", encoding="utf-8", newline="") as file:
        async for line in reject_lines(pool, caller, import_id):
            file.write(line)


def _print(document: dict[str, Any], language: str, *, refused: bool) -> None:
    from gridwarden.intake.preview_shown import preview_tables
    from gridwarden.intake.routes import words_of

    table = Shown(show_header=False, box=None, pad_edge=False)
    for name in ("file_name", "layer", "dataset"):
        label = "file" if name == "file_name" else name
        table.add_row(say(f"intake.{label}", language), Text(str(document[name])))
    for name in COUNTS:
        if document[name] is not None:
            table.add_row(say(f"intake.{name}", language), Text(str(document[name])))
    for reason, n in sorted(document["reasons"].items(), key=lambda item: -item[1]):
        table.add_row(f"  {n}", say(f"intake.reason.{reason}", language))
    console.print(table, highlight=False)
    if document["preview"] and document["state"] in ("checked", "held"):
        for shown in preview_tables(document["preview"], document["layer"], language):
            console.print(shown, highlight=False)
    words = words_of(document, language)
    for line in (words["because"], *words["notes"], words["say"]):
        if line and not refused:
            console.print(line, highlight=False, markup=False)
    if document["state"] == "published":
        console.print(say("intake.screened_next", language), highlight=False, markup=False)
