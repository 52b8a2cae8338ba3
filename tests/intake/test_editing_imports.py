"""Edits and imports of one dataset: identities hold, nothing is lost, later edits are told."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from conftest import bearer, make_key, owner
from intake.conftest import Bring
from intake.editing_city import ITEMS, LAT, City, line, number_in, square
from intake.editing_city import city as city
from intake.makers import geojson


def house(n: int, **properties: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    one = square(114.0005 + n * 0.0005)
    return one["geometry"], properties


def test_an_edited_feature_is_the_same_one_to_the_next_file(
    city: City, module_bring: Bring, tmp_path: Path
) -> None:
    rows = [house(n, id=f"b{n}", height=3.0 + n) for n in range(12)]
    form = {"layer": "buildings", "dataset": "houses", "role": "supervisor"}
    assert module_bring(geojson(tmp_path / "1.geojson", rows), **form)["added"] == 12
    [(number,)] = city.rows("select id from data.buildings where source_id = 'b3'")
    path = f"{ITEMS.format('buildings')}/{number}"
    edited = city.patch(path, "supervisor", {"properties": {"height_m": 50, "name": "塔"}}, '"1"')
    assert edited.headers["etag"] == '"2"'
    added, _ = city.made("buildings", "supervisor", square(114.009, id="b12"), dataset="houses")
    assert city.send("GET", added, "viewer").json()["properties"]["source_id"] == "b12"

    [(dataset,)] = city.rows("select id from data.dataset where name = 'houses'")
    back = city.client.post(
        f"/api/datasets/{dataset}/rollback",
        json={"version": 1, "dry_run": True},
        headers=city.keys["supervisor"],
    )
    assert back.json()["undoes"]["edits"]["features"] == 2

    # the file that knows of both: the same features, and nothing to change
    same = [house(n, id=f"b{n}", height=3.0 + n) for n in range(12) if n != 3]
    same += [house(3, id="b3", height=50, name="塔"), (square(114.009)["geometry"], {"id": "b12"})]
    told = module_bring(geojson(tmp_path / "2.geojson", same), **form)
    assert (told["state"], told["added"], told["changed"], told["removed"]) == (
        "unchanged",
        0,
        0,
        0,
    )
    assert city.send("GET", path, "viewer").headers["etag"] == '"2"'
    # one that does not: it says what stands there, and the feature is still that one
    told = module_bring(geojson(tmp_path / "3.geojson", rows), **form)
    assert (told["added"], told["changed"], told["removed"]) == (0, 1, 1)
    now = city.send("GET", path, "viewer")
    assert (now.json()["properties"]["height_m"], now.headers["etag"]) == (6.0, '"3"')


def test_a_feature_that_nobody_named_is_known_again_after_an_edit(
    city: City, module_bring: Bring, tmp_path: Path
) -> None:
    form = {"layer": "buildings", "dataset": "nameless", "role": "supervisor"}
    rows = [house(n + 20, height=3.0 + n) for n in range(3)]
    module_bring(geojson(tmp_path / "1.geojson", rows), **form)
    [(number,)] = city.rows(
        "select b.id from data.buildings b join data.dataset d on d.id = b.dataset_id"
        " where d.name = 'nameless' and height_m = 4"
    )
    path = f"{ITEMS.format('buildings')}/{number}"
    assert (
        city.patch(path, "supervisor", {"properties": {"height_m": 40}}, '"1"').status_code == 200
    )
    rows[1] = house(21, height=44)
    told = module_bring(geojson(tmp_path / "2.geojson", rows), **form)
    assert (told["added"], told["changed"], told["removed"]) == (0, 1, 0)
    assert city.send("GET", path, "viewer").json()["properties"]["height_m"] == 44


def test_one_identity_is_one_feature(city: City) -> None:
    first, _ = city.made("roads", "planner", line(source_id="R-1"), dataset="named")
    second, tag = city.made("roads", "planner", line(lat=LAT + 0.004), dataset="named")
    items = ITEMS.format("roads")
    for refused in (
        city.send("POST", f"{items}?dataset=named", "planner", line(source_id="R-1", name="x")),
        city.patch(second, "planner", {"properties": {"source_id": "R-1"}}, tag),
        city.send("PUT", second, "planner", line(source_id="R-1"), If_Match=tag),
    ):
        assert (refused.status_code, refused.json()["field"]) == (409, "properties.source_id")
        assert str(number_in(first)) in refused.json()["detail"]
    twice = city.send("POST", f"{items}?dataset=named", "planner", line(lat=LAT + 0.004))
    assert (twice.status_code, str(number_in(second)) in twice.json()["detail"]) == (409, True)
    # the second one says something else by now, so that this is not the same road twice
    assert city.patch(second, "planner", {"properties": {"name": "new"}}, tag).status_code == 200
    third, _ = city.made("roads", "planner", line(lat=LAT + 0.004), dataset="named")
    assert third not in (first, second)
    # by another name of its own it goes on, and keeps its number
    named = city.patch(second, "planner", {"properties": {"source_id": "R-2"}}, '"2"')
    assert named.json()["properties"]["source_id"] == "R-2"
    moved = city.patch(second, "planner", {"properties": {"dataset": "other"}}, '"3"')
    assert (moved.status_code, moved.json()["field"]) == (400, "properties.dataset")
    other, _ = city.made("roads", "planner", line(source_id="R-1"), dataset="other")
    assert other != first


def test_a_dataset_whose_name_was_mistyped_is_not_made(city: City) -> None:
    city.made("roads", "planner", line(lat=LAT + 0.008), dataset="Roads of 2026")
    items = ITEMS.format("roads")
    for name in ("roads of 2062", "Ｒoads of 2026"):
        refused = city.send("POST", f"{items}?dataset={name}", "planner", line(lat=LAT + 0.009))
        assert (refused.status_code, refused.json()["field"]) == (400, "dataset")
        assert "Roads of 2026" in refused.json()["detail"]
    said = city.send("POST", items, "planner", line(lat=LAT + 0.009, dataset="roads of 2062"))
    assert said.status_code == 400, "the body names a dataset, too"
    made = "select count(*) from data.dataset where name ilike '%%oads of 2%%'"
    assert city.rows(made) == [(1,)]
    odd = f"{items}?dataset=roads of 2062&new_dataset=perhaps"
    assert city.send("POST", odd, "planner", line()).json()["field"] == "new_dataset"
    meant = f"{items}?dataset=roads of 2062&new_dataset=true"
    assert city.send("POST", meant, "planner", line(lat=LAT + 0.009)).status_code == 201
    # what a company calls its mains is not told to another
    city.made("gas_pipelines", "utility", line(lat=LAT + 0.004, pipe_id="N3"), dataset="west net")
    mains = f"{ITEMS.format('gas_pipelines')}?dataset=west nets"
    mine = city.send("POST", mains, "utility", line(pipe_id="N4"))
    assert "west net" in mine.json()["detail"].replace("west nets", "")
    other = city.client.post(
        mains,
        json=line(pipe_id="N4"),
        headers=bearer(make_key(city.settings, "utility", org_ids=(city.known.east_gas,))),
    )
    assert other.status_code == 400
    assert "west net" not in other.json()["detail"].replace("west nets", "")


def test_a_new_dataset_has_a_version_and_an_owner(city: City) -> None:
    city.made("coverage", "utility", square(114.003), dataset="surveyed")
    city.made("coverage", "utility", square(114.004), dataset="surveyed")
    found = city.rows(
        "select d.version, d.org_id, v.added, v.person, d.published_at is not null"
        " from data.dataset d join data.dataset_version v on v.dataset_id = d.id"
        " where d.name = 'surveyed'"
    )
    assert found == [(1, city.known.west_gas, 1, "test utility", True)]
    mine = city.client.get("/api/datasets?layer=coverage", headers=city.keys["utility"]).json()
    assert "surveyed" in {d["name"] for d in mine["items"]}
    city.made("coverage", "supervisor", square(114.005), dataset="theirs", org="东城燃气")
    owners = city.rows("select org_id from data.dataset where name = 'theirs'")
    assert owners == [(city.known.east_gas,)]
    other = city.send("POST", f"{ITEMS.format('coverage')}?dataset=theirs", "utility", square())
    assert (other.status_code, other.json()["field"]) == (403, "dataset")


def test_an_edit_waits_for_a_publication_and_then_is_stale(city: City) -> None:
    """A publication holds its dataset alone; what it has changed, an older edit does not undo."""
    path, tag = city.made("roads", "planner", line(lat=LAT + 0.006, name="old"), dataset="busy")
    answers: list[Any] = []

    def edit() -> None:
        answers.append(city.patch(path, "planner", {"properties": {"name": "mine"}}, tag))

    with owner(city.settings) as c, c.transaction():
        c.execute("select from data.dataset where name = 'busy' for update")
        waits = threading.Thread(target=edit)
        waits.start()
        blocked = "select count(*) from pg_locks where not granted"
        while waits.is_alive() and not city.rows(blocked)[0][0]:
            time.sleep(0.01)
        c.execute("update data.roads set name = 'published' where id = %s", (number_in(path),))
    waits.join()
    assert (answers[0].status_code, answers[0].headers["etag"]) == (412, '"2"')
    assert city.send("GET", path, "viewer").json()["properties"]["name"] == "published"

    with owner(city.settings) as c, c.transaction():  # one that takes longer than anybody waits
        c.execute("select from data.dataset where name = 'busy' for update")
        with ThreadPoolExecutor(2) as pool:
            change = {"properties": {"name": "mine"}}
            late = pool.submit(city.patch, path, "planner", change, '"2"')
            items = f"{ITEMS.format('roads')}?dataset=busy"
            made = pool.submit(city.send, "POST", items, "planner", line())
    for answer in (late.result(), made.result()):
        assert (answer.status_code, answer.json()["field"]) == (409, "dataset")
        assert int(answer.headers["retry-after"]) > 0
    assert city.patch(path, "planner", {"properties": {"name": "mine"}}, '"2"').status_code == 200


def test_what_no_column_takes_is_kept_as_a_file_s_is(
    city: City, module_bring: Bring, tmp_path: Path
) -> None:
    odd = {"d": True, "e": 1.5, "f": "2026-01-01", "h": 3, "i": "", "楼长": "张"}
    odd |= {"a": [1, 2], "b": {"c": 1}, "k": "2026-01-01T08:00:00Z"}
    form = {"layer": "buildings", "dataset": "odd", "role": "supervisor"}
    shape, _ = house(40)
    module_bring(geojson(tmp_path / "odd.geojson", [(shape, odd | {"id": "f"})]), **form)
    made, _ = city.made(
        "buildings",
        "supervisor",
        {"type": "Feature", "geometry": shape, "properties": odd | {"id": "e"}},
        dataset="odd",
    )
    rows = dict(
        city.rows(
            "select b.source_id, b.extra from data.buildings b join data.dataset d"
            " on d.id = b.dataset_id where d.name = 'odd'"
        )
    )
    assert made and rows["e"].keys() == rows["f"].keys() == odd.keys() - {"i"}
    for name in "a", "b":  # both are kept as JSON that people can read
        assert json.loads(rows["e"].pop(name)) == json.loads(rows["f"].pop(name)) == odd[name]
    moments = {datetime.fromisoformat(row.pop("k")) for row in rows.values()}
    assert (len(moments), rows["e"]) == (1, rows["f"])
