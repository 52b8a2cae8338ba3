"""CASS point files: `number,code,east,north,height` in each line, without a header.

East stands before north, against the habit of survey tables, where X is the northing.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import shapely

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Trouble, shown
from gridwarden.intake.formats.claim import PLANE, Claim
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.rowwise import Row, batches_of

_NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_LINE: Final = re.compile(rf"[^,\t]*,[^,\t]*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*(?:{_NUMBER})?")
WIDTH: Final = 5
SURELY_METRES: Final = 1_000.0
"""Numbers of a file that is not called `.dat` are plane metres from here on."""
FIELDS: Final = ("number", "code", "height_m")
UNREADABLE: Final = 0.5
"""The share of lines that may be broken in a file that is called `.dat`."""


class Points:
    """One CASS file. Which plane its numbers are of, it does not say."""

    kind = "cass"

    def __init__(self, path: Path, name: str, encoding: str | None) -> None:
        self.path = path
        self.layer = name
        self.fields: tuple[str, ...] = FIELDS
        self.claim = Claim(PLANE, "cass_dat", north_first=False)
        self.encoding = encoding or letters.of_text(letters.chunks_of(path))
        self.rows: int | None = None
        self.notes: list[str] = []

    @property
    def places(self) -> set[str]:
        """None: the position is taken out of the rows."""
        return set()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The points in order; a row's number is that of its line."""
        with self.path.open(encoding=self.encoding, errors="surrogateescape") as file:
            rows = (
                self._row(n, line.rstrip("\r\n")) for n, line in enumerate(file, 1) if ink(line)
            )
            yield from batches_of(rows, self.fields, size)

    def _row(self, number: int, line: str) -> Row:
        cells = [cell.strip().removeprefix("\ufeff") for cell in line.split(",")]
        values = [cell or None for cell in (cells + [""] * WIDTH)[:2]]
        if len(cells) != WIDTH:
            return Row(number, [*values, None], None, Trouble("wrong_width", None, shown(line)))
        for cell in cells[:2]:
            if not cell.isascii() and any("\udc80" <= c <= "\udcff" for c in cell):
                raw = cell.encode(self.encoding, "surrogateescape")
                return Row(number, [None] * 3, None, Trouble("undecodable_text", None, shown(raw)))
        try:
            east, north = float(cells[2]), float(cells[3])
        except ValueError:
            trouble = Trouble("bad_number", None, shown(f"{cells[2]},{cells[3]}"))
            return Row(number, [*values, None], None, trouble)
        if not (math.isfinite(east) and math.isfinite(north)):
            trouble = Trouble("not_finite", None, shown(f"{cells[2]},{cells[3]}"))
            return Row(number, [*values, None], None, trouble)
        return Row(number, [*values, cells[4] or None], shapely.Point(east, north))


def ink(line: str) -> bool:
    """Whether a line has anything in it (older programs end a file with Ctrl-Z)."""
    return bool(line.strip("\x1a\ufeff \t\r\n"))


def lines_of(head: bytes) -> list[str]:
    """The whole lines of a file's beginning that have anything in them."""
    text = head.decode("utf-8", "replace")
    if len(head) >= 1 << 16:
        text = text.rpartition("\n")[0]
    return [line.strip("\x1a\ufeff \t\r\n") for line in text.splitlines() if ink(line)]


def is_cass(head: bytes, suffix: str) -> bool:
    """Whether this is a CASS file: most lines of a `.dat`, and every one of another text, are
    number, code, two coordinates and a height."""
    if suffix not in (".dat", ".txt", ".csv") or b"\0" in head:
        return False
    lines = lines_of(head)
    found = [_LINE.fullmatch(line) for line in lines]
    fits = sum(one is not None for one in found)
    if not lines or found[0] is None:
        return False
    if suffix == ".dat":
        return fits >= (1 - UNREADABLE) * len(lines)
    return all(one and min(abs(float(one[1])), abs(float(one[2]))) > SURELY_METRES for one in found)


def _opened(part: Part, layer: str, encoding: str | None) -> Points:
    return Points(part.path, layer, encoding)


CASS = Format("cass", (".dat",), is_cass, _opened)
