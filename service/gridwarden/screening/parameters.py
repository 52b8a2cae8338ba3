"""What a request for findings asks, read strictly: an unknown filter would answer too much."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from gridwarden.layers.past import moment_of
from gridwarden.words.asked import given_of, limit_of, whole
from gridwarden.words.problems import Problem

FILTERS: Final = ("family", "rule", "layer", "severity", "certainty", "district")
NARROWING: Final = (*FILTERS, "cell", "bbox", "at", "lang")
KNOWN: Final = (*FILTERS, "cell", "bbox", "at", "limit", "cursor", "lang")
VEILED: Final = ("planner", "inspector", "warden")
"""Roles that read the 500 m cell alone of what would draw a main (api.veils_finding)."""
KNOWN_TO_PAGE: Final = (*FILTERS, "cell", "at", "after", "lang")
_CELL = re.compile(r"(?:square-)?(\d{2,5})/(-?\d{1,9})/(-?\d{1,9})")
_AFTER = re.compile(r"([0-3])\.(\d{1,18})")
_NUMBER = re.compile(r"[+-]?\d{1,4}(\.\d{1,15})?")


@dataclass(frozen=True, slots=True)
class FindingsQuery:
    """The filters of a list. `bbox` is west, south, east, north in degrees (CRS84).

    `cell` is size (m), column, row: half-open, from (0, 0) of the working CRS. The list goes on
    behind `after`: rank (0, or 1 to 3 where the most severe come first) and id. `at`: as known
    at that moment, `at_said` as it was asked for. `number`: that finding alone.
    """

    filters: Mapping[str, str]
    cell: tuple[int, int, int] | None
    bbox: tuple[float, float, float, float] | None
    limit: int
    after: tuple[int, int] = (0, 0)
    worst_first: bool = False
    at: datetime | None = None
    at_said: str = ""
    number: int | None = None

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
            "after_rank": self.after[0],
            "after": self.after[1],
            "worst_first": self.worst_first,
            "number": self.number,
            "srid": srid,
        }

    def narrowed(self) -> dict[str, str]:
        """The filters as they stand in an address."""
        asked = dict(self.filters)
        if self.cell:
            asked["cell"] = "square-{}/{}/{}".format(*self.cell)
        if self.bbox:
            asked["bbox"] = ",".join(map(str, self.bbox))
        if self.at:
            asked["at"] = self.at_said
        return asked

    def following(self, after: tuple[int, int]) -> str:
        """The address of the API's next page."""
        paging = {"limit": str(self.limit), "cursor": str(after[1])}
        return "/api/findings?" + urlencode({**self.narrowed(), **paging})

    def page(self, after: tuple[int, int] | None = None) -> str:
        """The address of the page of the list that follows `after`, or of its first."""
        asked = self.narrowed()
        if after:
            asked["after"] = "{}.{}".format(*after)
        return "/findings" + (f"?{urlencode(asked)}" if asked else "")


def cell_sizes(role: str) -> tuple[int, ...]:
    """Sides (m) of the square cells that a role may have, the usual one first.

    Grids of any size one likes would cut strips out of each other, and draw a main.
    """
    return {"viewer": (), **dict.fromkeys(VEILED, (500, 1000))}.get(role, (500, 1000, 250, 100))


def findings_query(items: list[tuple[str, str]], role: str, zone: str) -> FindingsQuery:
    """Read the API's query parameters. Raises Problem (400) naming the one that is wrong."""
    given = given_of(items, KNOWN)
    return FindingsQuery(
        **_narrowing(given, role, zone),
        limit=limit_of(given),
        after=(0, whole(given.get("cursor", "0"), "cursor", least=0)),
    )


def narrowing_query(items: Iterable[tuple[str, str]], role: str, zone: str) -> FindingsQuery:
    """Read the filters alone, for a list that has no pages. Raises Problem (400)."""
    return FindingsQuery(**_narrowing(given_of(items, NARROWING), role, zone), limit=0)


def page_query(items: Iterable[tuple[str, str]], role: str, rows: int, zone: str) -> FindingsQuery:
    """Read those of the page, most severe first; an empty field of its form asks for nothing."""
    given = given_of([(name, value) for name, value in items if value], KNOWN_TO_PAGE)
    place = _AFTER.fullmatch(given.get("after", "0.0"))
    if place is None:
        raise Problem("invalid_value", "screening.bad_after", field="after")
    after = int(place[1]), int(place[2])
    narrowing = _narrowing(given, role, zone)
    return FindingsQuery(**narrowing, limit=rows, after=after, worst_first=True)


def _narrowing(given: Mapping[str, str], role: str, zone: str) -> dict[str, Any]:
    return {
        "filters": {name: given[name] for name in FILTERS if name in given},
        "cell": _cell(given["cell"], role) if "cell" in given else None,
        "bbox": _bbox(given["bbox"]) if "bbox" in given else None,
        "at": moment_of(given.get("at"), zone),
        "at_said": given.get("at", ""),
    }


def _cell(text: str, role: str) -> tuple[int, int, int]:
    found = _CELL.fullmatch(text)
    if not found or int(found[1]) not in cell_sizes(role):
        sizes = ", ".join(f"square-{size}" for size in cell_sizes(role))
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
