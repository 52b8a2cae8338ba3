"""Rejected rows that come home alone say whose coordinates they were read as, not what their file
said: mended, they land where they belong, and nobody is asked again."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
from fastapi.testclient import TestClient

from gridwarden.geodesy import WorkingCrs, reading_of, shifted_wkt
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.source import open_source
from gridwarden.intake.sent_back.as_read import AsRead
from gridwarden.intake.sent_back.places import rejected_only
from gridwarden.intake.sent_back.telling import Reject
from intake.conftest import Bring, work
from intake.makers import SQUARE, polygon, shapefile

Count = Callable[..., Any]
WKT = reading_of("EPSG:4547", WorkingCrs(4547)).crs.to_wkt().replace('"EPSG",4547', '"OURS",1')


def houses(folder: Path, height: str, *, turned: bool) -> Path:
    """Three houses in degrees, their .prj says WGS 84; the second is as high as `height` says."""
    rows = []
    for i in range(3):
        place = polygon(SQUARE, at=i)
        if turned:
            place["coordinates"] = [[[y, x] for x, y in place["coordinates"][0]]]
        rows.append((place, {"id": f"b{i}", "height": height if i == 1 else "9"}))
    return shapefile(folder, rows)


@pytest.mark.parametrize(
    ("name", "form", "answer", "turned"),
    [
        ("gcj02", {"crs": "gcj02"}, None, False),
        ("bd09", {"crs": "bd09"}, None, False),
        ("turned", {}, {"north_first": True}, True),
        ("both", {"crs": "gcj02", "north_first": "true"}, None, True),
    ],
)
def test_mended_rows_land_where_they_belong(
    module_city: Any, module_client: TestClient, module_bring: Bring, module_count: Count,
    tmp_path: Path, name: str, form: dict[str, Any], answer: dict[str, Any] | None, turned: bool,
) -> None:  # fmt: skip
    def brought(file: Path, dataset: str) -> dict[str, Any]:
        seen = module_bring(file, layer="buildings", dataset=dataset, **form)
        if answer is None:
            return seen
        assert (seen["state"], seen["question"]["kind"]) == ("held", "axes")
        url, headers = f"/api/imports/{seen['id']}", seen["headers"]
        told = module_client.post(f"{url}/answer", headers=headers, json=answer)
        work(module_city, told.json()["job"])
        return {**module_client.get(url, headers=headers).json(), "headers": headers}

    right = brought(houses(tmp_path / "r", "9", turned=turned), f"right {name}")
    assert (right["added"], right["quarantined"]) == (3, 0), right["say"]
    seen = brought(houses(tmp_path / "s", "高", turned=turned), f"mended {name}")
    assert (seen["added"], seen["quarantined"]) == (2, 1), seen["say"]
    home = module_client.get(seen["rejects_file_url"], headers=seen["headers"])
    mended = tmp_path / "b.gpkg"
    mended.write_bytes(home.content)
    with sqlite3.connect(mended) as c:
        triggers = c.execute("select name from sqlite_master where type = 'trigger'").fetchall()
        for (trigger,) in triggers:
            c.execute(f'drop trigger "{trigger}"')
        assert c.execute("update gridwarden set height = '9'").rowcount == 1
    again = module_bring(mended, layer="buildings", dataset=f"mended {name}")
    counts = tuple(again[k] for k in ("state", "quarantined", "added", "changed", "removed"))
    assert counts == ("published", 0, 1, 0, 0), again["say"]
    apart = module_count(
        "select max(st_hausdorffdistance(r.geom, m.geom)) + 100 * abs(count(*) - 3)"
        " from data.buildings r join data.buildings m using (source_id)"
        " join data.dataset d on d.id = r.dataset_id join data.dataset e on e.id = m.dataset_id"
        " where d.name = %s and e.name = %s", f"right {name}", f"mended {name}",
    )  # fmt: skip
    assert apart < 0.001


def test_an_order_that_only_the_ranges_told_is_east_first_at_home(tmp_path: Path) -> None:
    file, room, made = tmp_path / "a.csv", tmp_path / "room", tmp_path / "a.gpkg"
    room.mkdir()
    file.write_text("id,X,Y,n\na,3375214.513,524365.102,1\nb,3375215,524366,x\n", "utf-8")
    source = open_source(file, file.name, room, 1 << 20)
    assert (source.claim.told, source.claim.north_first) == (False, None)
    read = AsRead.of({
        "crs": "EPSG:4547", "ask": {},
        "because": {"key": "only_zone_that_fits", "also": [{"key": "x_is_north_by_range"}]},
    })  # fmt: skip
    rejects = {2: Reject(2, "no", (), False)}
    rejected_only(source, made, read, rejects=rejects, reason="why", only="these")
    info, _, wkb, _ = pyogrio.raw.read(made)
    assert info["crs"] == "EPSG:4547"
    assert [shapely.get_coordinates(one).tolist() for one in shapely.from_wkb(wkb)] == [
        [[524365.102, 3375214.513]]
    ]


@pytest.mark.parametrize(
    ("read", "claim", "system"),
    [
        (AsRead(), Claim(None, "nothing"), None),
        (AsRead(), Claim("EPSG:4490", "file"), "EPSG:4490"),
        (AsRead("EPSG:4547", "EPSG:4547"), Claim("EPSG:4326", "file"), "EPSG:4547"),
        (AsRead("gcj02"), Claim(None, "nothing"), shifted_wkt("gcj02")),
        (AsRead("local:town", "local:town"), Claim("EPSG:4547", "file"), None),
        (AsRead("A title", WKT), Claim("EPSG:4326", "file"), WKT),
        (AsRead("A title"), Claim(WKT, "file"), WKT),
    ],
)
def test_what_was_read_is_named_and_nothing_else(
    read: AsRead, claim: Claim, system: str | None
) -> None:
    assert read.system(claim) == system


@pytest.mark.parametrize("shift", ["gcj02", "bd09"])
def test_a_shifted_system_is_known_by_the_name_that_we_give_it(shift: Any) -> None:
    assert reading_of(shifted_wkt(shift), WorkingCrs(4547)).name == shift
