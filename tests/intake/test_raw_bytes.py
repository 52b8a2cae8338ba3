"""Bytes that are no letters are kept whole beside their row, and can be got back exactly."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridwarden.intake.apart import open_apart
from gridwarden.intake.formats.batch import Trouble
from gridwarden.intake.formats.encoding import MAX_RAW, kept
from intake.makers import polygon, shapefile

LIMIT = 20 << 20
# No letters in UTF-8 nor in GB18030; the second also with letters around what is wrong.
WRONG = (b"\xff\xfe\x80\xff", "管".encode("gb18030") + b"\xff\xff" + "线".encode("gb18030"))


@given(st.binary(max_size=2 * MAX_RAW))
def test_what_is_kept_is_got_back(raw: bytes) -> None:
    whole, more, left_out = kept(raw).partition("…+")
    assert bytes.fromhex(whole) == raw[:MAX_RAW]
    assert (more, len(whole) // 2 + int(left_out or 0)) == ("…+"[: 2 * bool(left_out)], len(raw))


def troubles(file: Path, room: Path, encoding: str | None) -> tuple[tuple[str, ...], list[Trouble]]:
    room.mkdir(exist_ok=True)
    with open_apart(file, file.name, room, LIMIT, encoding=encoding) as source:
        return source.fields, [t for batch in source.batches() for t in batch.troubles.values()]


@pytest.mark.parametrize("raw", [*WRONG, WRONG[0] * 700])
@pytest.mark.parametrize("encoding", [None, "gbk", "utf-8"])
def test_a_csv_s_bytes_are_got_back(tmp_path: Path, raw: bytes, encoding: str | None) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"lon,lat,name\n114.3,30.5," + raw + b"\n114.3,30.5,fine\n")
    _, found = troubles(file, tmp_path / "room", encoding)
    assert [(t.reason, t.column) for t in found] == [("undecodable_text", "name")]
    assert bytes.fromhex(found[0].value or "") == raw


@pytest.mark.parametrize("raw", WRONG)
def test_a_dbf_s_bytes_are_got_back_and_its_names_keep_theirs(tmp_path: Path, raw: bytes) -> None:
    rows = [(polygon(), {"NAME": "A" * 20, "FIELD": "x"}), (polygon(at=1), {"NAME": "b"})]
    shapefile(tmp_path / "s", rows, name="p", cpg=False)
    dbf = tmp_path / "s" / "p.dbf"
    said = (
        dbf.read_bytes().replace(b"A" * 20, raw.ljust(20)).replace(b"FIELD\0", b"F\xff\xff\0\0\0")
    )
    dbf.write_bytes(said)
    fields, found = troubles(tmp_path / "s" / "p.shp", tmp_path / "room", None)
    assert fields == ("NAME", "F\\xff\\xff")
    assert [(t.reason, t.column) for t in found] == [("undecodable_text", "NAME")]
    assert bytes.fromhex(found[0].value or "") == raw
