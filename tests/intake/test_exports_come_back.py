"""What is exported is what comes back: every kind of file, in every system and encoding.

Texts exactly, places to a millimetre, what no column holds, and what was mended. A Shapefile has
no field for the one, fifteen digits for a number and 254 bytes for a text; a drawing has shapes and
names alone. A text that is nothing but a spreadsheet's own error is refused from tables, and one
without letters is none.
"""

import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import ezdxf
import pytest
import shapely
from ezdxf.tools.text import caret_decode
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from gridwarden.layers.catalogue import Column, layers
from gridwarden.layers.export.kinds import KINDS
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

from .exported import ExportingCity, Row, same

X, Y = 530_000.0, 3_380_000.0
SYSTEMS = ("EPSG:4547", "EPSG:4526", "crs84", "EPSG:4490", "EPSG:3857", "EPSG:32650", "gcj02")
LAYERS = ("buildings", "roads", "charging_sheds", "fire_lanes")
ODD = [
    "=1+1",
    "+86 27",
    "-",
    "- 2",
    "@SUM(A1)",
    "'=1",
    "''",
    "＝１＋１",
    "＋１",
    'say "hi", she said',
    "two\nlines\r\nand\rmore",
    "a\tb,c;d|e",
    "𠮷野家𬎆",
    "㐀㙍䶮",
    "👩\u200d🚒 🇨🇳",
    "Zażółć gęślą jaźń",
    "null",
    "NaN",
    "TRUE",
    "0012",
    "1e5",
    "2026-01-02",
    "合计",
    "_x000B_ _x005F_",
    "a\x0bb\x1fc",
    "%%d ^J \\U+4E2D {\\H2;x}",
    "<b>&amp;</b>]]>",
    "\ufeffx",
    "x\u2028y\x85z",
    "e\u0301 ≠ é",
]
_ERRORS = ("#", "＃")


def texts(longest: int = 40) -> st.SearchStrategy[str]:
    """Texts as a register holds them: without spaces around them, none without letters."""
    anything = st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=longest
    )
    chosen = st.one_of(st.sampled_from(ODD), anything).map(str.strip)
    return chosen.filter(lambda text: bool(text) and not text.startswith(_ERRORS))


def value(column: Column) -> st.SearchStrategy[Any]:
    """Any value of a column that an import could have brought, or none."""
    low = -1000.0 if column.minimum is None else column.minimum
    high = 1000.0 if column.maximum is None else column.maximum
    if column.choices is not None:
        return st.sampled_from([None, *column.choices])
    some: dict[str, st.SearchStrategy[Any]] = {
        "text": texts(),
        "real": st.floats(low, high).map(lambda v: round(v, 6)).filter(lambda v: low <= v <= high),
        "integer": st.integers(int(low), int(high)),
        "date": st.dates(),
        "boolean": st.booleans(),
        "timestamp": st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)).map(
            lambda v: v.replace(
                microsecond=v.microsecond // 1000 * 1000 if v.year >= 1970 else 0, tzinfo=UTC
            )
        ),
    }
    return st.none() | some[column.type]


@st.composite
def shapes(draw: st.DrawFn, kind: str) -> BaseGeometry:
    """A shape near the corner (X, Y), in metres: of one or more parts, polygons with holes."""
    at = [
        (X + draw(st.floats(0, 900)), Y + 1000.0 * i + draw(st.floats(0, 400)))
        for i in range(draw(st.integers(1, 3)))
    ]
    if kind == "any":
        kind = draw(st.sampled_from(["point", "points", "line", "polygon"]))
    if kind == "point":
        return shapely.Point(at[0])
    if kind == "points":
        return shapely.MultiPoint(at)
    if kind == "line":
        return shapely.MultiLineString([[(x, y), (x + 30, y + 1 / 3)] for x, y in at])
    size = draw(st.floats(1, 90))
    hole = draw(st.booleans())
    return shapely.MultiPolygon([_square(x, y, size, hole) for x, y in at])


def _square(x: float, y: float, size: float, hole: bool) -> BaseGeometry:
    square = shapely.box(x, y, x + size, y + size * 1.1)
    third = size / 3
    return (
        square - shapely.box(x + third, y + third, x + 2 * third, y + third * 2) if hole else square
    )


