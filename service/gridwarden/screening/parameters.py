"""What a request for findings asks, read strictly: an unknown filter would answer too much."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from gridwarden.words.problems import Problem

FILTERS: Final = ("family", "rule", "layer", "severity", "certainty", "district")
CELL_SIZES: Final = (100, 250, 500, 1000)
LEAST_CELL_OF_PLANNERS: Final = 500
KNOWN: Final = (*FILTERS, "cell", "bbox", "limit", "cursor", "lang")
GREATEST_LIMIT: Final = 1000
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "severity": ("general", "serious", "major"),
    "certainty": ("certain", "possible"),
}
_CELL = re.compile(r"(?:square-)?(\d{2,5})/(-?\d{1,9})/(-?\d{1,9})")
_NUMBER = re.compile(r"[+-]?\d{1,4}(\.\d{1,15})?")


@dataclass(frozen=True, slots=True)
class FindingsQuery:
    """The filters of a list. `bbox` is west, south, east, north in degrees (CRS84).

    `cell` is size (m), column, row: half-open, from (0, 0) of the working CRS.
    """

    filters: Mapping[str, str]
    cell: tuple[int, int, int] | None
    bbox: tuple[float, float, float, float] | None
    limit: int
    after: int

    def values(self, srid: int) -> dict[str, object]:
        """The parameters of the named statements, but for the district's id."""
        size, column, row = self.cell or (1, None, None)
        return {
            **{name: self.filters.get(name) for name in FILTERS},
            "size": float(size),
            "column": column,
            "row": row,
            "bbox": list(self.bbox) if self.bbox else None,
            "limit": self.limit,
            "after": self.after,
            "srid": srid,
        }

    def following(self, last: int) -> str:
        """The address of the next page."""
        asked: dict[str, object] = dict(self.filters)
        if self.cell:
            asked["cell"] = "square-{}/{}/{}".format(*self.cell)
        if self.bbox:
            asked["bbox"] = ",".join(map(str, self.bbox))
        return "/api/findings?" + urlencode({**asked, "limit": self.limit, "cursor": last})


def findings_query(items: list[tuple[str, str]], role: str) -> FindingsQuery:
    """Read the query parameters. Raises Problem (400) naming the one that is wrong."""
    given: dict[str, str] = {}
    for name, value in items:
        if name not in KNOWN:
            raise Problem("unknown_parameter", field=name[:80])
        if name in given:
            raise Problem("invalid_value", "screening.repeated", field=name)
        if "\x00" in value or len(value) > 200:
            raise Problem("invalid_value", "screening.bad_text", field=name)
        given[name] = value
    for name, choices in CHOICES.items():
        if given.get(name, choices[0]) not in choices:
            raise Problem(
                "invalid_value", "screening.bad_choice", field=name, choices=", ".join(choices)
            )
    return FindingsQuery(
        filters={name: given[name] for name in FILTERS if name in given},
        cell=_cell(given["cell"], role) if "cell" in given else None,
        bbox=_bbox(given["bbox"]) if "bbox" in given else None,
        limit=min(_whole(given.get("limit", "100"), "limit", least=1), GREATEST_LIMIT),
        after=_whole(given.get("cursor", "0"), "cursor", least=0),
    )


def _cell(text: str, role: str) -> tuple[int, int, int]:
    found = _CELL.fullmatch(text)
    # Grids of any size one likes would cut strips out of each other.
    least = LEAST_CELL_OF_PLANNERS if role == "planner" else min(CELL_SIZES)
    if not found or int(found[1]) not in CELL_SIZES or int(found[1]) < least:
        sizes = ", ".join(f"square-{size}" for size in CELL_SIZES if size >= least)
        raise Problem("invalid_value", "screening.bad_cell", field="cell", sizes=sizes)
    return int(found[1]), int(found[2]), int(found[3])


def _bbox(text: str) -> tuple[float, float, float, float]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        raise Problem("invalid_value", "screening.bad_bbox", field="bbox")
    west, south, east, north = map(float, parts)
    inside = max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90
    if not (inside and west <= east and south <= north and math.isfinite(west)):
        raise Problem("invalid_value", "screening.bad_bbox", field="bbox")
    return west, south, east, north


def _whole(text: str, name: str, least: int) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) < least:
        raise Problem("invalid_value", "screening.bad_number", field=name)
    return int(text)
