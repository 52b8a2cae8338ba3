"""A city's or a firm's own plane coordinates, fitted by common points: taken, or refused naming
the point that does not fit. Nothing here reads or keeps anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gridwarden.geodesy import (
    CrsRefusedError,
    Fitted,
    Reading,
    WorkingCrs,
    axes_of,
    fitted_reading,
    reading_of,
)
from gridwarden.geodesy.similarity import (
    RESIDUAL_AT_MOST_M,
    Fit,
    Similarity,
    fit,
    left_out,
    suspects,
)
from gridwarden.words.problems import Problem

Numbers = NDArray[np.float64]
MOST: Final = 1000
FARTHEST: Final = 1e9
"""Metres: no plane coordinate is larger."""
LOCAL: Final = "local:"
"""Begins the name that such a system is used by."""


@dataclass(frozen=True, slots=True)
class Common:
    """A point known in both systems, the numbers in the order in which they were given."""

    name: str
    local: tuple[float, float]
    true: tuple[float, float]


@dataclass(frozen=True)
class LocalSystem:
    """A fit that is within its limits. `true` are the common points in metres of the working CRS;
    `accuracy_m` (95 %) is what it adds to every position."""

    crs: str
    north_first: bool
    points: Sequence[Common]
    true: Numbers
    fit: Fit
    left_out: Numbers | None
    accuracy_m: float

    def document(self) -> dict[str, Any]:
        """As it is kept."""
        way, apart = self.fit.similarity, self.left_out
        return {
            "crs": self.crs,
            "north_first": self.north_first,
            "points": [
                {
                    "name": one.name,
                    "local": list(one.local),
                    "true": list(one.true),
                    "residual_m": round(float(self.fit.residuals[i]), 4),
                    "left_out_m": _metres(None if apart is None else apart[i]),
                }
                for i, one in enumerate(self.points)
            ],
            "parameters": {
                "centre": list(way.centre),
                "onto": list(way.onto),
                "p": way.p,
                "q": way.q,
                "common": self.true.tolist(),
            },
            "scale": way.scale,
            "rotation_deg": way.rotation_deg,
            "rmse_m": round(self.fit.rmse, 4),
            "checked": self.fit.checked,
            "accuracy_m": round(self.accuracy_m, 4),
        }


def reading_kept(name: str, kept: Mapping[str, Any], working: WorkingCrs) -> Reading:
    """The reading of a fit that was kept (`document`)."""
    told = kept["parameters"]
    x, y = (tuple(told[key]) for key in ("centre", "onto"))
    way = Similarity((x[0], x[1]), (y[0], y[1]), told["p"], told["q"])
    points = tuple((float(east), float(north)) for east, north in told["common"])
    fitted = Fitted(way, bool(kept["north_first"]), points)
    return fitted_reading(LOCAL + name, fitted, working, float(kept["accuracy_m"]))


def fitted(
    points: Sequence[Common], crs: str | None, north_first: bool | None, epsg: int
) -> LocalSystem:
    """Fit local points to true ones in `crs` (the working CRS when None).

    Of four points and more, none may lie farther than that from where the others put it.
    `north_first` is the order of the *local* numbers: None where the points are to tell, which
    three that are not in one line do; of the true ones the ranges tell it. Raises Problem
    `refused` for what is above the limits, naming the suspect point, and `invalid_value`.
    """
    _check(points)
    reading, true = _true(points, crs, WorkingCrs(epsg))
    local = np.array([one.local for one in points], np.float64)
    orders = (False, True) if north_first is None else (north_first,)
    fits = {order: _fit(local[:, ::-1] if order else local, true) for order in orders}
    good = [order for order, one in fits.items() if one.good]
    if len(good) == 2:
        raise _order(fits)
    if not good:
        if north_first is not None:
            _swapped(local, true, north_first)
        raise _refused(points, *_best(local, true, fits))
    order = good[0]
    turned = local[:, ::-1] if order else local
    apart = left_out(turned, true) if len(points) > 2 else None
    # One wrong point among several drags the fit to itself: what the others say of it tells more
    # than its residual. Three points check each other too weakly for that.
    if apart is not None and len(points) > 3:
        told = np.where(np.isfinite(apart), apart, 0.0)
        if told.max() > RESIDUAL_AT_MOST_M:
            raise _refused(points, turned, true, fits[order], [int(told.argmax())])
    accuracy = float(np.hypot(fits[order].accuracy_m, reading.accuracy_m))
    return LocalSystem(reading.name, order, points, true, fits[order], apart, accuracy)


def _check(points: Sequence[Common]) -> None:
    if not 2 <= len(points) <= MOST:
        key = "coordinates.local.few" if len(points) < 2 else "coordinates.local.many"
        raise Problem("invalid_value", key, field="points", n=len(points), limit=MOST)
    names: set[str] = set()
    for i, one in enumerate(points):
        if one.name in names:
            raise Problem(
                "invalid_value", "coordinates.local.twice", field=f"points.{i}", name=one.name
            )
        names.add(one.name)
        if not all(abs(n) <= FARTHEST for n in (*one.local, *one.true)):  # NaN is within no bounds
            raise Problem(
                "invalid_value", "coordinates.local.number", field=f"points.{i}", name=one.name
            )


def _true(
    points: Sequence[Common], crs: str | None, working: WorkingCrs
) -> tuple[Reading, Numbers]:
    """The true coordinates in metres of the working CRS, whichever order they were given in."""
    try:
        reading = reading_of(crs or f"EPSG:{working.epsg}", working)
    except CrsRefusedError as no:
        raise Problem("refused", f"intake.crs_{no.reason}", field="crs", crs=no.crs) from no
    if reading.shift is not None:
        raise Problem("refused", "coordinates.local.shifted", field="crs", crs=reading.name)
    first, second = np.array([one.true for one in points], np.float64).T
    order = axes_of(first, second).north_first
    for north_first in (bool(order), not order) if order is None else (order,):
        east, north = (second, first) if north_first else (first, second)
        x, y = reading.to_working(east, north)
        held = np.isfinite(x) & np.isfinite(y)
        held[held] = working.holds(x[held], y[held])
        if held.all():
            return reading, np.column_stack([x, y])
    name = points[int(np.argmin(held))].name
    raise Problem("refused", "coordinates.local.elsewhere", field="points", name=name,
                  crs=reading.name)  # fmt: skip


def _fit(local: Numbers, true: Numbers) -> Fit:
    try:
        return fit(local, true)
    except ValueError:
        raise Problem("refused", "coordinates.local.close", field="points") from None


def _order(fits: Mapping[bool, Fit]) -> Problem:
    """Two points, or points in one line: their mirror image fits as well."""
    turns = {order: f"{one.similarity.rotation_deg:.2f}" for order, one in fits.items()}
    return Problem("missing_value", "coordinates.local.order", field="north_first",
                   north=turns[True], east=turns[False])  # fmt: skip


def _swapped(local: Numbers, true: Numbers, north_first: bool) -> None:
    other = _fit(local if north_first else local[:, ::-1], true)
    if other.good:
        key = "coordinates.local.is_east" if north_first else "coordinates.local.is_north"
        raise Problem("refused", key, field="north_first", rmse=f"{other.rmse:.2f}")


def _best(
    local: Numbers, true: Numbers, fits: Mapping[bool, Fit]
) -> tuple[Numbers, Numbers, Fit, list[int]]:
    """The order in which one point alone is wrong, else that in which all fit better: a gross
    error may let the mirror image look nearer."""
    tried = []
    for order, one in fits.items():
        turned = local[:, ::-1] if order else local
        tried.append((turned, true, one, suspects(turned, true)))
    return min(tried, key=lambda found: (len(found[3]) != 1, not found[3], found[2].rmse))


def _refused(
    points: Sequence[Common], local: Numbers, true: Numbers, found: Fit, named: list[int]
) -> Problem:
    """Why a fit is refused, and by which point."""
    worst = int(found.residuals.argmax())
    told: dict[str, Any] = {
        "residual": f"{found.residuals[worst]:.2f}",
        "worst": points[worst].name,
        "scale": f"{found.similarity.scale:.6f}",
        "limit": f"{RESIDUAL_AT_MOST_M:g}",
    }
    if len(named) == 1:
        apart = left_out(local, true)[named[0]]
        told |= {"name": points[named[0]].name, "off": f"{apart:.2f}"}
        key = "suspect_of_three" if len(points) == 3 else "suspect"
        return Problem("refused", f"coordinates.local.{key}", field=f"points.{named[0]}", **told)
    if len(named) > 1:
        told["names"] = ", ".join(points[i].name for i in named)
        return Problem("refused", "coordinates.local.open", field="points", **told)
    if found.residuals[worst] <= RESIDUAL_AT_MOST_M:
        return Problem("refused", "coordinates.local.scale", field="points", **told)
    return Problem("refused", "coordinates.local.several", field="points", **told)


def _metres(value: Any) -> float | None:
    return round(float(value), 4) if value is not None and np.isfinite(value) else None
