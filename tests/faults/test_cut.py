"""Connections that are cut, all in use, or refused: whoever asks is told 503
and when to come back, and what was being done is done.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from conftest import bearer, owner
from faults.office import Office, blocked_by, office
from faults.wire import Wire, wire_to
from gridwarden.database.addresses import OWNER, connect_owner, login_dsn, socket_dir
from gridwarden.database.passwords import password
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

TOKEN = "a-token-for-monitoring"
PAGES = (
    "/",
    "/api/cells/square-500",
    "/api/findings",
    "/ogc/collections/buildings/items",
    "/hazards",
)


@pytest.fixture(scope="module")
def wire(module_city: Settings) -> Iterator[Wire]:
    with wire_to(socket_dir(module_city) / ".s.PGSQL.5432") as made:
        yield made


@pytest.fixture(scope="module")
def far(
    module_city: Settings, wire: Wire, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """An office whose database is on another server, with two connections to it for requests."""
    secret = password(module_city, OWNER)
    url = f"postgresql://{OWNER}:{secret}@127.0.0.1:{wire.port}/gridwarden"
    with office(
        module_city,
        tmp_path_factory.mktemp("far"),
        GRIDWARDEN_DATABASE_URL=url,
        GRIDWARDEN_WEB_CONNECTIONS="2",
        GRIDWARDEN_STATEMENT_TIMEOUT_MS="4000",
        GRIDWARDEN_METRICS_TOKEN=TOKEN,
    ) as made:
        yield made


def looks(far: Office, path: str) -> int:
    """The status of a page: it is there, or says when it will be."""
    status = far.asks("GET", path)
    assert status in (200, 503), path
    return status


@pytest.mark.parametrize("away_s", [1, pytest.param(70, marks=pytest.mark.deep)])
def test_a_wire_that_is_cut_in_the_middle(far: Office, wire: Wire, away_s: float) -> None:
    name = f"cut {away_s}"
    first = far.bring(name, [1.0] * 20)
    far.wait(lambda: far.state(first) == "published")
    with owner(far.settings) as holder, holder.transaction():
        holder.execute("select from data.dataset where name = %s for update", (name,))
        second = far.bring(name, [2.0] * 20)
        far.wait(lambda: blocked_by(holder) == 1)
        wire.cut()
        assert {looks(far, path) for path in PAGES[:2]} == {503}
        told = far.http.get("/readyz")
        assert (told.status_code, told.json()["status"]) == (503, "database away")
        assert int(told.headers["retry-after"]) >= 1
        figures = far.http.get("/metrics", headers=bearer(TOKEN))
        assert "gridwarden_database_up 0" in figures.text
        # What had been asked for ends, though the server waits for a lock and writes nothing.
        far.wait(lambda: blocked_by(holder) == 0, 20)
        time.sleep(away_s)
        wire.mend()
        far.wait(lambda: blocked_by(holder) == 1)
    far.wait(lambda: far.state(second) == "published")
    # Each connection that was open then answers 503 once, for nobody has told it.
    far.wait(lambda: {looks(far, path) for path in PAGES} == {200})
    assert far.one("select count(*) from data.buildings where height_m = 2.0") >= 20


def test_when_all_connections_are_in_use_it_is_busy_and_nobody_waits_for_ever(far: Office) -> None:
    with owner(far.settings) as holder, ThreadPoolExecutor(4) as four, holder.transaction():
        holder.execute("lock table data.buildings in access exclusive mode")
        waiting = [four.submit(looks, far, PAGES[3]) for _ in range(3)]
        far.wait(lambda: blocked_by(holder) >= 2)
        told = far.http.get("/readyz")
        assert (told.status_code, told.json()["status"]) == (503, "database busy")
        assert {one.result() for one in waiting} == {503}
    assert looks(far, PAGES[3]) == 200


def test_a_server_without_a_free_session_answers_with_those_it_has(far: Office) -> None:
    with ExitStack() as taken:
        with pytest.raises(SetUpError):
            while True:
                taken.enter_context(connect_owner(far.settings))
        with ThreadPoolExecutor(6) as six:
            assert set(six.map(lambda path: looks(far, path), PAGES * 3)) <= {200, 503}
    far.wait(far.ready)


def test_both_ends_notice_one_that_is_gone_without_a_word(far: Office, wire: Wire) -> None:
    """From a machine that lost its power no word comes; its locks would be held for two hours."""
    through = far.settings.model_copy(
        update={"database_url": far.variables["GRIDWARDEN_DATABASE_URL"]}
    )
    parts = conninfo_to_dict(login_dsn(through, "worker"))
    assert int(parts["keepalives_idle"]) + 3 * int(parts["keepalives_interval"]) <= 25
    assert "-c tcp_keepalives_idle=10" in str(parts["options"])
    with psycopg.connect(login_dsn(through, "worker")) as c:
        shown = c.execute("show client_connection_check_interval").fetchone()
        assert shown == ("5s",)


def test_nothing_of_it_was_an_error_of_ours(far: Office) -> None:
    lines = far.lines()
    assert lines
    assert [line for line in lines if line["event"] in ("unhandled", "job failed")] == []
    asked = [line for line in lines if line["event"] == "request"]
    assert {line["status"] for line in asked} >= {503}
    assert all(line["request_id"] for line in asked)
