"""Checking by column gives what checking row by row gives, and COPY gets what was checked."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from conftest import owner
from gridwarden.geodesy import WorkingCrs, reading_of
from gridwarden.intake.ask import Ask
from gridwarden.intake.by_column import KINDS, plain_texts
from gridwarden.intake.copying import BEGIN, END, RAW, as_jsonb, copied
from gridwarden.intake.editing.checking import One
from gridwarden.intake.formats.batch import Batch
from gridwarden.intake.formats.packed import Packed, heard, packed, said
from gridwarden.intake.mapping import mapping_of
from gridwarden.intake.rows import Checked, Checker
from gridwarden.layers.catalogue import layers
from gridwarden.settings import Settings

ROWS = 12
WORDS = (
    *(
        "",
        " ",
        "无",
        "不详",
        "见图",
        "12号楼",
        " 12号楼",
        "12号楼\u3000",
        "a\x00b",
        "\x1f1",
        "\x85",
    ),
    *(
        "x" * 20_001,
        "x" * 20_000,
        "完好",
        "瘫痪",
        "ok",
        "broken",
        "DN200",
        "Φ219×6",
        "中压A",
        "water",
    ),
    *("天然气", "1,200", "3.5 m", "nan", "2019年", "2019-03-07", "3/5/2026", "20190307", "是", "f"),
    *("1e400", "-0.0"),
)
NUMBERS = (0.0, -0.0, 3.0, 250.0, 250.0000001, 2019.0, 43531.5, -9999.0, 1e15, 2.0**31)


def twelve(*of: Any) -> Any:
    return st.lists(st.one_of(*of, st.none()), min_size=ROWS, max_size=ROWS)


KINDS_OF_COLUMNS = st.one_of(
    twelve(st.sampled_from(WORDS), st.text(max_size=4)),
    twelve(st.sampled_from(NUMBERS), st.floats()),
    twelve(st.integers(-(2**63), 2**63 - 1), st.integers(-1, 300)),
    twelve(st.dates()),
    twelve(st.booleans()),
)
FIELDS = {
    "buildings": ("source_id", "name", "height_m", "storeys", "water_system_state", "households",
                  "source_date", "beside"),
    "gas_pipelines": ("source_id", "dn", "depth_top_m", "medium", "pressure_class", "year_built",
                      "source_date", "beside"),
    "excavations": ("name", "starts_at", "beside", "code"),
}  # fmt: skip


def shapes_of(layer: str) -> Any:
    made: list[Any] = [shapely.box(i * 50, 0, i * 50 + 9, 9) for i in range(ROWS)]
    if layers()[layer].geometry == "line":
        made = [shapely.LineString([(i, 0), (i, 9)]) for i in range(ROWS)]
    made[2] = None
    made[3] = shapely.Point(1, 1)
    made[4] = shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])
    made[5] = shapely.Point(np.nan, 1)
    placed = [one if one is None else translate(one, 5e5, 3.4e6) for one in made]
    return np.array(placed, dtype=object)


def checked(layer: str, columns: dict[str, Any], shapes: Any) -> Checked:
    one = layers()[layer]
    fields = mapping_of(one, One(tuple(columns)), Ask(layer, ""), ZoneInfo("Asia/Shanghai"))
    reading = None if one.geometry == "none" else reading_of("EPSG:4547", WorkingCrs(4547))
    return Checker(one, fields, Ask(layer, ""), reading).batch(Batch(1, ROWS, columns, shapes))


def told(found: Checked) -> Any:
    """All of it, JSON as it is and numbers to the last bit."""
    plain = [[repr(getattr(v, "obj", v)) for v in row] for row in (*found.good, *found.rejects)]
    return plain, found.nameless, found.left_out


@given(st.data(), st.sampled_from(sorted(FIELDS)))
@settings(max_examples=150, deadline=None)
def test_columns_give_the_rows_and_the_rejects_that_rows_give(data: Any, layer: str) -> None:
    lists = {name: data.draw(KINDS_OF_COLUMNS, label=name) for name in FIELDS[layer]}
    lists = {name: [v if _arrow_has(v) else None for v in values] for name, values in lists.items()}
    arrow = {name: packed(pa.array(values)) or values for name, values in lists.items()}
    shapes = shapes_of(layer)
    one, other = checked(layer, lists, shapes), checked(layer, arrow, shapes)
    assert told(one) == told(other)
    assert one.good.copied() == other.good.copied()


def _arrow_has(value: Any) -> bool:
    return not isinstance(value, str) or not any("\ud800" <= c <= "\udfff" for c in value)


def test_arrow_knows_the_blanks_that_python_knows() -> None:
    """What is plain for Arrow keeps every character when Python strips it."""
    each = [chr(n) for n in range(1, 0x110000) if not 0xD800 <= n <= 0xDFFF]
    around = pa.array([c + "x" + c for c in each], pa.large_string())
    plain = plain_texts(around, 20)
    assert [c for c, p in zip(each, plain, strict=True) if p == c.isspace()] == []
    some = pa.array(["", None, "a\x00b", "x" * 21, "文" * 20], KINDS["text"])
    assert plain_texts(some, 20).tolist() == [False, False, False, False, True]


@given(KINDS_OF_COLUMNS, st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_packed_column_crosses_the_pipe_as_it_is(values: list[Any], cut: bool) -> None:
    array = pa.array([v if _arrow_has(v) else None for v in values])
    column = packed(array.slice(3) if cut else array)
    if column is None:
        assert array.null_count == len(array)
        return
    again = heard(*said(column), len(column))
    assert list(map(repr, again)) == list(map(repr, column))


@given(
    st.sampled_from(("text", "number", "whole", "truth", "day")),
    st.booleans(),
    st.binary(max_size=80),
    st.integers(-1, 5),
)
@settings(max_examples=300, deadline=None)
def test_bytes_that_are_no_column_are_refused(kind: str, missing: bool, raw: bytes, n: int) -> None:
    with suppress(ValueError):
        assert len(list(heard(kind, missing, raw, n))) == n


def test_postgresql_reads_what_was_copied(city: Settings) -> None:
    moments = [
        datetime(2026, 3, 1, 8, 30, 0, 5, tzinfo=timezone(timedelta(hours=8))),
        None,
        datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ]
    place = shapely.to_wkb(shapely.set_srid(shapely.Point(1, 2), 4547), include_srid=True)
    days, spelt = [date(1, 1, 1), None, date(9999, 12, 31)], place.hex().upper()
    columns: dict[str, tuple[str, pa.Array, list[Any]]] = {
        "n": ("bigint", pa.array([1, -(2**40), 3]), [1, -(2**40), 3]),
        "t": ("text", pa.array(["文\t\\N", None, "\n"], KINDS["text"]), ["文\t\\N", None, "\n"]),
        "r": ("double precision", pa.array([0.1, None, -1e300]), [0.1, None, -1e300]),
        "i": ("integer", pa.array([None, -5, 2**31 - 1], KINDS["integer"]), [None, -5, 2**31 - 1]),
        "b": ("boolean", pa.array([True, None, False]), [True, None, False]),
        "d": ("date", pa.array(days), days),
        "m": ("timestamptz", Packed.of(moments, KINDS["timestamp"]).array, moments),
        "j": ("jsonb", as_jsonb(['{"甲": 1}', "{}", "[2]"]), [{"甲": 1}, {}, [2]]),
        "e": ("text", pa.nulls(3, KINDS["text"]), [None] * 3),
        "g": ("geometry", pa.array([place, None, place], RAW), [spelt, None, spelt]),
    }  # fmt: skip
    names = ", ".join(columns)
    with owner(city) as c:
        c.execute(f"create temp table t ({', '.join(f'{n} {v[0]}' for n, v in columns.items())})")  # type: ignore[arg-type]
        for some in (slice(0, 3), slice(0, 0)):
            with c.cursor().copy(f"copy t ({names}) from stdin (format binary)") as copy:  # type: ignore[arg-type]
                for piece in (BEGIN, copied([v[1][some] for v in columns.values()]), END):
                    copy.write(piece)
        rows = c.execute(f"select {names} from t").fetchall()  # type: ignore[arg-type]
        c.rollback()
    assert [list(row) for row in rows] == [[v[2][i] for v in columns.values()] for i in range(3)]


@pytest.mark.parametrize("kind", [pa.float32(), pa.int16(), pa.uint32(), pa.string(), pa.bool_()])
def test_every_width_is_taken(kind: pa.DataType) -> None:
    array = pc.cast(pa.array([1, None, 0]), kind)
    column = packed(array)
    assert column is not None
    assert list(column) == array.to_pylist()
