"""/metrics: true figures of queue, screening, jobs, requests and statements; for whom, and what
never stands in it.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from conftest import KeyMaker, bearer, client_of, owner
from gridwarden.access.audience import Audience
from gridwarden.app import create_app
from gridwarden.database import accounts, open_pool
from gridwarden.layers.catalogue import layers
from gridwarden.screening.screener import Screener
from gridwarden.settings import Settings
from gridwarden.watching.figures import statement_name
from gridwarden.watching.routes import Monitors, router

TOKEN = "a-token-for-monitoring"
NEARBY = (500_123.0, 3_400_456.0)
SHEDS = """
with d as (insert into data.dataset (layer, name, version) values ('charging_sheds', %(name)s, 1)
           returning id)
insert into data.charging_sheds (dataset_id, source_id, accuracy_m, geom)
select d.id, n::text, 0.3, st_setsrid(st_makepoint(%(x)s + 40 * n, %(y)s), data.working_srid())
from d, generate_series(1, %(n)s) n"""


@pytest.fixture(scope="module")
def client(module_city: Settings) -> Iterator[TestClient]:
    """A service with a monitoring token."""
    settings = module_city.model_validate(
        {**module_city.model_dump(exclude_computed_fields=True), "metrics_token": TOKEN}
    )
    with client_of(settings) as made:
        yield made


Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(client: TestClient) -> Figures:
    """Every sample by its name and labels, as Prometheus reads the text."""
    answer = client.get("/metrics", headers=bearer(TOKEN))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def one(figures: Figures, name: str, **labels: str) -> float:
    return figures[f"gridwarden_{name}", tuple(sorted(labels.items()))]


def sheds(settings: Settings, name: str, n: int) -> None:
    with owner(settings) as c:
        c.execute(SHEDS, {"name": name, "x": NEARBY[0], "y": NEARBY[1], "n": n})


def step_all(settings: Settings) -> int:
    """Screen what waits; the number of steps."""

    async def all_of_it() -> int:
        pool = await open_pool(settings, "worker")
        try:
            screener, n = Screener(pool), 0
            while await screener.step():
                n += 1
            return n
        finally:
            await pool.close()

    return asyncio.run(all_of_it())


def test_for_monitors_alone(client: TestClient, module_sign_in: KeyMaker) -> None:
    def ask(**headers: str | bytes) -> int:
        return client.get("/metrics", headers=headers).status_code  # type: ignore[arg-type]

    assert ask() == 401
    assert ask(**bearer(TOKEN[:-1])) == 401
    assert ask(Authorization=f"Bearer {TOKEN}é".encode()) == 401
    assert ask(**bearer(TOKEN)) == 200
    assert ask(**module_sign_in("auditor")) == 200
    assert ask(**module_sign_in("administrator")) == 403
    assert client.get("/api/whoami", headers=bearer(TOKEN)).status_code == 401


def test_who_watches_the_counts_brings_nothing() -> None:
    """Else by bringing features, and watching whether a count of findings moves, they would find
    a main.
    """
    [route] = router.routes
    [audience] = [d.call for d in route.dependant.dependencies]  # type: ignore[attr-defined]
    assert isinstance(audience, Monitors)
    assert isinstance(audience, Audience)
    importers = {role for layer in layers().values() for role in layer.importers}
    assert len(importers) >= 3
    assert not importers & set(audience.roles)


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        Settings(metrics_token="short")  # type: ignore[arg-type]


def test_requests_are_counted_by_template(client: TestClient) -> None:
    before = read(client)
    for path in ("/ogc/collections/estates/items/777123", "/somewhere/777123?bbox=114.123456,30"):
        client.get(path)
    client.request("BREW", "/ogc/conformance")
    figures = read(client)
    template = "/ogc/collections/{layer}/items/{feature}"
    for labels in (
        {"method": "GET", "route": template, "status": "401"},
        {"method": "GET", "route": "(none)", "status": "404"},
        {"method": "other", "route": "/ogc/conformance", "status": "405"},
    ):
        key = ("gridwarden_requests_total", tuple(sorted(labels.items())))
        assert figures[key] == before.get(key, 0) + 1
    assert one(figures, "request_seconds_count", method="GET", route=template) >= 1
    assert one(figures, "requests_in_progress") == 1
    said = " ".join(str(k) for k in figures)
    assert "777123" not in said
    assert "114.123" not in said
    assert figures["process_resident_memory_bytes", ()] > 2**20


def test_the_queue_and_its_lag(client: TestClient, module_city: Settings) -> None:
    sheds(module_city, "a city is screened as a whole first", 1)
    step_all(module_city)
    empty = read(client)
    assert one(empty, "queue_rows") == one(empty, "queue_oldest_seconds") == 0
    sheds(module_city, "first", 7)
    full = read(client)
    assert one(full, "queue_rows") == one(full, "queue_features") == 7
    assert 0 < one(full, "queue_oldest_seconds") < 600
    with owner(module_city) as c:
        c.execute("update data.change set at = at - interval '90 s'")
    assert 90 < one(read(client), "queue_oldest_seconds") < 900
    assert step_all(module_city) == 1
    done = read(client)
    assert one(done, "queue_rows") == one(done, "queue_oldest_seconds") == 0
    assert one(done, "screen_steps_total") == one(full, "screen_steps_total") + 1
    assert 90 < one(done, "screen_lag_last_seconds") < 900
    assert one(done, "screen_lag_max_seconds") == one(done, "screen_lag_last_seconds")
    assert one(done, "screen_recent_changes") == one(full, "screen_recent_changes") + 7
    assert 0 <= one(done, "screen_last_step_seconds") < 600


def test_jobs_tables_and_the_database(client: TestClient, module_city: Settings) -> None:
    with owner(module_city) as c:
        c.execute(
            "insert into data.job (kind, state) values ('import', 'failed'), ('screen', 'queued')"
        )
        c.execute("vacuum data.finding")
        size = c.execute("select pg_database_size(current_database())").fetchone()
    figures = read(client)
    assert size is not None
    assert one(figures, "jobs", kind="import", state="failed") == 1
    assert one(figures, "jobs", kind="screen", state="queued") == 1
    assert one(figures, "job_oldest_seconds") > 0
    assert one(figures, "database_up") == 1
    assert one(figures, "database_bytes") == pytest.approx(size[0], rel=0.2)
    assert one(figures, "table_vacuums_total", table="data.finding") >= 1
    for table in ("data.change", "data.finding", "data.finding_past", "data.event"):
        assert one(figures, "table_bytes", table=table) > 0
        assert one(figures, "table_dead_rows", table=table) >= 0
    assert one(figures, "pool_most") == module_city.web_connections
    assert one(figures, "pool_connections", state="free") >= 1


def test_figures_come_while_a_screening_holds_its_tables(
    client: TestClient, module_city: Settings
) -> None:
    tables = ("again", "judged", "difference", "change_seen")
    with owner(module_city) as c:
        c.execute(
            "insert into data.again (layer, subject_id) select 'estates', generate_series(1, 999)"
        )
        c.execute("analyze data.again")
        with c.transaction():
            for table in tables:
                c.execute(f"lock table data.{table} in access exclusive mode".encode())
            figures = read(client)
        c.execute("delete from data.again")
    sizes = {table: one(figures, "table_bytes", table=f"data.{table}") for table in tables}
    assert sizes["again"] >= 8192
    assert one(figures, "table_bytes", table="data.finding") > 0


def test_statements_have_names_and_no_values(client: TestClient, module_city: Settings) -> None:
    secret = "gw_a-secret-that-is-not-in-any-list-123456789"
    client.get("/api/whoami", headers=bearer(secret))
    figures = read(client)
    assert one(figures, "statements_available") == 1
    called = [dict(labels) for name, labels in figures if name.endswith("statement_calls_total")]
    assert {"access.caller_of", "database.become"} <= {labels["statement"] for labels in called}
    assert all(re.fullmatch(r"-?\d+", labels["query"]) for labels in called)
    with accounts.connect_superuser(module_city, "gridwarden") as c:
        texts = "\n".join(
            text
            for (text,) in c.execute(
                "select s.query from pg_stat_statements s join pg_roles r on r.oid = s.userid"
                " where r.rolname like 'gridwarden\\_%' and r.rolname <> 'gridwarden_owner'"
            )
        )
    assert "select api.caller_of($1, $2)" in texts
    for value in (secret, TOKEN, str(NEARBY[0]), str(NEARBY[1]), "monitoring"):
        assert value not in texts


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("/* screening.take */ -- What\nwith next as (", "screening.take"),
        ("/* layers.features.items */ select 1", "layers.features.items"),
        ('select "api"."permit_check"($1, $2, $3)', "api.permit_check"),
        ("select secret from data.gas_pipelines", "other"),
    ],
)
def test_a_statement_is_called_by_its_room_and_name(text: str, name: str) -> None:
    assert statement_name(text) == name


def test_no_label_holds_more_than_was_declared(client: TestClient) -> None:
    """A place, an id or a name in a label would be kept for years by whoever collects them."""
    templates = {route.path for route in create_app(Settings()).routes if hasattr(route, "path")}
    assert templates
    plain = re.compile(r"[a-z_]+(\.[a-z_]+)*")
    allowed: dict[str, Any] = {
        "method": re.compile(r"[A-Z]+|other"),
        "route": re.compile(r"\(none\)|\(files\)|(/[a-z_.-]+|/{[a-z_]+(:path)?}|/)[^?=&]*"),
        "status": re.compile(r"\d{3}"),
        "le": re.compile(r"[\d.]+|\+Inf"),
        "query": re.compile(r"-?\d+"),
        **dict.fromkeys(("state", "kind", "table", "statement", "login"), plain),
    }
    for name, labels in read(client):
        for label, value in labels:
            assert allowed[label].fullmatch(value), (name, label, value)


def test_a_database_that_does_not_answer_is_a_figure(module_city: Settings) -> None:
    """Every connection is taken: queue and tables are not known, that they are not is."""
    settings = module_city.model_validate(
        {
            **module_city.model_dump(exclude_computed_fields=True),
            "metrics_token": TOKEN,
            "web_connections": 1,
        }
    )
    with client_of(settings) as client:
        pool = client.app.state.pool  # type: ignore[attr-defined]
        portal = client.portal
        assert portal is not None
        taken = portal.call(pool.getconn)
        figures = read(client)
        portal.call(pool.putconn, taken)
        assert one(figures, "database_up") == 0
        assert one(figures, "pool_connections", state="in_use") == 1
        assert ("gridwarden_queue_rows", ()) not in figures
        assert one(read(client), "database_up") == 1
