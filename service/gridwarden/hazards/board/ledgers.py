"""The ledger of days: opening + new + reopened + late - closed = closing, class by class."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from gridwarden.hazards.board.asked import LEDGER, NONE, Connection, Q
from gridwarden.hazards.board.boards import group_names

ROWS: Final = "/api/hazards/ledger/rows"
GRADES: Final = ("general", "serious", "major")
ALL: Final = "all"
"""The grade of a line of all grades together; no parameter says it."""


def balances(row: Mapping[str, Any]) -> bool:
    """Whether one line of the ledger adds up."""
    came = row["opening"] + row["new"] + row["reopened"] + row["late"]
    return bool(came - row["closed"] == row["closing"])


async def ledger_of(c: Connection, by: str, since: date, until: date) -> list[dict[str, Any]]:
    """Every class of every day, in both languages. Districts are there with nothing, too, in each
    grade; so are other groups that had a case by then.
    """
    values = {"since": since, "until": until, "by": by}
    found = await (await c.execute(Q["ledger"], values)).fetchall()
    rows = {(r[0], r[1], r[2]): dict(zip(LEDGER, r[3:], strict=True)) for r in found}
    keys = sorted({r[1] for r in found if r[1] is not None})
    named = await (await c.execute(Q["names"], {"by": by, "keys": keys})).fetchall()
    called: dict[str | None, str | None] = {**dict.fromkeys(keys), **dict(named)}
    groups: list[str | None] = [*called]
    if any(r[1] is None for r in found):
        groups.append(None)
    empty = dict.fromkeys(LEDGER, 0)
    return [
        {
            "day": day.isoformat(),
            "key": key,
            "names": group_names(by, key, called.get(key)),
            "grade": grade,
            **rows.get((day, key, grade), empty),
        }
        for day in _days(since, until)
        for key in groups
        for grade in (*GRADES, None)
        if grade is not None or (day, key, None) in rows
    ]


def _days(since: date, until: date) -> list[date]:
    return [date.fromordinal(n) for n in range(since.toordinal(), until.toordinal() + 1)]


def told_ledger(rows: Iterable[Mapping[str, Any]], by: str, lang: str) -> list[dict[str, Any]]:
    """The lines in one language, each with the address of its rows (add `figure=`)."""
    return [
        {
            **{k: v for k, v in row.items() if k != "names"},
            "name": row["names"][lang],
            "rows": rows_address(by, row["day"], row["key"], row["grade"]),
        }
        for row in rows
    ]


def rows_address(by: str, day: str, key: str | None, grade: str | None) -> str:
    """Where the rows of a line are; a figure is added to it."""
    named = {"day": day, "by": by, "key": key or NONE}
    if grade != ALL:
        named["grade"] = grade or NONE
    return f"{ROWS}?{urlencode(named)}&figure="


def summed(rows: Iterable[Mapping[str, Any]], by: str) -> list[dict[str, Any]]:
    """The lines of one day with all grades of a group together, for the page."""
    groups: dict[str | None, dict[str, Any]] = {}
    for row in rows:
        one = groups.setdefault(
            row["key"],
            {"day": row["day"], "key": row["key"], "names": row["names"], "grade": ALL}
            | dict.fromkeys(LEDGER, 0),
        )
        for name in LEDGER:
            one[name] += row[name]
    return list(groups.values())
