"""Arcs to chords, and WKB of curves and surfaces to WKB that GEOS reads.

Drawings and geodatabases hold true arcs; everything after the readers is straight. A chord leaves
its arc by at most `SAGITTA_M`, one millimetre, or by a ten-millionth of its radius where that is
more (radii above ten kilometres, which no street has).
"""

import math
import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAGITTA_M: Final = 0.001
SAGITTA_DEG: Final = 1e-8
"""The same millimetre where the numbers are degrees."""
OF_RADIUS: Final = 1e-7
DEEPEST: Final = 32
MOST_POINTS: Final = 250_000
"""Of one shape, more than any layer takes: a few huge circles may not fill the memory."""
Points = NDArray[np.float64]

_STRAIGHT: Final = frozenset(range(1, 8))
_AS: Final = {8: 2, 9: 2, 10: 3, 11: 5, 12: 6, 13: 2, 14: 3, 15: 6, 16: 6, 17: 3}
"""What a curved or surface kind of ISO WKB becomes: line, polygon, or many of them."""


class BadCurveError(ValueError):
    """Bytes that are no geometry, or one nested deeper than any is."""


def arc(
    centre: tuple[float, float], radius: float, start: float, sweep: float, sagitta: float
) -> Points:
    """Points on an arc, both ends included. Angles in radians, counter-clockwise positive."""
    if not (math.isfinite(radius) and math.isfinite(start) and math.isfinite(sweep)):
        raise BadCurveError("an arc of no size")
    pieces = chords(radius, sweep, sagitta)
    angles = start + np.linspace(0.0, sweep, pieces + 1)
    return np.column_stack(
        [centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)]
    )


def chords(radius: float, sweep: float, sagitta: float) -> int:
    """How many chords an arc needs so that none leaves it by more than `sagitta`."""
    if radius <= 0:
        return 1
    allowed = min(max(sagitta / radius, OF_RADIUS), 0.25)
    return max(1, math.ceil(abs(sweep) / (2 * math.acos(1 - allowed))))


def arc_by_three(points: Points, sagitta: float) -> Points:
    """The arc through three points; a full circle when the first and last are one.

    Three points in a row, or two that are one, give the straight way.
    """
    (ax, ay), (bx, by), (cx, cy) = points
    if ax == cx and ay == cy:
        centre = ((ax + bx) / 2, (ay + by) / 2)
        radius, start = math.hypot(ax - centre[0], ay - centre[1]), 0.0
        start = math.atan2(ay - centre[1], ax - centre[0])
        round_ = arc(centre, radius, start, 2 * math.pi, sagitta)
        round_[0] = round_[-1] = points[0]
        return round_
    ux, uy, vx, vy = bx - ax, by - ay, cx - ax, cy - ay
    twice = 2 * (ux * vy - uy * vx)
    if twice == 0 or not math.isfinite(twice):
        return points
    uu, vv = ux * ux + uy * uy, vx * vx + vy * vy
    x, y = (vy * uu - uy * vv) / twice, (ux * vv - vx * uu) / twice
    radius = math.hypot(x, y)
    centre = (ax + x, ay + y)
    start = math.atan2(-y, -x)
    end = math.atan2(cy - centre[1], cx - centre[0])
    sweep = (end - start) % (2 * math.pi)
    if twice < 0:
        sweep -= 2 * math.pi
    along = arc(centre, radius, start, sweep, sagitta)
    along[0], along[-1] = points[0], points[2]
    return along


def is_straight(wkb: bytes) -> bool:
    """Whether GEOS reads this WKB as it is. A collection may hold curves, so it is looked into."""
    if len(wkb) < 5:
        return True
    order = "<" if wkb[0] == 1 else ">"
    (code,) = struct.unpack_from(order + "I", wkb, 1)
    kind = (code & 0x0FFFFFFF) % 1000
    return kind in _STRAIGHT and kind != 7


def straightened(wkb: bytes, sagitta: float) -> bytes:
    """The same shape in ISO WKB, flat and without curves. Raises BadCurveError."""
    reader = _Reader(wkb, sagitta)
    try:
        return reader.shape(0)
    except (struct.error, ValueError, OverflowError, MemoryError) as error:
        raise BadCurveError(str(error)) from error


