"""Ovital's TXT: a label a line, with a letter that tells shifted coordinates.

Certain, from Ovital's help on importing TXT: one label a line, its attributes between single
spaces; the longitude stands directly before the latitude, each in degrees, degrees and minutes or
degrees, minutes and seconds; a line in GCJ-02 has `g` in its first column, one in BD-09 has `b`,
one without letter is CGCS2000; name, height and remarks may stand in any order, which whoever
imports it says. From reports of users: since 9.3.0 what is exported as TXT or CSV is GCJ-02.

Assumed: tabs do as spaces do; the letter may stand directly before the longitude
(`g116.39 39.91`, with a comma instead of the space, too), as in the program's search box; what
stands before the two numbers is the name, else the first word behind them is; the first number
behind them is the height, the rest remarks. Tracks and areas in TXT are not known and not read.

A file without any letter, or with one line that does not fit, is not of this kind: it may be any
table. Lines without letter among lettered ones are left out with a reason.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import shapely

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Trouble, shown
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.format import Format
from gridwarden.intake.formats.positions import BadPositionError, coordinate
from gridwarden.intake.formats.rowwise import Row, batches_of

SYSTEMS: Final = {"g": "gcj02", "b": "bd09"}
LONGEST: Final = 4_000
"""Characters of a line; a label is shorter."""
HEAD: Final = 1 << 16
LON: Final = (72.0, 138.0)
LAT: Final = (0.8, 56.0)
"""Degrees in which the shifts exist: the letters mean nothing elsewhere."""
_FINE: Final = re.compile(r"[0-9]{1,3}\.[0-9]{3,}|[0-9]{1,3}[°º˚度].+")
"""An angle as Ovital writes it: decimals, or signs of degrees."""
_GLUED: Final = re.compile(r"(?:^|(?<=\s))([gb])(?=[0-9]{2,3}[.°º˚度])")
_HEIGHT: Final = re.compile(r"-?[0-9]{1,4}(?:\.[0-9]+)?m?")


@dataclass(frozen=True, slots=True)
class Label:
    """One line: `letter` is empty where it has none."""

    letter: str
    lon: float
    lat: float
    name: str | None
    height: str | None
    remark: str | None


class OvitalText:
    """The labels of an Ovital TXT."""

    kind = "ovital"

    def __init__(self, path: Path, layer: str, encoding: str | None) -> None:
        self.path = path
        self.layer = layer
        self.encoding = encoding or letters.of_text(letters.chunks_of(path))
        self.notes: list[str] = []
        self.fields: tuple[str, ...] = ("name", "altitude_m", "remark")
        self.rows: int | None = 0
        found: Counter[str] = Counter()
        for _, line in self._lines():
            self.rows += 1
            label = label_of(line)
            if label is not None and label.letter:
                found[label.letter] += 1
        self._letter = found.most_common(1)[0][0] if found else ""
        self.claim = Claim(SYSTEMS.get(self._letter), "ovital_prefix", detail=self._letter)

    @property
    def places(self) -> set[str]:
        """None: the numbers are taken out of the line."""
        return set()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The lines that are not empty, in order."""
        return batches_of(map(self._row, self._lines()), self.fields, size)

    def _row(self, numbered: tuple[int, str]) -> Row:
        number, line = numbered
        label = label_of(line)
        if label is None:
            trouble = Trouble("unreadable_geometry", None, shown(line))
            return Row(number, (None, None, None), None, trouble)
        values = (label.name, label.height, label.remark)
        other = None
        if label.letter != self._letter:
            other = Trouble("other_coordinates", None, shown(line))
        return Row(number, values, shapely.Point(label.lon, label.lat), other)

    def _lines(self) -> Iterator[tuple[int, str]]:
        return letters.lines_of(self.path, self.encoding, LONGEST)


def label_of(line: str) -> Label | None:
    """The label in a line; None for a line of another kind."""
    words = _GLUED.sub(r"\1 ", line.removeprefix("\ufeff").strip()).replace(",", " ").split()
    letter = ""
    if len(words) > 2:
        at = next((i for i, word in enumerate(words[:-2]) if word in SYSTEMS), None)
        if at is not None and (at == 0 or _pair(words[at + 1 : at + 3])):
            letter = words.pop(at)
    for i in range(len(words) - 1):
        pair = _pair(words[i : i + 2])
        if pair:
            before, behind = words[:i], words[i + 2 :]
            height = next((w for w in behind if _HEIGHT.fullmatch(w)), None)
            if height is not None:
                behind.remove(height)
            if not before and behind:
                before = [behind.pop(0)]
            return Label(
                letter,
                *pair,
                " ".join(before) or None,
                height and height.removesuffix("m"),
                " ".join(behind) or None,
            )
    return None


def _pair(words: list[str]) -> tuple[float, float] | None:
    """Longitude and latitude, in that order and nothing else."""
    if not all(_FINE.fullmatch(word) for word in words):
        return None
    try:
        lon, lat = coordinate(words[0], "lon"), coordinate(words[1], "lat")
    except BadPositionError:
        return None
    if lon is None or lat is None:
        return None
    inside = LON[0] <= lon <= LON[1] and LAT[0] <= lat <= LAT[1]
    return (lon, lat) if inside else None


def is_ovital(head: bytes, suffix: str) -> bool:
    """Every line is a label and some have their letter; the last line may be cut."""
    if suffix != ".txt" or not re.search(rb"[gb][ \t]|[gb][0-9]", head):
        return False
    lines = head.decode(letters.of_text([head]), "replace").splitlines()
    lines = [line for line in lines if line.strip("\ufeff \t")]
    if len(head) >= HEAD and len(lines) > 1:
        lines.pop()
    labels = [label_of(line) for line in lines]
    return bool(labels) and all(labels) and any(one.letter for one in labels if one)


OVITAL: Final = Format(
    "ovital",
    (),
    is_ovital,
    lambda part, layer, encoding: OvitalText(part.path, layer, encoding),
)
