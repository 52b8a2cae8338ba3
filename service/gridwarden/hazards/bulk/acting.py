"""One act on many cases, in one statement: all of them or, where that is asked for, those that can.

What cannot is named with the sentence that would answer it alone. `undo` puts a whole act back by a
further one; nothing is taken out of the history.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row

from gridwarden.database import queries
from gridwarden.hazards.cases.moving import Refusal
from gridwarden.words import known
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.hazards.bulk", "bulk.sql")
HANDLING: Final = ("supervisor", "inspector", "warden", "utility", "contractor")
"""Roles that may do something to cases, each what the life cycle allows it."""
MOST: Final = 5_000
"""Cases of one act, and of one workbook."""
TIMEOUT_MS: Final = 120_000
Connection = AsyncConnection[TupleRow]


@dataclass(frozen=True, slots=True)
class Left:
    """A case that could not, and why, in words."""

    case: int
    hazard_no: str | None
    place: str | None
    why: str
    key: str
    line: int | None = None
    by: str | None = None
    """Who has gone on with it since, where that is why."""

    def document(self) -> dict[str, Any]:
        """As the API tells it."""
        told = {"id": self.case, "hazard_no": self.hazard_no, "why": self.why, "key": self.key}
        return (
            told | ({"by": self.by} if self.by else {}) | ({"line": self.line} if self.line else {})
        )


@dataclass(frozen=True, slots=True)
class Done:
    """What an act on many cases came to. Without `batch` nothing was written."""

    batch: str | None
    done: tuple[Mapping[str, Any], ...]
    left: tuple[Left, ...]

    def document(self) -> dict[str, Any]:
        """As the API tells it."""
        return {
            "batch": self.batch,
            "applied": self.batch is not None,
            "done": [{k: one[k] for k in ("id", "version", "state")} for one in self.done],
            "left": [one.document() for one in self.left],
        }


async def act(
    c: Connection,
    lang: str,
    rows: Sequence[Mapping[str, Any]],
    told: Mapping[str, Any],
    *,
    kind: str = "act",
    only_possible: bool = False,
    dry: bool = False,
) -> Done:
    """Do `rows` (id, expected, act, said) as one act, in the caller's open transaction.

    `told` is what is kept of it: the act and its note. Raises Problem for none and for too many.
    """
    if not rows:
        raise Problem("missing_value", "bulk.nothing_chosen", field="cases")
    if len(rows) > MOST:
        raise Problem("too_large", "bulk.too_many", field="cases", n=MOST)
    values = {"kind": kind, "rows": json.dumps(list(rows)), "told": json.dumps(dict(told))}
    values |= {"only_possible": only_possible, "dry": dry}  # type: ignore[dict-item]
    return await _done(c, "act", values, lang)


async def act_of(c: Connection, said: str) -> dict[str, Any]:
    """One of the caller's acts on many cases. Raises Problem `not_found`, for what is no number of
    one, too."""
    found = None
    with suppress(ValueError):
        async with c.cursor(row_factory=dict_row) as cursor:
            found = await (await cursor.execute(Q["acts"], {"id": UUID(said)})).fetchone()
    if found is None:
        raise Problem("not_found", "bulk.no_such_act", field="batch")
    return found


async def undo(
    c: Connection, lang: str, batch: str, *, only_possible: bool = False, dry: bool = False
) -> Done:
    """Put an act on many cases back, by a further one. Raises Problem; psycopg.Error (GW409)."""
    one = await act_of(c, batch)
    values = {"batch": one["id"], "only_possible": only_possible, "dry": dry}
    return await _done(c, "undo", values, lang)


async def _done(c: Connection, name: str, values: Mapping[str, Any], lang: str) -> Done:
    row = await (await c.execute(Q[name], values)).fetchone()
    assert row is not None
    found: dict[str, Any] = row[0]
    left = await _left(c, found["refused"] or [], lang)
    return Done(found["batch"], tuple(found["done"] or ()), left)


async def _left(c: Connection, refused: Iterable[Mapping[str, Any]], lang: str) -> tuple[Left, ...]:
    there = list(refused)
    if not there:
        return ()
    async with c.cursor(row_factory=dict_row) as cursor:
        rows = await (
            await cursor.execute(Q["called"], {"ids": [one["id"] for one in there]})
        ).fetchall()
    called = {row["id"]: row for row in rows}
    return tuple(_one(one, called.get(one["id"], {}), lang) for one in there)


def _one(refused: Mapping[str, Any], called: Mapping[str, Any], lang: str) -> Left:
    since = refused.get("since") or {}
    return Left(
        int(refused["id"]),
        called.get("hazard_no"),
        called.get("place_words"),
        why(str(refused["key"]), refused.get("detail") or {}, lang),
        str(refused["key"]),
        refused.get("line"),
        since.get("person"),
    )


def why(key: str, detail: Mapping[str, Any], lang: str) -> str:
    """The sentence of a refusal, with the words of the codes in it."""
    return Refusal("conflict", key, **detail).said(lang) if known(key) else key


def rows_of(
    cases: Iterable[tuple[int, int | None]], name: str, said: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The same act on cases, each once, as its version was seen (None: whatever it is)."""
    seen: dict[int, int | None] = {}
    for number, version in cases:
        seen.setdefault(number, version)
    return [
        {
            "id": number,
            "expected": None if version is None else [version],
            "act": name,
            "said": dict(said),
        }
        for number, version in seen.items()
    ]
