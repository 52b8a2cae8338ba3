"""What an import would change, looked at first; and the dry run made real."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from commands import run_command
from conftest import KeyMaker, owner
from gridwarden.settings import Settings
from intake.conftest import Bring, work
from intake.makers import SQUARE, geojson, line, polygon

Count = Callable[..., Any]


def houses(n: int) -> list[Any]:
    return [
        (polygon(at=i), {"id": f"b{i}", "name": f"{i}号楼", "height": 10 + i}) for i in range(n)
    ]


def changed(n: int) -> list[Any]:
    """One raised, one moved, one gone and one new."""
    rows = houses(n)[: n - 1]
    rows[0][1]["height"] = 99
    rows[1] = (polygon([(x + 0.0001, y) for x, y in SQUARE], at=1), rows[1][1])
    return [*rows, (polygon(at=50), {"id": "new", "name": "新楼"})]


def test_a_dry_run_shows_each_change_and_publishes_what_it_showed(
    module_city: Settings,
    module_client: TestClient,
    module_bring: Bring,
    module_count: Count,
    tmp_path: Path,
) -> None:
    form = {"layer": "buildings", "dataset": "shown"}
    module_bring(geojson(tmp_path / "1.geojson", houses(12)), **form)
    seen = module_bring(geojson(tmp_path / "2.geojson", changed(12)), dry_run="true", **form)
    assert (seen["state"], seen["added"], seen["changed"], seen["removed"]) == ("checked", 1, 2, 1)
    url, headers = f"/api/imports/{seen['id']}", seen["headers"]
    answer = module_client.get(f"{url}/changes", headers=headers)
    assert answer.headers["content-type"] == "application/geo+json"
    document = answer.json()
    assert document["counts"] == {"added": 1, "changed": 2, "removed": 1, "kept": 0}
    told = {f["properties"]["source_id"]: f for f in document["features"]}
    assert {k: f["properties"]["op"] for k, f in told.items()} == {
        "b0": "update", "b1": "update", "b11": "delete", "new": "insert"
    }  # fmt: skip
    assert told["b0"]["properties"]["changed"] == {"height_m": [10, 99]}
    assert told["b0"]["properties"]["before"] is None
    assert told["b1"]["properties"]["changed"] == {}
    east = told["b1"]["geometry"]["coordinates"][0][0][0][0]
    west = told["b1"]["properties"]["before"]["coordinates"][0][0][0][0]
    assert round(east - west, 7) == 0.0001
    assert told["new"]["properties"]["changed"] == {"name": [None, "新楼"]}
    assert told["b11"]["properties"]["changed"]["name"] == ["11号楼", None]

    page = module_client.get(f"{url}/changes?op=update&limit=1", headers=headers).json()
    rest = module_client.get(page["next"], headers=headers).json()
    ops = [f["properties"]["op"] for f in (*page["features"], *rest["features"])]
    assert (ops, rest["next"]) == (["update", "update"], None)
    assert module_client.get(f"{url}/changes?op=all", headers=headers).status_code in (400, 422)

    answer = module_client.post(f"{url}/publish", headers=headers)
    assert answer.status_code == 202, answer.text
    assert work(module_city, answer.json()["job"]) == "finished"
    after = module_client.get(url, headers=headers).json()
    assert (after["state"], after["version"], after["dry_run"]) == ("published", 2, False)
    assert module_client.get(f"{url}/changes", headers=headers).status_code == 410
    assert module_client.post(f"{url}/publish", headers=headers).status_code == 409
    assert not (module_city.files / str(seen["id"])).exists()
    assert (
        module_count("select count(*) from data.import_change where import_id = %s", seen["id"])
        == 0
    )


def test_a_dry_run_is_not_published_over_a_dataset_that_has_moved_on(
    module_city: Settings, module_client: TestClient, module_bring: Bring, tmp_path: Path
) -> None:
    form = {"layer": "buildings", "dataset": "moved"}
    module_bring(geojson(tmp_path / "1.geojson", houses(12)), **form)
    file = geojson(tmp_path / "2.geojson", changed(12))
    seen = module_bring(file, dry_run="true", **form)
    url, headers = f"/api/imports/{seen['id']}", seen["headers"]
    with owner(module_city) as c:  # somebody edits a row: the version is the same, the rows are not
        c.execute("delete from data.buildings where name = '11号楼' and dataset_id ="
                  " (select id from data.dataset where name = 'moved')")  # fmt: skip
    answer = module_client.post(f"{url}/publish", headers=headers)
    assert work(module_city, answer.json()["job"]) == "failed"
    after = module_client.get(url, headers=headers).json()
    assert (after["state"], "moved" in after["say"]["en"]) == ("failed", True)
    late = module_bring(file, dry_run="true", **form)
    module_bring(geojson(tmp_path / "3.geojson", houses(13)), **form)
    answer = module_client.post(f"/api/imports/{late['id']}/publish", headers=headers)
    assert (answer.status_code, "moved" in answer.json()["detail"]) == (409, True)


def test_an_import_that_waits_shows_which_rows_would_go(
    module_city: Settings, module_client: TestClient, module_bring: Bring, tmp_path: Path
) -> None:
    """Also when it was a dry run that is published: the number is to be confirmed."""
    form = {"layer": "buildings", "dataset": "waits"}
    module_bring(geojson(tmp_path / "1.geojson", houses(5)), **form)
    short = geojson(tmp_path / "2.geojson", houses(2))
    held = module_bring(short, **form)
    answer = module_client.get(f"/api/imports/{held['id']}/changes", headers=held["headers"])
    names = {f["properties"]["source_id"] for f in answer.json()["features"]}
    assert names == {"b2", "b3", "b4"}
    seen = module_bring(short, dry_run="true", **form)
    url = f"/api/imports/{seen['id']}/publish"
    job = module_client.post(url, headers=seen["headers"]).json()["job"]
    assert work(module_city, job) == "held"
    again = module_bring(short, dry_run="true", **form)
    url = f"/api/imports/{again['id']}/publish"
    job = module_client.post(url, headers=seen["headers"], json={"remove": 3}).json()["job"]
    assert work(module_city, job) == "finished"


def test_five_thousand_changes_are_kept_of_each_operation_alike(
    module_bring: Bring, module_count: Count, tmp_path: Path
) -> None:
    def many(first: int, n: int, height: int) -> Path:
        rows = [f"b{i},{height},{114.3 + i % 100 / 1000},{30.5 + i // 100 / 1000}"
                for i in range(first, first + n)]  # fmt: skip
        file = tmp_path / f"{first}.csv"
        file.write_text("\n".join(["id,places,lon,lat", *rows]), "utf-8")
        return file

    form = {"layer": "charging_sheds", "dataset": "many", "crs": "EPSG:4326"}
    module_bring(many(0, 5000, 1), **form)
    seen = module_bring(many(10, 9000, 2), dry_run="true", **form)
    assert (seen["added"], seen["changed"], seen["removed"]) == (4010, 4990, 10)
    kept = "select jsonb_object_agg(op, n) from (select op, count(*) n from data.import_change" \
        " where import_id = %s group by op) x"  # fmt: skip
    assert module_count(kept, seen["id"]) == {"insert": 2495, "update": 2495, "delete": 10}


def test_changes_of_mains_are_seen_by_their_company_and_after_a_look(
    module_city: Settings,
    module_client: TestClient,
    module_bring: Bring,
    module_sign_in: KeyMaker,
    module_count: Count,
    tmp_path: Path,
) -> None:
    def mains(n: int) -> Path:
        rows = [(line((0, i / 1000), (0.01, i / 1000)), {"pipe_id": f"p{i}", "medium": "gas"})
                for i in range(n)]  # fmt: skip
        return geojson(tmp_path / f"{n}.geojson", rows)

    module_bring(mains(12), layer="gas_pipelines", dataset="net")
    seen = module_bring(mains(11), layer="gas_pipelines", dataset="net", dry_run="true")
    url = f"/api/imports/{seen['id']}/changes"
    looks = module_count("select count(*) from data.audit where action = 'look'")
    told = module_client.get(url, headers=seen["headers"]).json()["features"]
    assert [f["properties"]["source_id"] for f in told] == ["p11"]
    assert module_count("select count(*) from data.audit where action = 'look'") == looks + 1
    # The same person, whose districts do not hold that main.
    narrow = module_sign_in("supervisor", district_ids=(77,))
    assert module_client.get(url, headers=narrow).json()["features"] == []
    with owner(module_city) as c:
        c.execute("update data.import set org_id = 7 where id = %s", (seen["id"],))
        c.execute("update data.import_change set org_id = 7 where import_id = %s", (seen["id"],))
    own, other = (module_sign_in("utility", org_ids=(n,)) for n in (7, 8))
    assert len(module_client.get(url, headers=own).json()["features"]) == 1
    for headers, status in ((other, 404), (module_sign_in("planner"), 404),
                            (module_sign_in("viewer"), 403), ({}, 401)):  # fmt: skip
        assert module_client.get(url, headers=headers).status_code == status
    with owner(module_city) as c:  # a row of another company in the same dataset
        c.execute("update data.import_change set org_id = 8 where import_id = %s", (seen["id"],))
    assert module_client.get(url, headers=own).json()["features"] == []


def test_a_dry_run_is_published_by_who_may_see_it(
    module_city: Settings,
    module_client: TestClient,
    module_bring: Bring,
    module_sign_in: KeyMaker,
    tmp_path: Path,
) -> None:
    """The person that asked for it, and a colleague of the same company."""
    file = geojson(tmp_path / "p.geojson", [(line((0, 0), (0.01, 0)), {"pipe_id": "p"})])
    seen = module_bring(file, layer="gas_pipelines", dataset="whose", dry_run="true")
    assert seen["state"] == "checked"
    own, other = (module_sign_in("utility", org_ids=(n,)) for n in (7, 8))
    for person, org, headers, status in (
        ("somebody else", None, seen["headers"], 404),
        ("somebody else", 7, seen["headers"], 404),
        ("somebody else", 7, other, 404),
        ("somebody else", 7, own, 202),
    ):
        with owner(module_city) as c:
            c.execute("update data.import set person = %s, org_id = %s where id = %s",
                      (person, org, seen["id"]))  # fmt: skip
        answer = module_client.post(f"/api/imports/{seen['id']}/publish", headers=headers)
        assert answer.status_code == status, answer.text


def test_the_command_prints_the_first_changes_and_publishes_them(
    module_city: Settings, module_bring: Bring, tmp_path: Path, module_count: Count
) -> None:
    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return run_command(module_city, *words, GRIDWARDEN_LANGUAGE="en")

    module_bring(geojson(tmp_path / "1.geojson", houses(12)), layer="buildings", dataset="told")
    second = geojson(tmp_path / "2.geojson", changed(12))
    told = command("import", str(second), "--layer", "buildings", "--dataset", "told",
                   "--as", "supervisor", "--dry-run")  # fmt: skip
    assert told.returncode == 0, told.stderr
    for words in ("height_m: 10 → 99", "shape changed", "b11", "new"):
        assert words in told.stdout
    number = str(module_count("select max(id) from data.import"))
    done = command("publish", number, "--as", "supervisor")
    assert (done.returncode, "Published as version 2" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("body", [{"remove": -1}, {"remove": "3"}, {"other": 1}, []])
def test_an_odd_wish_to_publish_is_refused(
    module_client: TestClient, module_sign_in: KeyMaker, body: object
) -> None:
    answer = module_client.post(
        "/api/imports/1/publish", headers=module_sign_in("planner"), json=body
    )
    assert answer.status_code in (400, 422)
