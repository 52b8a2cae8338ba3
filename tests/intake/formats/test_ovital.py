"""Ovital's TXT: the letters before the numbers, and what is not of this kind."""

from pathlib import Path
from typing import Any

import pytest

from gridwarden.intake.formats.ovital import Label, label_of
from gridwarden.intake.formats.source import open_source


def opened(folder: Path, text: str, name: str = "标签.txt", encoding: str = "utf-8") -> Any:
    (folder / name).write_text(text, encoding)
    return open_source(folder / name, name, folder, 1 << 20)


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("g 甲 116.72135049 34.70805560 12.5 备注 二", ("g", "甲", "12.5", "备注 二")),
        ("b 甲 116.72135049 34.70805560", ("b", "甲", None, None)),
        ("甲 116.72135049 34.70805560 12", ("", "甲", "12", None)),
        ("g 116.72135049 34.70805560 甲 -3m", ("g", "甲", "-3", None)),
        ("g\t116.72135049\t34.70805560", ("g", None, None, None)),
        ("g116.72135049,34.70805560", ("g", None, None, None)),
        ("甲 b116.72135049 34.70805560", ("b", "甲", None, None)),
        ("g 甲 116°43.281029' 34°42.483336'", ("g", "甲", None, None)),
        ("g 甲 116°43'16.8618\" 34°42'29.0002\"", ("g", "甲", None, None)),
    ],
)
def test_a_line_is_read_as_ovital_s_help_has_it(line: str, label: tuple[str | None, ...]) -> None:
    found = label_of(line)
    assert isinstance(found, Label)
    assert (found.letter, found.name, found.height, found.remark) == label
    assert (found.lon, found.lat) == pytest.approx((116.72135049, 34.7080556), abs=1e-7)


@pytest.mark.parametrize(
    "line",
    [
        "g 甲 34.70805560 116.72135049",
        "g 甲 500123.456 3380123.456",
        "g 甲 1 2",
        "g 甲",
        "g",
        "甲 乙 丙",
    ],
)
def test_a_line_that_does_not_fit_is_no_label(line: str) -> None:
    assert label_of(line) is None


@pytest.mark.parametrize(("letter", "system"), [("g", "gcj02"), ("b", "bd09")])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_the_letter_says_whose_coordinates_they_are(
    tmp_path: Path, letter: str, system: str, encoding: str
) -> None:
    other = "b" if letter == "g" else "g"
    lines = [f"{letter} 甲 114.31 30.51", "", f"{letter} 乙 114.32123 30.52123 7"]
    lines[0] = f"{letter} 甲 114.31000 30.51000"
    lines += [f"{other} 丙 114.33000 30.53000", "丁 114.34000 30.54000"]
    source = opened(tmp_path, "\r\n".join(lines), encoding=encoding)
    assert (source.kind, source.rows) == ("ovital", 4)
    assert (source.claim.system, source.claim.because) == (system, "ovital_prefix")
    (batch,) = source.batches()
    assert batch.columns["name"] == ["甲", "乙", "丙", "丁"]
    assert batch.columns["altitude_m"] == [None, "7", None, None]
    assert {i: t.reason for i, t in batch.troubles.items()} == dict.fromkeys(
        (2, 3), "other_coordinates"
    )
    assert (batch.shapes[1].x, batch.shapes[1].y) == (114.32123, 30.52123)
    assert list(batch.rows) == [1, 3, 4, 5]


@pytest.mark.parametrize(
    "text",
    [
        "甲 114.31000 30.51000\n乙 114.32000 30.52000",  # no letter: any list of points
        "名称 经度 纬度\ng 甲 114.31000 30.51000",
        "g 甲 114.31000 30.51000\n合计 2",
        "g 30.51000 114.31000",
        "g,x,y\n1,500123.456,3380123.456",
    ],
)
def test_a_text_that_does_not_fit_is_not_of_this_kind(tmp_path: Path, text: str) -> None:
    assert opened(tmp_path, text).kind != "ovital"
