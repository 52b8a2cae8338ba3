"""A private cluster in a temporary home, an empty city to copy, and the service on a port."""

import asyncio
import hashlib
import http.client
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from benchmarks.processes import postmaster_of
from gridwarden import migrations
from gridwarden.database import Pool, accounts, cluster, queries
from gridwarden.rules import ensure_published
from gridwarden.sample.commands import generate
from gridwarden.sample.load import load
from gridwarden.sample.plan import REFERENCE_DATE
from gridwarden.settings import Settings

DATABASE = "gridwarden"
EMPTY = "gridwarden_empty"
SEED = 7
Q = queries("benchmarks", "city.sql")


@contextmanager
def installation() -> Iterator[Settings]:
    """A cluster of its own with an empty, migrated city and the shipped rules; gone afterwards.

    Autovacuum is off: its work would fall on whatever is measured next.
    """
    with tempfile.TemporaryDirectory(prefix="gw-bench-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)  # the cluster's account goes through it
        settings = Settings(home=Path(home), database_url=None, crs=4547, port=free_port())
        cluster.up(settings)
        try:
            migrations.upgrade(settings)
            asyncio.run(ensure_published(settings))
            with accounts.connect_superuser(settings) as c:
                c.autocommit = True
                c.execute("alter system set autovacuum = off")
                c.execute("select pg_reload_conf()")
            with cluster.connect_owner(settings) as c:
                c.execute("create schema bench")
            copy_database(settings, DATABASE, EMPTY)
            yield settings
        finally:
            cluster.down(settings)


@contextmanager
def left_alone(home: Path) -> Iterator[Settings]:
    """An installation that somebody else keeps, with a city in it; the bench's tables go again."""
    settings = Settings(home=home, database_url=None, crs=4547, port=free_port())
    with cluster.connect_owner(settings) as c:
        c.execute("create schema if not exists bench")
    try:
        yield settings
    finally:
        with cluster.connect_owner(settings) as c:
            c.execute("drop schema bench cascade")


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def copy_database(settings: Settings, source: str, target: str) -> None:
    """Make `target` a copy of `source`, in the place of an older one."""
    names = {"source": sql.Identifier(source), "target": sql.Identifier(target)}
    with accounts.connect_superuser(settings) as c:
        c.autocommit = True
        c.execute(sql.SQL("drop database if exists {target} with (force)").format(**names))
        others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
        c.execute(others, (source,))
        owned = "create database {target} template {source} owner gridwarden_owner"
        c.execute(sql.SQL(owned).format(**names))
        for login in cluster_logins():
            grant = sql.SQL("grant connect on database {target} to {}")
            c.execute(grant.format(sql.Identifier(login), **names))


def cluster_logins() -> tuple[str, str]:
    """The two logins of the service."""
    return f"gridwarden_web_{DATABASE}", f"gridwarden_worker_{DATABASE}"


def postmaster(settings: Settings) -> int:
    """The cluster's first process."""
    with cluster.connect_owner(settings) as c:
        return postmaster_of(c)


@dataclass(frozen=True)
class City:
    """A city that is loaded: its size by letter, its buildings, and both in words."""

    size: str
    buildings: int
    said: str


def load_city(settings: Settings, size: str) -> City:
    """Bring the sample city in by the importer's own door, in the place of the one that is there,
    screen it and analyse every table."""
    folder = settings.home / f"sample-{size}"
    copy_database(settings, EMPTY, DATABASE)
    generate(SEED, size, folder, REFERENCE_DATE)
    asyncio.run(load(settings, folder, lambda what, done, total: None))
    return standing(settings, size)


def standing(settings: Settings, size: str) -> City:
    """The city that is loaded, by what it is called."""
    return _analysed(settings, size, f"sample city {size}")


def make_long_city(settings: Settings, buildings: int) -> City:
    """An empty city filled on the server: a fifth as many streets' mains, and trunks of 6 km, one
    for 1,000 buildings."""
    copy_database(settings, EMPTY, DATABASE)
    side = round(buildings**0.5 + 0.5)
    kinds = (("street", buildings // 5, 50, 5), ("trunk", buildings // 1000, 20, 300))
    with cluster.connect_owner(settings) as c, c.transaction():
        c.execute(Q["seed"])
        c.execute(Q["datasets"])
        c.execute(Q["buildings"], {"buildings": buildings, "side": side})
        for kind, mains, step, vertices in kinds:
            values = {"kind": kind, "mains": mains, "step": step, "vertices": vertices}
            c.execute(Q["mains"], values | {"side": side})
    return _analysed(settings, "long", "city with long mains")


def _analysed(settings: Settings, size: str, name: str) -> City:
    with cluster.connect_owner(settings) as c:
        c.execute("vacuum analyze")
        row = c.execute(Q["size"]).fetchone()
    assert row is not None
    said = (
        f"{name}: {row[0]:,} buildings, {row[1]:,} mains in {row[2]:,} pieces, {row[3]:,} findings"
    )
    return City(size, int(row[0]), said)


@asynccontextmanager
async def owner_pool(settings: Settings, size: int = 8) -> AsyncIterator[Pool]:
    """Connections as the owner, made and kept as the service's are: the floor of bare SQL."""
    pool: Pool = AsyncConnectionPool(
        cluster.owner_dsn(settings),
        min_size=1,
        max_size=size,
        kwargs={"autocommit": True},
        configure=_prepare,
        open=False,
    )
    await pool.open(wait=True, timeout=10)
    try:
        yield pool
    finally:
        await pool.close()


async def _prepare(connection: AsyncConnection[TupleRow]) -> None:
    await connection.execute("set jit = off")


def make_key(settings: Settings, role: str) -> str:
    """A key of this role over the whole city; returns the secret."""
    secret = "gw_" + secrets.token_urlsafe(32)
    with cluster.connect_owner(settings) as c:
        c.execute(
            "insert into access.credential (kind, hash, role, person, all_districts, expires_at)"
            " values ('key', %s, %s, 'bench', true, now() + '1 day')",
            (hashlib.sha256(secret.encode()).digest(), role),
        )
    return secret


@contextmanager
def served(settings: Settings, **changed: str) -> Iterator[int]:
    """`gridwarden serve` in a process of its own on the settings' port; gives its number. It counts
    no caller's requests; `changed` are variables of its environment.
    """
    counted = ("READS", "WRITES", "CHECKS", "HEAVY", "STRANGERS")
    free = {f"GRIDWARDEN_{cost}_A_MINUTE": "0" for cost in counted}
    process = subprocess.Popen(
        [sys.executable, "-m", "gridwarden", "serve", "--no-worker"],
        env=environment(settings) | free | changed,
    )
    try:
        while not _is_ready(settings.port):
            if process.poll() is not None:
                raise RuntimeError("the service did not start")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process that works on this installation."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GRIDWARDEN_")}
    return kept | {
        "GRIDWARDEN_HOME": str(settings.home),
        "GRIDWARDEN_CRS": str(settings.crs),
        "GRIDWARDEN_PORT": str(settings.port),
    }


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
