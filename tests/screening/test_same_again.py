"""What is brought stays where it is, and an unchanged day is told in the same bytes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conftest import bearer, client_of, make_key, owner
from gridwarden.geodesy import WorkingCrs, reading_of
from gridwarden.settings import Settings
from intake.conftest import post, work
from intake.makers import gdal, geojson, table
from vectors.brought import Brought, bring_in
from vectors.table import vectors

WORKING = WorkingCrs(4547)
WEST, SOUTH, EAST, NORTH = WORKING.area
SMALL = 0.0004
Places = list[tuple[float, float]]


# ---------------------------------------------------------------------------- (d)
def degrees(low: float, high: float) -> st.SearchStrategy[float]:
    """A longitude or latitude, to a micrometre, away from the edges of the area of use."""
    return st.floats(low + 0.01, high - 0.01).map(lambda value: round(value, 11))


PLACES = st.lists(
    st.tuples(degrees(WEST, EAST), degrees(SOUTH, NORTH)), min_size=3, max_size=8, unique=True
)
KINDS = ("geojson", "csv degrees", "gpkg degrees", "gpkg metres", "csv metres")


def in_metres(places: Places) -> Places:
    """Where these places are in the working CRS: east, north."""
    lon, lat = np.array(places).T
    east, north = reading_of("EPSG:4490", WORKING).to_working(lon, lat)
    return list(zip(east.tolist(), north.tolist(), strict=True))


def swapped_file(folder: Path, kind: str, places: Places) -> tuple[Path, dict[str, str]]:
    """A file whose x and y were exchanged by its maker, and the form that goes with it."""
    numbers = in_metres(places) if kind.endswith("metres") else places
    swapped = [(y, x) for x, y in numbers]
    crs = "EPSG:4547" if kind.endswith("metres") else "EPSG:4326"
    points = [
        ({"type": "Point", "coordinates": list(one)}, {"source_id": f"p{n}"})
        for n, one in enumerate(swapped)
    ]
    if kind == "geojson":
        return geojson(folder / "swapped.geojson", points), {}
    if kind.startswith("gpkg"):
        file = folder / "swapped.gpkg"
        file.unlink(missing_ok=True)
        return gdal(file, points, driver="GPKG", crs=crs, geometry_type="Point"), {}
    heads = ("source_id", "x", "y") if kind == "csv metres" else ("source_id", "lon", "lat")
    rows = [(f"p{n}", x, y) for n, (x, y) in enumerate(swapped)]
    return table(folder / "swapped.csv", heads, rows), {"crs": crs}


def nothing_is_moved_silently(city: Settings, folder: Path, kind: str, places: Places) -> None:
    """(d) Refused, or quarantined row by row. Metres in a table are read the right way round (a
    survey's X is the northing), and the import says so.
    """
    headers = bearer(make_key(city, "supervisor", all_districts=True))
    file, form = swapped_file(folder, kind, places)
    with client_of(city) as client:
        answer = post(client, headers, file, layer="charging_sheds", dataset="swapped", **form)
        if answer.status_code != 202:
            assert 400 <= answer.status_code < 500
            return
        work(city, answer.json()["job"])
        done = client.get(answer.json()["url"], headers=headers).json()
    with owner(city) as c:
        stored = c.execute(
            "select s.source_id, st_x(s.geom), st_y(s.geom) from data.charging_sheds s"
            " join data.dataset d on d.id = s.dataset_id where d.name = 'swapped'"
        ).fetchall()
        c.execute("delete from data.charging_sheds")
        c.execute("delete from data.dataset where name = 'swapped'")
    if kind != "csv metres":
        assert stored == []
        assert done["state"] in ("failed", "held") or done["quarantined"] == len(places), done
        return
    assert len(stored) == len(places)
    assert "x_is_north" in done["notes"], done
    truly = {f"p{n}": place for n, place in enumerate(in_metres(places))}
    for name, east, north in stored:
        assert np.hypot(east - truly[name][0], north - truly[name][1]) < 0.001


def chance(examples: int) -> Any:
    """So many files."""
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
    )


@pytest.mark.parametrize("kind", KINDS)
@given(PLACES)
@chance(3)
def test_swapped_coordinates_are_never_taken_silently(
    module_city: Settings, tmp_path_factory: pytest.TempPathFactory, kind: str, places: Places
) -> None:
    nothing_is_moved_silently(module_city, tmp_path_factory.mktemp("swapped"), kind, places)


@pytest.mark.deep
@pytest.mark.parametrize("kind", KINDS)
@given(PLACES)
@chance(40)
def test_swapped_coordinates_are_never_taken_silently_in_depth(
    module_city: Settings, tmp_path_factory: pytest.TempPathFactory, kind: str, places: Places
) -> None:
    nothing_is_moved_silently(module_city, tmp_path_factory.mktemp("swapped"), kind, places)


# ---------------------------------------------------------------------------- (f)
def everything_told(city: Brought) -> list[bytes]:
    """Every page of findings and every explanation, as sent."""
    told, path = [], "/api/findings?limit=7"
    while path:
        answer = city.client.get(path, headers=city.headers)
        assert answer.status_code == 200, answer.text
        told.append(answer.content)
        path = answer.json()["next"]
    for one in city.findings():
        answer = city.client.get(f"/api/findings/{one['id']}", headers=city.headers)
        assert answer.status_code == 200, answer.text
        told.append(_without_the_hour(answer.content))
    return told


def _without_the_hour(explained: bytes) -> bytes:
    """When the last screen was, is told too, and is another hour each time."""
    document = json.loads(explained)
    document["data"].pop("screened_at")
    return json.dumps(document, ensure_ascii=False).encode()


def test_an_unchanged_day_is_told_in_the_same_bytes(city: Settings, tmp_path: Path) -> None:
    """(f) Screened again, and after the same files have come once more."""
    drawn = [one for v in vectors() if len(v.packs) == 1 for one in v.features()]
    drawn += [("districts", shapely.box(115, 30, 115 + SMALL, 31), {"code": "D", "name": "D"})]
    with client_of(city) as client:
        brought = bring_in(city, client, drawn, tmp_path)
        brought.screen()
        first = everything_told(brought)
        assert len(first) > 20
        brought.screen()
        assert everything_told(brought) == first
        again = bring_in(city, client, drawn, tmp_path)
        again.screen()
        assert again.ids == brought.ids
        assert everything_told(again) == first
