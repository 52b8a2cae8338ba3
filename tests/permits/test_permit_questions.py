"""What is refused, with which field and sentence; and odd GeoJSON never breaks the service."""

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import EDGE_M, METRES, Ground, X, Y, box, lonlat

HERE = lonlat(X, Y)
BOW = [[X, Y], [X + 9, Y + 9], [X + 9, Y], [X, Y + 9], [X, Y]]
HOLE = [[X + 20, Y], [X + 29, Y], [X + 29, Y + 9], [X + 20, Y]]


def point(*numbers: object) -> dict[str, object]:
    return {"type": "Point", "coordinates": list(numbers)}


def refusal(ground: Ground, area: object, crs: str | None = METRES, **work: Any) -> tuple[str, str]:
    """Field and sentence of a refusal, which is always a problem of 400."""
    response = ground.send(area, crs=crs, **work)
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return response.json()["field"], response.json()["detail"]


@pytest.mark.parametrize(
    ("area", "crs", "words"),
    [
        (
            {"type": "Polygon", "coordinates": [BOW]},
            METRES,
            "crosses or touches itself at 500004",
        ),
        ({"type": "Polygon", "coordinates": [BOW[:3]]}, METRES, "too few positions"),
        ({"type": "Polygon", "coordinates": [BOW[:-1]]}, METRES, "not closed"),
        ({"type": "Polygon", "coordinates": [BOW[:1] * 5]}, METRES, "not a valid shape"),
        ({"type": "Polygon", "coordinates": [*box(Y)["coordinates"], HOLE]}, METRES, "valid shape"),
        ({"type": "Polygon", "coordinates": []}, METRES, "too few positions"),
        ({"type": "MultiPolygon", "coordinates": [[]]}, METRES, "too few positions"),
        ({"type": "LineString", "coordinates": [[X, Y]]}, METRES, "too few positions"),
        ({"type": "LineString", "coordinates": [[X, Y], [X, Y]]}, METRES, "not a valid shape"),
        ({"type": "GeometryCollection", "geometries": []}, None, "not GeometryCollection"),
        ({"type": "FeatureCollection", "features": []}, None, "0 features"),
        ({"type": "FeatureCollection", "features": [{}, {}]}, None, "2 features"),
        ({"type": "Feature", "geometry": None}, None, "not None"),
        ({"type": "Feature", "geometry": {"type": []}}, None, "GeoJSON geometry"),
        ({"type": {}}, None, "GeoJSON geometry"),
        ([], None, "GeoJSON geometry"),
        ("POINT(1 2)", None, "GeoJSON geometry"),
        (point(HERE[1], HERE[0]), None, "swapped"),
        (point(X, Y), None, "crs=EPSG:4547"),
        (point(0, 0), None, "outside the area of this installation"),
        (point(1e300, 1), METRES, "finite"),
        (point(X, True), METRES, "finite"),
        (point("1", "2"), None, "finite"),
        (point(1), None, "finite"),
        ({"type": "Point"}, None, "finite"),
        (box(Y, 1001, 1000), METRES, "1.001 km²"),
        (box(Y, 20_000, 1), METRES, "20000 m across"),
        ({"type": "MultiPoint", "coordinates": [[X, Y]] * 2_001}, METRES, "2000 positions"),
    ],
)
def test_an_area_that_cannot_be_asked_about_is_refused_and_never_changed(
    ground: Ground, area: object, crs: str | None, words: str
) -> None:
    field, sentence = refusal(ground, area, crs)
    assert field == "area" and words in sentence


@pytest.mark.parametrize(
    ("work", "field"),
    [
        ({"method": "digging"}, "method"),
        ({"method": None}, "method"),
        ({"method": ["hand"]}, "method"),
        ({"buffer_m": 501}, "buffer_m"),
        ({"buffer_m": -1}, "buffer_m"),
        ({"buffer_m": "5"}, "buffer_m"),
        ({"buffer_m": True}, "buffer_m"),
        ({"depth_m": -0.1}, "depth_m"),
        ({"starts_on": "20.11.2026"}, "starts_on"),
        ({"starts_on": 7}, "starts_on"),
        ({"starts_on": "2026-11-20", "ends_on": "2026-11-19"}, "ends_on"),
        ({"bufer_m": 5}, "bufer_m"),
    ],
)
def test_a_wrong_member_is_named(ground: Ground, work: dict[str, object], field: str) -> None:
    assert refusal(ground, box(Y), **work)[0] == field


