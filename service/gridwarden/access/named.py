"""Which organisation or district somebody means: one resolver for every command and address."""

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import queries
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.access", "named.sql")
TOLD = 10
"""Candidates that a refusal names."""


async def organisation_called(c: AsyncConnection[TupleRow], name: str, field: str) -> int:
    """The id of the organisation of this number, or alone of this code, name or source id.

    Raises Problem `not_found` for none and `conflict`, naming them, for several.
    """
    rows = await (await c.execute(Q["organisations"], {"name": _plain(name)})).fetchall()
    if not rows:
        raise Problem("not_found", "access.no_such_organisation", field=field, org=name[:80])
    return _only(rows, "access.several_organisations", name, field)


async def district_called(
    c: AsyncConnection[TupleRow], name: str, field: str, unknown: str = "not_found"
) -> int:
    """The id of the district of this number, or alone of this code, name or source id.

    Raises Problem `unknown` for none and `conflict`, naming them, for several.
    """
    rows = await (await c.execute(Q["districts"], {"name": _plain(name)})).fetchall()
    if not rows:
        raise Problem(unknown, "access.no_such_district", field=field, district=name[:80])
    return _only(rows, "access.several_districts", name, field)


async def grid_called(c: AsyncConnection[TupleRow], name: str, field: str) -> int:
    """The id of the warden's grid of this number, or alone of this code, name or source id.

    Raises Problem `not_found` for none and `conflict`, naming them, for several.
    """
    rows = await (await c.execute(Q["grids"], {"name": _plain(name)})).fetchall()
    if not rows:
        raise Problem("not_found", "access.no_such_grid", field=field, grid=name[:80])
    return _only(rows, "access.several_grids", name, field)


def _plain(name: str) -> str:
    """What the database can carry: a name with such a character is nobody's."""
    return name.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def _only(rows: list[TupleRow], key: str, name: str, field: str) -> int:
    if len(rows) > 1:
        told = "; ".join(str(row[1]) for row in rows[:TOLD])
        raise Problem("conflict", key, field=field, name=name[:80], candidates=told)
    return int(rows[0][0])
