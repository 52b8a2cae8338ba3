"""Findings as one caller may see them: the one list behind the API, the pages and their figures.

Of what is tied to mains a planner gets grade and band, by district or 500 m cell; a box selects
only what is not tied to mains: boxes could be made as thin as one likes, and would draw the main.
A company reads the evidence of its own mains, a supervisor that of their districts, and that look
is recorded. Who sees which rows at all is said by the view api.finding alone.
"""

from dataclasses import dataclass
from typing import Any, Final

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from gridwarden.access.audit.seeing import mains_of, saw
from gridwarden.access.named import district_called
from gridwarden.database import Caller, queries
from gridwarden.layers.catalogue import layers
from gridwarden.layers.past import go_back, then
from gridwarden.screening.parameters import FindingsQuery
from gridwarden.words.asked import check_choices

Q = queries(__package__ or "gridwarden.screening", "findings.sql")
CHOICES = queries(__package__ or "gridwarden.screening", "choices.sql")["choices"]
COMPARING: Final = ("utility", "supervisor", "planner", "dispatcher")
"""Roles that are told why the number of findings is another one than it was."""
LISTING: Final = (*COMPARING, "inspector", "warden")
"""Roles that see findings as rows."""
EXACT: Final = ("utility", "supervisor")
"""Roles that may read what is measured from exact mains: their own, or those of their districts."""

NAMED: Final = ("family", "rule", "layer")
"""Filters whose values are names that rules and layers give."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of findings as the API gives them. `after` leads to the next page, if there is one.

    `total` counts the rows of all pages where that was asked for.
    """

    items: list[dict[str, Any]]
    after: tuple[int, int] | None
    total: int | None


async def list_findings(
    connection: AsyncConnection[TupleRow],
    caller: Caller,
    asked: FindingsQuery,
    srid: int,
    *,
    counted: bool = False,
) -> Listed:
    """The page that was asked for, in the caller's open transaction; a supervisor's look is kept.

    `srid` is the working CRS. Raises Problem for a family, rule, layer or
    district that is not there, or a district of which there are several.
    """
    chosen, values = await chosen_by(connection, caller, asked, srid, "findings")
    row = await _first(connection, sql.SQL(Q["page"]).format(chosen=chosen), values)
    if caller.role in EXACT:
        await saw(connection, "findings", mains_of(row[0]["items"]))
    total = None
    if counted:
        total = (await _first(connection, sql.SQL(Q["total"]).format(chosen=chosen), values))[0]
    page = row[0]
    after = (int(page["last"][0]), int(page["last"][1])) if page["more"] else None
    return Listed(page["items"], after, total)


async def chosen_by(
    connection: AsyncConnection[TupleRow],
    caller: Caller,
    asked: FindingsQuery,
    srid: int,
    purpose: str,
) -> tuple[sql.Composed, dict[str, object]]:
    """The statement of what was asked for, of what the caller may see, and its values; a
    supervisor's look is kept with its purpose. Raises Problem as `list_findings` does.
    """
    await check_names(connection, asked)
    await go_back(connection, asked.at, "findings")
    values = {**asked.values(srid), "district": await district_of(connection, asked)}
    if caller.role == "supervisor":
        await connection.execute(Q["look"], {"purpose": purpose[:500]})
    evidence = sql.SQL(then(Q["exact"] if caller.role in EXACT else Q["open"], asked.at))
    return sql.SQL(then(Q["chosen"], asked.at)).format(evidence=evidence), values


async def check_names(connection: AsyncConnection[TupleRow], asked: FindingsQuery) -> None:
    """Refuse what no finding can be of: an empty list would read as "nothing found"."""
    wanted = {name: asked.filters[name] for name in NAMED if name in asked.filters}
    if not wanted:
        return
    allowed: dict[str, list[str]] = {"layer": sorted(layers())}
    for name, choice in await (await connection.execute(CHOICES)).fetchall():
        allowed.setdefault(name, []).append(choice)
    check_choices(wanted, {name: allowed.get(name, []) for name in wanted})


async def district_of(connection: AsyncConnection[TupleRow], asked: FindingsQuery) -> int | None:
    """The id of the district that was asked for by id, code or name."""
    name = asked.filters.get("district")
    if name is None:
        return None
    return await district_called(connection, name, "district", unknown="invalid_value")


async def _first(
    connection: AsyncConnection[TupleRow], statement: sql.Composed, values: dict[str, object]
) -> TupleRow:
    row = await (await connection.execute(statement, values)).fetchone()
    assert row is not None
    return row
