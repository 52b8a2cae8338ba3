"""A real PostGIS, a real service and a real Chromium for every test that asks for one.

`city` is a fresh, migrated, empty city for one test; `module_city` one for all tests of a module.
Both are copies of one template, so a test costs a fraction of a second, not a migration.
"""

import hashlib
import secrets
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import uvicorn
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, sync_playwright
from psycopg import sql

from commands import environment as environment
from commands import run_command
from gridwarden import migrations
from gridwarden.app import create_app
from gridwarden.database import accounts, cluster
from gridwarden.settings import Settings
from sharing_out import longest_first

TEMPLATE = "gridwarden_template"
COUNTED = ("reads", "writes", "checks", "heavy", "strangers")
UNCOUNTED: dict[str, Any] = {f"{cost}_a_minute": 0 for cost in COUNTED}
"""Tests ask more than people do; those of the rates set their own."""
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="run the long property tests, too")


def pytest_configure() -> None:
    """Take Ctrl-C even where a script began this in its background, which ignores it: what is
    ignored here would be ignored by every process that a test starts and interrupts.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones are left out, and counted as such, unless `--deep` asks for them."""
    if hasattr(config, "workerinput"):  # one of several processes that share the files out
        longest_first(items)
    if config.getoption("--deep"):
        return
    deep = [item for item in items if item.get_closest_marker("deep")]
    if deep:
        config.hook.pytest_deselected(items=deep)
        items[:] = [item for item in items if item not in deep]


@pytest.fixture(scope="session")
def installation() -> Iterator[Settings]:
    """A private cluster of its own, migrated, with the shipped rules published."""
    with tempfile.TemporaryDirectory(prefix="gw-test-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        known = {"home": Path(home), "database_url": None, "crs": 4547, "feed_seconds": 0.3}
        known["heavy_processes"] = 0  # those that try the helpers ask for some
        settings = Settings(**known, **UNCOUNTED)
        cluster.up(settings)
        forgo_the_disk(settings)
        migrations.upgrade(settings)
        load_the_dice(settings)
        publish_rules(settings)
        copy_database(settings, "gridwarden", TEMPLATE)
        yield settings
        cluster.down(settings)


def forgo_the_disk(settings: Settings) -> None:
    """Nobody needs this cluster after a power cut: no waiting until the disk has written."""
    with accounts.connect_superuser(settings) as c:
        c.autocommit = True
        c.execute("alter system set fsync = off")
        c.execute("alter system set full_page_writes = off")
        c.execute("select pg_reload_conf()")


def load_the_dice(settings: Settings) -> None:
    """Mains that an asker may not read are moved the same way in every run of the tests."""
    with owner(settings) as c:
        c.execute("alter table data.veil_dice disable trigger veil_dice_stays")
        c.execute("update data.veil_dice set salt = 'the tests'' own'")
        c.execute("alter table data.veil_dice enable trigger veil_dice_stays")


def publish_rules(settings: Settings) -> None:
    """What `gridwarden up` does after the migrations."""
    done = run_command(settings, "up")
    assert done.returncode == 0, done.stderr


def copy_database(settings: Settings, source: str, target: str) -> None:
    """Make `target` a copy of `source`, in the place of an older one and its audit's heads."""
    if target == "gridwarden":
        shutil.rmtree(settings.home / "audit", ignore_errors=True)
    with accounts.connect_superuser(settings) as c:
        c.autocommit = True
        drop = sql.SQL("drop database if exists {} with (force)")
        c.execute(drop.format(sql.Identifier(target)))
        others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
        c.execute(others, (source,))
        c.execute(
            sql.SQL(
                "create database {} template {} owner gridwarden_owner strategy file_copy"
            ).format(sql.Identifier(target), sql.Identifier(source))
        )
        c.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(target)))
        for login in ("web", "worker"):
            c.execute(
                sql.SQL("grant connect on database {} to {}").format(
                    sql.Identifier(target), sql.Identifier(f"gridwarden_{login}_gridwarden")
                )
            )


@pytest.fixture
def city(installation: Settings) -> Settings:
    """A fresh city for one test."""
    copy_database(installation, TEMPLATE, "gridwarden")
    return installation


@pytest.fixture(scope="module")
def module_city(installation: Settings) -> Settings:
    """A fresh city that the tests of one module share."""
    copy_database(installation, TEMPLATE, "gridwarden")
    return installation


@contextmanager
def owner(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection, for preparing and for counting by hand; commits at the end."""
    with cluster.connect_owner(settings) as c:
        yield c


@contextmanager
def client_of(settings: Settings) -> Iterator[TestClient]:
    """The service over real HTTP semantics, in this process, with its pool open."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def client(city: Settings) -> Iterator[TestClient]:
    """The service over a fresh city."""
    with client_of(city) as made:
        yield made


@pytest.fixture(scope="module")
def module_client(module_city: Settings) -> Iterator[TestClient]:
    """The service over the module's city."""
    with client_of(module_city) as made:
        yield made


def make_key(
    settings: Settings,
    role: str,
    *,
    org_ids: tuple[int, ...] = (),
    district_ids: tuple[int, ...] = (),
    grid_ids: tuple[int, ...] = (),
    all_districts: bool = False,
    kind: str = "key",
) -> str:
    """A key (or session) of this role, straight into the table; returns the secret."""
    secret = "gw_" + secrets.token_urlsafe(32)
    with owner(settings) as c:
        c.execute(
            "insert into access.credential (kind, hash, role, person, org_ids, district_ids,"
            " grid_ids, all_districts, expires_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, now() + '1 day')",
            (
                kind,
                hashlib.sha256(secret.encode()).digest(),
                role,
                f"test {role}",
                list(org_ids),
                list(district_ids),
                list(grid_ids),
                all_districts,
            ),
        )
    return secret


def bearer(secret: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"Authorization": f"Bearer {secret}"}


KeyMaker = Callable[..., dict[str, str]]


@pytest.fixture
def sign_in(city: Settings) -> KeyMaker:
    """`sign_in("utility", org_ids=(1,))` gives the headers of a new key."""
    return lambda role, **rights: bearer(make_key(city, role, **rights))


@pytest.fixture(scope="module")
def module_sign_in(module_city: Settings) -> KeyMaker:
    """As `sign_in`, for the module's city."""
    return lambda role, **rights: bearer(make_key(module_city, role, **rights))


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def served(settings: Settings, **options: Any) -> Iterator[str]:
    """The service on a real port; gives its base URL. `options` are uvicorn's."""
    port = free_port()
    settings = settings.model_copy(update={"port": port})
    config = uvicorn.Config(create_app(settings), port=port, log_level="warning", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def live(city: Settings) -> Iterator[str]:
    """The base URL of a service over a fresh city."""
    with served(city) as url:
        yield url


@pytest.fixture(scope="module")
def module_live(module_city: Settings) -> Iterator[str]:
    """The base URL of a service over the module's city."""
    with served(module_city) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Ends with the module: while it is there, so is an event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()