def test_the_buffer_counts_towards_the_largest_area(ground: Ground) -> None:
    assert ground.ask(box(Y - 500, 900, 900), buffer_m=0)["verdict"]
    assert refusal(ground, box(Y - 500, 900, 900), buffer_m=60)[0] == "area"
    thin = {"type": "LineString", "coordinates": [[X, Y], [X + 2_000, Y], [X + 2_000, Y + 2_000]]}
    assert ground.ask(thin, buffer_m=110)["verdict"]
    assert refusal(ground, thin, buffer_m=130)[0] == "area"


def test_a_ragged_outline_is_answered_like_any_other(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y + 39.9)
    turns = [2 * math.pi * i / 1_998 for i in range(1_999)]
    radii = [20 if i % 2 else 34 for i in range(1_999)]
    ring = [
        [X + 100 + r * math.cos(turn), y + r * math.sin(turn)]
        for r, turn in zip(radii, turns, strict=True)
    ]
    ring[-1] = ring[0]
    found = ground.ask({"type": "Polygon", "coordinates": [ring]}, buffer_m=1)
    assert found["mains"][0]["distance_m"] == pytest.approx(39.9 - EDGE_M - 1 - 34, abs=0.01)


@pytest.mark.parametrize(
    "crs", ["EPSG:2", "EPSG:4979999", "beijing", "EPSG:²²²²", "a" * 5000, "4978"]
)
def test_a_system_that_cannot_be_read_is_named(ground: Ground, crs: str) -> None:
    assert refusal(ground, box(Y), crs)[0] == "crs"


@pytest.mark.parametrize(
    "member",
    [
        {"type": "link", "properties": {"href": "https://example.org/4214", "name": METRES}},
        {"type": "EPSG", "properties": {"code": 4214}},
        {"type": "name", "properties": {"name": 4214}},
        {"type": "name", "properties": {"name": " "}},
        {"type": "name", "properties": {"name": "our own grid"}},
        {"type": "name", "properties": None},
        {},
        "EPSG:4214",
    ],
)
def test_a_stated_system_that_is_not_understood_is_not_taken_for_wgs84(
    ground: Ground, member: object
) -> None:
    area = point(*HERE)
    feature = {"type": "Feature", "properties": {}, "geometry": area}
    for stated in (
        area | {"crs": member},
        feature | {"crs": member},
        feature | {"geometry": area | {"crs": member}},
        {"type": "FeatureCollection", "features": [feature | {"crs": member}]},
    ):
        assert refusal(ground, stated, None)[0] == "crs"
        form = {"method": "hand", "area": json.dumps(stated)}
        sent = ground.http.post(
            "/api/permits/check", files={k: (None, v) for k, v in form.items()},
            headers=ground.keys["A"],
        )  # fmt: skip
        assert (sent.status_code, sent.json()["field"]) == (400, "crs"), sent.text
    assert ground.send(area | {"crs": member}, crs="EPSG:4326").status_code == 200


def test_a_crs_of_null_cannot_be_assumed(ground: Ground) -> None:
    area = point(*lonlat(X, ground.lane()))
    assert ground.send(area, crs=None).json()["verdict"] == "clear"
    for stated in (area | {"crs": None}, {"type": "Feature", "geometry": area, "crs": None}):
        found = ground.send(stated, crs=None).json()
        assert found["verdict"] == "unknown" and found["coordinates"]["unlocated"] == "whose"
        assert len(found["coordinates"]["readings"]) == 3
        form = {"method": "hand", "area": json.dumps(stated)}
        sent = ground.http.post(
            "/api/permits/check?lang=en", files={k: (None, v) for k, v in form.items()},
            headers=ground.keys["A"],
        )  # fmt: skip
        assert sent.json()["verdict"] == "unknown"
        assert "no system can be assumed" in sent.json()["coordinates"]["say"]
        assert ground.send(stated, crs="EPSG:4326").json()["verdict"] == "clear"


def test_strict_json_only(ground: Ground) -> None:
    headers = ground.keys["A"]
    deep = '{"area":' + "[" * 100_000
    for body in ("", "{", "[]", "NaN", '{"area": NaN, "method": "hand"}', deep, "\xff", "null"):
        sent = ground.http.post(
            "/api/permits/check", content=body.encode("latin1"), headers=headers
        )
        assert sent.status_code == 400, body[:40]
    large = ground.http.post("/api/permits/check", content=b" " * 1_000_001, headers=headers)
    assert large.status_code == 413
    typo = ground.http.post("/api/permits/check?csr=4547", json={}, headers=headers)
    assert (typo.status_code, typo.json()["field"]) == (400, "csr")


