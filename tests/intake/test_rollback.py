"""An earlier version comes back as a new one, and tells first what that undoes."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from commands import run_command
from conftest import KeyMaker, environment, owner
from gridwarden.settings import Settings
from intake.conftest import Bring, post, work
from intake.makers import geojson, polygon
from intake.test_interrupted import DO_ONE_JOB, waiting

Count = Callable[..., Any]


def houses(path: Path, heights: dict[str, float]) -> Path:
    """Houses by their ids; a named one stays where it is."""
    rows = [(polygon(at=int(k[1:])), {"id": k, "height": h}) for k, h in heights.items()]
    return geojson(path, rows)


def rows_of(settings: Settings, dataset: str) -> dict[str, tuple[int, float]]:
    """Id and height of each house by its source id."""
    with owner(settings) as c:
        found = c.execute(
            "select b.source_id, b.id, b.height_m from data.buildings b"
            " join data.dataset d on d.id = b.dataset_id where d.name = %s",
            (dataset,),
        ).fetchall()
    return {source_id: (number, height) for source_id, number, height in found}


def dataset_id(client: TestClient, headers: dict[str, str], name: str) -> int:
    items = client.get("/api/datasets?layer=buildings", headers=headers).json()["items"]
    return next(int(d["id"]) for d in items if d["name"] == name)


TEN = {f"b{i}": float(i + 1) for i in range(12)}


def test_a_version_comes_back_with_its_ids_and_says_what_it_undoes(
    module_city: Settings,
    module_client: TestClient,
    module_bring: Bring,
    module_count: Count,
    tmp_path: Path,
) -> None:
    form = {"layer": "buildings", "dataset": "back"}
    headers = module_bring(houses(tmp_path / "1.geojson", TEN), **form)["headers"]
    first = rows_of(module_city, "back")
    second = {k: h for k, h in TEN.items() if k != "b11"} | {"b0": 99.0, "b20": 20.0}
    module_bring(houses(tmp_path / "2.geojson", second), **form)
    third = {k: h for k, h in second.items() if k != "b20"} | {"b11": 77.0}
    module_bring(houses(tmp_path / "3.geojson", third), **form)
    with owner(module_city) as c:  # another path than an import
        c.execute("update data.buildings set height_m = 55 where id = %s", (first["b5"][0],))
    number = dataset_id(module_client, headers, "back")
    url = f"/api/datasets/{number}"
    listed = module_client.get(f"{url}/versions", headers=headers).json()["items"]
    assert [v["version"] for v in listed] == [3, 2, 1]
    assert (listed[0]["person"], listed[0]["file_name"]) == ("test supervisor", "3.geojson")

    asked = module_client.post(
        f"{url}/rollback", headers=headers, json={"version": 1, "dry_run": True}
    )
    assert asked.status_code == 202, asked.text
    undoes = asked.json()["undoes"]
    assert [(v["version"], v["added"], v["changed"], v["removed"]) for v in undoes["versions"]] == [
        (3, 1, 0, 1),
        (2, 1, 1, 1),
    ]
    assert undoes["edits"]["features"] == 1
    assert work(module_city, asked.json()["job"]) == "finished"
    told = module_client.get(asked.json()["url"], headers=headers).json()
    assert (told["state"], told["added"], told["changed"], told["removed"]) == ("checked", 0, 3, 0)
    changes = module_client.get(asked.json()["url"] + "/changes", headers=headers).json()
    assert {f["properties"]["source_id"] for f in changes["features"]} == {"b0", "b5", "b11"}

    done = module_client.post(asked.json()["url"] + "/publish", headers=headers)
    assert work(module_city, done.json()["job"]) == "finished"
    now = rows_of(module_city, "back")
    assert {k: h for k, (_, h) in now.items()} == TEN
    # b11 had been removed and brought again: that feature goes on, all others are as they were.
    assert {k: n for k, (n, _) in now.items() if k != "b11"} == {
        k: n for k, (n, _) in first.items() if k != "b11"
    }
    newest = module_client.get(f"{url}/versions", headers=headers).json()["items"][0]
    assert (newest["version"], newest["rolled_back_to"]) == (4, 1)
    assert module_count("select count(*) from data.audit where action = 'rollback'") >= 1
    assert module_count("select count(*) from data.change") > 0

    again = module_client.post(f"{url}/rollback", headers=headers, json={"version": 2}).json()
    work(module_city, again["job"])
    seen = module_client.get(again["url"], headers=headers).json()
    assert (seen["state"], seen["added"], seen["removed"]) == ("published", 1, 1)
    assert {k: h for k, (_, h) in rows_of(module_city, "back").items()} == second
    back = rows_of(module_city, "back")["b20"][0]
    versions = "select array_agg(version order by version) from data.history" \
        " where layer = 'buildings' and feature_id = %s"  # fmt: skip
    assert module_count(versions, back) == [1, 2]


def test_a_version_that_would_take_many_rows_away_waits_for_its_number(
    module_city: Settings,
    module_client: TestClient,
    module_bring: Bring,
    module_count: Count,
    tmp_path: Path,
) -> None:
    form = {"layer": "buildings", "dataset": "guard"}
    headers = module_bring(houses(tmp_path / "1.geojson", {"b0": 1.0}), crs="bd09", **form)[
        "headers"
    ]
    module_bring(houses(tmp_path / "2.geojson", TEN), **form)
    url = f"/api/datasets/{dataset_id(module_client, headers, 'guard')}/rollback"
    asked = module_client.post(url, headers=headers, json={"version": 1}).json()
    assert work(module_city, asked["job"]) == "held"
    said = module_client.get(asked["url"], headers=headers).json()["say"]["en"]
    assert "going back to version 1 would remove 11 of the 12 rows" in said
    answer = module_client.post(asked["url"] + "/answer", headers=headers, json={"remove": 11})
    assert answer.status_code == 202, answer.text
    assert work(module_city, answer.json()["job"]) == "finished"
    assert list(rows_of(module_city, "guard")) == ["b0"]
    # Places from Baidu are again places from Baidu, of which no clearance is measured.
    crs = "select crs from data.dataset where name = 'guard'"
    assert module_count(crs) == "bd09"
    same = module_client.post(url, headers=headers, json={"version": 1}).json()
    work(module_city, same["job"])
    assert module_client.get(same["url"], headers=headers).json()["state"] == "unchanged"
    for body, status in (({"version": 9}, 404), ({"version": 0}, 422), ({}, 422), ([], 422)):
        answer = module_client.post(url, headers=headers, json=body)
        assert answer.status_code in (status, 400), answer.text


def test_a_version_is_told_by_the_lock_and_not_by_the_number_of_its_transaction(
    module_city: Settings,
    module_client: TestClient,
    module_bring: Bring,
    module_sign_in: KeyMaker,
    module_count: Count,
    tmp_path: Path,
) -> None:
    """The one that began first gets the lock last: its transaction's number is the smaller one."""
    headers = module_sign_in("supervisor", all_districts=True)
    form = {"layer": "buildings", "dataset": "order"}
    late = post(
        module_client, headers, houses(tmp_path / "late.geojson", {"b0": 2.0, "b1": 2.0}), **form
    ).json()
    with owner(module_city) as c:
        c.execute("insert into data.dataset (layer, name) values ('buildings', 'order')")
    with owner(module_city) as holder, holder.transaction():
        # Unlike a row's lock, this one gives the holder no number yet.
        holder.execute("lock table data.dataset in share row exclusive mode")
        runner = threading.Thread(target=work, args=(module_city, late["job"]))
        runner.start()  # it stages its rows, which takes its number, and waits
        for _ in range(600):
            if waiting(module_city):
                break
            time.sleep(0.05)
        # What the first publication would do here, done by hand in the same transaction.
        holder.execute(
            "insert into data.buildings (dataset_id, source_id, height_m, geom)"
            " select d.id, 'b0', 1, st_multi(st_buffer(st_setsrid(st_makepoint(500000, 3370000),"
            " 4547), 5)) from data.dataset d where d.name = 'order'"
        )
        holder.execute(
            "with d as (update data.dataset set version = 1 where name = 'order' returning id)"
            " insert into data.dataset_version (dataset_id, version, added, changed, removed)"
            " select id, 1, 1, 0, 0 from d"
        )
    runner.join(60)
    xids = "select array_agg(v.xid::text::bigint order by v.version) from data.dataset_version v" \
        " join data.dataset d on d.id = v.dataset_id where d.name = 'order'"  # fmt: skip
    one, two = module_count(xids)
    assert two < one
    had = "select array_agg(r.row ->> 'height_m' order by r.feature_id) from data.dataset d" \
        " cross join data.version_rows('buildings', d.id, %s) r where d.name = 'order'"  # fmt: skip
    assert (module_count(had, 1), module_count(had, 2)) == (["1"], ["2", "2"])


