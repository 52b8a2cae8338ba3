"""What an import says of its own age, what is promised of a dataset, and who is late."""

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from commands import run_command
from conftest import KeyMaker, owner
from gridwarden.database.accounts import connect_superuser
from gridwarden.layers.age.status import late_records
from gridwarden.settings import Settings

from .conftest import post, work

X, Y = 500_000, 3_420_000
Headers = dict[str, str]


@pytest.fixture(scope="module")
def keys(module_city: Settings, module_sign_in: KeyMaker) -> dict[str, Headers]:
    """Two companies, and one key for each other role."""
    with owner(module_city) as c:
        c.execute(
            "insert into data.dataset (layer, name, version) values ('organisations', 'o', 1)"
        )
        made = """insert into data.organisations (dataset_id, source_id, name, kind, duty_phone)
            select id, n, n, 'gas_company', '0712-' || n from data.dataset,
            unnest(array['JIA', 'YI']) n where name = 'o' returning id"""
        jia, yi = (row[0] for row in c.execute(made).fetchall())
    roles = ("planner", "dispatcher", "viewer", "administrator")
    return {role: module_sign_in(role) for role in roles} | {
        "supervisor": module_sign_in("supervisor", all_districts=True),
        "JIA": module_sign_in("utility", org_ids=(jia,)),
        "YI": module_sign_in("utility", org_ids=(yi,)),
    }


