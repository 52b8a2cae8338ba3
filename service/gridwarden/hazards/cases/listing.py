"""The one list of cases behind the API, the pages, exports and bulk work, as its caller may see it.

Who sees which case, and how much of it, is said by the view api.hazard_case alone. A page goes on
behind the last row by its sort's value and id, so that far pages cost no more than the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow, dict_row

from gridwarden.access.named import district_called, grid_called, organisation_called
from gridwarden.database import Caller, queries
from gridwarden.hazards.cases.parameters import NAMED, CasesQuery, cases_query, parameters
from gridwarden.words.problems import Problem

__all__ = [
    "LISTING",
    "CasesQuery",
    "Listed",
    "cases_query",
    "chosen_by",
    "list_cases",
    "offered_to",
    "parameters",
]
Q: Final = queries(__package__ or "gridwarden.hazards.cases", "cases.sql")
LISTING: Final = ("utility", "supervisor", "planner", "warden", "inspector", "contractor")
"""Roles that see cases."""
_RESOLVERS: Final = {
    "district": district_called,
    "grid": grid_called,
    "org": organisation_called,
}
_NARROW: Final = ("warden", "contractor", "utility")
"""Roles whose few cases an index finds; the others read a large part of all."""
_BY_NAME: Final[Mapping[str, tuple[str, ...]]] = {
    "district": ("utility", "supervisor", "planner", "warden", "inspector"),
    "grid": ("supervisor", "planner", "warden", "inspector"),
    "org": ("utility", "supervisor", "planner", "inspector"),
}
"""Roles that may ask by name; a number asks for anybody's."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order that an index has: what is sorted by, what stands behind a row, its text."""

    by: LiteralString
    after: LiteralString
    value: LiteralString


