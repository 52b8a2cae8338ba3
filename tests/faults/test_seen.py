"""What is seen from outside: /readyz tells the truth, and the log holds request ids and nothing of
what was asked for.
"""

import json
import re
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import psycopg
import pytest

from conftest import bearer, make_key, owner
from faults.office import Office, office
from gridwarden.settings import Settings
from gridwarden.words.answers import told_of

PLACE = "114.3055,30.5928"


@pytest.fixture(scope="module")
def seen(module_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office that has every request told."""
    folder = tmp_path_factory.mktemp("seen")
    with office(module_city, folder, GRIDWARDEN_LOG_REQUESTS="all") as made:
        yield made


def ready(made: Office) -> tuple[int, str, str | None]:
    answer = made.http.get("/readyz")
    told = answer.json()
    assert ("retry-after" in answer.headers) == (answer.status_code == 503)
    assert set(told) <= {"status", "version", "worker"}
    return answer.status_code, told["status"], told.get("worker")


def test_it_is_ready_when_all_is_there_and_says_what_is_not(seen: Office) -> None:
    assert ready(seen) == (200, "ready", "alive")
    ((head,),) = seen.rows("select version_num from public.alembic_version")
    for other in ("m0001_foundations", "m9999_of_a_later_version"):
        with owner(seen.settings) as c:
            c.execute("update public.alembic_version set version_num = %s", (other,))
        assert ready(seen)[:2] == (503, "tables not up to date")
    with owner(seen.settings) as c:
        c.execute("update public.alembic_version set version_num = %s", (head,))
        c.execute("alter function api.readiness() rename to readiness_of_later")
    assert ready(seen)[:2] == (503, "tables not up to date")
    with owner(seen.settings) as c:
        c.execute("alter function api.readiness_of_later() rename to readiness")
        # a sign of life from before the clock was set back, and one of long ago
        for when in ("+ interval '1 day'", "- interval '1 day'"):
            c.execute(
                f"update jobs.procrastinate_workers set last_heartbeat = now() {when}".encode()
            )
            assert ready(seen) == (200, "ready", "silent")
    seen.wait(seen.ready)


def test_a_connection_that_a_proxy_keeps_open_is_not_closed_under_it(seen: Office) -> None:
    kept = HTTPConnection("127.0.0.1", seen.settings.port, timeout=60)
    try:
        kept.request("GET", "/healthz")
        kept.getresponse().read()
        held = kept.sock
        assert held is not None
        held.setblocking(False)
        time.sleep(8)  # uvicorn's own habit is to close after 5
        with pytest.raises(BlockingIOError):  # neither closed nor anything said
            held.recv(1, socket.MSG_PEEK)
    finally:
        kept.close()


def test_a_request_keeps_the_id_that_its_proxy_gave_it_and_no_other(seen: Office) -> None:
    given = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = seen.http.get("/api/jobs/7", headers=seen.key | {"X-Request-ID": given})
    assert answer.status_code == 404
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == given
    for other in ("short", "gw_a-secret-of-somebody", PLACE, "<b>0123456789</b>", "a" * 65):
        made = seen.http.get("/healthz", headers={"X-Request-ID": other}).headers["x-request-id"]
        assert made != other and len(made) == 16


@pytest.mark.parametrize(
    "statement",
    [
        "select 'POINT(114.3055 30.5928'::geometry",
        "select '114.3055 30.5928'::float8",
        "select st_geomfromtext('POLYGON((114.3055 30.5928, 114.3055 30.5928))', 4326)",
        "select ('{\"place\": 114.3055x}')::jsonb",
        "do $$ begin raise 'TopologyException: side location conflict at 114.3055 30.5928'; end $$",
    ],
    ids=lambda one: one.partition("(")[0][:30],
)
def test_what_the_database_says_of_an_error_is_told_without_the_place(
    seen: Office, statement: str
) -> None:
    with owner(seen.settings) as c, pytest.raises(psycopg.Error) as refused:
        c.execute(statement.encode())
    assert not re.search(r"114[.]3|30[.]59", told_of(refused.value))


def test_the_log_is_lines_that_tell_no_secret_and_no_place(seen: Office) -> None:
    secret = make_key(seen.settings, "planner")
    sent = bearer(secret) | {"X-Request-ID": "00000000-feed-4000-8000-000000000001"}
    seen.http.get(f"/ogc/collections/buildings/items?bbox={PLACE},114.4,30.7", headers=sent)
    seen.http.get(f"/api/findings?bbox={PLACE}&district=洪山区", headers=sent)
    seen.http.post("/login", data={"name": "wang", "password": "not-the-password"})
    seen.http.get("/nowhere/114.3055")
    lines = seen.lines()  # each is JSON
    told = [line for line in lines if line["event"] == "request"]
    assert all({"request_id", "method", "route", "status", "ms"} <= set(one) for one in told)
    (asked,) = [
        one
        for one in told
        if one["request_id"] == sent["X-Request-ID"] and one["route"] == "/api/findings"
    ]
    assert asked["status"] == 400
    text = json.dumps(lines, ensure_ascii=False)
    for never in (secret, "114.3", "30.59", "洪山", "wang", "not-the-password"):
        assert never not in text
    assert {"/ogc/collections/{layer}/items", "(none)"} <= {one["route"] for one in told}
