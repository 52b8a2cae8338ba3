"""A list brought, matched and decided about; what is only theirs becomes a case (补录)."""

import hashlib
import json
import re
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
    """The category that their words name, where they leave no doubt: by its name or that of one of
    its families, or because all words of `category_words.toml` in them are of one category. None
    for the rest, and for `other`: a person says it.
    """
    text = plain(said)
    named = {code for name, code in _names() if text == name}
    if not named:
        there = [(word, code) for word, (code, pattern) in _words().items() if pattern.search(text)]
        # 电气 says nothing of 电气焊
        named = {
            code
            for word, code in there
            if not any(word != longer and word in longer for longer, _ in there)
        }
    return named.pop() if len(named) == 1 else None


@cache
def _names() -> tuple[tuple[str, str], ...]:
    """What categories and their families are called, each with the category's code."""
    codes = {**{name: name for name in CATEGORIES if name != "other"}, **OF_FAMILY}
    return tuple(
        (plain(words), codes[name])
        for lang in LANGUAGES
        for name, words in family_words(lang).items()
        if name in codes
    )


@cache
def _words() -> Mapping[str, tuple[str, re.Pattern[str]]]:
    """By word the category that it means, and how it is found: Latin ones whole, one or many."""
    told = tomllib.loads((files(PACKAGE) / "category_words.toml").read_text("utf-8"))
    return {
        plain(word): (code, re.compile(rf"\b{plain(word)}s?\b" if word.isascii() else plain(word)))
        for code, words in told.items()
        for word in words
    }


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
    unread: bool = False,
) -> list[dict[str, Any]]:
    """The rows of a list of these standings, after a row's number, each with its case; `unread`:
    those of which something could not be read.
    """
    values = {"id": number, "zone": zone, "standing": list(standing) if standing else None}
    values |= {"after": after, "limit": limit, "differing": differing, "unread": unread}
    async with c.cursor(row_factory=dict_row) as cursor:
        return list(await (await cursor.execute(Q["rows"], values)).fetchall())


def unread_words(unread: Mapping[str, Mapping[str, str]], lang: str) -> list[str]:
    """What of a row could not be read, a sentence for each field."""
    return [
        say(
            "reconciling.unread",
            lang,
            what=say(f"reconciling.what.{what}", lang),
            said=one["said"],
            why=say(f"intake.reason.{one['reason']}", lang),
        )
        for what, one in unread.items()
    ]


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
