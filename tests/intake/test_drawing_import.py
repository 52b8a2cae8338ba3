"""Drawings and GIS files all the way into the registers."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ezdxf
import geopandas
import pytest
import shapely

from intake.conftest import Bring
from intake.gis_makers import by_gdal

X0, Y0 = 529_000, 3_374_000


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    """Two mains in GBK, of which one is a ring, a manhole, a building and a text, in EPSG:4547."""
    document = ezdxf.new("R2000", units=4)  # says millimetres, as templates do
    document.encoding = "gbk"
    space = document.modelspace()
    main = {"layer": "燃气管线"}
    space.add_lwpolyline([(X0, Y0), (X0 + 100, Y0, 0, 0, 1), (X0 + 100, Y0 + 40)], dxfattribs=main)
    ring = [(X0, Y0 + 100), (X0 + 60, Y0 + 100), (X0 + 60, Y0 + 160)]
    space.add_lwpolyline(ring, close=True, dxfattribs=main)
    manhole = document.blocks.new("井")
    manhole.add_circle((0, 0), 0.5)
    space.add_blockref("井", (X0 + 50, Y0), dxfattribs=main)
    house = document.blocks.new("楼")
    house.add_lwpolyline([(0, 0), (20, 0), (20, 10), (0, 10)], close=True)
    insert = space.add_blockref("楼", (X0 + 200, Y0), dxfattribs={"rotation": 90, "layer": "建筑"})
    insert.add_attrib("名称", "1号楼", (X0 + 200, Y0))
    path = tmp_path / "图.dxf"
    document.saveas(path)
    return path


def test_a_drawing_becomes_mains_and_buildings(
    module_bring: Bring, module_count: Callable[..., Any], drawing: Path
) -> None:
    mains = module_bring(
        drawing,
        layer="gas_pipelines",
        dataset="cad-mains",
        from_layer="燃气管线",
        crs="EPSG:4547",
        set='{"medium": "天然气"}',
    )
    assert mains["state"] == "published", mains
    assert (mains["rows_good"], mains["reasons"]) == (2, {"small_ring": 1})
    assert any("mm" in note for note in mains["notes"])
    lengths = module_count(
        "select array_agg(round(st_length(geom)::numeric, 1) order by st_length(geom))"
        " from data.gas_pipelines p join data.dataset d on d.id = p.dataset_id"
        " where d.name = 'cad-mains'"
    )
    assert [float(v) for v in lengths] == [162.8, 204.9]
    houses = module_bring(
        drawing,
        layer="buildings",
        dataset="cad-houses",
        from_layer="建筑",
        crs="EPSG:4547",
        where="type=LWPOLYLINE",
    )
    assert (houses["state"], houses["rows_good"]) == ("published", 1), houses
    name, area = module_count(
        "select array[b.name, round(st_area(b.geom)::numeric, 3)::text] from data.buildings b"
        " join data.dataset d on d.id = b.dataset_id where d.name = 'cad-houses'"
    )
    assert (name, area) == ("1号楼", "200.000")


def test_a_parquet_and_a_zipped_geodatabase_hold_the_same_buildings(
    module_bring: Bring, module_count: Callable[..., Any], tmp_path: Path
) -> None:
    box = shapely.box(X0, Y0, X0 + 10, Y0 + 20)
    parquet = tmp_path / "楼.parquet"
    frame = geopandas.GeoDataFrame({"名称": ["甲"]}, geometry=[box], crs="EPSG:4547")
    frame.to_parquet(parquet)
    folder = by_gdal(
        tmp_path / "楼.gdb", "OpenFileGDB", [box.wkt], kind=6, alias="名称", codes=["甲"]
    )
    packed = tmp_path / "楼.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for one in folder.iterdir():
            archive.write(one, f"楼.gdb/{one.name}")
    for dataset, path in (("of-parquet", parquet), ("of-gdb", packed)):
        seen = module_bring(path, layer="buildings", dataset=dataset)
        assert (seen["state"], seen["rows_good"]) == ("published", 1), seen
    same = module_count(
        "select count(distinct (b.name, st_normalize(b.geom)::text)) from data.buildings b"
        " join data.dataset d on d.id = b.dataset_id where d.name in ('of-parquet', 'of-gdb')"
    )
    assert same == 1
