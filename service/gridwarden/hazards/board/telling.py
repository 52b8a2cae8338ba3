"""A board in one language, each figure with the address of the rows behind it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from gridwarden.hazards.board.asked import NONE
from gridwarden.words import say

ROWS: Final = "/api/rankings/rows"
RECORDS: Final = "/api/hazards/programmes/records"
VISITS: Final = "/api/hazards/spot-checks"
OUTCOMES: Final = {
    "spot_checked": None,
    "truthful": "agrees",
    "missed": "missed",
    "false": "false",
}
_FIELD: Final = {"district": "district", "organisation": "org", "family": "family"}


def rows_address(by: str, day: str, key: str | None, figure: str) -> str | None:
    """Where the rows of a figure are: cases, records or visits; None where it can have none."""
    named = {"day": day}
    entered = figure in OUTCOMES or figure in ("known", "surveyed")
    if entered and (key is None or (by == "family" and figure not in OUTCOMES)):
        return None
    if figure in OUTCOMES:
        return _address(VISITS, named | {_FIELD[by]: str(key), "outcome": OUTCOMES[figure] or ""})
    if entered:
        return _address(RECORDS, named | {_FIELD[by]: str(key), "measure": figure})
    return _address(ROWS, {"by": by, **named, "key": key or NONE, "figure": figure})


def _address(path: str, named: Mapping[str, str]) -> str:
    return f"{path}?{urlencode({k: v for k, v in named.items() if v})}"


def told(board: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """The groups in their order, with name, place and class in `lang`."""
    by, day = board["by"], board["day"]
    groups = []
    for one in board["items"]:
        place = one["places"][lang]
        item = {k: v for k, v in one.items() if k not in ("names", "places", "class")}
        grade = one["class"]
        item |= {
            "name": one["names"][lang],
            "rank": place["rank"],
            "tied": place["tied"],
            "rank_before": place["before"],
            "class": grade and {"colour": grade["colour"], "words": grade["words"][lang]},
            "rows": {name: rows_address(by, day, one["key"], name) for name in ("open", "overdue")},
            "indicators": [
                {
                    **{k: v for k, v in found.items() if k != "figures"},
                    "name": say(f"board.indicator.{found['code']}", lang),
                    "rows": {
                        name: rows_address(by, day, one["key"], name) for name in found["figures"]
                    },
                }
                for found in one["indicators"]
            ],
            "penalties": [
                {**taken, "rows": rows_address(by, day, one["key"], taken["of"])}
                for taken in one["penalties"]
            ],
        }
        groups.append(item)
    last = len(groups) + 1
    return sorted(groups, key=lambda one: (one["rank"] or last, one["name"]))


def heading(day: date, **more: Any) -> dict[str, Any]:
    """What stands above every document of the board."""
    return {"day": day.isoformat(), **more}
