"""Saved views: a list's filters, order and columns under a name, for oneself or for everybody.

What is kept is the question, never the answer: whoever opens a shared view sees their own cases.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from psycopg.rows import dict_row

from gridwarden.hazards.bulk.acting import Connection, Q
from gridwarden.hazards.bulk.columns import BY_NAME
from gridwarden.hazards.cases.listing import cases_query
from gridwarden.words.problems import Problem


@dataclass(frozen=True, slots=True)
class View:
    """One saved view. `query` as in an address; `own`: kept by the caller, who may change it."""

    id: int
    name: str
    query: str
    columns: tuple[str, ...]
    shared: bool
    person: str
    own: bool

    def document(self) -> dict[str, Any]:
        """As the API tells it."""
        return asdict(self)


async def views(c: Connection) -> list[View]:
    """The caller's own, then what others share."""
    async with c.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(Q["views"])).fetchall()
    return [View(**(row | {"columns": tuple(row["columns"])})) for row in rows]


async def save(
    c: Connection, name: str, query: str, columns: Sequence[str], shared: bool, zone: str
) -> int:
    """Keep a view; one of the caller's of the same name is replaced. Raises Problem (400)."""
    name = name.strip()
    if not 0 < len(name) <= 80 or "\x00" in name:
        raise Problem("invalid_value", "asked.bad_text", field="name")
    unknown = [one for one in columns if one not in BY_NAME]
    if unknown:
        raise Problem(
            "invalid_value",
            "bulk.no_column",
            field="columns",
            name=unknown[0][:40],
            known=", ".join(BY_NAME),
        )
    values = {
        "name": name,
        "query": canonical(query, zone),
        "columns": list(dict.fromkeys(columns)),
    }
    row = await (await c.execute(Q["save_view"], values | {"shared": shared})).fetchone()
    assert row is not None
    return int(row[0])


def canonical(query: str, zone: str) -> str:
    """The filters and order of a query as they are kept: read, so that what is kept can be asked.

    Raises Problem (400) for what the list of cases would refuse.
    """
    try:
        items = parse_qsl(
            query.lstrip("?"), strict_parsing=bool(query.strip("?")), max_num_fields=40
        )
    except ValueError:
        raise Problem("invalid_value", "bulk.bad_query", field="query") from None
    items = [(k, v) for k, v in items if k not in ("cursor", "limit", "lang") and v]
    cases_query(items, zone)
    return urlencode(items)


async def forget(c: Connection, number: int) -> None:
    """Raises Problem (404) for a view that the caller does not keep."""
    row = await (await c.execute(Q["forget_view"], {"id": number})).fetchone()
    if not row or not row[0]:
        raise Problem("not_found", "bulk.no_such_view", field="view")
