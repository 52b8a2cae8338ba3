"""A file becomes a version of a dataset: good rows published, bad ones set aside with reasons."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridwarden.settings import Settings
from intake.conftest import Bring, quarantine
from intake.makers import (
    BOW_TIE,
    OPEN,
    geojson,
    gpkg,
    houses,
    line,
    point,
    polygon,
    shapefile,
    table,
)

Count = Callable[..., Any]


@pytest.mark.parametrize("kind", ["geojson", "gpkg", "shapefile", "shapefile_gbk"])
def test_good_rows_of_every_format_arrive(
    city: Settings, tmp_path: Path, bring: Bring, count: Count, kind: str
) -> None:
    rows = houses(3)
    made = {
        "geojson": lambda: geojson(tmp_path / "h.geojson", rows),
        "gpkg": lambda: gpkg(tmp_path / "h.gpkg", rows),
        "shapefile": lambda: shapefile(tmp_path / "s", rows),
        "shapefile_gbk": lambda: shapefile(tmp_path / "s", rows, encoding="GBK", cpg=False),
    }[kind]()
    seen = bring(made, layer="buildings")
    assert (seen["state"], seen["rows_in"], seen["rows_good"]) == ("published", 3, 3), seen
    assert (seen["added"], seen["changed"], seen["removed"], seen["version"]) == (3, 0, 0, 1)
    assert count("select string_agg(name, ',' order by source_id) from data.buildings") == (
        "楼0,楼1,楼2"
    )
    assert count("select sum(height_m) from data.buildings") == 33.0
    assert count("select distinct geometrytype(geom) from data.buildings") == "MULTIPOLYGON"
    # 0.001° of latitude is 111 m: it lies in metres, in the working CRS.
    assert 10_000 < count("select st_area(geom) from data.buildings where source_id='b0'") < 11_000


def test_a_csv_of_sheds_arrives(tmp_path: Path, bring: Bring, count: Count) -> None:
    made = table(
        tmp_path / "sheds.csv",
        ["编号", "经度", "纬度", "车位", "状态", "通电", "状态时间", "备注"],
        [["S1", 114.3, 30.5, 40, "正常", "是", "2026-03-01 08:00", "=cmd"]],
    )
    seen = bring(made, layer="charging_sheds", mapping='{"source_id": "编号"}', crs="EPSG:4326")
    assert seen["state"] == "published", seen
    assert count("select places from data.charging_sheds") == 40
    assert count("select status from data.charging_sheds where power_on") == "working"
    assert count("select extra ->> '备注' from data.charging_sheds") == "=cmd"
    # a time without an offset is the office's own
    assert count("select status_at = '2026-03-01T00:00Z' from data.charging_sheds")
    assert (
        abs(count("select st_x(st_transform(geom, 4326)) from data.charging_sheds") - 114.3) < 1e-7
    )


def test_organisations_have_no_place(tmp_path: Path, bring: Bring, count: Count) -> None:
    made = table(
        tmp_path / "o.csv",
        ["id", "名称", "类别", "值班电话"],
        [["g1", "东城燃气", "燃气公司", "027-1"], ["x", "某店", "饭馆", ""]],
        encoding="gbk",
    )
    seen = bring(made, layer="organisations")
    assert seen["reasons"] == {"bad_choice": 1}
    assert count("select duty_phone from data.organisations where kind = 'gas_company'") == "027-1"


BAD_SHAPES = [
    (None, "no_geometry"),
    (polygon(OPEN, at=2), "ring_not_closed"),
    (point(), "wrong_type"),
    (
        {"type": "Polygon", "coordinates": [[[214, 30], [215, 30], [215, 31], [214, 30]]]},
        "out_of_range",
    ),
    (
        {"type": "Polygon", "coordinates": [[[24, 60], [25, 60], [25, 61], [24, 60]]]},
        "outside_area",
    ),
    (
        {
            "type": "Polygon",
            "coordinates": [[[30.5, 114.3], [30.6, 114.3], [30.6, 114.4], [30.5, 114.3]]],
        },
        "out_of_range",
    ),
    (
        {
            "type": "Polygon",
            "coordinates": [[[114.3, 30.5], [114.4, 30.5], [114.3, 30.5], [114.3, 30.5]]],
        },
        "nothing_left",
    ),
    (
        {
            "type": "Polygon",
            "coordinates": [[[114.3, 30.5], [float("nan"), 30.5], [114.4, 30.6], [114.3, 30.5]]],
        },
        "not_finite",
    ),
]


@pytest.mark.parametrize("kind", ["geojson", "gpkg"])
def test_each_kind_of_bad_shape_is_set_aside(
    city: Settings, tmp_path: Path, bring: Bring, count: Count, kind: str
) -> None:
    rows = [(shape, {"id": f"bad{i}"}) for i, (shape, _) in enumerate(BAD_SHAPES)]
    rows.insert(1, (polygon(), {"id": "good"}))
    write = {"geojson": geojson, "gpkg": gpkg}[kind]
    seen = bring(write(tmp_path / f"bad.{kind}", rows), layer="buildings")
    expected = [reason for _, reason in BAD_SHAPES]
    expected.insert(1, "")
    wanted = {n: reason for n, reason in enumerate(expected, 1) if reason}
    assert quarantine(city, seen["id"]) == wanted
    assert seen["rows_good"] == 1
    assert count("select source_id from data.buildings") == "good"
    assert seen["rows_in"] == seen["rows_good"] + seen["quarantined"]


def test_a_shapefile_s_bad_rows_are_set_aside(city: Settings, tmp_path: Path, bring: Bring) -> None:
    far = {"type": "Polygon", "coordinates": [[[24, 60], [25, 61], [25, 60], [24, 60]]]}
    rows = [(None, {"id": "1"}), (polygon(), {"id": "2"}), (far, {"id": "3"})]
    seen = bring(shapefile(tmp_path / "s", rows), layer="buildings")
    assert quarantine(city, seen["id"]) == {1: "no_geometry", 3: "outside_area"}


def test_each_kind_of_bad_value_is_set_aside(city: Settings, tmp_path: Path, bring: Bring) -> None:
    header = ["id", "lon", "lat", "places", "status", "source_date", "power_on"]
    good = [114.3, 30.5, 10, "working", "2026-01-01", "yes"]
    wrong = [
        ["nan", 30.5, 10, "working", "", ""],
        ["inf", 30.5, 10, "working", "", ""],
        ["east", 30.5, 10, "working", "", ""],
        ["", "", 10, "working", "", ""],
        [114.3, 30.5, "many", "working", "", ""],
        [114.3, 30.5, -1, "working", "", ""],
        [114.3, 30.5, 1.5, "working", "", ""],
        [114.3, 30.5, 10, "sideways", "", ""],
        [114.3, 30.5, 10, "working", "yesterday", ""],
        [114.3, 30.5, 10, "working", "", "perhaps"],
        [114.3, 30.5, 10, "work\x00ing", "", ""],
        [114.3, 30.5, 10, "working", "", "", "one too many"],
    ]
    rows = [[f"s{i}", *row] for i, row in enumerate(wrong)]
    rows += [["ok", *good], ["ok", *good]]
    made = table(tmp_path / "bad.csv", header, rows)
    seen = bring(made, layer="charging_sheds", crs="EPSG:4326")
    assert list(quarantine(city, seen["id"]).values()) == [
        "not_finite",
        "not_finite",
        "bad_number",
        "no_geometry",
        "bad_number",
        "out_of_bounds",
        "bad_number",
        "bad_choice",
        "bad_date",
        "bad_boolean",
        "bad_text",
        "wrong_width",
        "duplicate_id",
    ]
    assert seen["rows_good"] == 1


def test_a_main_of_something_else_is_no_main(city: Settings, tmp_path: Path, bring: Bring) -> None:
    rows = [
        (line((0, 0), (0.01, 0)), {"pipe_id": "p1", "介质": "天然气", "diameter_m": 0.2}),
        (line((0, 0), (0.02, 0)), {"pipe_id": "p2", "介质": "给水", "diameter_m": 0.2}),
        (line((0, 0), (0.03, 0)), {"pipe_id": "p3", "介质": None, "diameter_m": 0.2}),
        (line((0, 0), (0, 0)), {"pipe_id": "p4", "介质": "天然气", "diameter_m": 0.2}),
    ]
    seen = bring(geojson(tmp_path / "m.geojson", rows), layer="gas_pipelines")
    assert quarantine(city, seen["id"]) == {2: "not_gas", 3: "no_medium", 4: "nothing_left"}
    assert seen["notes"] == ["without_org:1"]


def test_units_in_a_header_are_turned_into_the_column_s(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    rows = [(line((0, 0), (0.01, 0)), {"pipe_id": "p1", "diameter_m": 0.2, "pressure_bar": 4})]
    bring(geojson(tmp_path / "m.geojson", rows), layer="gas_pipelines")
    assert count("select dn from data.gas_pipelines") == 200
    assert count("select p_mop_mpa from data.gas_pipelines") == pytest.approx(0.4)
    assert count("select source_id from data.gas_pipelines") == "p1"


def test_a_bow_tie_is_mended_and_marked(tmp_path: Path, bring: Bring, count: Count) -> None:
    rows = [(polygon(BOW_TIE), {"id": "tie"}), (polygon(at=3), {"id": "plain"})]
    seen = bring(geojson(tmp_path / "b.geojson", rows), layer="buildings")
    assert (seen["rows_good"], seen["repaired"], seen["quarantined"]) == (2, 1, 0)
    said = count("select repair from data.buildings where source_id = 'tie'")
    assert said == "made_valid: self-intersection"
    assert count(
        "select st_isvalid(geom) and st_area(geom) > 5000 from data.buildings "
        "where source_id = 'tie'"
    )
    assert count("select repair is null from data.buildings where source_id = 'plain'")


def test_heights_are_dropped_and_collections_of_one_kind_unpacked(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    flat = polygon()
    high = {
        "type": "Polygon",
        "coordinates": [[[*c, 12.5] for c in polygon(at=1)["coordinates"][0]]],
    }
    rows = [
        (high, {"id": "z"}),
        ({"type": "GeometryCollection", "geometries": [flat]}, {"id": "c"}),
        ({"type": "GeometryCollection", "geometries": [flat, point()]}, {"id": "mixed"}),
    ]
    seen = bring(geojson(tmp_path / "z.geojson", rows), layer="buildings")
    assert seen["reasons"] == {"wrong_type": 1}
    assert count("select max(st_ndims(geom)) from data.buildings") == 2
    assert count("select repair from data.buildings where source_id = 'c'") == "collection"


def test_fields_are_chosen_fixed_and_filtered(tmp_path: Path, bring: Bring, count: Count) -> None:
    rows = [
        (polygon(at=i), {"key": f"k{i}", "hoogte": 5 + i, "kind": 1.0 if i < 2 else 2.5})
        for i in range(3)
    ]
    seen = bring(
        geojson(tmp_path / "m.geojson", rows),
        layer="buildings",
        mapping='{"height_m": "hoogte", "source_id": "key"}',
        set='{"water_system_state": "正常", "use": "office"}',
        where="kind=1",
    )
    assert (seen["rows_in"], seen["rows_left_out"], seen["rows_good"]) == (3, 1, 2)
    assert count("select sum(height_m) from data.buildings") == 11
    assert (
        count(
            "select count(*) from data.buildings where use='office' "
            "and water_system_state='ok' and (extra ->> 'kind')::float = 1"
        )
        == 2
    )


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"mapping": '{"height_m": "nope"}'}, "mapping"),
        ({"mapping": '{"nope": "id"}'}, "mapping"),
        ({"set": '{"height_m": "tall"}'}, "set"),
        ({"where": "nope=1"}, "where"),
    ],
)
def test_a_field_that_is_not_there_is_said(
    tmp_path: Path, bring: Bring, form: dict[str, str], field: str
) -> None:
    seen = bring(geojson(tmp_path / "1.geojson", houses(1)), layer="buildings", **form)
    assert seen["state"] == "failed"
    assert seen["say"]["field"] == field


def test_fields_that_no_column_wants_are_named_to_the_sender(tmp_path: Path, bring: Bring) -> None:
    made = geojson(tmp_path / "b.geojson", [(polygon(), {"id": "1", "hieght": 20, "floor": 3})])
    seen = bring(made, layer="buildings")
    assert "kept_apart:hieght" in seen["notes"]
    assert any("hieght" in note for note in seen["words"]["notes"])
