"""A workbook that came back: read, held beside the cases as they are now, tried, kept, applied."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg import sql
from psycopg.rows import dict_row

from gridwarden.database import Caller
from gridwarden.hazards.bulk.acting import MOST, Connection, Done, Q, act, why
from gridwarden.hazards.bulk.brought_back import (
    Line,
    Now,
    Since,
    compared,
    numbers_in,
    read_sheet,
    whole,
    worded,
)
from gridwarden.hazards.bulk.columns import Names
from gridwarden.hazards.bulk.workbook import written
from gridwarden.hazards.life_cycle import LIFE_CYCLE
from gridwarden.intake.bodies import Sent
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Rows = list[dict[str, Any]]
CHOOSING: Final = ("supervisor", "inspector")
"""Roles that say which organisation is responsible, or supervises."""


async def names_of(c: Connection, caller: Caller, zone: str) -> Names:
    """What the organisations are called among whom the caller may choose."""
    if caller.role not in CHOOSING:
        return Names({}, ZoneInfo(zone))
    return Names(dict(await (await c.execute(Q["orgs"])).fetchall()), ZoneInfo(zone))


async def workbook(
    c: Connection,
    caller: Caller,
    chosen: sql.Composed,
    values: Mapping[str, Any],
    zone: str,
    told: str,
) -> bytes:
    """The cases of a filter as a workbook to edit. Raises Problem `too_large` for too many."""
    statement = sql.SQL(Q["listed"]).format(chosen=chosen)
    rows = await (await c.execute(statement, {**values, "most": MOST})).fetchall()
    if len(rows) > MOST:
        raise Problem("too_large", "bulk.too_many", field="filter", n=MOST)
    names = await names_of(c, caller, zone)
    cases = [row[0] for row in rows]
    return await asyncio.to_thread(
        written, cases, caller.language, names, acts_of(caller.role), told
    )


def acts_of(role: str) -> list[str]:
    """The acts that an account of this role may ever do, by name, in the order of the table."""
    mine = (one for one in LIFE_CYCLE.acts if one.by_people and one.may(role, responsible=True))
    return list(dict.fromkeys(one.name for one in mine if one.name != "edit"))


async def bring(c: Connection, caller: Caller, sent: Sent, rows: Rows, settings: Settings) -> int:
    """Tell what a workbook would do, by trying it, and keep that; returns its number."""
    lang = caller.language
    lines = compared(rows, await _now(c, caller, rows, settings.time_zone), lang)
    todo = doing(lines)
    if todo:
        tried = await act(c, lang, todo, {"file": sent.name[:200]}, kind="sheet", dry=True)
        _refuse(lines, tried)
    values = {
        "file_name": sent.name[:200],
        "sha256": hashlib.sha256(sent.body).hexdigest(),
        "language": lang,
        "rows": json.dumps(doing(lines)),
        "report": json.dumps([asdict(line) for line in lines], default=str),
    }
    row = await (await c.execute(Q["keep_sheet"], values)).fetchone()
    assert row is not None
    return int(row[0])


async def read(sent: Sent, settings: Settings) -> Rows:
    """The rows of a workbook, read apart and beside the loop. Raises Problem."""
    return await asyncio.to_thread(read_sheet, sent, settings)


def doing(lines: Sequence[Line]) -> Rows:
    """What the changed rows ask for, as `acting.act` takes it."""
    return [
        {
            "id": one.case,
            "expected": [one.version],
            "act": one.act,
            "said": one.said,
            "line": one.number,
        }
        for one in lines
        if one.result == "changed"
    ]


def _refuse(lines: Sequence[Line], tried: Done) -> None:
    """What the database would refuse is refused, in its words."""
    left = {one.line: one for one in tried.left}
    for line in lines:
        if line.result == "changed" and line.number in left:
            line.refuse("", why=left[line.number].why)


async def _now(c: Connection, caller: Caller, rows: Rows, zone: str) -> Now:
    found = await (await c.execute(Q["cases"], {"ids": numbers_in(rows)})).fetchall()
    held = [
        {"id": number, "version": version}
        for number, version in ((whole(r.get("id")), whole(r.get("version"))) for r in rows)
        if number is not None and version is not None and version < 2**31
    ]
    since = await (await c.execute(Q["since"], {"held": json.dumps(held)})).fetchall()
    changed = {(r[0], r[1]): Since(r[2] or "–", r[3].isoformat()) for r in since}
    return Now({row[0]["id"]: row[0] for row in found}, changed, await names_of(c, caller, zone))


async def sheet(c: Connection, number: int, lang: str) -> dict[str, Any]:
    """A workbook that the caller brought: its report in words, and what became of it.

    Raises Problem `not_found`.
    """
    async with c.cursor(row_factory=dict_row) as cursor:
        found = await (await cursor.execute(Q["sheet"], {"id": number})).fetchone()
    if found is None:
        raise Problem("not_found", "bulk.no_such_sheet", field="sheet")
    for line in found["report"]:
        if line["result"] == "refused":
            told = worded(line["detail"], lang)
            line["why"] = told.get("why") or why(line["key"], told, lang)
    found["counts"] = dict(Counter(line["result"] for line in found["report"]))
    return found


async def apply(c: Connection, lang: str, number: int, *, only_possible: bool) -> Done:
    """Do what a workbook asks for, as one act. Raises Problem, also the second time."""
    found = await sheet(c, number, lang)
    if found["applied_at"] is not None:
        raise Problem("conflict", "bulk.sheet_applied", field="sheet")
    told = {"file": found["file_name"], "sheet": number}
    done = await act(c, lang, found["rows"], told, kind="sheet", only_possible=only_possible)
    if done.batch:
        await c.execute(Q["sheet_applied"], {"id": number, "batch": done.batch})
    return done
