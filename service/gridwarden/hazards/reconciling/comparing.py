"""A list brought, matched and decided about; what is only theirs becomes a case (补录)."""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row

from gridwarden.access.named import district_called
from gridwarden.database import queries
from gridwarden.hazards.cases.categories import CATEGORIES, OF_FAMILY
from gridwarden.hazards.reconciling.reading import TheirList
from gridwarden.intake.bodies import Sent
from gridwarden.intake.spelling import plain
from gridwarden.words.language import LANGUAGES
from gridwarden.words.problems import Problem
from gridwarden.words.speech import catalogue, say

PACKAGE: Final = __package__ or "gridwarden.hazards.reconciling"
Q: Final = queries(PACKAGE, "reconciling.sql")
RECONCILING: Final = ("supervisor", "inspector", "planner")
"""Roles that hold a list beside the ledger."""
REGISTERING: Final = ("supervisor", "inspector")
"""Those of them that make a case of what only the list had."""
TIMEOUT_MS: Final = 120_000
PAGE: Final = 100
Connection = AsyncConnection[TupleRow]


@cache
def matching() -> Mapping[str, float]:
    """The weights, and from which score on a pair is one (`matching.toml`)."""
    return tomllib.loads((files(PACKAGE) / "matching.toml").read_text("utf-8"))


async def bring(
    c: Connection,
    sent: Sent,
    found: TheirList,
    *,
    sender: str,
    district: str | None,
    days: tuple[date | None, date | None],
) -> int:
    """Keep a list that was read and match it; its number.

    Without `days` those are meant on which the list's own rows were found. Raises Problem.
    """
    sender = " ".join(sender.split())
    if not 0 < len(sender) <= 120 or "\x00" in sender:
        raise Problem("missing_value", "reconciling.no_sender", field="sender")
    number = await district_called(c, district, "district") if district else None
    own = [row.found_on for row in found.rows if row.found_on is not None]
    first, last = days[0] or min(own, default=None), days[1] or max(own, default=None)
    told = {
        "sender": sender,
        "district_id": number,
        "file_name": sent.name[:200].replace("\x00", ""),
        "sha256": hashlib.sha256(sent.body).hexdigest(),
        "columns": {what: list(names) for what, names in found.columns.items()},
        "notes": list(found.notes),
        "from_on": first.isoformat() if first else None,
        "to_on": last.isoformat() if last else None,
    }
    rows = json.dumps([row.document() for row in found.rows])
    made = await (await c.execute(Q["bring"], {"list": json.dumps(told), "rows": rows})).fetchone()
    assert made is not None
    await match(c, int(made[0]))
    return int(made[0])


async def match(c: Connection, number: int) -> int:
    """Match a list anew, with the cases and what is known by now; how many pairs are proposed."""
    await one(c, number)
    english = await (await c.execute(Q["ascii"], {"list": number})).fetchone()
    words = family_words("en" if english and english[0] else "zh")
    said = await (await c.execute(Q["categories"], {"list": number})).fetchall()
    codes = {text: code for (text,) in said if (code := category_meant(text))}
    told = json.dumps({**matching(), "codes": codes})
    values = {"list": number, "words": json.dumps(words), "set": told}
    row = await (await c.execute(Q["match"], values)).fetchone()
    return int(row[0]) if row else 0


@cache
def family_words(lang: str) -> Mapping[str, str]:
    """By family and category what people call it."""
    found = {}
    for key in catalogue():
        for above in ("family.", "hazards.category."):
            if key.startswith(above):
                found[key.removeprefix(above)] = say(key, lang)
    return found


def category_meant(said: str) -> str | None:
    """The category that their words name, where they leave no doubt: by its own name, or by a part
    of what one of its families is called. None for the rest, and for `other`.
    """
    text = plain(said)
    for known in (_names("hazards.category."), _names("family.")):
        found = {code for name, code in known if text == name}
        found = found or {code for name, code in known if len(text) > 2 and text in name}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


@cache
def _names(above: str) -> tuple[tuple[str, str], ...]:
    """What categories, or their families, are called, each with the category's code."""
    codes = {**{name: name for name in CATEGORIES if name != "other"}, **OF_FAMILY}
    found = (
        (plain(say(key, lang)), codes[key.removeprefix(above)])
        for key in catalogue()
        if key.startswith(above) and key.removeprefix(above) in codes
        for lang in LANGUAGES
    )
    return tuple(found)


async def lists(c: Connection, number: int | None = None) -> list[dict[str, Any]]:
    """The caller's lists, newest first, with their counts; or one of them."""
    async with c.cursor(row_factory=dict_row) as cursor:
        return list(await (await cursor.execute(Q["lists"], {"id": number})).fetchall())


async def one(c: Connection, number: int) -> dict[str, Any]:
    """A list of the caller's. Raises Problem `not_found`."""
    async with c.cursor(row_factory=dict_row) as cursor:
        found = await (await cursor.execute(Q["list"], {"id": number})).fetchone()
    if found is None:
        raise Problem("not_found", "reconciling.no_such_list", field="list")
    return found


async def rows(
    c: Connection,
    number: int,
    zone: str,
    standing: Sequence[str] | None,
    after: int = 0,
    limit: int = PAGE,
    *,
    differing: bool = False,
) -> list[dict[str, Any]]:
    """The rows of a list of these standings, after a row's number, each with its case."""
    values = {"id": number, "zone": zone, "standing": list(standing) if standing else None}
    values |= {"after": after, "limit": limit, "differing": differing}
    async with c.cursor(row_factory=dict_row) as cursor:
        return list(await (await cursor.execute(Q["rows"], values)).fetchall())


async def only_ours(
    c: Connection, number: int, zone: str, limit: int = PAGE
) -> list[dict[str, Any]]:
    """Cases that the list should hold and does not; `total` tells how many there are in all."""
    async with c.cursor(row_factory=dict_row) as cursor:
        values = {"id": number, "zone": zone, "limit": limit}
        return list(await (await cursor.execute(Q["only_ours"], values)).fetchall())


async def decide(c: Connection, number: int, said: Sequence[Mapping[str, Any]]) -> int:
    """Say of rows and cases whether they are the same. Raises Problem."""
    await one(c, number)
    try:
        row = await (
            await c.execute(Q["decide"], {"list": number, "said": json.dumps(list(said))})
        ).fetchone()
    except psycopg.Error as error:
        raise refusal(error) from error
    return int(row[0]) if row else 0


def refusal(error: psycopg.Error) -> Problem:
    """What the database refused, in words. Raises the error if it is something else."""
    if error.sqlstate == "GW404":
        return Problem("not_found", "reconciling.no_such_row", field="row")
    if error.sqlstate == "GW409":
        return Problem("conflict", "reconciling.taken", field="case")
    raise error
