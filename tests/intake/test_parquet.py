"""GeoParquet in both encodings, with every way to say whose coordinates it holds, and without."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from gridwarden.words.problems import Problem
from intake.gis_makers import opened, whole

SHAPES: dict[str, list[str | None]] = {
    "Point": ["POINT (1 2)", None, "POINT EMPTY", "POINT (3 4)"],
    "LineString": ["LINESTRING (0 0, 1 1, 2 0)", None, "LINESTRING (5 5, 6 6)"],
    "Polygon": [None, "POLYGON ((0 0, 9 0, 9 9, 0 0), (2 1, 3 1, 3 2, 2 1))"],
    "MultiPoint": ["MULTIPOINT ((0 0), (1 1))", None],
    "MultiLineString": ["MULTILINESTRING ((0 0, 1 1), (2 2, 3 3, 4 4))", None],
    "MultiPolygon": [
        "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0), (2 1, 3 1, 3 2, 2 1)), ((20 0, 21 0, 21 1, 20 0)))",
        None,
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
    ],
}


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
@pytest.mark.parametrize("kind", SHAPES)
def test_both_encodings_hold_the_same_shapes(tmp_path: Path, encoding: Any, kind: str) -> None:
    shapes = [None if t is None else shapely.from_wkt(t) for t in SHAPES[kind]]
    frame = geopandas.GeoDataFrame({"n": range(len(shapes))}, geometry=shapes, crs="EPSG:4547")
    made = tmp_path / "a.parquet"
    frame.to_parquet(made, geometry_encoding=encoding, write_covering_bbox=True)
    source = opened(made)
    assert source.fields == ("n",)
    assert (source.claim.system, source.claim.north_first) == ("EPSG:4547", False)
    # In two batches, so that the second one begins in the middle of the columns.
    read = [shape for batch in source.batches(2) for shape in batch.shapes]
    assert [None if s is None else s.wkt for s in read] == SHAPES[kind]


def geoparquet(path: Path, geo: dict[str, Any] | None, **columns: Any) -> Path:
    """A table with the metadata that makes it a GeoParquet, or without."""
    table = pa.table(columns)
    if geo is not None:
        table = table.replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(table, path)
    return path


def wkb(*texts: str) -> list[bytes]:
    return [shapely.to_wkb(shapely.from_wkt(text)) for text in texts]


def one(crs: dict[str, Any]) -> dict[str, Any]:
    column = {"encoding": "WKB", "geometry_types": [], **crs}
    return {"version": "1.1.0", "primary_column": "g", "columns": {"g": column}}


@pytest.mark.parametrize(
    ("crs", "system", "because"),
    [
        ({}, "EPSG:4326", "geoparquet_default"),
        ({"crs": None}, None, "nothing"),
        ({"crs": {"id": {"authority": "OGC", "code": "CRS84"}}}, None, "nothing"),
        ({"crs": {"type": "no such thing"}}, None, "nothing"),
    ],
)
def test_a_crs_that_is_null_is_unknown_and_one_that_is_absent_is_not(
    tmp_path: Path, crs: dict[str, Any], system: str | None, because: str
) -> None:
    claim = opened(geoparquet(tmp_path / "a.parquet", one(crs), g=wkb("POINT (1 2)"))).claim
    assert (claim.system, claim.because) == (system, because)


def test_one_of_several_shapes_is_chosen_and_the_others_are_told_of(tmp_path: Path) -> None:
    geo = one({})
    geo["columns"]["centre"] = {"encoding": "WKB", "geometry_types": [], "crs": None}
    made = geoparquet(
        tmp_path / "楼.parquet",
        geo,
        g=wkb("LINESTRING (1 2, 3 4)"),
        centre=wkb("POINT (2 3)"),
        name=["甲"],
    )
    source = opened(made)
    assert (source.fields, source.notes) == (("name",), ["parquet_other_shapes:centre"])
    assert whole(source).shapes[0].geom_type == "LineString"
    other = opened(made, from_layer="centre")
    assert whole(other).shapes[0].geom_type == "Point"
    assert other.claim.system is None
    with pytest.raises(Problem) as missing:
        opened(made, from_layer="roof")
    assert missing.value.kind == "not_found"


def test_every_kind_of_value_comes_as_a_register_can_hold_it(tmp_path: Path) -> None:
    moment = datetime(2020, 1, 31, 8, tzinfo=UTC)
    made = geoparquet(
        tmp_path / "a.parquet",
        one({}),
        g=wkb("POINT (1 2)", "POINT (3 4)"),
        dn=pa.array([Decimal("300.00"), Decimal("0.10")], pa.decimal128(12, 2)),
        material=pa.array(["钢", None]).dictionary_encode(),
        laid=pa.array([date(2020, 1, 31), None]),
        at=pa.array([moment, None], pa.timestamp("ns", "UTC")),
        tags=pa.array([[("a", 1), ("乙", 2)], None], pa.map_(pa.string(), pa.int64())),
        parts=pa.array([{"x": [1, None]}, None]),
        half=pa.array([1.5, None], pa.float16()),
    )
    columns = whole(opened(made)).columns
    assert columns["dn"] == [300, 0.1]
    assert columns["material"] == ["钢", None]
    assert columns["laid"] == [date(2020, 1, 31), None]
    assert columns["at"] == [moment, None]
    assert columns["tags"] == ['[["a", 1], ["乙", 2]]', None]
    assert columns["parts"] == ['{"x": [1, null]}', None]
    assert columns["half"] == [1.5, None]


@pytest.mark.parametrize(
    ("columns", "system", "shape"),
    [
        ({"经度": [114.3], "纬度": [30.5]}, "degrees", "POINT (114.3 30.5)"),
        ({"wgs84_lon": ["114.3"], "wgs84_lat": ["30.5"]}, "EPSG:4326", "POINT (114.3 30.5)"),
        ({"wkt": ["POINT (1 2)"]}, None, "POINT (1 2)"),
        ({"geom": wkb("POINT (1 2)")}, None, "POINT (1 2)"),
        ({"电话": ["1"]}, None, None),
    ],
)
def test_a_plain_table_has_its_places_in_columns_as_other_tables_have(
    tmp_path: Path, columns: dict[str, Any], system: str | None, shape: str | None
) -> None:
    source = opened(geoparquet(tmp_path / "a.parquet", None, name=["甲"], **columns))
    batch = whole(source)
    assert source.claim.system == system
    assert [None if s is None else s.wkt for s in batch.shapes] == [shape]
    assert batch.columns["name"] == ["甲"]


def test_bytes_that_are_no_shape_or_no_text_are_bad_rows(tmp_path: Path) -> None:
    text = pa.array([b"\xd6\xd0", b"ok"], pa.binary()).view(pa.string())
    made = geoparquet(tmp_path / "a.parquet", one({}), g=[wkb("POINT (1 2)")[0], b"no"], t=text)
    troubles = whole(opened(made)).troubles
    assert {i: (t.reason, t.column) for i, t in troubles.items()} == {
        0: ("undecodable_text", "t"),
        1: ("unreadable_geometry", None),
    }


@pytest.mark.parametrize(
    ("geo", "kind"),
    [
        (b"{", "unreadable_file"),
        (b"[]", "unreadable_file"),
        (b'{"columns": 7, "primary_column": "g"}', "unreadable_file"),
        (b'{"columns": {"g": {"encoding": "flat"}}, "primary_column": "g"}', "refused"),
        (b'{"columns": {"g": 5}, "primary_column": "g"}', "unreadable_file"),
        (
            b'{"columns": {"g": {"covering": {"bbox": {"xmin": 5}}}}, "primary_column": "g"}',
            "unreadable_file",
        ),
        (b'{"columns": {"g": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}", "unreadable_file"),
    ],
)
def test_metadata_that_make_no_sense_are_refused(tmp_path: Path, geo: bytes, kind: str) -> None:
    table = pa.table({"g": wkb("POINT (1 2)")}).replace_schema_metadata({"geo": geo})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(Problem) as refused:
        opened(tmp_path / "a.parquet")
    assert refused.value.kind == kind


def test_a_file_that_breaks_off_is_said_to(tmp_path: Path) -> None:
    made = geoparquet(tmp_path / "a.parquet", one({}), g=wkb("POINT (1 2)") * 5000)
    made.write_bytes(made.read_bytes()[:-100])
    with pytest.raises(Problem) as refused:
        opened(made)
    assert refused.value.kind == "unreadable_file"


class OwnType(pa.ExtensionType):
    """What makes Arrow write Parquet's own type for geometry."""

    def __init__(self, crs: str | None) -> None:
        self.crs = crs
        super().__init__(pa.binary(), "geoarrow.wkb")

    def __arrow_ext_serialize__(self) -> bytes:
        return json.dumps({"crs": self.crs} if self.crs else {}).encode()

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, said: bytes) -> "OwnType":
        return cls(json.loads(said).get("crs"))


@pytest.mark.parametrize(
    ("crs", "system", "because"),
    [
        (None, "EPSG:4326", "geoparquet_default"),
        ("EPSG:4547", "EPSG:4547", "file"),
        ("srid:4547", "EPSG:4547", "file"),
        ("srid:0", None, "nothing"),
        ("projjson:missing", None, "nothing"),
    ],
)
def test_parquets_own_type_for_geometry_is_read(
    tmp_path: Path, crs: str | None, system: str | None, because: str
) -> None:
    kind = OwnType(crs)
    pa.register_extension_type(kind)
    try:
        column = pa.ExtensionArray.from_storage(kind, pa.array(wkb("POINT (1 2)")))
        pq.write_table(pa.table({"g": column}), tmp_path / "a.parquet", store_schema=False)
    finally:
        pa.unregister_extension_type("geoarrow.wkb")
    source = opened(tmp_path / "a.parquet")
    assert (source.claim.system, source.claim.because) == (system, because)
    assert whole(source).shapes[0].coords[0] == (1, 2)
