"""The file of an import with its rejects marked: who may have it, and the process that makes it."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.intake.imports import discard, kept_file
from gridwarden.intake.preparing import UNPACKED_AT_MOST
from gridwarden.intake.seeing import found
from gridwarden.intake.sent_back.as_read import AsRead
from gridwarden.intake.sent_back.telling import reject_of
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.intake.sent_back", "sent_back.sql")
PAGE: Final = 5_000
AT_ONCE: Final = 4
PATIENT_S: Final = 600.0
BEGINS: Final = "incoming-back-"
"""Of a folder in which a file is marked: left by a crash, it goes with those that were arriving."""
KEPT_OF_ENVIRONMENT: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH")


async def marked(
    pool: Pool, caller: Caller, settings: Settings, import_id: int
) -> tuple[Path, str]:
    """The marked file, alone in a folder that the caller of this discards, and a name for it.

    As secret as the import. Raises Problem `not_found` for an import that the caller may not see
    or that rejected nothing, `gone` when its file is kept no more, `busy`, and `refused` for a
    file that cannot be marked.
    """
    document = await found(pool, caller, import_id)
    if not document["quarantined"]:
        raise Problem("not_found", "sent_back.none")
    file = kept_file(settings, import_id)
    if file is None:
        raise Problem("gone", "sent_back.gone", field="file")
    if len(list(settings.files.glob(f"{BEGINS}*"))) >= AT_ONCE:
        raise Problem("busy")
    folder = Path(tempfile.mkdtemp(prefix=BEGINS, dir=settings.files))
    try:
        await _ask(pool, caller, folder, document, file, settings)
        made = await _made(folder)
    except BaseException:
        discard(folder)
        raise
    name = Path(document["file_name"])
    return made, f"{name.stem}-{say('sent_back.name', caller.language)}{made.suffix}"


async def _ask(
    pool: Pool,
    caller: Caller,
    folder: Path,
    document: dict[str, Any],
    file: Path,
    settings: Settings,
) -> None:
    """Write down what is to be marked, page by page."""
    asked = {
        "file": str(file),
        "name": document["file_name"],
        "memory_mb": settings.reader_mb,
        "limit_bytes": settings.upload_mb * UNPACKED_AT_MOST << 20,
        "from_layer": document["ask"].get("from_layer"),
        "encoding": document["ask"].get("encoding"),
        "language": caller.language,
        "as_read": asdict(AsRead.of(document)),
    }
    (folder / "asked.json").write_text(json.dumps(asked), "utf-8")
    after = 0
    with (folder / "rejects.jsonl").open("w", encoding="utf-8") as out:
        while True:
            values = {"id": document["id"], "after": after, "limit": PAGE}
            async with as_caller(pool, caller) as c:
                rows = await (await c.execute(Q["rejects"], values)).fetchall()
            if not rows:
                return
            for row, reason, column, value, more in rows:
                told = reject_of(row, reason, column, value, more, caller.language)
                out.write(json.dumps([told.row, told.words, told.columns, told.place]) + "\n")
            after = rows[-1][0]


async def _made(folder: Path) -> Path:
    """Let a process of its own mark the file."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gridwarden.intake.sent_back.marking",
        str(folder),
        env={k: v for k, v in os.environ.items() if k in KEPT_OF_ENVIRONMENT},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
    )
    try:
        await asyncio.wait_for(process.wait(), PATIENT_S)
    except TimeoutError:
        raise Problem("refused", "sent_back.failed", field="file") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = folder / "made.json"
    if process.returncode or not said.is_file():
        raise Problem("refused", "sent_back.failed", field="file")
    made = folder / Path(str(json.loads(said.read_text("utf-8"))["file"])).name
    if made.is_symlink() or not made.is_file():
        raise Problem("refused", "sent_back.failed", field="file")
    for other in folder.iterdir():
        if other != made:
            shutil.rmtree(other) if other.is_dir() else other.unlink()
    return made


async def send_home(
    pool: Pool, caller: Caller, settings: Settings, import_id: int, to: Path
) -> Path:
    """Write the marked file to a path of this machine; one of another kind gets that kind's
    suffix. Returns where it lies. Raises as `marked`."""
    made, _ = await marked(pool, caller, settings, import_id)
    try:
        target = to if to.suffix.lower() == made.suffix else to.with_suffix(made.suffix)
        shutil.copyfile(made, target)
    finally:
        discard(made.parent)
    return target