def test_a_kill_in_the_middle_of_a_rollback_leaves_what_was(
    module_city: Settings,
    module_client: TestClient,
    module_bring: Bring,
    module_count: Count,
    tmp_path: Path,
) -> None:
    """A dry run that is published is stopped at the same place, as it is the same job."""
    form = {"layer": "buildings", "dataset": "killed"}
    headers = module_bring(houses(tmp_path / "1.geojson", TEN), **form)["headers"]
    module_bring(houses(tmp_path / "2.geojson", dict.fromkeys(TEN, 50.0)), **form)
    number = dataset_id(module_client, headers, "killed")
    url = f"/api/datasets/{number}/rollback"
    asked = module_client.post(url, headers=headers, json={"version": 1}).json()
    with owner(module_city) as holder, holder.transaction():
        # Its rows are staged and compared; the merge waits here.
        holder.execute("select from data.buildings where dataset_id = %s for update", (number,))
        worker = subprocess.Popen(
            [sys.executable, "-c", DO_ONE_JOB, str(asked["job"])], env=environment(module_city)
        )
        try:
            for _ in range(1200):
                if waiting(module_city):
                    break
                assert worker.poll() is None, "the worker ended before it met the lock"
                time.sleep(0.05)
            else:
                pytest.fail("the worker never met the lock")
        finally:
            worker.kill()
            worker.wait()
    for _ in range(200):
        if not waiting(module_city):
            break
        time.sleep(0.05)
    assert {h for _, h in rows_of(module_city, "killed").values()} == {50.0}
    version = "select version from data.dataset where name = 'killed'"
    assert module_count(version) == 2
    assert work(module_city, asked["job"]) == "finished"
    assert {k: h for k, (_, h) in rows_of(module_city, "killed").items()} == TEN
    assert module_count(version) == 3


