"""Sessions that the server ends, and a database that takes no writes, by a setting or as a standby:
who changes something is told 503 and when to come back, and all goes on by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any

import psycopg
import pytest

from conftest import owner
from faults.office import Office, Watch, blocked_by, end_sessions, office
from gridwarden.database import accounts, cluster
from gridwarden.database.postgres import account_of, find_programs, run_as
from gridwarden.settings import Settings

TIMES = 5
PAGES = ("/", "/api/findings", "/ogc/collections/buildings/items", "/api/cells/square-500")
DIG: dict[str, Any] = {
    "area": {"type": "Point", "coordinates": [114.3, 30.5]},
    "buffer_m": 5,
    "method": "mechanical",
    "depth_m": 2.5,
}
HOUSE = {
    "type": "Feature",
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[114.3, 30.5], [114.301, 30.5], [114.301, 30.501], [114.3, 30.5]]],
    },
    "properties": {"height_m": 9.0},
}
CHANGES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "/api/permits/check", {"json": DIG}),
    ("POST", "/api/screenings", {"json": {}}),
    ("POST", "/ogc/collections/buildings/items", {"json": HOUSE}),
    (
        "POST",
        "/api/imports",
        {
            "data": {"layer": "buildings", "dataset": "read only"},
            "files": {"file": ("h.geojson", b'{"type": "FeatureCollection", "features": []}')},
        },
    ),
)


@pytest.fixture(scope="module")
def at_work(module_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(module_city, tmp_path_factory.mktemp("ended")) as made:
        yield made


def test_sessions_that_the_server_ends_are_opened_again(at_work: Office) -> None:
    """All of them, again as soon as the work was taken up again, and again."""
    first = at_work.bring("ended", [1.0] * 20)
    at_work.wait(lambda: at_work.state(first) == "published")
    at_work.wait(at_work.nothing_waits)
    with Watch(at_work.settings) as watch:
        with owner(at_work.settings) as holder, holder.transaction():
            holder.execute("select from data.dataset where name = 'ended' for update")
            second = at_work.bring("ended", [2.0] * 30)
            for _ in range(TIMES):
                at_work.wait(lambda: blocked_by(holder) == 1)
                assert end_sessions(at_work.settings) >= 5
                at_work.wait(lambda: {at_work.asks("GET", page) for page in PAGES} == {200})
            at_work.wait(lambda: blocked_by(holder) == 1)
        took = at_work.wait(lambda: at_work.state(second) == "published")
        took += at_work.wait(at_work.nothing_waits)
    print(f"sessions ended {TIMES} times: all was done after {took:.1f} s")
    assert watch.seen == {((1.0, 20),), ((2.0, 30),)}
    at_work.wait(at_work.ready)


@contextmanager
def told_to_read(settings: Settings) -> Iterator[None]:
    """The database takes no writes, by a setting of it; its sessions begin anew."""
    says = "alter database gridwarden set default_transaction_read_only = {}"
    with accounts.connect_superuser(settings) as c:
        c.autocommit = True
        c.execute("set default_transaction_read_only = off")
        c.execute(says.format("on").encode())
        try:
            end_sessions(settings)
            yield
        finally:
            c.execute(says.format("off").encode())


@contextmanager
def standby(settings: Settings) -> Iterator[None]:
    """The server is a hot standby, and is promoted when the block ends."""
    account = account_of(settings)
    control, data = find_programs(settings).folder / "pg_ctl", settings.cluster / "data"
    cluster.down(settings)
    (data / "standby.signal").touch()
    log = settings.cluster / "log" / "postgresql.log"
    done = run_as(account, [control, "start", "-w", "-D", data, "-l", log])
    assert done.returncode == 0, done.stdout
    yield
    done = run_as(account, [control, "promote", "-w", "-D", data])
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("how", [told_to_read, pytest.param(standby, marks=pytest.mark.deep)])
def test_a_database_that_only_reads_says_so_and_what_was_asked_for_is_done_later(
    at_work: Office, how: Callable[[Settings], AbstractContextManager[None]]
) -> None:
    name = how.__name__
    first = at_work.bring(name, [3.0] * 20)
    at_work.wait(lambda: at_work.state(first) == "published")
    at_work.wait(at_work.nothing_waits)
    with ExitStack() as only_reads:
        with (
            suppress(psycopg.OperationalError),  # the holder's own, as the server goes down
            owner(at_work.settings) as holder,
            holder.transaction(),
        ):
            holder.execute("select from data.dataset where name = %s for update", (name,))
            second = at_work.bring(name, [4.0] * 20)
            at_work.wait(lambda: blocked_by(holder) == 1)
            only_reads.enter_context(how(at_work.settings))
        at_work.wait(lambda: at_work.http.get("/readyz").json()["status"] == "database read only")
        at_work.wait(lambda: 200 in {at_work.asks("GET", page) for page in PAGES})
        for method, path, sent in CHANGES:
            assert at_work.asks(method, path, **sent) == 503, path
    took = at_work.wait(lambda: at_work.state(second) == "published")
    took += at_work.wait(at_work.ready)
    print(f"{name}: all was done after {took:.1f} s")
    at_work.wait(lambda: {at_work.asks("GET", page) for page in PAGES} == {200})
    assert 503 not in {at_work.asks(method, path, **sent) for method, path, sent in CHANGES}
