"""The plan on which everything else stands: sizes, the street grid, and how it is bent.

The city is laid out in *base* metres, a plain rectangle of blocks with its south-west corner at
(0, 0), and then bent: `Plan.bend` shifts by a few slow sine waves, turns and moves it to the
working CRS EPSG:4547 (CGCS2000, 3 degrees, central meridian 114°E; metres). The waves move a
point by at most 60 m over 1.5 km, so right angles stay nearly right and nothing folds over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Shapes = NDArray[np.object_]
Drawn = TypeVar("Drawn")

CRS = 4547
REFERENCE_DATE = date(2026, 11, 1)
CORNER = np.array([512_000.0, 3_421_000.0])
"""Where the base corner lies, before turning: about lon 114.13, lat 30.91."""

MARGIN = 900.0
"""Farm land around the streets, metres."""
FIELD = np.array([3000.0, 3800.0])
"""The room for the test field east of the city: width and height, metres."""
PLANTED = np.array([2200.0, 3600.0])
"""What the field itself takes of it, unturned."""
STEPS = 6
"""Points that a street has between two crossings."""
RIVER_WIDTH = 110.0


@dataclass(frozen=True)
class Size:
    """How many blocks; about 28 buildings, 4 to 7 mains and half an estate each.

    `sites` are building sites for 120 blocks, `sheds` charging sheds for an estate. A `dense` city
    has a pipe before every row of houses, and trunk mains of 22 blocks along its arterials.
    """

    columns: int
    rows: int
    sites: int = 40
    sheds: float = 1.95
    dense: bool = False


SIZES = {
    "s": Size(12, 10),
    "m": Size(64, 56, 69, 1.04, dense=True),
    "l": Size(200, 176, 69, 1.04, dense=True),
}
TRUNK_BLOCKS = 22


def one_of(dice: np.random.Generator, deck: Sequence[Drawn]) -> Drawn:
    """One of the deck; as `dice.choice`, without its arrays."""
    return deck[int(dice.integers(0, len(deck)))]


@dataclass(frozen=True)
class Plan:
    """Crossing streets at `xs` and `ys` (base metres), the river's column, and the bend."""

    seed: int
    size: Size
    xs: Numbers
    ys: Numbers
    river_column: int
    waves: Numbers
    turn: float

    @property
    def width(self) -> float:
        """West to east between the outermost streets, base metres."""
        return float(self.xs[-1])

    @property
    def height(self) -> float:
        """South to north between the outermost streets, base metres."""
        return float(self.ys[-1])

    def dice(self, part: str) -> np.random.Generator:
        """Random numbers of one part, so that a change in one part leaves the others alone."""
        return np.random.default_rng([self.seed, *part.encode()])

    def river(self, y: Numbers) -> Numbers:
        """The river's middle (base x) at base y."""
        left, right = self.xs[self.river_column : self.river_column + 2]
        sway = (right - left - RIVER_WIDTH) / 2 - 45
        slow = np.sin(2 * np.pi * y / 1900 + self.waves[0, 2])
        return np.asarray((left + right) / 2 + sway * slow, dtype=np.float64)

    def bend(self, points: Numbers) -> Numbers:
        """Base metres (…, 2) to the working CRS (easting, northing), metres."""
        x, y = points[..., 0], points[..., 1]
        shifted = np.stack([x + self._wave(0, y, x), y + self._wave(1, x, y)], axis=-1)
        middle = np.array([self.width, self.height]) / 2
        cosine, sine = np.cos(self.turn), np.sin(self.turn)
        around = (shifted - middle) @ np.array([[cosine, sine], [-sine, cosine]])
        return np.asarray(around + middle + CORNER, dtype=np.float64)

    def _wave(self, axis: int, across: Numbers, along: Numbers) -> Numbers:
        first, second, _ = self.waves[axis]
        slow = 34 * np.sin(2 * np.pi * across / 2300 + first)
        fast = 12 * np.sin(2 * np.pi * across / 900 + second)
        return np.asarray(slow + fast + 14 * np.sin(2 * np.pi * along / 1500 + second))

    def field_corner(self) -> Numbers:
        """South-west corner of the test field, in the working CRS."""
        middle = np.array([self.width + MARGIN + FIELD[0] / 2, self.height / 2])
        return np.asarray(np.round(self.bend(middle) - PLANTED / 2, 0))


def make_plan(seed: int, size: str | Size) -> Plan:
    """The plan of a seed and a size (`s`, `m`, `l` or one of your own)."""
    shape = SIZES[size] if isinstance(size, str) else size
    dice = np.random.default_rng([seed, 0])
    across = dice.uniform(275, 335, shape.columns)
    river_column = shape.columns // 2 - 1
    across[river_column] = 380
    along = dice.uniform(270, 330, shape.rows)
    return Plan(
        seed=seed,
        size=shape,
        xs=np.concatenate([[0.0], np.cumsum(across)]),
        ys=np.concatenate([[0.0], np.cumsum(along)]),
        river_column=river_column,
        waves=dice.uniform(0, 2 * np.pi, (2, 3)),
        turn=float(dice.uniform(0.06, 0.16) * dice.choice([-1, 1])),
    )
