"""Whose coordinates are these? What the file says, what the person says, and neither."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker
from gridwarden.geodesy import WorkingCrs, gcj02_to_bd09, wgs84_to_gcj02
from intake.conftest import Bring, post
from intake.makers import geojson, gpkg, point, polygon, shapefile, table

Count = Callable[..., Any]
LON, LAT = 114.3, 30.5
WHERE = (
    "select round(st_x(geom)::numeric, 3) || ' ' || round(st_y(geom)::numeric, 3)"
    " from data.charging_sheds"
)


def expected() -> str:
    x, y = WorkingCrs(4547).from_lonlat(np.array([LON]), np.array([LAT]))
    return f"{x[0]:.3f} {y[0]:.3f}"


@pytest.mark.parametrize("reading", ["gcj02", "bd09"])
def test_a_shifted_reading_comes_back_to_the_millimetre(
    tmp_path: Path, bring: Bring, count: Count, reading: str
) -> None:
    lon, lat = wgs84_to_gcj02(np.array([LON]), np.array([LAT]))
    if reading == "bd09":
        lon, lat = gcj02_to_bd09(lon, lat)
    made = table(
        tmp_path / "s.csv", ["id", "lng", "lat"], [["1", repr(float(lon[0])), repr(float(lat[0]))]]
    )
    bring(made, layer="charging_sheds", crs=reading)
    assert count(WHERE) == expected()
    accuracy = count("select accuracy_m from data.charging_sheds")
    assert accuracy == (None if reading == "gcj02" else pytest.approx(np.hypot(1, 10), abs=1e-3))


@pytest.mark.parametrize("swapped", [False, True])
def test_a_survey_s_x_may_be_the_northing(
    tmp_path: Path, bring: Bring, count: Count, swapped: bool
) -> None:
    x, y = expected().split()
    row = ["1", y, x] if swapped else ["1", x, y]
    made = table(tmp_path / "s.csv", ["id", "X坐标", "Y坐标"], [row])
    seen = bring(made, layer="charging_sheds", crs="EPSG:4547")
    assert count(WHERE) == expected()
    assert ("x_is_north" in seen["notes"]) is swapped


def test_a_file_s_own_crs_is_used_and_a_person_s_wins(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    x, y = (float(v) for v in expected().split())
    here = {"type": "Point", "coordinates": [x, y]}
    made = gpkg(tmp_path / "s.gpkg", [(here, {"id": "1"})], crs="EPSG:4547")
    bring(made, layer="charging_sheds")
    assert count(WHERE) == expected()
    wrong = gpkg(tmp_path / "w.gpkg", [(here, {"id": "1"})], crs="EPSG:4549")
    seen = bring(wrong, layer="charging_sheds", crs="EPSG:4547")
    assert seen["state"] == "unchanged"
    assert seen["notes"] == ["crs_overruled"]


def test_a_file_that_does_not_say_is_asked_about(tmp_path: Path, bring: Bring) -> None:
    for made in (
        gpkg(tmp_path / "n.gpkg", [(polygon(), {"id": "1"})], crs=None),
        shapefile(tmp_path / "s", [(polygon(), {"id": "1"})], prj=False),
    ):
        seen = bring(made, layer="buildings")
        assert (seen["state"], seen["crs"], seen["because"]["key"]) == ("held", None, "nothing")
        assert seen["say"]["field"] == "crs"
        assert "EPSG" in seen["say"]["en"]
        said = bring(made, layer="buildings", crs="EPSG:4326")
        assert (said["crs"], said["because"]["key"]) == ("EPSG:4326", "said")
        assert said["state"] in ("published", "unchanged")
    local = table(tmp_path / "local.csv", ["id", "x", "y"], [["1", 51_000, 33_000]])
    assert bring(local, layer="charging_sheds")["say"]["field"] == "crs"


def test_xian_80_is_refused_in_the_file_and_on_the_form(
    tmp_path: Path, bring: Bring, client: TestClient, sign_in: KeyMaker
) -> None:
    made = gpkg(tmp_path / "x.gpkg", [(polygon(), {"id": "1"})], crs="EPSG:4610")
    seen = bring(made, layer="buildings")
    assert seen["state"] == "failed"
    assert "CGCS2000" in seen["say"]["zh"]
    answer = post(
        client, sign_in("supervisor"), made, layer="buildings", dataset="d", crs="EPSG:4610"
    )
    assert answer.status_code == 400
    assert answer.json()["field"] == "crs"


def test_a_place_by_another_zone_of_the_same_datum_is_exact(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    zone38 = WorkingCrs(4526).from_lonlat(np.array([LON]), np.array([LAT]))
    there = {"type": "Point", "coordinates": [float(zone38[0][0]), float(zone38[1][0])]}
    bring(
        gpkg(tmp_path / "z.gpkg", [(there, {"id": "1"})], crs="EPSG:4526"), layer="charging_sheds"
    )
    assert count(WHERE) == expected()
    assert count("select accuracy_m is null from data.charging_sheds")


def test_a_geojson_is_in_degrees(tmp_path: Path, bring: Bring, count: Count) -> None:
    bring(geojson(tmp_path / "p.geojson", [(point(), {"id": "1"})]), layer="charging_sheds")
    assert count(WHERE) == expected()