def run(settings: Settings, *words: str) -> str:
    """What a command prints."""
    done = run_command(settings, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def today(settings: Settings) -> date:
    with owner(settings) as c:
        return c.execute("select (now() at time zone %s)::date", (settings.time_zone,)).fetchone()[
            0
        ]


def mains(tmp_path: Path, days: list[str]) -> Path:
    """Mains as a sheet, each with its source date."""
    file = tmp_path / "mains.csv"
    with file.open("w", newline="", encoding="utf-8") as out:
        lines = csv.writer(out)
        lines.writerow(("source_id", "operator", "pressure_class", "source_date", "wkt"))
        for n, day in enumerate(days):
            wkt = f"LINESTRING ({X} {Y + 50 * n}, {X + 100} {Y + 50 * n})"
            lines.writerow((f"m{n}", "JIA", "MB", day, wkt))
    return file


@pytest.fixture
def send(module_city: Settings, module_client: TestClient, keys: dict[str, Headers]) -> Any:
    """`send("JIA", file, …)` imports mains and gives the import."""

    def whole(who: str, file: Path, state: str = "published", **form: Any) -> dict[str, Any]:
        more = {"layer": "gas_pipelines", "dataset": "net", "crs": "EPSG:4547"} | form
        sent = post(module_client, keys[who], file, **more)
        assert sent.status_code == 202, sent.text
        work(module_city, sent.json()["job"])
        seen = dict(module_client.get(sent.json()["url"], headers=keys[who]).json())
        assert seen["state"] == state, seen
        return seen

    return whole


def told(client: TestClient, headers: Headers, name: str = "net") -> dict[str, Any]:
    items = client.get("/api/datasets", headers=headers).json()["items"]
    return dict(next(one for one in items if one["name"] == name))


def late(client: TestClient, headers: Headers) -> list[tuple[str, str, str | None, int]]:
    items = client.get("/api/late-suppliers", headers=headers).json()["items"]
    return [(i["supplier"], i["layer"], i["dataset"], i["late_days"]) for i in items]


def test_a_dataset_is_as_old_as_its_newest_row_and_late_after_its_promise(
    module_city: Settings,
    module_client: TestClient,
    keys: dict[str, Headers],
    send: Any,
    tmp_path: Path,
) -> None:
    day, http, jia = today(module_city), module_client, keys["JIA"]

    def ago(days: int) -> str:
        return (day - timedelta(days=days)).isoformat()

    send("JIA", mains(tmp_path, [ago(500), ago(412)]))
    first = told(http, jia)
    assert (first["age_days"], first["surveyed_on"], first["supplier"]) == (412, ago(412), "JIA")
    assert (first["update_days"], first["due_on"]) == (365, ago(47)), "the layer's own promise"
    assert (first["late"], first["late_days"]) == (True, 47)

    # the promise comes with a file, is kept for the next, and what is to come tells nothing
    send("JIA", mains(tmp_path, [ago(500), ago(90)]), update_days="90")
    send("JIA", mains(tmp_path, [ago(501), ago(90), "2999-01-01"]))
    second = told(http, jia)
    assert (second["age_days"], second["update_days"], second["late"]) == (90, 90, False)
    send("JIA", mains(tmp_path, [ago(501), ago(91)]), remove="1")
    assert told(http, jia)["late_days"] == 1
    for wrong in ("0", "-1", "x", "36501", "9" * 30):
        file = mains(tmp_path, [ago(1)])
        form = {"layer": "gas_pipelines", "dataset": "net", "update_days": wrong}
        answer = post(http, jia, file, **form)
        assert answer.status_code in (400, 422) and answer.json()["field"] == "update_days", wrong

    # what comes back is as old as it was
    dataset = told(http, jia)["id"]
    body = {"version": 1, "remove": 0}
    back = http.post(f"/api/datasets/{dataset}/rollback", headers=jia, json=body)
    work(module_city, back.json()["job"])
    assert told(http, jia)["age_days"] == 412


def test_without_a_day_of_its_own_a_version_counts_from_when_it_came(
    module_city: Settings,
    module_client: TestClient,
    keys: dict[str, Headers],
    send: Any,
    tmp_path: Path,
) -> None:
    file = mains(tmp_path, [""])
    send("JIA", file, dataset="undated")
    one = told(module_client, keys["JIA"], "undated")
    assert (one["surveyed_on"], one["age_days"]) == (None, 0)
    with owner(module_city) as c:
        c.execute(
            "update data.dataset set published_at = published_at - interval '400 days'"
            " where name = 'undated'"
        )
    assert told(module_client, keys["JIA"], "undated")["late_days"] == 35
    # the same file again says that so it still is
    send("JIA", file, "unchanged", dataset="undated")
    again = told(module_client, keys["JIA"], "undated")
    assert (again["age_days"], again["late"], again["version"]) == (0, False, 1)


def test_only_whose_it_is_changes_a_promise_and_the_audit_tells(
    module_city: Settings, module_client: TestClient, keys: dict[str, Headers]
) -> None:
    http, dataset = module_client, told(module_client, keys["JIA"])["id"]

    def put(who: str, days: object) -> Any:
        path = f"/api/datasets/{dataset}/promise"
        return http.put(path, headers=keys[who], json={"update_days": days})

    assert put("JIA", 30).json() == {"id": dataset, "was": 90, "update_days": 30}
    assert put("supervisor", None).json()["update_days"] is None
    assert told(http, keys["JIA"])["late"] is False, "nothing promised, nothing late"
    assert put("supervisor", 90).status_code == 200
    for who, status in (("YI", 404), ("planner", 404), ("administrator", 404), ("viewer", 403)):
        assert put(who, 1).status_code == status, who
    for days in (0, -1, 36_501, "7", 1.5, True, 10**30):
        assert put("JIA", days).status_code in (400, 422), days
    assert (
        http.put(
            "/api/datasets/999999/promise", headers=keys["supervisor"], json={"update_days": 1}
        ).status_code
        == 404
    )
    with owner(module_city) as c:
        kept = c.execute(
            "select detail from data.audit where action = 'promise' order by id"
        ).fetchall()
    changes = [(one[0]["was"], one[0]["now"]) for one in kept if one[0]["dataset"] == dataset]
    assert changes == [(365, 90), (90, 30), (30, None), (None, 90)]


def test_late_suppliers_are_told_by_name_to_who_may_know(
    module_city: Settings, module_client: TestClient, keys: dict[str, Headers]
) -> None:
    """The company's name for officials, its dataset's for itself and the supervisor."""
    with owner(module_city) as c:
        c.execute("insert into data.dataset (layer, name, version) values ('coverage', 'c', 1)")
        for operator, age, size in (
            *(("JIA", 412, 500), ("YI", 10, 500), ("YI", 900, 400)),
            *(("BING", 100, 500), ("BING", 900, 400)),
        ):
            c.execute(
                "insert into data.coverage (dataset_id, source_id, operator, surveyed_on,"
                " update_days, geom) select id, %s, %s, current_date - %s, 90,"
                " st_multi(st_makeenvelope(0, 0, %s, 100, 4547))"
                " from data.dataset where name = 'c'",
                (f"{operator}{age}", operator, age, size),
            )
        c.execute(
            "update data.dataset set surveyed_on = null, published_at = now() - interval"
            " '500 days', update_days = 365 where layer = 'organisations'"
        )
    survey = [row for row in late(module_client, keys["planner"]) if row[1] == "coverage"]
    assert [row[:2] for row in survey] == [("JIA", "coverage"), ("BING", "coverage")], (
        "YI keeps that ground up"
    )
    assert survey[1][3] < 100, "BING's older survey lies beneath a newer one"
    own, other = ("JIA", "gas_pipelines", "net", 322), ("JIA", "gas_pipelines", None, 322)
    for who, sees in (
        ("JIA", own),
        ("supervisor", own),
        ("planner", other),
        ("administrator", other),
        ("YI", None),
        ("viewer", None),
        ("dispatcher", None),
    ):
        rows = late(module_client, keys[who])
        assert [r for r in rows if r[1] == "gas_pipelines"] == ([sees] if sees else []), who
        assert any(r[1] == "coverage" for r in rows) is (who not in ("viewer", "dispatcher")), who
        assert any(r[1] == "organisations" for r in rows), who
        assert [r[3] for r in rows] == sorted((r[3] for r in rows), reverse=True)


def test_who_is_late_is_counted_as_it_is_listed(
    module_city: Settings, module_client: TestClient, keys: dict[str, Headers]
) -> None:
    """A supplier's surveys count where they are listed: for monitors and on the terminal, too."""
    rows = late(module_client, keys["planner"])
    assert {"coverage", "gas_pipelines"} <= {row[1] for row in rows}
    with owner(module_city) as c:
        watched = c.execute("select (data.watched_events() ->> 'datasets_late')::int").fetchone()
    assert watched == (len(rows),)
    told = late_records(module_city.model_copy(update={"language": "en"}))
    assert told.startswith(f"late: {rows[0][0]}") and f"up to {rows[0][3]} days" in told


@pytest.mark.parametrize("role", ["viewer", "planner", "utility", "supervisor"])
def test_a_newer_survey_is_found_by_its_shape(module_city: Settings, role: str) -> None:
    """The condition is put into the query, whoever asks: else each is held against all."""
    with connect_superuser(module_city, "gridwarden") as c:
        c.execute("set enable_seqscan = off")
        c.execute("select set_config('role', %s, false)", (f"gridwarden_{role}",))
        plan = c.execute("explain (verbose) select * from api.district_age").fetchall()
    text = "\n".join(row[0] for row in plan)
    assert "survey_over" not in text
    assert "Index Scan using coverage_geom" in text and "k.geom ~ v.geom" in text, text


def test_the_terminal_tells_ages_and_takes_a_promise(module_city: Settings) -> None:
    listed = run(module_city, "layers")
    assert "500/365" in listed and ("late" in listed or "逾期" in listed)
    assert "net@" not in listed, "a company's network is not named to everybody"
    assert "JIA" in run(module_city, "layers", "late")
    assert "逾期：JIA" in run(module_city, "status")
    told = run(module_city, "layers", "promise", "organisations", "o", "none")
    assert "365" in told
    assert "organisations" not in run(module_city, "layers", "late")
