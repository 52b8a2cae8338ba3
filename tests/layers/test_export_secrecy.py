"""No kind of file gives mains to who may not see them, and each that is given is on record."""

import re
from urllib.parse import unquote

import pytest

from conftest import owner
from gridwarden.database import ADMINISTRATORS
from gridwarden.layers.catalogue import layers
from gridwarden.layers.export.kinds import KINDS

from .conftest import SmallCity
from .files import read_back

MAINS = "/api/layers/gas_pipelines/export"


def records(city: SmallCity, action: str) -> list[tuple[object, ...]]:
    with owner(city.settings) as c:
        return c.execute(
            "select role, person, object, rows, detail->>'format', detail->>'crs',"
            " detail->>'purpose' from data.audit where action = %s order by id",
            (action,),
        ).fetchall()


@pytest.mark.parametrize("kind", KINDS)
def test_mains_go_to_their_company_and_to_recorded_looks_alone(
    small_city: SmallCity, kind: str
) -> None:
    asked = f"{MAINS}?format={kind}"
    for role in ("planner", "dispatcher", "viewer", *ADMINISTRATORS):
        answer = small_city.client.get(asked, headers=small_city.headers(role))
        assert answer.status_code == 403, (role, answer.text)
    assert small_city.client.get(asked).status_code == 401
    before = records(small_city, "export")
    own = small_city.client.get(asked, headers=small_city.headers("utility"))
    assert own.status_code == 200, own.text
    rows, shapes = read_back(kind, own.content)
    assert sorted(row["source_id"] for row in rows) == ["s0", "s1", "s2"]
    assert len({shape.wkt for shape in shapes}) == 3
    looks = len(records(small_city, "look"))
    every = small_city.client.get(asked, headers=small_city.headers("supervisor"))
    assert len(read_back(kind, every.content)[0]) == 5
    purpose = records(small_city, "look")[looks:][0][-1]
    assert purpose == f"export format={kind}"
    crs = "crs84" if KINDS[kind].lonlat else "EPSG:4547"
    assert records(small_city, "export")[len(before) :] == [
        (f"gridwarden_{r}", f"test {r}", "gas_pipelines", n, kind, crs, None)
        for r, n in (("utility", 3), ("supervisor", 5))
    ]
    assert every.headers["cache-control"] == "no-store"
    assert list((small_city.settings.home / "exports").iterdir()) == []


def test_a_box_of_mains_is_a_part_of_what_the_caller_sees(small_city: SmallCity) -> None:
    asked = f"{MAINS}?format=csv&bbox=113.9,30,114.1,31&crs=EPSG:4547"
    for role, n in (("utility", 3), ("supervisor", 5)):
        answer = small_city.client.get(asked, headers=small_city.headers(role))
        rows, _ = read_back("csv", answer.content)
        assert len(rows) == n
        assert {"epsg4547_east", "epsg4547_north", "wkt"} <= set(rows[0])
    nowhere = small_city.client.get(
        f"{MAINS}?format=csv&bbox=0,0,1,1", headers=small_city.headers("supervisor")
    )
    assert read_back("csv", nowhere.content)[0] == []


@pytest.mark.parametrize("layer", sorted(layers()))
def test_what_a_role_reads_of_a_layer_is_what_it_downloads(
    small_city: SmallCity, layer: str
) -> None:
    for role in ("utility", "planner", "dispatcher", "viewer"):
        headers = small_city.headers(role)
        items = small_city.client.get(f"/ogc/collections/{layer}/items?limit=9", headers=headers)
        answer = small_city.client.get(
            f"/api/layers/{layer}/export?format=geojson", headers=headers
        )
        assert answer.status_code == items.status_code
        if items.status_code == 200:
            assert answer.json()["features"][:9] == items.json()["features"]


def test_a_download_is_called_what_it_is(small_city: SmallCity) -> None:
    headers = small_city.headers("planner")
    for kind, end in (("gpkg", "gpkg"), ("shp", "shp.zip"), ("csv", "csv")):
        answer = small_city.client.get(
            f"/api/layers/buildings/export?format={kind}&crs=gcj02", headers=headers
        )
        named = answer.headers["content-disposition"]
        assert re.search(rf'filename="buildings_gcj02_\d{{4}}-\d\d-\d\d\.{end}"', named)
        assert unquote(named).endswith(f".{end}")
        assert "建筑物_gcj02_" in unquote(named)
        assert answer.headers["content-type"].startswith(KINDS[kind].media)


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "format=",
        "format=exe",
        "format=csv&format=csv",
        "format=csv&crs=EPSG:4214",
        "format=csv&crs=bd09",
        "format=dxf&crs=gcj02",
        "format=csv&bbox=1",
        "format=gpkg&encoding=gbk",
        "format=csv&limit=3",
    ],
)
def test_what_is_asked_wrongly_is_a_400(small_city: SmallCity, asked: str) -> None:
    answer = small_city.client.get(
        f"/api/layers/buildings/export?{asked}", headers=small_city.headers("planner")
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"] in ("format", "crs", "bbox", "encoding", "limit")
