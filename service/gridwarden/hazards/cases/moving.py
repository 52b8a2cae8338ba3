"""One move of one case: asked of the database, which alone says whether it is legal.

Closing judges again: the case's subject is put into the screener's queue and waited for, and only
then the case is closed. While no worker judges, nothing is closed.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.layers.features.etags import tag_of
from gridwarden.words import known, say
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.hazards.cases", "moving.sql")
KINDS: Final = {
    "GW400": "invalid_value",
    "GW403": "forbidden",
    "GW404": "not_found",
    "GW409": "conflict",
    "GW412": "precondition_failed",
}
LOOK_S: Final = 0.1
"""How often is looked whether a subject was judged again."""


class Refusal(Problem):
    """A move that cannot be: its sentence names states, acts and roles in the reader's language."""

    def members(self) -> Mapping[str, object]:
        """`legal`: the acts that its caller may do to the case now, as the case tells them."""
        return {"legal": self.params["legal"]} if "legal" in self.params else {}

    def said(self, lang: str) -> str:
        """The sentence, with what is legal, by words and by the name that the API takes."""
        told = {name: _worded(name, value, lang) for name, value in self.params.items()}
        return say(self.detail, lang, **{"field": self.field or "", **told})


def _worded(name: str, value: object, lang: str) -> object:
    if name in ("state", "act", "did"):
        return _called(name, str(value), lang)
    if name in ("legal", "who") and isinstance(value, list):
        comma = say("hazards.comma", lang)
        kind = "act" if name == "legal" else "role"
        named = [_called(kind, str(one), lang) for one in value]
        if name == "legal":
            one = "hazards.called"
            named = [say(one, lang, word=w, name=n) for w, n in zip(named, value, strict=True)]
        return comma.join(named) or say("hazards.nothing", lang)
    if name in ("column", "kind", "family"):
        return _called(name, str(value), lang)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else value


def _called(kind: str, name: str, lang: str) -> str:
    key = {
        "state": f"hazards.state.{name}",
        "act": f"hazards.act.{name}",
        "did": f"hazards.act.{name}",
        "role": f"role.{name}" if name not in ("responsible", "screen") else f"hazards.who.{name}",
        "column": f"hazards.{'column' if known(f'hazards.column.{name}') else 'field'}.{name}",
        "kind": f"hazards.proof.{name}",
        "family": f"family.{name}",
    }[kind]
    return say(key, lang) if known(key) else name


def refusal_of(error: psycopg.Error) -> Problem:
    """A refusal of api.move_case and its neighbours, in words. Raises the error if it is none."""
    state, key = error.sqlstate or "", error.diag.message_primary or ""
    if state == "23514" or state.startswith("22"):  # what a column does not take
        column = error.diag.constraint_name or "set"
        return Refusal("invalid_value", "hazards.bad_value", field=column, column=column)
    if state not in KINDS or not known(key):
        raise error
    told: dict[str, Any] = json.loads(error.diag.message_detail or "{}")
    kind = KINDS[state]
    if key == "hazards.not_judged_yet":
        return Problem("busy", key, retry_after=2, seconds=2)
    headers = {"ETag": tag_of(told["version"])} if kind == "precondition_failed" else {}
    field = "If-Match" if headers else told.get("column", "act" if "act" in told else None)
    if key == "hazards.note_needed":
        field = "note"
    refusal = Refusal(kind, key, field=field, headers=headers)
    refusal.params |= told
    return refusal


async def move(
    c: AsyncConnection[TupleRow],
    number: int,
    act: str,
    *,
    expected: list[int] | None,
    said: Mapping[str, Any],
    batch: UUID | None = None,
) -> dict[str, Any]:
    """Move a case in the caller's open transaction: its id, version, state, number and due time.

    `expected`: the versions that the caller read, None for any. Raises Problem as the database
    refuses: not there (404), another version (412), not legal or not proven (409), not theirs
    (403).
    """
    values = {
        "id": number,
        "expected": expected,
        "act": act,
        "said": Jsonb(dict(said)),
        "batch": batch,
    }
    return await _told(c, "move", values)


async def report(c: AsyncConnection[TupleRow], told: Mapping[str, Any]) -> dict[str, Any]:
    """Enter what a person found. Raises Problem."""
    return await _told(c, "report", {"told": Jsonb(dict(told))})


async def _told(
    c: AsyncConnection[TupleRow], name: str, values: Mapping[str, object]
) -> dict[str, Any]:
    try:
        row = await (await c.execute(Q[name], values)).fetchone()
    except psycopg.Error as error:
        raise refusal_of(error) from error
    assert row is not None
    found: dict[str, Any] = row[0]
    return found


async def judged_again(pool: Pool, caller: Caller, number: int, wait_s: float) -> None:
    """Have the rule judge a case's subject again before it is closed; wait for it so long.

    Returns without a word when it was not judged in time: closing then says so itself (503).
    """
    ends = time.monotonic() + wait_s
    while True:
        async with as_caller(pool, caller) as c:
            try:
                row = await (await c.execute(Q["judge_again"], {"id": number})).fetchone()
            except psycopg.Error as error:
                raise refusal_of(error) from error
        if row is None or row[0] or time.monotonic() >= ends:
            return
        await asyncio.sleep(LOOK_S)
