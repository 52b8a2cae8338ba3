"""What `gridwarden doctor` says of clocks, the planner's statistics, and tables that swell."""

import time
from collections.abc import Sequence
from typing import Any, Final

import psycopg

from gridwarden.database import queries
from gridwarden.database.cluster import connect_owner
from gridwarden.database.doctor import look
from gridwarden.database.sentences import age, trouble
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.watching", "database_health.sql")
AHEAD_S: Final = 60.0
"""A row dated so far ahead was written by another clock than today's."""
DIFFER_S: Final = 30.0
"""Between machines; a signed address or an API's answer may be refused from here on."""
COUNTED: Final = {"rows": 10_000, "share": 0.5, "grace": 900}
"""From so many rows on wrong statistics are felt; so long (s) the server's own may take."""
DEAD_ROWS: Final = 50_000
HELD_S: Final = 3_600.0
EMPTY_BYTES: Final = 64 * 2**20
NAMED: Final = 5


@look("clocks")
def clocks(settings: Settings) -> None:
    """One time on both machines, and none that was later before."""
    with connect_owner(settings) as c:
        before = time.time()
        server = float(_asked(settings, c, "server_clock")[0][0])
        after = time.time()
        ahead = float(_asked(settings, c, "newest")[0][0])
    apart = max(before - server, server - after, 0.0)
    if apart > DIFFER_S:
        raise trouble(settings, "clocks_differ", seconds=f"{apart:.0f}")
    if ahead > AHEAD_S:
        raise trouble(settings, "clock_ahead", ahead=age(settings, ahead))


@look("statistics")
def statistics(settings: Settings) -> None:
    """Every large table was counted since most of it changed."""
    with connect_owner(settings) as c:
        if not _asked(settings, c, "cleans")[0][0]:
            raise trouble(settings, "autovacuum")
        stale = [name for (name,) in _asked(settings, c, "stale", **COUNTED)]
    if stale:
        more = ", …" if len(stale) > NAMED else ""
        raise trouble(settings, "stale", tables=", ".join(stale[:NAMED]) + more)


@look("cleaning")
def cleaning(settings: Settings) -> None:
    """Nothing keeps dead rows, and no table's file is mostly empty."""
    with connect_owner(settings) as c:
        held = _asked(settings, c, "held")
        dead = _asked(settings, c, "dead", rows=DEAD_ROWS)
        empty = _asked(settings, c, "empty", bytes=EMPTY_BYTES)
    if held and held[0][1] > HELD_S:
        raise trouble(settings, "held", pid=held[0][0], age=age(settings, held[0][1]))
    if dead:
        table, rows, live = dead[0]
        raise trouble(settings, "dead", table=table, dead=rows, live=live)
    if empty:
        table, size, needed = empty[0]
        told = {"size": size // 2**20, "needed": max(needed // 2**20, 1)}
        raise trouble(settings, "empty", table=table, **told)


def _asked(
    settings: Settings, c: psycopg.Connection, query: str, **values: object
) -> Sequence[tuple[Any, ...]]:
    """Rows of a query. Raises SetUpError where the tables are not up to date."""
    try:
        return c.execute(Q[query], values).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise trouble(settings, "old_tables") from None
