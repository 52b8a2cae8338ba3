"""What is read in another process comes through exactly, and that process ends when it should."""

import gc
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta, timezone
from datetime import time as clock
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gridwarden.intake.apart import Apart, Limits, open_apart, starting, wire
from gridwarden.intake.formats.batch import Batch, Source, Trouble
from gridwarden.intake.formats.source import open_source
from gridwarden.words.problems import Problem
from intake.makers import geojson, gpkg, line, point, polygon, shapefile, table

LIMIT = 50 << 20


@pytest.fixture
def room(tmp_path: Path) -> Path:
    made = tmp_path / "room"
    made.mkdir()
    return made


def readers() -> set[int]:
    """The processes of the readers that live."""
    assert starting._starter is not None
    return children(starting._starter.process.pid)


def children(pid: int) -> set[int]:
    try:
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    except FileNotFoundError:
        return set()


def gone(pid: int, within_s: float = 10.0) -> bool:
    """Whether a process ends within so many seconds."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def exactly(value: Any) -> Any:
    """A value with its type, and NaN as itself."""
    return type(value).__name__, repr(value)


def same(left: Batch, right: Batch) -> None:
    assert (left.first_row, left.size) == (right.first_row, right.size)
    assert list(left.columns) == list(right.columns)
    for name, values in left.columns.items():
        assert list(map(exactly, values)) == list(map(exactly, right.columns[name]))
    assert list(shapely.to_wkb(left.shapes)) == list(shapely.to_wkb(right.shapes))
    assert list(shapely.is_empty(left.shapes)) == list(shapely.is_empty(right.shapes))
    for field in fields(Batch):  # also those that a reader learns to fill later
        if field.name not in ("columns", "shapes"):
            assert getattr(left, field.name) == getattr(right, field.name), field.name


def _files(folder: Path) -> list[Path]:
    rows = [(polygon(at=i), {"名称": f"楼{i}号", "层数": i + 0.5}) for i in range(7)]
    rows.append((None, {"名称": None, "层数": None}))
    flawed = shapefile(folder / "s", rows, encoding="GBK", cpg=False)
    odd = folder / "odd.csv"
    odd.write_bytes(
        "lon,lat,名称,备注\n114.3,30.5,坏\udcff,\n,,'=1,x\n".encode(errors="surrogateescape")
    )
    mixed: list[Any] = [
        (point(), {"a": 1, "b": "x", "at": "2026-03-04", "list": [1, None, {"k": "v"}]}),
        (line((0, 0), (1, 1)), {"a": 2**62, "b": None, "at": "2026-03-05", "list": []}),
    ]
    return [
        gpkg(folder / "g.gpkg", rows),
        flawed,
        odd,
        geojson(folder / "j.geojson", mixed),
        table(folder / "w.csv", ["WKT", "n"], [["POINT Z (1 2 3)", "1"], ["no", "2"], ["", "3"]]),
    ]


def test_a_file_read_apart_is_the_file_read_here(tmp_path: Path, room: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for file in _files(tmp_path):
        wanted = open_source(file, file.name, here, LIMIT)
        with open_apart(file, file.name, room, LIMIT) as got:
            for what in (*Source.__annotations__, "places"):
                assert getattr(got, what) == getattr(wanted, what), (file.name, what)
            for left, right in zip(got.batches(3), wanted.batches(3), strict=True):
                same(left, right)
            assert got.notes == wanted.notes
        assert file.exists()


_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
    st.binary(max_size=20),
    st.dates(),
    st.datetimes().map(lambda t: t.replace(fold=0)),
    st.datetimes(timezones=st.just(timezone(timedelta(hours=8)))).map(lambda t: t.replace(fold=0)),
    st.times().map(lambda t: t.replace(fold=0)),
    st.timedeltas(),
    st.decimals(),
    st.just(["list", [1, "a", None, b"\xff"]]),
    st.just({"date": date(2026, 1, 1), "": [["bytes", "AA=="]]}),
)
_columns = st.one_of(
    st.lists(_values, min_size=4, max_size=4),
    st.lists(st.floats() | st.none(), min_size=4, max_size=4),
    st.lists(st.dates() | st.none(), min_size=4, max_size=4),
)


@given(st.dictionaries(st.text(max_size=5), _columns, max_size=4))
@settings(max_examples=150, deadline=None)
def test_values_cross_by_type_and_to_the_last_bit(columns: dict[str, list[Any]]) -> None:
    shapes = np.array([None, shapely.Point(np.nan, np.nan), shapely.Point(), None], dtype=object)
    batch = Batch(
        9, 4, columns, shapes, {1: Trouble("r", "c", "\ud800")}, {0: "mark"}, [3, 4, 9, 12]
    )
    batch.passed_over[10] = "total_row"
    read, write = os.pipe()
    with os.fdopen(read, "rb") as source, os.fdopen(write, "wb") as out:
        head, blobs = wire.batch_said(batch, ["n"])
        wire.write_frame(out, head, blobs)
        frame = wire.read_frame(source.read)
    assert frame is not None
    assert frame[0]["notes"] == ["n"]
    same(wire.batch_heard(*frame), batch)


@given(st.binary(max_size=60), st.integers(0, 200))
@settings(max_examples=200, deadline=None)
def test_a_frame_that_makes_no_sense_is_refused_not_believed(junk: bytes, at: int) -> None:
    values = [1.0, None, "文", date(2026, 1, 1)]
    columns: dict[str, list[Any]] = {"f": [1.0, 2.0], "m": values[2:], "x": values[:2]}
    shapes = np.array([shapely.Point(1, 2), None], dtype=object)
    head, blobs = wire.batch_said(Batch(1, 2, columns, shapes), [])
    from io import BytesIO

    out = BytesIO()
    wire.write_frame(out, head, blobs)
    raw = out.getvalue()
    broken = raw[:at] + junk + raw[at + len(junk) :]
    try:
        frame = wire.read_frame(BytesIO(broken).read)
        if frame is not None and wire.problem_heard(frame[0]) is None:
            wire.batch_heard(*frame)
            wire.source_heard(frame[0])
    except (wire.BrokenFrameError, Problem):
        pass


def test_refusals_arrive_as_they_were_raised(tmp_path: Path, room: Path) -> None:
    two = gpkg(tmp_path / "two.gpkg", [(point(), {"a": 1})], layer="甲")
    gpkg(two, [(point(), {"a": 1})], layer="乙", append=True)
    text = tmp_path / "no.docx"
    text.write_text("…")
    for file, options in ((two, {}), (two, {"from_layer": "丙"}), (text, {})):
        for way in (open_source, open_apart):
            with pytest.raises(Problem) as refused:
                way(file, file.name, room, LIMIT, **options)  # type: ignore[operator]
            if way is open_source:
                wanted = refused.value
        got = refused.value
        assert (got.kind, got.detail, got.field) == (wanted.kind, wanted.detail, wanted.field)
        assert got.params == wanted.params
        assert got.said("zh") == wanted.said("zh")
    assert not readers()


def test_rows_can_be_begun_anew_and_the_reader_ends_with_its_source(
    tmp_path: Path, room: Path
) -> None:
    made = gpkg(tmp_path / "g.gpkg", [(point(i * 1e-4), {"n": float(i)}) for i in range(50)])
    source = open_apart(made, made.name, room, LIMIT)
    assert next(source.batches(20)).columns["n"][0] == 0.0
    assert next(source.batches(30)).size == 30
    assert [b.first_row for b in source.batches(20)] == [1, 21, 41]
    assert [b.size for b in source.batches(50)] == [50]
    (pid,) = readers()
    said = dict(one.split(":\t") for one in Path(f"/proc/{pid}/status").read_text().splitlines())
    assert (said["Seccomp"], said["NoNewPrivs"], int(said["CapEff"], 16)) == ("2", "1", 0)
    assert starting._starter is not None
    starter = Path(f"/proc/{starting._starter.process.pid}")
    assert len(list((starter / "task").iterdir())) == 1, "a fork of threads is not whole"
    source.close()
    source.close()
    assert not readers()
    left: Apart | None = open_apart(made, made.name, room, LIMIT)
    assert left is not None and len(readers()) == 1
    left = None
    gc.collect()
    assert not readers()


def test_a_reader_that_dies_is_a_sentence_and_the_next_one_reads(
    tmp_path: Path, room: Path
) -> None:
    made = gpkg(tmp_path / "g.gpkg", [(point(i * 1e-4), {"n": float(i)}) for i in range(50)])
    source = open_apart(made, made.name, room, LIMIT)
    rows = source.batches(10)
    assert next(rows).size == 10
    (pid,) = readers()
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(Problem) as died:
        list(rows)
    assert (died.value.kind, died.value.detail) == ("unreadable_file", "intake.reader_died")
    assert starting._starter is not None
    os.kill(starting._starter.process.pid, signal.SIGKILL)  # the one that starts them, too
    starting._starter.process.wait(10)
    with open_apart(made, made.name, room, LIMIT) as again:
        assert sum(b.size for b in again.batches()) == 50


def test_no_reader_outlives_the_process_that_asked(tmp_path: Path, room: Path) -> None:
    made = gpkg(tmp_path / "g.gpkg", [(point(), {"n": 1.0})])
    code = (
        "import sys, time; from pathlib import Path; from gridwarden.intake.apart import *\n"
        f"source = open_apart(Path({str(made)!r}), 'g.gpkg', Path({str(room)!r}), 1 << 20)\n"
        "print('open', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"open\n"
    (starter,) = children(process.pid)
    (reader,) = children(starter)
    process.kill()
    process.wait(10)
    assert gone(reader)
    assert gone(starter)


def test_a_reader_that_takes_too_long_or_too_much_is_ended(tmp_path: Path, room: Path) -> None:
    ring = ",".join(f"[{114.3 + i * 1e-7:.7f},30.5]" for i in range(600_000))
    long = tmp_path / "long.geojson"
    long.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
        f'{{"type":"LineString","coordinates":[{ring}]}}}}]}}'
    )
    for limits, key in (
        (Limits(seconds=0), "intake.reader_slow"),
        (Limits(memory_mb=200), "intake.reader_memory"),
    ):
        with pytest.raises(Problem) as ended:
            list(open_apart(long, long.name, room, LIMIT, limits=limits).batches())
        assert (ended.value.kind, ended.value.detail) == ("too_large", key), limits
    assert not readers()
    with open_apart(long, long.name, room, LIMIT) as source:
        (batch,) = source.batches()
        assert shapely.get_num_coordinates(batch.shapes[0]) == 600_000


def test_what_is_larger_than_a_room_may_hold_is_not_written(tmp_path: Path, room: Path) -> None:
    rows = [(polygon(at=i), {"名称": "x" * 200}) for i in range(3000)]
    made = shapefile(tmp_path / "s", rows)
    with pytest.raises(Problem) as refused:
        open_apart(made, made.name, room, 100_000)
    assert refused.value.kind == "too_large"
    assert max(one.stat().st_size for one in room.iterdir()) <= 200_000 + (1 << 20)


def test_times_keep_their_zone() -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, 890, tzinfo=UTC)
    batch = Batch(1, 3, {"t": [moment, clock(1, 2), Decimal("1.10")]}, np.full(3, None, object))
    head, blobs = wire.batch_said(batch, [])
    assert wire.batch_heard(head, b"".join(blobs)).columns == batch.columns