def test_only_who_may_import_the_layer_rolls_back_and_a_company_its_own(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker
) -> None:
    with owner(module_city) as c:
        row = c.execute(
            "insert into data.dataset (layer, name, org_id, version)"
            " values ('gas_pipelines', 'net', 7, 1) returning id"
        ).fetchone()
        assert row is not None
        c.execute(
            "insert into data.dataset_version (dataset_id, version, added, changed, removed)"
            " values (%s, 1, 0, 0, 0)", row)  # fmt: skip
    url = f"/api/datasets/{row[0]}"
    own, other = (module_sign_in("utility", org_ids=(n,)) for n in (7, 8))
    for headers, status in (
        ({}, 401),
        (module_sign_in("viewer"), 403),
        (module_sign_in("planner"), 404),
        (other, 404),
        (own, 202),
    ):
        body = {"version": 1, "dry_run": True}
        answer = module_client.post(f"{url}/rollback", headers=headers, json=body)
        assert answer.status_code == status, answer.text
        versions = module_client.get(f"{url}/versions", headers=headers)
        assert versions.status_code == (200 if status == 202 else status)
    named = module_client.get("/api/datasets?layer=gas_pipelines", headers=other).json()
    assert named["items"] == []


def test_the_command_lists_what_is_undone_and_asks(
    module_city: Settings, module_bring: Bring, tmp_path: Path
) -> None:
    form = {"layer": "buildings", "dataset": "said"}
    module_bring(houses(tmp_path / "1.geojson", TEN), **form)
    module_bring(houses(tmp_path / "2.geojson", TEN | {"b0": 9.0}), **form)

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        told = ("rollback", "buildings", "said", "--as", "supervisor", *words)
        return run_command(module_city, *told, GRIDWARDEN_LANGUAGE="en")

    unsure = command("--to", "1")
    assert (unsure.returncode, "--yes" in unsure.stderr) == (1, True), unsure.stderr
    assert "test supervisor" in unsure.stdout
    assert "2.geojson" not in unsure.stdout  # another person's file
    assert rows_of(module_city, "said")["b0"][1] == 9.0
    sure = command("--to", "1", "--yes")
    assert (sure.returncode, "Published as version 3" in sure.stdout) == (0, True), sure.stderr
    assert rows_of(module_city, "said")["b0"][1] == 1.0