extras = st.dictionaries(
    texts(12), st.one_of(texts(), st.booleans(), st.integers(-(2**50), 2**50), st.floats(-1e9, 1e9))
)


@st.composite
def contents(draw: st.DrawFn) -> tuple[str, list[Row]]:
    """A layer and some rows of it."""
    layer = layers()[draw(st.sampled_from(LAYERS))]
    names = draw(st.lists(texts(20), min_size=1, max_size=6, unique=True))
    rows = [
        Row(
            name,
            {c.name: draw(value(c)) for c in layer.all_columns},
            draw(shapes(layer.geometry)),
            draw(extras),
            draw(st.sampled_from([None, "made_valid: self-intersection"])),
        )
        for name in names
    ]
    return layer.id, rows


@pytest.fixture(scope="module")
def city(module_city: Settings) -> Iterator[ExportingCity]:
    made = ExportingCity(module_city)
    yield made
    made.close()


def limited(kind: str, row: Row) -> Row:
    """What of a row a kind of file can hold. A Shapefile does not tell one part from several."""
    if kind == "shp":
        parts = shapely.get_parts(row.shape)
        shape = parts[0] if len(parts) == 1 and row.shape.geom_type != "MultiPoint" else row.shape
        return Row(row.source_id, row.values, shape, {}, row.repair)
    return row


