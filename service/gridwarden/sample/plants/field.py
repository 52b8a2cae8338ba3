"""Where planted things lie: lots on shelves, and metres of the plane for metres on the ground."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import shapely

STEP_M = 0.005
EAST_0 = 500_000.0
RADIUS_M = 6_367_900.0
"""Of the ellipsoid's curvature at 31° north, where the sample city lies."""


@dataclass
class Planted:
    """One planted feature: its layer, source id, shape in the working CRS, and columns."""

    layer: str
    source_id: str
    shape: shapely.Geometry
    columns: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Lot:
    """A rectangle of the field and the room that it wants around, drawn once its place is known.

    `reach` is how far a layer's features matter to what stands here; `holds` those that do.
    """

    width: float
    height: float
    room: float
    draw: Callable[[float, float], Iterator[Planted]]
    reach: dict[str, float] = field(default_factory=dict)
    holds: frozenset[str] = frozenset()


def stretch(east: float) -> float:
    """Metres of the plane for one metre on the ground."""
    return 1 + (east - EAST_0) ** 2 / (2 * RADIUS_M**2)


def lay_out(
    zones: Sequence[Sequence[Lot]], corner: tuple[float, float], width: float
) -> Iterator[Planted]:
    """Zone above zone, each on shelves from west to east; those that want most room first."""
    east, north = corner
    done: list[tuple[float, Sequence[Lot]]] = []
    for zone in zones:
        foot = max([north, *(top + apart(lots, zone) for top, lots in done)])
        top = foot
        for shelf in _shelves(zone, width):
            right = 0.0
            for lot in shelf:
                yield from lot.draw(east + right, top)
                right += lot.width + lot.room
            top += max(lot.height for lot in shelf) + shelf[0].room
        done.append((top, zone))


def _shelves(zone: Sequence[Lot], width: float) -> Iterator[list[Lot]]:
    """Lots side by side; a lot's neighbours to the east and above want no more room than it."""
    shelf: list[Lot] = []
    held = {layer for lot in zone for layer in lot.holds}
    roomy = [
        replace(lot, room=max([lot.room, *(lot.reach.get(layer, 0.0) + 1 for layer in held)]))
        for lot in zone
    ]
    for lot in sorted(roomy, key=lambda one: (-one.room, -one.height)):
        if shelf and sum(one.width + one.room for one in shelf) + lot.width > width:
            yield shelf
            shelf = []
        shelf.append(lot)
    yield shelf


def apart(some: Sequence[Lot], others: Sequence[Lot]) -> float:
    """How far two zones must lie apart, so that neither's mains reach the other's subjects."""
    return max(
        (
            one.reach.get(layer, 0.0)
            for here, there in ((some, others), (others, some))
            for one in here
            for layer in {layer for lot in there for layer in lot.holds}
        ),
        default=0.0,
    )