class _Reader:
    """Walks through WKB once, from front to back."""

    def __init__(self, wkb: bytes, sagitta: float) -> None:
        self.wkb = wkb
        self.at = 0
        self.made = 0
        self.sagitta = sagitta
        self.order = "<"

    def shape(self, depth: int) -> bytes:
        kind, width = self._head(depth)
        if kind == 1:
            return _head_of(1) + self._places(width, 1).tobytes()
        if kind in (2, 8, 9, 13):
            return _line(self._along(kind, width, depth))
        if kind in (3, 17):
            return _polygon([self._places(width) for _ in range(self._count())])
        if kind in (10, 14):
            return _polygon([self._curve(depth) for _ in range(self._count())])
        if kind not in (4, 5, 6, 7, 11, 12, 15, 16):
            raise BadCurveError(f"kind {kind}")
        parts = [self.shape(depth + 1) for _ in range(self._count())]
        return _head_of(_AS.get(kind, kind)) + struct.pack("<I", len(parts)) + b"".join(parts)

    def _curve(self, depth: int) -> Points:
        """One curve that stands within another shape, with its own head."""
        kind, width = self._head(depth + 1)
        return self._along(kind, width, depth + 1)

    def _along(self, kind: int, width: int, depth: int) -> Points:
        if kind == 2:
            return self._places(width)
        if kind == 8:
            return self._arcs(self._places(width))
        if kind != 9:
            raise BadCurveError(f"kind {kind} in a curve")
        parts = [self._curve(depth) for _ in range(self._count())]
        joined = [part if i == 0 else part[1:] for i, part in enumerate(parts)]
        return np.concatenate(joined) if joined else np.empty((0, 2))

    def _arcs(self, points: Points) -> Points:
        if len(points) < 3:
            return points
        arcs: list[Points] = []
        for i in range(0, len(points) - 2, 2):
            one = arc_by_three(points[i : i + 3], self.sagitta)
            self.made += len(one)
            if self.made > MOST_POINTS:
                raise BadCurveError("too many points")
            arcs.append(one[1:] if arcs else one)
        return np.concatenate(arcs)

    def _head(self, depth: int) -> tuple[int, int]:
        """The kind, and how many numbers a place has. EWKB's flags are read as well as ISO's."""
        if depth > DEEPEST:
            raise BadCurveError("nested too deep")
        self.order = "<" if self.wkb[self.at : self.at + 1] == b"\x01" else ">"
        (code,) = struct.unpack_from(self.order + "I", self.wkb, self.at + 1)
        self.at += 5
        if code & 0x20000000:
            self.at += 4
        flags = bool(code & 0x80000000) + bool(code & 0x40000000)
        iso = code & 0x0FFFFFFF
        return iso % 1000, 2 + flags + (0, 1, 1, 2)[min(iso // 1000, 3)]

    def _count(self) -> int:
        (count,) = struct.unpack_from(self.order + "I", self.wkb, self.at)
        self.at += 4
        if count > len(self.wkb):
            raise BadCurveError("more parts than bytes")
        return int(count)

    def _places(self, width: int, count: int | None = None) -> Points:
        n = self._count() if count is None else count
        size = n * width * 8
        if self.at + size > len(self.wkb):
            raise BadCurveError("cut off")
        numbers = np.frombuffer(self.wkb, self.order + "f8", n * width, self.at)
        self.at += size
        return numbers.reshape(n, width)[:, :2].astype("<f8")


def _head_of(kind: int) -> bytes:
    return struct.pack("<BI", 1, kind)


def _line(points: Points) -> bytes:
    return _head_of(2) + struct.pack("<I", len(points)) + points.astype("<f8").tobytes()


def _polygon(rings: list[Points]) -> bytes:
    written = (struct.pack("<I", len(r)) + r.astype("<f8").tobytes() for r in rings)
    return _head_of(3) + struct.pack("<I", len(rings)) + b"".join(written)


def straight(wkb: list[bytes | None], sagitta: float) -> list[int]:
    """Straighten a column of WKB in place; gives the indices of what could not be understood,
    which is None from then on."""
    bad: list[int] = []
    # The first bytes tell; all of a file have but one or two of them.
    if all(map(is_straight, {one[:5] for one in wkb if one is not None})):
        return bad
    for i, one in enumerate(wkb):
        if one is not None and not is_straight(one):
            try:
                wkb[i] = straightened(one, sagitta)
            except BadCurveError:
                wkb[i] = None
                bad.append(i)
    return bad
