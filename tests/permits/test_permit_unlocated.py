"""An area of which nobody can tell whose coordinates it has: judged under every reading, and
never clear; and every way in which a clerk brings an area."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import owner
from gridwarden.geodesy import gcj02_to_bd09, wgs84_to_gcj02
from gridwarden.intake.located import located
from gridwarden.intake.places import place_of
from gridwarden.words.problems import Problem

from .conftest import EDGE_M, Ground, X, box, lonlat
from .test_permit_pages import run

WPS = """某某路燃气改造工程用地拐点坐标表\t\t\t
地块编号\t拐点号\tX(m)\tY(m)
DK-1\tJ1\t{a}\t{p}
\tJ2\t{a}\t{q}
\tJ3\t{b}\t{q}
\tJ4\t{b}\t{p}
\tJ1\t{a}\t{p}
合计\t\t\t80平方米
"""


def corners(y: float, shift: str = "") -> str:
    """A dig area of 20 m × 4 m as pairs, as the named map service would show it."""
    lon, lat = np.array([lonlat(*place) for place in box(y)["coordinates"][0][:-1]]).T
    if shift:
        lon, lat = wgs84_to_gcj02(lon, lat)
    if shift == "bd09":
        lon, lat = gcj02_to_bd09(lon, lat)
    return "; ".join(f"{a:.9f},{b:.9f}" for a, b in zip(lon, lat, strict=True))


def post(ground: Ground, area: str | None = None, who: str = "A", **form: Any) -> httpx.Response:
    """Send the form of the API; `file` is (name, bytes)."""
    file = form.pop("file", None)
    fields = {"method": "mechanical"} | ({"area": area} if area is not None else {}) | form
    parts: list[tuple[str, Any]] = [(name, (None, str(value))) for name, value in fields.items()]
    parts += [("file", file)] if file else []
    return ground.http.post("/api/permits/check?lang=en", headers=ground.keys[who], files=parts)


def answered(ground: Ground, area: str | None = None, **form: Any) -> dict[str, Any]:
    sent = post(ground, area, **form)
    assert sent.status_code == 200, sent.text
    return dict(sent.json())


def names(answer: dict[str, Any]) -> list[str]:
    return [one["name"] for one in answer["coordinates"]["readings"]]


def test_plain_degrees_are_judged_under_every_reading_and_never_clear(ground: Ground) -> None:
    y = ground.lane()
    typed = corners(y)
    free = answered(ground, typed)
    assert free["verdict"] == "unknown" and free["coordinates"]["unlocated"] == "whose"
    assert names(free) == ["EPSG:4326", "gcj02", "bd09"]
    assert "whose coordinates these are" in free["say"]
    assert free["reasons"][0]["rule"] == "unlocated" and free["move_m"] is None
    assert answered(ground, typed, crs="EPSG:4326")["verdict"] == "clear"
    assert answered(ground, typed, crs="unknown")["verdict"] == "unknown"


@pytest.mark.parametrize("shift", ["", "gcj02", "bd09"])
def test_the_strictest_reading_decides_and_is_named(ground: Ground, shift: str) -> None:
    y = ground.lane()
    main = ground.main("A", y, code=f"A-{shift}")
    found = answered(ground, corners(y + EDGE_M + 0.2, shift))
    assert found["verdict"] == "prohibited"
    assert found["say"].startswith("Nobody can tell whose coordinates these are")
    place = ["", "gcj02", "bd09"].index(shift)
    verdicts = [one["verdict"] for one in found["coordinates"]["readings"]]
    assert verdicts[place] == "prohibited"
    assert [v for i, v in enumerate(verdicts) if i != place] == ["unknown"] * 2
    own = {one["id"]: one for one in found["mains"]}[main]
    assert own["certainty"] == "possible" and own["room_m"] is None and own["back_m"] is None
    assert all(reason["certainty"] in (None, "possible") for reason in found["reasons"])
    assert any("Judged under each reading" in note for note in found["notes"])
    chosen = answered(ground, corners(y + EDGE_M + 0.2, shift), crs=shift or "EPSG:4326")
    assert chosen["verdict"] == "prohibited"
    assert chosen["coordinates"]["unlocated"] == ("bd09" if shift == "bd09" else None)


def test_places_of_baidu_are_never_clear(ground: Ground) -> None:
    y = ground.lane()
    found = answered(ground, corners(y, "bd09"), crs="bd09")
    assert found["verdict"] == "unknown" and found["coordinates"]["unlocated"] == "bd09"
    assert "within 10 m" in found["say"]
    asked = ground.send(json.loads(json.dumps(box(y))), crs="bd09")
    assert asked.status_code == 400  # metres are no degrees
    point = {"type": "Point", "coordinates": lonlat(X, y)}
    assert ground.send(point, crs="bd09").json()["verdict"] == "unknown"
    assert ground.send(point, crs=None).json()["verdict"] == "clear"


def test_geojson_is_told_unless_somebody_says_that_they_do_not_know(ground: Ground) -> None:
    ring = [lonlat(*place) for place in box(ground.lane())["coordinates"][0]]
    text = json.dumps({"type": "Polygon", "coordinates": [ring]})
    told = answered(ground, text)
    assert told["verdict"] == "clear" and "RFC 7946" in told["coordinates"]["say"]
    assert names(answered(ground, text, crs="unknown")) == ["EPSG:4326", "gcj02", "bd09"]


@pytest.mark.parametrize(
    ("east", "words"),
    [(0, "only EPSG:4547 puts the rows into the city"), (38_000_000, "38 → EPSG:4526")],
)
def test_a_corner_table_from_wps_is_one_outline_with_x_as_north(
    ground: Ground, east: int, words: str
) -> None:
    y = ground.lane()
    ground.main("A", y)
    low, high = y + EDGE_M + 0.42, y + EDGE_M + 4.42
    p, q = X + 100 + east, X + 120 + east
    text = WPS.format(a=f"{low:.3f}", b=f"{high:.3f}", p=f"{p:.3f}", q=f"{q:.3f}")
    found = answered(ground, text.translate({ord(c): ord(c) + 0xFEE0 for c in "3."}))
    assert found["mains"][0]["distance_m"] == pytest.approx(0.42, abs=2e-3)
    assert found["coordinates"]["unlocated"] is None and found["coordinates"]["north_first"]
    assert words in found["coordinates"]["say"] and "northing" in found["coordinates"]["say"]
    sheet = io.StringIO()
    csv.writer(sheet).writerows([line.split("\t") for line in text.splitlines()])
    by_file = answered(ground, file=("拐点.csv", sheet.getvalue().encode("gbk")))
    assert by_file["mains"] == found["mains"]
    for wrong, word in (("见图", "见图"), ("", "")):
        broken = post(ground, text.replace(f"{high:.3f}", wrong, 1))
        assert broken.status_code == 400 and word in broken.json()["detail"]
        unnamed = text.replace("地块编号", "").replace("拐点号", "点号").replace("DK-1", "")
        broken = post(ground, unnamed.replace(f"{high:.3f}", wrong, 1))
        assert broken.status_code == 400 and word in broken.json()["detail"]


KML = """<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>
{maker}<Placemark><name>开挖</name><Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates>
</LinearRing></outerBoundaryIs></Polygon></Placemark></Document></kml>"""


def kml(y: float, maker: str = "") -> bytes:
    ring = " ".join("{:.9f},{:.9f},0".format(*lonlat(*p)) for p in box(y)["coordinates"][0])
    return KML.format(maker=maker, ring=ring).encode()


def sheet_of(y: float, shift: str = "") -> tuple[str, bytes]:
    """A table whose columns of longitude and latitude are exchanged."""
    rows = [one.split(",") for one in corners(y, shift).split("; ")]
    lines = [f"J{n},{lat},{lon}" for n, (lon, lat) in enumerate(rows, 1)]
    return "拐点.csv", "\n".join(["点号,经度,纬度", *lines]).encode()


@pytest.mark.parametrize("shift", ["", "gcj02", "bd09"])
def test_exchanged_columns_of_degrees_are_judged_under_every_system(
    ground: Ground, shift: str
) -> None:
    y = ground.lane()
    ground.main("A", y)
    found = answered(ground, file=sheet_of(y + EDGE_M + 0.2, shift))
    told = found["coordinates"]
    assert names(found) == ["EPSG:4326", "gcj02", "bd09"] and told["unlocated"] == "whose"
    assert all(one["north_first"] for one in told["readings"])
    assert found["verdict"] == "prohibited"
    assert told["say"].startswith("Not located, judged under each of WGS 84")
    assert "northing or latitude: only so" in told["say"]
    assert answered(ground, file=sheet_of(ground.lane(), shift))["verdict"] == "unknown"
    chosen = answered(ground, file=sheet_of(y + EDGE_M + 0.2, shift), crs=shift or "EPSG:4326")
    assert chosen["verdict"] == "prohibited" and chosen["coordinates"]["unlocated"] == "axes"
    assert "the one reading that lies here" in chosen["coordinates"]["say"]


def test_a_reading_is_left_out_only_where_it_lies_elsewhere(ground: Ground) -> None:
    place = place_of(corners(ground.lane()), "area", ground.settings)
    sizes = [one.area.metres.area for one in located(place, None, ground.settings, 0, 1).readings]
    between = (min(sizes) + max(sizes)) / 2e6
    with pytest.raises(Problem) as no:
        located(place, None, ground.settings, 0, between)
    assert no.value.detail == "areas.problem.too_large"


def test_a_kml_of_an_unknown_maker_is_not_located(ground: Ground) -> None:
    y = ground.lane()
    found = answered(ground, file=("范围.kml", kml(y)))
    assert found["verdict"] == "unknown" and names(found) == ["EPSG:4326", "gcj02", "bd09"]
    assert answered(ground, file=("范围.kml", kml(y)), crs="EPSG:4326")["verdict"] == "clear"
    assert answered(ground, kml(y).decode())["coordinates"]["unlocated"] == "whose"


@pytest.mark.parametrize(
    ("text", "crs", "read_as"),
    [
        ("https://uri.amap.com/marker?position={gcj}&name=开挖", None, "gcj02"),
        ("POINT({x} {y})", "EPSG:4547", "EPSG:4547"),
        ("SRID=4547;POINT({x} {y})", None, "EPSG:4547"),
        ("X={y}, Y={x}", None, "EPSG:4547"),
        ("{lat},{lon}", "EPSG:4326", "EPSG:4326"),
        ("1,,{x},{y},31.2", None, "EPSG:4547"),
    ],
)
def test_one_place_is_the_same_place_however_it_is_sent(
    ground: Ground, text: str, crs: str | None, read_as: str
) -> None:
    y = ground.lane()
    ground.main("A", y)
    x, north = X + 50, y + EDGE_M + 4
    lon, lat = lonlat(x, north)
    a, b = wgs84_to_gcj02(np.array([lon]), np.array([lat]))
    filled = text.format(
        x=f"{x:.4f}", y=f"{north:.4f}", lon=f"{lon:.9f}", lat=f"{lat:.9f}",
        gcj=f"{a[0]:.9f},{b[0]:.9f}",
    )  # fmt: skip
    found = answered(ground, filled, **({"crs": crs} if crs else {}))
    assert found["coordinates"]["system"] == read_as
    assert found["mains"][0]["distance_m"] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("form", "status", "field", "words"),
    [
        ({}, 400, "area", "Paste coordinates"),
        ({"area": "next to the church"}, 400, "area", "neither GeoJSON"),
        ({"area": "114.1,30.9;114.2", "crs": "gcj02"}, 400, "area", "neither GeoJSON"),
        ({"area": "114.1,30.9", "crs": "EPSG:1"}, 400, "crs", "EPSG:1"),
        ({"area": "114.1,30.9", "crs": "EPSG:2435"}, 400, "crs", ""),
        ({"area": "114.1,30.9", "bufer": "1"}, 400, "bufer", ""),
        ({"file": ("a.geojson", b"{")}, 400, "area", "JSON"),
        ({"file": ("a.pdf", b"%PDF-1.4 no")}, 400, "area", ""),
        ({"file": ("a.kml", b"<kml>")}, 400, "area", ""),
        ({"area": "https://surl.amap.com/abc"}, 400, "area", ""),
        ({"area": "100.0,200.0;300.0,400.0"}, 400, "crs", ""),
    ],
)
def test_what_is_no_place_is_refused_by_name(
    ground: Ground, form: dict[str, Any], status: int, field: str, words: str
) -> None:
    sent = post(ground, **form)
    assert (sent.status_code, sent.json()["field"]) == (status, field), sent.text
    assert words in sent.json()["detail"]


def test_shapes_of_one_kind_are_asked_about_together_and_of_two_kinds_not(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y)
    near, next_to_it = (
        {"type": "Polygon", "coordinates": [[lonlat(*p) for p in box(there)["coordinates"][0]]]}
        for there in (y + 2, y + 30)
    )
    far = {"type": "Point", "coordinates": lonlat(X + 90, y + 50)}

    def collection(*shapes: object) -> str:
        features = [{"type": "Feature", "properties": {}, "geometry": g} for g in shapes]
        return json.dumps({"type": "FeatureCollection", "features": features})

    both = answered(ground, collection(near, next_to_it))
    assert both["mains"][0]["distance_m"] == pytest.approx(2 - EDGE_M, abs=1e-3)
    mixed = post(ground, collection(near, far))
    assert mixed.status_code == 400 and "1 Polygon, 1 Point" in mixed.json()["detail"]


def kept(ground: Ground, number: str) -> Sequence[Any]:
    with owner(ground.settings) as c:
        row = c.execute(
            "select work, verdict, answer from data.permit_answer where id = %s",
            (int(number.partition("-")[2]),),
        ).fetchone()
    assert row is not None
    return tuple(row)


def test_the_readings_are_kept_with_the_answer(ground: Ground) -> None:
    found = answered(ground, corners(ground.lane()))
    work, verdict, _ = kept(ground, found["number"])
    assert verdict == "unknown" and work["unlocated"]["because"] == "whose"
    areas = [one["area"]["coordinates"] for one in work["unlocated"]["readings"]]
    assert len(areas) == 3 and areas[0] != areas[1]


def test_a_proposal_lies_in_one_place(ground: Ground) -> None:
    y = ground.lane()
    headers = ground.keys["A"] | {"Accept": "text/html"}
    form = {"layer": "charging_sheds", "feature": corners(y)}
    open_ = ground.http.post("/what-if?lang=en", data=form, headers=headers)
    assert open_.status_code == 400 and "whose coordinates these are" in open_.text
    told = ground.http.post("/what-if?lang=en", data=form | {"crs": "gcj02"}, headers=headers)
    assert told.status_code == 200 and "GCJ-02" in told.text
    dig = {"layer": "excavations", "feature": corners(y), "properties": "method = mechanical"}
    for crs, verdict in (("EPSG:4326", "no gas main is affected"), ("bd09", "cannot be judged")):
        sent = ground.http.post("/what-if?lang=en", data=dig | {"crs": crs}, headers=headers)
        assert sent.status_code == 200 and verdict in sent.text
    file, form = {"file": ("a.kml", kml(y))}, {"layer": "charging_sheds", "crs": "EPSG:4326"}
    sent = ground.http.post("/what-if?lang=en", data=form, files=file, headers=headers)
    assert sent.status_code == 200, sent.text


def test_the_command_line_reads_any_file_and_says_how(ground: Ground, tmp_path: Path) -> None:
    y = ground.lane()
    file = tmp_path / "范围.kml"
    file.write_bytes(kml(y))
    told = run(ground, str(file), "--method", "mechanical", "--as", "utility", "--org", "A",
               "--lang", "en")  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert "No data, cannot be judged" in told.stdout and "GCJ-02 (Amap, Tencent)" in told.stdout


def test_the_sheet_shows_where_each_reading_lies(ground: Ground) -> None:
    y = ground.lane()
    ground.insert(
        "roads", "roads", name="江北路", wkt=f"MULTILINESTRING(({X - 900} {y}, {X + 900} {y}))"
    )
    headers = ground.keys["A"] | {"Accept": "text/html"}
    form = {"area": corners(y), "method": "mechanical"}
    for lang, words in (("en", "Where the area may lie"), ("zh", "范围可能的位置")):
        sheet = ground.http.post(f"/permits/check?lang={lang}", data=form, headers=headers).text
        assert words in sheet and sheet.count("<circle") >= 6 and 'stroke="#9AA5B1"' in sheet
        assert sheet.count('name="crs" value="gcj02"') == 1
    form |= {"crs": "EPSG:4326"}
    told = ground.http.post("/permits/check?lang=en", data=form, headers=headers).text
    assert "Where the area may lie" not in told and "so it was chosen" in told


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.text(
            alphabet="0123456789.,;\t\n -°′″东经北纬XYJEN=:点号拐合计见图#<{[@", max_size=120
        ).map(lambda text: text.encode("gbk", "replace")),
    ),
    suffix=st.sampled_from([".txt", ".csv", ".dat", ".kml", ".json", ".zip", ".dxf", ""]),
    crs=st.sampled_from(["", "unknown", "gcj02", "EPSG:4547", "local:x", "x"]),
)
def test_no_file_breaks_the_service(ground: Ground, body: bytes, suffix: str, crs: str) -> None:
    sent = post(ground, file=(f"a{suffix}", body), **({"crs": crs} if crs else {}))
    assert sent.status_code in (200, 400, 404), sent.text


def net(ground: Ground, name: str, east: float, north: float, away: float = 0.0) -> None:
    """Keep a system whose origin lies at a place, by four points that lie `away` to the north."""
    points = "\n".join(
        f"K{n} {500 + b:.4f} {1_000 + a:.4f} {north + 500 + b:.4f} {east + 1_000 + a:.4f}"
        for n, (a, b) in enumerate([(0, away), (0, away + 900), (900, away), (900, away + 900)])
    )
    made = ground.http.post(
        "/api/coordinates/local", headers=ground.keys["A"], json={"name": name, "points": points}
    )
    assert made.status_code == 201, made.text


def test_an_area_far_from_the_points_of_a_local_system_is_never_clear(ground: Ground) -> None:
    y = ground.lane()
    east, north = X - 1_000, y - 500
    net(ground, "近网", east, north)
    net(ground, "远网", east, north, away=9_000)
    corner = box(y)["coordinates"][0][:-1]
    text = "\n".join(f"{b - north:.4f},{a - east:.4f}" for a, b in corner)
    near = answered(ground, text, crs="local:近网")
    assert near["verdict"] == "clear" and near["coordinates"]["unlocated"] is None
    far = answered(ground, text, crs="local:远网")
    assert far["verdict"] == "unknown" and far["coordinates"]["unlocated"] == "far"
    assert far["coordinates"]["say"].startswith("Read as local system 远网")
    for said in (far["say"], far["reasons"][0]["text"], far["coordinates"]["say"]):
        assert "common points" in said and "whose coordinates" not in said
    headers = ground.keys["A"] | {"Accept": "text/html"}
    dig = {"layer": "excavations", "feature": text, "properties": "method = mechanical"}
    for crs, words in (("近网", "no gas main is affected"), ("远网", "cannot be judged")):
        form = dig | {"crs": f"local:{crs}"}
        sent = ground.http.post("/what-if?lang=en", data=form, headers=headers)
        assert sent.status_code == 200 and words in sent.text, crs
    ground.main("A", y + EDGE_M)
    assert "so that its place is not certain" in answered(ground, text, crs="local:远网")["say"]


def test_a_firms_own_system_is_chosen_by_its_name(ground: Ground) -> None:
    y = ground.lane()
    ground.main("A", y)
    east, north = X - 1_000, y - 500
    net(ground, "甲网", east, north)
    corner = box(y + EDGE_M + 0.42)["coordinates"][0][:-1]
    text = "\n".join(f"{b - north:.4f},{a - east:.4f}" for a, b in corner)
    found = answered(ground, text, crs="local:甲网")
    assert found["mains"][0]["distance_m"] == pytest.approx(0.42, abs=0.01)
    assert "甲网" in found["coordinates"]["say"]
    odd = post(ground, text, crs="local:甲\0网")
    assert (odd.status_code, odd.json()["field"]) == (400, "crs")
    other = post(ground, text, who="B", crs="local:甲网")
    assert (other.status_code, other.json()["field"]) == (404, "crs")
    form = ground.http.get("/permits/check?lang=en", headers=ground.keys["A"]).text
    assert 'value="local:甲网"' in form
    assert "甲网" not in ground.http.get("/permits/check", headers=ground.keys["B"]).text
