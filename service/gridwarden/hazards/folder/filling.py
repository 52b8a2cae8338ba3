"""What the folder of a case holds: what its page would tell the same reader, and no more."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi.encoders import jsonable_encoder

from gridwarden.access.audit.seeing import MAINS, saw
from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.hazards.bulk.columns import category_said, family_said
from gridwarden.hazards.cases.loading import Story, by_cell, story
from gridwarden.hazards.folder.zipping import safe_name
from gridwarden.hazards.proof.keeping import open_proof, proofs
from gridwarden.settings import Settings
from gridwarden.words import known, say
from gridwarden.words.figures import when
from gridwarden.words.language import LANGUAGES
from gridwarden.words.page import environment
from gridwarden.words.problems import Problem
from gridwarden.words.sheets import safe

Q: Final = queries(__package__ or "gridwarden.hazards.folder", "folder.sql")
EXACT: Final = ("utility", "supervisor")
"""Roles to whom a case of a main tells which."""
ACTS: Final = (
    *("version", "at", "day", "entered_day", "act", "from_state", "to_state", "grade", "org_id"),
    *("due_at", "person", "role", "note"),
)
EVIDENCE: Final = (
    *("kind", "finding_id", "rule", "clause", "edition", "severity", "certainty"),
    *("distance_band", "since", "until", "at", "person", "role"),
)


@dataclass(frozen=True, slots=True)
class File:
    """A photo or document of the case and its name in the folder. `whole`: as it came; else the
    preview, without what its camera wrote, as who does not see the place gets it."""

    name: str
    proof: Mapping[str, Any]
    whole: bool


@dataclass(frozen=True, slots=True)
class Folder:
    """One case, as its reader may see it, at a moment."""

    story: Story
    files: tuple[File, ...]
    person: str
    at: datetime


async def folder_of(pool: Pool, caller: Caller, settings: Settings, number: int) -> Folder:
    """Read a case for its folder; that it was taken is recorded. Raises Problem `not_found`."""
    async with as_caller(pool, caller) as c:
        found = await story(c, number, settings.crs)
        kept = await proofs(c, number)
        case = found.case
        if caller.role in EXACT and case["layer"] == MAINS and case["subject_id"] is not None:
            await saw(c, "hazards/folder", [case["subject_id"]])
        await c.execute(Q["taken"], {"object": f"hazards/{number}", "files": len(kept)})
    at = datetime.now(ZoneInfo(settings.time_zone))
    return Folder(found, tuple(_files(reversed(kept))), caller.person, at)


def _files(kept: Iterable[Mapping[str, Any]]) -> Iterable[File]:
    for i, one in enumerate(kept, start=1):
        if not one["whole"] and not one["preview"]:
            continue
        folder = "documents" if one["kind"] == "document" else "photos"
        name = one["name"] if one["whole"] else "preview.jpg"
        yield File(f"{folder}/{safe_name(i, one['kind'], name)}", one, bool(one["whole"]))


async def parts(
    folder: Folder, pool: Pool, caller: Caller, settings: Settings
) -> AsyncIterator[tuple[str, bytes]]:
    """The files of the folder, one after the other; a photo is read when its turn has come."""
    for lang in (caller.language, *(one for one in LANGUAGES if one != caller.language)):
        name = "index.html" if lang == caller.language else f"index.{lang}.html"
        yield name, index(folder, lang, settings.time_zone)
    document = jsonable_encoder(folder.story.document())
    yield "case.json", json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8")
    yield "history.csv", table(folder.story.acts, ACTS)
    yield "evidence.csv", table(folder.story.evidence, EVIDENCE)
    lost: list[str] = []
    number = int(folder.story.case["id"])
    for file in folder.files:
        try:
            proof = int(file.proof["id"])
            body, _, _ = await open_proof(pool, caller, settings, number, proof, whole=file.whole)
        except Problem as problem:  # the story is sent all the same, and says what it lacks
            lost.append(f"{file.name}: {problem.said(caller.language)}\n")
            continue
        yield file.name, body
    if lost:
        yield "MISSING.txt", "".join(lost).encode("utf-8")


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """Rows as a CSV that a spreadsheet reads and does not run."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in columns])
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    return safe(value.isoformat() if isinstance(value, datetime) else value)


def index(folder: Folder, lang: str, zone: str) -> bytes:
    """The story as one plain page that needs nothing but the files beside it."""
    shown = {
        "lang": lang,
        "html_lang": {"zh": "zh-CN", "en": "en"}[lang],
        "say": partial(_spoken, lang=lang),
        "known": known,
        "when": partial(when, lang=lang, zone=zone, year=True),
        "family": family_said(folder.story.case["family"], lang),
        "category": category_said(folder.story.case["category"], lang),
        "case": folder.story.case,
        "by_cell": by_cell(folder.story.case),
        "acts": folder.story.acts,
        "evidence": folder.story.evidence,
        "files": folder.files,
        "person": folder.person,
        "at": folder.at,
    }
    return (
        environment().get_template("hazards/folder.html").render(shown).encode("utf-8", "replace")
    )


def _spoken(key: str, *, lang: str, **params: object) -> str:
    return say(key, lang, **params)