def test_one_place_is_the_same_place_in_every_system_and_wrapping(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y)
    here = [X + 50, y + EDGE_M + 4]
    degrees = point(*lonlat(*here))
    feature = {"type": "Feature", "properties": {"a": 1}, "geometry": degrees}
    named = {"name": "urn:ogc:def:crs:EPSG::4547"}
    ways: list[tuple[object, str | None]] = [
        (point(*here), "EPSG:4547"),
        (point(*here), "4547"),
        (point(*here), "http://www.opengis.net/def/crs/EPSG/0/4547"),
        (degrees, None),
        (degrees, "EPSG:4490"),
        (degrees, "CRS84"),
        (point(*lonlat(*here), 31.5), None),
        (feature, None),
        ({"type": "FeatureCollection", "features": [feature]}, None),
        (point(*here) | {"crs": {"type": "name", "properties": named}}, None),
    ]
    for area, crs in ways:
        response = ground.send(area, crs=crs)
        assert response.status_code == 200, response.text
        found = response.json()["mains"][0]["distance_m"]
        assert found == pytest.approx(1.0, abs=2e-4), (area, crs)


def test_a_shifted_reading_is_turned_back_and_its_accuracy_counts(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y)
    straight = point(*lonlat(X + 50, y + 200))
    assert ground.send(straight, crs=None).json()["verdict"] == "clear"
    moved = ground.send(straight, crs="gcj02").json()
    assert moved["verdict"] in ("clear", "unknown")
    found = ground.send(straight, crs="bd09").json()
    assert any("accuracy of 10 m" in note for note in found["notes"])


numbers = st.one_of(
    st.floats(), st.integers(-(10**400), 10**400), st.booleans(), st.none(), st.text(max_size=5)
)
near = st.tuples(
    st.floats(113.9, 114.1, allow_nan=False), st.floats(30.8, 31.0, allow_nan=False)
).map(list)
positions = st.one_of(near, near, st.lists(numbers, max_size=4))
nested = st.recursive(positions, lambda inner: st.lists(inner, max_size=6), max_leaves=12)
kinds = st.sampled_from(
    ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "Feature",
     "FeatureCollection", "GeometryCollection", ""]
)  # fmt: skip
geometries = st.fixed_dictionaries(
    {"type": kinds}, optional={"coordinates": nested, "geometry": st.none(), "features": nested}
)
rings = st.lists(near, min_size=3, max_size=8).map(lambda ring: [*ring, ring[0]])
polygons = rings.map(lambda ring: {"type": "Polygon", "coordinates": [ring]})
areas = st.one_of(
    geometries,
    polygons,
    geometries.map(lambda g: {"type": "Feature", "geometry": g}),
    st.lists(geometries, max_size=2).map(lambda g: {"type": "FeatureCollection", "features": g}),
    numbers,
)
works = st.fixed_dictionaries(
    {"method": st.sampled_from(["hand", "blasting", "", "x"])},
    optional={"buffer_m": numbers, "depth_m": numbers, "starts_on": numbers, "x": numbers},
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(area=areas, work=works, crs=st.one_of(st.none(), st.text(max_size=20), st.just("3857")))
def test_no_question_breaks_the_service(
    ground: Ground, area: object, work: dict[str, object], crs: str | None
) -> None:
    body = json.dumps({"area": area} | work)
    sent = ground.http.post(
        "/api/permits/check",
        params={"crs": crs} if crs is not None else {},
        content=body.encode(),
        headers=ground.keys["A"],
    )
    assert sent.status_code in (200, 400), sent.text
    assert sent.json()["verdict" if sent.status_code == 200 else "detail"]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.one_of(
        st.text(max_size=200),
        st.lists(near, max_size=6).map(lambda p: ";".join(f"{x},{y}" for x, y in p)),
    ),
    other=st.text(max_size=20),
)
def test_no_form_breaks_the_service(ground: Ground, text: str, other: str) -> None:
    form = {
        "area": text.encode("utf-8", "replace"),
        "method": "hand",
        "depth_m": other,
        "crs": other,
    }
    sent = ground.http.post("/permits/check", data=form, headers=ground.keys["A"])
    assert sent.status_code in (200, 400), sent.text
