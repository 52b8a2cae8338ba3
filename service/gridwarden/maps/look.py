"""The look of maps: the four risk tints, and where their limits lie."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

INK: Final = "#1F2933"
LINE: Final = "#D5DBE1"
RISK: Final = ("#FFFFFF", "#D6E9F8", "#F6C445", "#EE8A2A", "#A4121F")
STATES: Final = ("zero", "no_data", "withheld")

# Limits that a person can keep in mind: below ten whole numbers (and 0.5), above it two digits.
_STEPS: Final = (10, 12, 14, 16, 18, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90)
_NICE: Final = (0.5, *range(1, 10), *(s * 10**power for power in range(8) for s in _STEPS))


def limits(values: Iterable[float]) -> tuple[float, float, float]:
    """Upper ends of the first three classes, as `maps.legend_how` tells the reader.

    The values above 0 are ranked; each limit is the last value within 50, 80 or 95 % of the way
    from the first to the last, raised to the next round number (… 9, 10, 12, 14 …) that is above
    the limit before. A value that equals a limit belongs to the class below it.
    """
    ordered = sorted(v for v in values if v > 0)
    found: list[float] = []
    for percent in (50, 80, 95):
        reached = ordered[(len(ordered) - 1) * percent // 100] if ordered else 0
        above = found[-1] if found else 0
        found.append(next(n for n in _NICE if n >= reached and n > above))
    return found[0], found[1], found[2]


def risk_of(value: float, ends: Sequence[float]) -> int:
    """The class of a value: 0 for nothing, 1 to 4 by the limits (closed above)."""
    return 0 if value <= 0 else 1 + sum(value > end for end in ends)


def cell_style(risk: int, state: int) -> dict[str, Any]:
    """Leaflet's style of a cell. `state`: 0 counted, 1 no data, 2 withheld."""
    if state == 2:
        return {"color": "#6B7785", "weight": 0.6, "fillColor": "url(#withheld)", "fillOpacity": 1}
    if risk == 0 and state == 1:
        return {"color": "#8A96A3", "weight": 0.4, "fillColor": "url(#no-data)", "fillOpacity": 1}
    if risk == 0:
        return {"color": "#A9B3BD", "weight": 0.7, "fillColor": "#FFFFFF", "fillOpacity": 0.75}
    return {"color": "#52606D", "weight": 0.8, "fillColor": RISK[risk], "fillOpacity": 0.88}


DISTRICT_LINE: Final = {"color": "#52606D", "weight": 1.6, "fill": False, "interactive": False}
ROAD_LINE: Final = {
    "color": "#B4BCC5",
    "weight": 1.1,
    "opacity": 0.9,
    "fill": False,
    "interactive": False,
}
