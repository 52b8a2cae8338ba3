"""The connection pools of the two logins."""

import logging
from collections.abc import Awaitable, Callable
from typing import Literal

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from gridwarden.database.door import Pool
from gridwarden.settings import Settings, kept_crs

RECONNECT_S = 8.0
"""So long the pool tries a connection again by itself, waiting twice as long each time; then the
next who asks for one tries anew. Without an end it would wait minutes after a long outage."""

SESSION_S = 20 * 60.0
"""So long a session lives, about: its caches of plans and of the catalogue only grow, and the
server has that memory back with its end alone."""


# A command says at its end, in one sentence, that the database is away; what the pool says of each
# try is for the log of whoever keeps one (words/telling.py).
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())


def _prepare(
    timeout_ms: int, zone: str, practice_days: int
) -> Callable[[AsyncConnection], Awaitable[None]]:
    """What each new connection is told; `timeout_ms` bounds what no `as_caller` bounds,
    `zone` is the city's: what is due on a day is due on a day there. The office's clock is
    `practice_days` ahead."""

    async def prepare(connection: AsyncConnection) -> None:
        # Small queries are hurt by JIT and parallel plans (measured: tile throughput doubles).
        await connection.execute("set jit = off")
        await connection.execute("set time zone 'UTC'")
        await connection.execute(
            "select set_config('statement_timeout', %s, false),"
            " set_config('gridwarden.zone', %s, false),"
            " set_config('gridwarden.ahead', %s, false)",
            (str(timeout_ms), zone, str(practice_days)),
        )

    return prepare


async def keep_out_readers(connection: AsyncConnection) -> None:
    """End a connection that came back and cannot write: the server told it so when it began, and
    for as long as it lives. The next one may be let write again.
    """
    if connection.info.parameter_status("default_transaction_read_only") == "on":
        await connection.close()


async def open_pool(settings: Settings, login: Literal["web", "worker"] = "web") -> Pool:
    """An open pool of `login`; the caller closes it.

    Raises psycopg_pool.PoolTimeout when the database does not answer within 10 s, SetUpError
    when GRIDWARDEN_CRS is not the system that this installation measures in.
    """
    from gridwarden.database.cluster import check_crs, login_dsn

    kept = kept_crs(settings.home)
    if kept is not None:
        check_crs(settings, str(kept))
    size = settings.web_connections if login == "web" else settings.worker_connections
    pool: Pool = AsyncConnectionPool(
        login_dsn(settings, login),
        min_size=1,
        max_size=size,
        timeout=10,
        reconnect_timeout=RECONNECT_S,
        max_lifetime=SESSION_S,
        kwargs={"autocommit": True},  # `as_caller` opens its transactions itself
        configure=_prepare(
            settings.statement_timeout_ms if login == "web" else 0,
            settings.time_zone,
            settings.practice_days,
        ),
        reset=keep_out_readers,
        open=False,
        name=f"gridwarden-{login}",
    )
    await pool.open(wait=True, timeout=10)
    return pool
