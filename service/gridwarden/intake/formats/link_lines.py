"""A text file of map links, one a line, as they are pasted together from a chat: points."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import shapely

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Trouble, shown
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.format import Format
from gridwarden.intake.formats.kml_makers import same_place
from gridwarden.intake.formats.map_links import LinkedPlace, link_in, place_of_link
from gridwarden.intake.formats.rowwise import Row, batches_of
from gridwarden.words.problems import Problem

LONGEST: Final = 1 << 16
"""Characters of a line that are read; no link is longer."""
_SHORT: Final = "phone.short_link"


class Links:
    """The links of a text. Those of most lines say whose coordinates the file holds; a line of
    another system is left out with its reason."""

    kind = "links"

    def __init__(self, path: Path, layer: str, encoding: str | None) -> None:
        self.path = path
        self.layer = layer
        self.encoding = encoding or letters.of_text(letters.chunks_of(path))
        self.rows: int | None = 0
        self.notes: list[str] = []
        self.fields: tuple[str, ...] = ("name", "link")
        claims: Counter[Claim] = Counter()
        centres = 0
        for _, line in self._lines():
            self.rows += 1
            place, _ = _read(line)
            if place is not None:
                claims[place.claim] += 1
                centres += not place.marked
        self.claim = claims.most_common(1)[0][0] if claims else Claim(None, "no_place")
        if centres:
            self.notes.append(f"screen_centre:{centres}")

    @property
    def places(self) -> set[str]:
        """None: the link is kept beside the position that was read from it."""
        return set()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The lines that are not empty, in order."""
        return batches_of(map(self._row, self._lines()), self.fields, size)

    def _row(self, numbered: tuple[int, str]) -> Row:
        number, line = numbered
        place, trouble = _read(line)
        values = (place.name if place else None, link_in(line) or shown(line))
        if place is None:
            return Row(number, values, None, trouble)
        if not same_place(place.claim.system, self.claim.system):
            trouble = Trouble("other_coordinates", "link", shown(place.claim.detail))
        return Row(number, values, shapely.Point(place.lon, place.lat), trouble)

    def _lines(self) -> Iterator[tuple[int, str]]:
        return letters.lines_of(self.path, self.encoding, LONGEST)


def _read(line: str) -> tuple[LinkedPlace | None, Trouble | None]:
    try:
        place = place_of_link(line)
    except Problem as problem:
        short = problem.detail == _SHORT
        return None, Trouble("short_link" if short else "no_link", "link", shown(line))
    return place, None if place else Trouble("no_link", "link", shown(line))


def _known(head: bytes, suffix: str) -> bool:
    """Every line that is not empty has a map link in it; the last may be cut."""
    if suffix not in (".txt", ".text", ".url", "") or not re.search(rb":|/", head):
        return False
    text = head.decode(letters.of_text([head]), "replace")
    lines = [line for line in text.splitlines() if line.strip(" \t\ufeff")]
    whole = lines[:-1] if len(lines) > 1 and len(head) == 1 << 16 else lines
    return bool(whole) and all(link_in(line) for line in whole)


LINKS: Final = Format(
    "links",
    (),
    _known,
    lambda part, layer, encoding: Links(part.path, layer, encoding),
)
