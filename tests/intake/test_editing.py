"""A feature is made, replaced, changed and removed one at a time, by who may, at its version."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conftest import owner
from intake.editing_city import ITEMS, LAT, LON, MERGE, City, feature, line, number_in, square
from intake.editing_city import city as city


def test_the_life_of_a_feature_is_kept_in_history_queue_and_audit(city: City) -> None:
    road = line(name="Lake Road", surveyor="Li", links=[1, {"a": "b"}], lanes=2)
    path, tag = city.made("roads", "planner", road)
    number = number_in(path)
    found = city.send("GET", path, "viewer")
    assert found.headers["etag"] == tag == '"1"'
    said = found.json()["properties"]
    assert (said["name"], said["dataset"], said["version"]) == ("Lake Road", "edited", 1)
    assert said["extra"] == {"surveyor": "Li", "links": '[1, {"a": "b"}]', "lanes": 2}
    assert city.send("GET", path, "viewer", If_None_Match=tag).status_code == 304
    assert city.send("GET", path, "viewer", If_None_Match='W/"1", "9"').status_code == 304
    assert city.send("GET", path, "viewer", If_None_Match='"9"').status_code == 200

    whole = city.send(
        "PUT", path, "planner", line(LON, LAT + 0.001, name="Hill Road"), If_Match=tag
    )
    assert (whole.status_code, whole.headers["etag"]) == (200, '"2"')
    assert whole.json()["properties"]["extra"] == {}
    assert whole.json()["properties"]["name"] == "Hill Road"
    assert whole.json()["properties"]["source_id"] == found.json()["properties"]["source_id"]

    part = city.patch(path, "planner", {"properties": {"code": "R1", "name": None, "x": 1}}, '"2"')
    assert (part.status_code, part.headers["etag"]) == (200, '"3"')
    assert part.json()["geometry"] == whole.json()["geometry"]
    assert (part.json()["properties"]["code"], part.json()["properties"]["name"]) == ("R1", None)
    assert part.json()["properties"]["extra"] == {"x": 1}

    gone = city.send("DELETE", path, "planner", If_Match='"3"')
    assert (gone.status_code, gone.content) == (204, b"")
    assert city.send("GET", path, "viewer").status_code == 404

    kept = city.rows(
        "select version, xid_to is not null, row ->> 'name' from data.history"
        " where layer = 'roads' and feature_id = %s order by version",
        number,
    )
    assert kept == [(1, True, "Lake Road"), (2, True, "Hill Road"), (3, True, None)]
    waiting = city.rows(
        "select op, st_y(st_transform(st_pointn(st_geometryn(old_geom, 1), 1), 4326)),"
        " st_y(st_transform(st_pointn(st_geometryn(new_geom, 1), 1), 4326))"
        " from data.change where layer = 'roads' and feature_id = %s order by id",
        number,
    )
    assert [op for op, _, _ in waiting] == ["insert", "update", "update", "delete"]
    places = [None, LAT, LAT + 0.001, LAT + 0.001, None]
    for (_, old, new), was, becomes in zip(
        waiting, [None, LAT, LAT + 0.001, LAT + 0.001], [*places[1:4], None], strict=True
    ):
        assert old == (was if was is None else pytest.approx(was, abs=1e-7))
        assert new == (becomes if becomes is None else pytest.approx(becomes, abs=1e-7))
    told = city.rows(
        "select action, person, object, detail ->> 'feature' from data.audit"
        " where action like 'feature_%%' and detail ->> 'feature' = %s order by id",
        str(number),
    )
    assert told == [
        (f"feature_{act}", "test planner", "roads", str(number))
        for act in ("create", "replace", "update", "delete")
    ]


def test_nothing_is_written_where_nothing_differs(city: City) -> None:
    path, tag = city.made("buildings", "supervisor", square(114.001, height_m=9.0))
    for crs in ("EPSG:4490", "EPSG:4547", "EPSG:3857"):
        whole = city.client.get(path, params={"crs": crs}, headers=city.keys["viewer"])
        back = city.send(
            "PUT",
            path,
            "supervisor",
            whole.json(),
            If_Match=tag,
            Content_Crs=whole.headers["content-crs"],
        )
        assert (back.status_code, back.headers["etag"]) == (200, tag)
        assert back.headers["content-crs"] == whole.headers["content-crs"]
        assert back.json() == whole.json()
    same = city.patch(path, "supervisor", {"properties": {"height_m": 9}}, tag)
    assert same.headers["etag"] == tag
    kept = "select count(*) from data.history where layer = 'buildings' and feature_id = %s"
    assert city.rows(kept, number_in(path)) == [(1,)]


def test_a_version_is_asked_for_and_a_stale_one_is_told_the_present(city: City) -> None:
    path, tag = city.made("roads", "planner", line(lat=LAT + 0.01, code="P"))
    body = {"properties": {"code": "Q"}}
    for method in ("PUT", "PATCH", "DELETE"):
        sent = {"PUT": line(lat=LAT + 0.01), "PATCH": body}.get(method)
        kind = MERGE if method == "PATCH" else {}
        missing = city.send(method, path, "planner", sent, **kind)
        assert (missing.status_code, missing.json()["field"]) == (428, "If-Match")
        for stale in ('"7"', 'W/"7"', '""', '"one"', '"99999999999999999999"'):
            refused = city.send(method, path, "planner", sent, If_Match=stale, **kind)
            assert (refused.status_code, refused.headers["etag"]) == (412, tag), stale
        bad = city.send(method, path, "planner", sent, If_Match="1", **kind)
        assert (bad.status_code, bad.json()["field"]) == (400, "If-Match")
    assert city.patch(path, "planner", body, '"5", "1"').headers["etag"] == '"2"'
    last = {"properties": {"code": "S"}}
    assert city.patch(path, "planner", last, 'W/"2"').headers["etag"] == '"3"'
    assert city.patch(path, "planner", last, "*").headers["etag"] == '"3"'
    assert city.send("GET", path, "planner").json()["properties"]["code"] == "S"


def test_of_many_editors_with_one_tag_exactly_one_wins(city: City) -> None:
    path, tag = city.made("buildings", "supervisor", square(114.002, name="0"))

    def edit(n: int) -> int:
        body = {"properties": {"name": str(n)}}
        return int(city.patch(path, "supervisor", body, tag).status_code)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(edit, range(1, 9)))
    assert sorted(answers) == [200] + [412] * 7
    now = city.send("GET", path, "viewer")
    assert now.headers["etag"] == '"2"'
    assert now.json()["properties"]["name"] == str(answers.index(200) + 1)


def test_what_somebody_else_changes_meanwhile_stays_where_any_version_is_meant(city: City) -> None:
    path, _ = city.made("roads", "planner", line(lat=LAT + 0.007, kerb="low", lamps=2))
    answers: list[Any] = []

    def edit() -> None:
        answers.append(city.patch(path, "planner", {"properties": {"lamps": 4}}, "*"))

    with owner(city.settings) as c, c.transaction():
        c.execute(
            'update data.roads set extra = extra || \'{"kerb": "high"}\' where id = %s',
            (number_in(path),),
        )
        waits = threading.Thread(target=edit)
        waits.start()
        while waits.is_alive() and not city.rows("select from pg_locks where not granted"):
            time.sleep(0.01)
    waits.join()
    assert (answers[0].status_code, answers[0].headers["etag"]) == (200, '"3"')
    kept = city.rows("select extra from data.roads where id = %s", number_in(path))
    assert kept == [({"kerb": "high", "lamps": 4},)]


BAD_SHAPES = [
    (None, "properties"),
    ({"type": "Point", "coordinates": [LON, LAT]}, "wrong kind"),
    ({"type": "Polygon", "coordinates": [[[LON, LAT], [LON + 1e-3, LAT], [LON, LAT + 1e-3]]]}, ""),
    ({"type": "Polygon", "coordinates": []}, ""),
    ({"type": "Polygon", "coordinates": [LON, LAT]}, ""),
    ({"type": "Polygon", "coordinates": [[["a", "b"]]]}, ""),
    ({"type": "Circle", "coordinates": [LON, LAT]}, ""),
    (
        {
            "type": "Polygon",
            "coordinates": [
                [
                    [LON, LAT],
                    [LON + 1e-3, LAT + 1e-3],
                    [LON + 1e-3, LAT],
                    [LON, LAT + 1e-3],
                    [LON, LAT],
                ]
            ],
        },
        "not valid",
    ),
    (square(116.0, 39.9)["geometry"], "city"),
    (square(0.0, 0.0)["geometry"], ""),
    (square(LAT, LON)["geometry"], "exchanged"),
    (square(500.0, 20.0)["geometry"], ""),
    (square(1e308, 20.0)["geometry"], ""),
]


@pytest.mark.parametrize(("shape", "says"), BAD_SHAPES)
def test_a_shape_that_does_not_fit_is_refused_by_name(city: City, shape: Any, says: str) -> None:
    path, tag = "/ogc/collections/buildings/items", '"1"'
    refused = city.send("POST", f"{path}?lang=en", "supervisor", feature(shape))
    assert (refused.status_code, refused.json()["field"]) == (400, "geometry"), refused.text
    assert refused.headers["content-type"] == "application/problem+json"
    assert says in refused.json()["detail"] or says == "properties"
    chinese = city.send("POST", f"{path}?lang=zh", "supervisor", feature(shape)).json()["detail"]
    assert any("一" <= c <= "鿿" for c in chinese)
    there = city.rows("select min(id) from data.buildings")[0][0]
    again = city.send("PUT", f"{path}/{there}", "supervisor", feature(shape), If_Match=tag)
    assert (again.status_code, again.json()["field"]) == (400, "geometry")


BAD_BODIES = [
    (b"", "application/geo+json", 400, "body"),
    (b"{", "application/geo+json", 400, "body"),
    (b"[" * 100_000, "application/geo+json", 400, "body"),
    (b'{"type":"Feature","geometry":null,"properties":{"x":NaN}}', "application/json", 400, "body"),
    (b"\xff\xfe", "application/geo+json", 400, "body"),
    (b"[]", "application/geo+json", 400, "body"),
    (b"{}", "application/geo+json", 400, "type"),
    (b'{"type":"FeatureCollection","features":[]}', "application/geo+json", 400, "type"),
    (b"{}", "text/plain", 415, "Content-Type"),
    (b" " * (5 << 20), "application/geo+json", 413, "body"),
    (square(properties=3), None, None, None),
    ({"type": "Feature", "geometry": None, "properties": 3}, None, 400, "properties"),
    (square(height_m="high"), None, 400, "properties.height_m"),
    (square(height_m=[3]), None, 400, "properties.height_m"),
    (square(height_m=1e9), None, 400, "properties.height_m"),
    (square(households=2.5), None, 400, "properties.households"),
    (square(water_system_state="asleep"), None, 400, "properties.water_system_state"),
    (square(source_date="the day before"), None, 400, "properties.source_date"),
    (square(name="a\x00b"), None, 400, "properties.name"),
    (square(**{"a\x00b": 1}), None, 400, "properties"),
    (square(anything="x" * 200_000), None, 400, "properties.anything"),
    (square(extra=[1]), None, 400, "properties.extra"),
    (square(extra={"a": "x\x00"}), None, 400, "properties.extra"),
    (square(source_id={"a": 1}), None, 400, "properties.source_id"),
    (square(name={"a": 1}), None, 400, "properties.name"),
]


@pytest.mark.parametrize(("body", "kind", "status", "field"), BAD_BODIES)
def test_a_body_that_does_not_fit_is_refused_by_name(
    city: City, body: Any, kind: str | None, status: int | None, field: str | None
) -> None:
    if status is None:  # a property may be called anything
        assert city.made("buildings", "supervisor", body)
        return
    sent = {"Content-Type": kind} if kind else {}
    refused = city.send("POST", ITEMS.format("buildings"), "supervisor", body, **sent)
    assert (refused.status_code, refused.json()["field"]) == (status, field), refused.text
    assert refused.headers["content-type"] == "application/problem+json"


def test_whose_coordinates_a_body_has(city: City) -> None:
    wanted = (LON, LAT + 0.002)

    def lies(body: Any, query: str = "", **headers: str) -> tuple[float, float]:
        made = city.send("POST", ITEMS.format("roads") + query, "planner", body, **headers)
        assert made.status_code == 201, made.text
        here = city.send("GET", made.headers["location"], "viewer").json()
        lon, lat = here["geometry"]["coordinates"][0][0]
        city.send("DELETE", made.headers["location"], "planner", If_Match="*")
        return lon, lat

    def of(*points: Any, **members: Any) -> Any:
        return feature({"type": "LineString", "coordinates": list(points)}) | members

    [(x, y)] = city.rows(
        "select st_x(p), st_y(p) from st_transform(st_setsrid(st_makepoint(%s, %s), 4326), 4547) p",
        *wanted,
    )
    near = pytest.approx(wanted, abs=2e-8)
    assert lies(of(wanted, (114.001, 30.5425))) == near
    turned = of(wanted[::-1], (30.5425, 114.001))
    assert lies(turned, Content_Crs="<http://www.opengis.net/def/crs/EPSG/0/4490>") == near
    assert lies(turned, "?crs=EPSG:4326") == near
    assert lies(of((y, x), (y, x + 50)), "?crs=EPSG:4547") == near
    assert (
        lies(of((x, y), (x + 50, y), crs={"type": "name", "properties": {"name": "EPSG:4547"}}))
        == near
    )
    shifted = lies(of(wanted, (114.001, 30.5425)), "?crs=gcj02")
    assert shifted != near
    assert shifted == pytest.approx(wanted, abs=0.02)
    for query, headers, field in (
        ("?crs=EPSG:1", {}, "crs"),
        (
            "?crs=gcj02",
            {"Content_Crs": "<http://www.opengis.net/def/crs/EPSG/0/4490>"},
            "Content-Crs",
        ),
        ("", {"Content_Crs": "nonsense"}, "Content-Crs"),
        ("?crs=local:nobody", {}, "crs"),
        ("?crs=EPSG:4490", {}, "geometry"),
    ):
        bad = city.send(
            "POST",
            ITEMS.format("roads") + query,
            "planner",
            of(wanted, (114.001, 30.5425)),
            **headers,
        )
        assert (bad.status_code in (400, 404), bad.json()["field"]) == (True, field), bad.text
