"""A city's own plane coordinates by common points: shift, turn and scale, by least squares.

Four parameters (Helmert): `true = centre' + (p + iq) · (local − centre)`, plane coordinates as
complex numbers east + i·north, about the points' centres so that nothing is lost by rounding.
Two points determine it and prove nothing; from the third on each point is checked by the others.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

RESIDUAL_AT_MOST_M: Final = 0.3
SCALE_OFF_AT_MOST: Final = 1 / 2500
"""0.4 m in a kilometre: a zone's edge gives 0.25, a height of 1000 m another 0.16."""
APART_AT_LEAST_M: Final = 10.0
ACCURACY_AT_LEAST_M: Final = 0.05
"""95 %: control points themselves are no better known to each other."""
UNCHECKED_M: Final = 1.0
"""95 %: what two points give that nobody has checked. A position of which nobody states an
accuracy counts 1 m everywhere here; it is wider where the scale is off by more between them."""


@dataclass(frozen=True, slots=True)
class Similarity:
    """`centre` of the local points → `onto`; `p`, `q`: turn and scale. East before north."""

    centre: tuple[float, float]
    onto: tuple[float, float]
    p: float
    q: float

    @property
    def scale(self) -> float:
        """True metres for a local one."""
        return math.hypot(self.p, self.q)

    @property
    def rotation_deg(self) -> float:
        """How far the local axes are turned against the true ones, counter-clockwise."""
        return math.degrees(math.atan2(self.q, self.p))

    def forward(self, east: Numbers, north: Numbers) -> tuple[Numbers, Numbers]:
        """Local metres to true ones."""
        x, y = east - self.centre[0], north - self.centre[1]
        return (
            self.onto[0] + self.p * x - self.q * y,
            self.onto[1] + self.q * x + self.p * y,
        )


@dataclass(frozen=True)
class Fit:
    """A similarity and how well it fits: `residuals` in metres, one a point, and what it adds to
    the accuracy of a position (95 %, metres) among its points."""

    similarity: Similarity
    residuals: Numbers
    rmse: float
    accuracy_m: float

    @property
    def checked(self) -> bool:
        """Whether any point checks the others: three or more."""
        return len(self.residuals) > 2

    @property
    def scale_off(self) -> float:
        """How far the scale is from 1."""
        return abs(self.similarity.scale - 1)

    @property
    def good(self) -> bool:
        """Within the limits; both belong to them."""
        near = float(self.residuals.max()) <= RESIDUAL_AT_MOST_M
        return near and self.scale_off <= SCALE_OFF_AT_MOST


def fit(local: Numbers, true: Numbers) -> Fit:
    """The similarity of two lists of points (n × 2, east before north, n ≥ 2, metres).

    Raises ValueError for fewer, for numbers that are not finite, and for points nowhere 10 m apart.
    """
    w, z = _complex(local), _complex(true)
    if len(w) < 2 or len(w) != len(z) or not (np.isfinite(w).all() and np.isfinite(z).all()):
        raise ValueError("two points or more, in finite metres")
    centre, onto = w.mean(), z.mean()
    from_centre = w - centre
    spread = float((np.abs(from_centre) ** 2).sum())
    if 2 * np.abs(from_centre).max() < APART_AT_LEAST_M:
        raise ValueError("the points lie too close together")
    b = (np.conj(from_centre) * (z - onto)).sum() / spread
    found = Similarity(
        (float(centre.real), float(centre.imag)),
        (float(onto.real), float(onto.imag)),
        float(b.real),
        float(b.imag),
    )
    residuals = np.abs(onto + b * from_centre - z)
    rmse = float(np.sqrt((residuals**2).mean()))
    return Fit(found, residuals, rmse, _accuracy(found, residuals, from_centre, spread))


def left_out(local: Numbers, true: Numbers) -> Numbers:
    """How far each point lies from where the fit of all others puts it, metres (n ≥ 3); inf where
    the others lie too close together to tell."""
    out = np.full(len(local), np.inf)
    for i in range(len(local)):
        others = np.arange(len(local)) != i
        try:
            way = fit(local[others], true[others]).similarity
        except ValueError:
            continue
        east, north = way.forward(local[i, :1], local[i, 1:])
        out[i] = math.hypot(east[0] - true[i, 0], north[0] - true[i, 1])
    return out


def suspects(local: Numbers, true: Numbers) -> list[int]:
    """The points without which the others fit: one of them is wrong, when only one is.

    One alone is named; none means that several are wrong. With three points the two others always
    fit each other but for their scale, so that it may stay open which of them it is.
    """
    found = []
    for i in range(len(local)):
        others = np.arange(len(local)) != i
        try:
            good = len(local) > 2 and fit(local[others], true[others]).good
        except ValueError:
            good = False
        if good:
            found.append(i)
    return found


def _accuracy(
    found: Similarity, residuals: Numbers, from_centre: NDArray[np.complex128], spread: float
) -> float:
    """Twice the standard deviation of a transformed place, at the outermost of the points."""
    n = len(residuals)
    farthest = float(np.abs(from_centre).max())
    if n == 2:
        return max(UNCHECKED_M, 2 * farthest * abs(found.scale - 1))
    sigma = math.sqrt(float((residuals**2).sum()) / (2 * n - 4))
    return max(ACCURACY_AT_LEAST_M, 2 * sigma * math.sqrt(1 / n + farthest**2 / spread))


def _complex(points: Numbers) -> NDArray[np.complex128]:
    pairs = np.asarray(points, np.float64).reshape(-1, 2)
    made: NDArray[np.complex128] = pairs[:, 0] + 1j * pairs[:, 1]
    return made