def there_and_back(
    city: ExportingCity, layer: str, rows: list[Row], kind: str, crs: str, encoding: str
) -> None:
    city.hold(layer, rows)
    letters = {"encoding": encoding} if KINDS[kind].letters else {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"out{KINDS[kind].suffix}"
        assert city.out(layer, file, crs=crs, **letters) == len(rows)
        found: list[Row] = []
        parts: list[Any] = [None]
        if kind == "shp" and layers()[layer].geometry == "any":
            parts = parts_in(file)
        for part in parts:
            some, rejects = city.back(layer, file, from_layer=part)
            assert not rejects
            found += some
    by_name = {row.source_id: row for row in found}
    assert len(found) == len(rows)
    for row in rows:
        assert row.source_id in by_name
        assert same(limited(kind, row), limited(kind, by_name[row.source_id])) is None


def parts_in(file: Path) -> list[Any]:
    with zipfile.ZipFile(file) as archive:
        return [n.removesuffix(".shp") for n in archive.namelist() if n.endswith(".shp")]


KINDS_READ = [kind for kind in KINDS if kind != "dxf"]
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
SHORT = settings(
    max_examples=6,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=QUIET,
)
LONG = settings(max_examples=300, deadline=None, database=None, suppress_health_check=QUIET)
ANYTHING = {
    "content": contents(),
    "crs": st.sampled_from(SYSTEMS),
    "encoding": st.sampled_from(["utf-8", "gb18030"]),
}


@pytest.mark.parametrize("kind", KINDS_READ)
def test_a_moment_keeps_its_offset(city: ExportingCity, kind: str) -> None:
    """In a format whose fields name no offset, eight hours would be lost without a word."""
    columns = dict.fromkeys(c.name for c in layers()["charging_sheds"].all_columns)
    at = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    rows = [Row("1", columns | {"status_at": at, "source_date": at.date()}, shapely.Point(X, Y))]
    there_and_back(city, "charging_sheds", rows, kind, "EPSG:4547", "utf-8")


@pytest.mark.parametrize("kind", KINDS_READ)
@SHORT
@given(**ANYTHING)
def test_import_after_export_is_the_identity(
    city: ExportingCity, kind: str, content: tuple[str, list[Row]], crs: str, encoding: str
) -> None:
    there_and_back(city, *content, kind, crs, encoding)


@pytest.mark.deep
@pytest.mark.parametrize("kind", KINDS_READ)
@LONG
@given(**ANYTHING)
def test_import_after_export_is_the_identity_at_length(
    city: ExportingCity, kind: str, content: tuple[str, list[Row]], crs: str, encoding: str
) -> None:
    there_and_back(city, *content, kind, crs, encoding)


@pytest.mark.parametrize("kind", KINDS_READ)
@pytest.mark.parametrize("crs", ["EPSG:4547", "EPSG:4526", "crs84", "gcj02"])
def test_every_odd_text_in_every_system(city: ExportingCity, kind: str, crs: str) -> None:
    columns = [c.name for c in layers()["buildings"].all_columns]
    rows = [
        Row(
            f"{text}{i}",
            dict.fromkeys(columns) | {"name": text, "height_m": round(i / 3, 6)},
            shapely.MultiPolygon([_square(X + 20 * i, Y, 9 + i / 7, i % 2 > 0)]),
        )
        for i, text in enumerate(ODD)
    ]
    for i, day in enumerate((date(1, 1, 1), date(9999, 12, 31), date(1900, 2, 28))):
        rows[i].values["source_date"] = day
    there_and_back(city, "buildings", rows, kind, crs, "gb18030" if crs == "gcj02" else "utf-8")


@pytest.mark.parametrize(
    ("kind", "text", "corners", "says"),
    [("xlsx", "x", 4000, "32767"), ("shp", "字" * 85, 4, "name"), ("csv", "", 4, "")],
    ids=["xlsx", "shp", "csv"],
)
def test_what_a_file_cannot_hold_whole_is_not_written(
    city: ExportingCity,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    text: str,
    corners: int,
    says: str,
) -> None:
    """A text or outline is never cut: the older file stays, and nothing else is left behind."""
    columns = dict.fromkeys(c.name for c in layers()["buildings"].all_columns)
    circle = shapely.Point(X, Y).buffer(100, quad_segs=corners // 4)
    small = _square(X, Y, 9, hole=False)
    many = [Row(f"r{i}", columns, shapely.MultiPolygon([small])) for i in range(5_100)]
    many.append(Row("last", columns | {"name": text}, shapely.MultiPolygon([circle])))
    city.hold("buildings", many)
    file = tmp_path / f"out{KINDS[kind].suffix}"
    file.write_text("older")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    if says:
        with pytest.raises(Problem, match=says):
            city.out("buildings", file)
    else:
        assert city.out("buildings", file) == len(many)
    assert (file.read_bytes() == b"older") == bool(says)
    assert sorted(tmp_path.iterdir()) == [elsewhere, file]
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("layer", "crs"),
    [("buildings", "EPSG:4526"), ("roads", "EPSG:32650"), ("charging_sheds", "EPSG:4547")],
)
def test_a_drawing_brings_every_part_back(
    city: ExportingCity, layer: str, crs: str, tmp_path: Path
) -> None:
    kinds = {"buildings": "polygon", "roads": "line"}.get(layer, "any")
    columns = dict.fromkeys(c.name for c in layers()[layer].all_columns)
    rows = [
        Row(f"{text}{i}", columns | {"name": text}, drawn(kinds, i)) for i, text in enumerate(ODD)
    ]
    city.hold(layer, rows)
    city.out(layer, tmp_path / "out.dxf", crs=crs)
    found, rejects = city.back(layer, tmp_path / "out.dxf", from_layer=layer)
    assert not rejects
    parts = [part for row in rows for part in shapely.get_parts(row.shape)]
    assert len(found) == len(parts)
    for one, row in zip(parts, found, strict=True):
        assert shapely.hausdorff_distance(one, row.shape) < 0.001
        assert abs(one.area - row.shape.area) < 0.001
    texts = ezdxf.readfile(tmp_path / "out.dxf").modelspace().query("TEXT")
    assert [caret_decode(text.dxf.text) for text in texts] == ODD
    assert {text.dxf.layer for text in texts} == {f"{layer}_text"}


def drawn(kind: str, i: int) -> BaseGeometry:
    """The i-th shape of a drawing: every third with a hole, every fourth of two parts."""
    at = X + 40.0 * i + 1 / 3
    if kind == "line" or (kind == "any" and i % 5 == 1):
        return shapely.MultiLineString([[(at, Y), (at + 9, Y + 5), (at + 20, Y)]])
    if kind == "any" and i % 5 > 1:
        return shapely.Point(at, Y + i)
    squares = [_square(at, Y + 60 * n, 20, i % 3 == 0) for n in range(1 + (i % 4 == 0))]
    return shapely.MultiPolygon(squares)