ORDERS: Final[Mapping[str, Order]] = {
    "newest": Order(
        "c.found_at desc, c.id desc",
        "(c.found_at, c.id) < (%(value)s::timestamptz, %(id)s)",
        "c.found_at::text",
    ),
    "oldest": Order(
        "c.found_at, c.id",
        "(c.found_at, c.id) > (%(value)s::timestamptz, %(id)s)",
        "c.found_at::text",
    ),
    # what has no day stands in no list of days
    "due": Order(
        "c.due_at, c.id",
        "c.due_at is not null and (c.due_at, c.id) > (%(value)s::timestamptz, %(id)s)",
        "c.due_at::text",
    ),
    "worst": Order(
        "c.rank, c.found_at desc, c.id desc",
        "(c.rank > %(rank)s::smallint or c.rank = %(rank)s::smallint"
        " and (c.found_at, c.id) < (%(value)s::timestamptz, %(id)s))",
        "c.rank || ' ' || c.found_at::text",
    ),
    "number": Order(
        "c.hazard_no, c.id",
        "c.hazard_no is not null and c.hazard_no > %(value)s::text",
        "c.hazard_no",
    ),
}
_FIRST: Final[Mapping[str, LiteralString]] = {
    "due": "c.due_at is not null",
    "number": "c.hazard_no is not null",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One page. `after` leads to the next one, if there is one."""

    items: list[dict[str, Any]]
    after: tuple[str, int] | None


async def chosen_by(
    c: AsyncConnection[TupleRow], caller: Caller, asked: CasesQuery
) -> tuple[sql.Composed, dict[str, object]]:
    """The statement of the cases asked for (all columns of api.hazard_case, in no order), and its
    values. Raises Problem for a district, grid or organisation that is not there, or several.
    """
    filters = asked.filters
    named = {name: await _named(c, caller, name, filters.get(name)) for name in NAMED}
    plain = {name: filters.get(name) for name in ("grade", "category", "source", "family")}
    truths = {
        name: None if name not in filters else filters[name] == "true"
        for name in ("overdue", "reopened")
    }
    values: dict[str, object] = {
        **plain,
        **truths,
        **named,
        "states": asked.states,
        "due_before": asked.due_before,
    }
    parts: list[sql.Composable] = [sql.SQL(Q["chosen"])]
    if caller.role in _NARROW:
        parts.append(sql.SQL(Q["of_caller"]))
    if words := filters.get("q", "").split():
        parts += await _worded(c, words, values)
    return sql.SQL(" ").join(parts), values


async def _worded(
    c: AsyncConnection[TupleRow], words: list[str], values: dict[str, object]
) -> list[sql.Composed]:
    """What narrows a list to the cases that hold each of these words, or have a number that begins
    with the one that is digits; its values are added.
    """
    plain = [word.translate({ord(x): f"\\{x}" for x in "\\%_"}) for word in words]
    values |= {"q": " ".join(words), "q_begins": f"{plain[0]}%"}
    values["q_holds"] = "\n".join(f"%{word}%" for word in plain)
    number = len(words) == 1 and words[0].isascii() and words[0].isdigit()
    row = await (await c.execute(Q["crowd"], values)).fetchone()
    if row is None or not row[0]:
        numbered = sql.SQL(Q["few_numbered"] if number else "")
        return [sql.SQL(Q["among_few"]).format(numbered=numbered)]
    values |= {f"word{n}": word for n, word in enumerate(words)}
    among, numbered = sql.SQL(Q["among_many"]), sql.SQL(Q["many_numbered"] if number else "")
    return [
        among.format(word=sql.Placeholder(f"word{n}"), numbered=numbered) for n in range(len(words))
    ]


async def _named(
    c: AsyncConnection[TupleRow], caller: Caller, kind: str, said: str | None
) -> int | None:
    if said is None:
        return None
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None
    if caller.role not in _BY_NAME[kind]:
        if number is None:
            raise Problem("invalid_value", "hazards.by_number", field=kind)
        return number
    try:
        return await _RESOLVERS[kind](c, said, kind)
    except Problem as problem:
        # codes are digits, too; a number that is nobody's has no cases
        if number is None or problem.kind != "not_found":
            raise
        return number


async def list_cases(
    c: AsyncConnection[TupleRow], caller: Caller, asked: CasesQuery, srid: int
) -> Listed:
    """The page that was asked for, in the caller's open transaction. Raises as `chosen_by`.

    `srid` is the working CRS; `lon` and `lat` are degrees, null where a main forbids them.
    """
    chosen, values = await chosen_by(c, caller, asked)
    order = ORDERS[asked.sort]
    after: LiteralString = _FIRST.get(asked.sort, "true")
    if asked.after is not None:
        rank, _, moment = asked.after[0].partition(" ")
        value = moment if asked.sort == "worst" else asked.after[0]
        values |= {"value": value, "rank": rank if rank.isdigit() else None, "id": asked.after[1]}
        after = order.after
    statement = sql.SQL(Q["page"]).format(
        chosen=chosen,
        after=sql.SQL(after),
        order=sql.SQL(order.by),
        value=sql.SQL(order.value),
    )
    async with c.cursor(row_factory=dict_row) as cursor:
        rows = await (
            await cursor.execute(statement, {**values, "limit": asked.limit, "srid": srid})
        ).fetchall()
    more = len(rows) > asked.limit
    shown = rows[: asked.limit]
    last = (str(shown[-1]["sorted_by"]), int(shown[-1]["id"])) if more and shown else None
    return Listed([{k: v for k, v in row.items() if k != "sorted_by"} for row in shown], last)


async def offered_to(
    c: AsyncConnection[TupleRow], caller: Caller
) -> dict[str, list[tuple[str, str | None]]]:
    """The districts, organisations and families (`district`, `org`, `family`) of the cases that the
    caller sees, each as the filter's value with its name; a family has none.
    """
    own = sql.SQL(Q["of_caller"] if caller.role in _NARROW else "")
    rows = await (await c.execute(sql.SQL(Q["offered"]).format(of_caller=own))).fetchall()
    found: dict[str, list[tuple[str, str | None]]] = {"district": [], "org": [], "family": []}
    for name, value, words in rows:
        found[name].append((value, words))
    return found


async def count_cases(c: AsyncConnection[TupleRow], caller: Caller, asked: CasesQuery) -> int:
    """How many there are on all pages, up to 10,001."""
    chosen, values = await chosen_by(c, caller, asked)
    row = await (await c.execute(sql.SQL(Q["total"]).format(chosen=chosen), values)).fetchone()
    return int(row[0]) if row else 0
