"""The land bureau's exchange text (报盘): plots as lists of corners, north before east.

    [属性描述]
    坐标系=2000国家大地坐标系
    几度分带=3
    带号=38
    [地块坐标]
    5,0.0800,1,某地块,面,H50G,道路用地,,@
    J1,1,3420000.000,38500100.000
    …

A corner's second number is its ring (or line): every further ring of a plot is a hole in it, or
another part where it lies apart.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry

from gridwarden.geodesy import meridian_zone, numbered_zone
from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Trouble, shown
from gridwarden.intake.formats.claim import PLANE, Claim
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.rowwise import Row, batches_of
from gridwarden.intake.formats.systems import DEGREES_OF, OLDER, datum_in, folded
from gridwarden.words.problems import Problem

COORDINATES: Final = "[地块坐标]"
FIELDS: Final = ("corners", "area_ha", "code", "name", "graphic", "sheet", "use", "land_class")
_POSITION: Final = re.compile(
    r"\s*([^,]*),\s*([^,]*),\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*,\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*,?\s*"
)
_HEADING: Final = re.compile(r"^\s*\[\s*地块坐标\s*\]\s*$", re.MULTILINE)
LOOKED_THROUGH: Final = 2_000
"""Lines in which the first position is looked for."""
MAX_RINGS: Final = 1_000
PREFIXED_M: Final = 1_000_000.0
"""An easting from here on carries the number of its zone."""
SYSTEMS: Final = {
    "xian80": {3: (2349, 2370), 6: (2327, 2338)},
    "beijing54": {3: (2401, 2422), 6: (21413, 21453)},
}
"""EPSG codes of the first zone (3 degrees: zone 25; 6 degrees: zone 13), with the zone's number in
the easting and without, of the older datums."""
SHORT: Final = {"2000": "cgcs2000", "80": "xian80", "54": "beijing54"}
"""Years that stand for a datum where nothing stands beside them."""
FIRST_ZONE: Final = {3: 25, 6: 13}
ZONES: Final = {3: 21, 6: 11}


@dataclass
class Plot:
    """One block: its head as written, and its corners as (ring, east, north)."""

    number: int
    head: list[str]
    corners: list[tuple[str, float, float]] = field(default_factory=list)
    trouble: Trouble | None = None


class Plots:
    """One file of plots."""

    kind = "land_bureau"

    def __init__(self, path: Path, name: str, encoding: str | None) -> None:
        self.path = path
        self.layer = name
        self.fields: tuple[str, ...] = FIELDS
        self.encoding = encoding or letters.of_text(letters.chunks_of(path))
        self.rows: int | None = None
        self.notes: list[str] = []
        described, first = self._described()
        self.claim = claim_of(described, first)

    @property
    def places(self) -> set[str]:
        """None: the position is taken out of the rows."""
        return set()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The plots in order; a row's number is that of the line that begins its block."""
        yield from batches_of((_row(plot) for plot in self._plots()), self.fields, size)

    def _lines(self) -> Iterator[tuple[int, str]]:
        with self.path.open(encoding=self.encoding, errors="strict") as file:
            number = 0
            try:
                for line in file:
                    number += 1
                    plain = line.translate(_PLAIN).strip("\ufeff\x1a \t\r\n")
                    if plain:
                        yield number, plain
            except UnicodeDecodeError as error:
                raise Problem(
                    "unreadable_file", "intake.wrong_encoding", field="encoding"
                ) from error

    def _described(self) -> tuple[dict[str, str], tuple[float, float] | None]:
        """What the file says of itself, and its first position (north, east)."""
        said: dict[str, str] = {}
        within = False
        for number, line in self._lines():
            position = _POSITION.fullmatch(line) if within else None
            if position and (north := _number(position[3])) is not None:
                east = _number(position[4])
                return said, None if east is None else (north, east)
            within = within or line.replace(" ", "") == COORDINATES
            name, equals, value = line.partition("=")
            if equals and not within:
                said[name.strip()] = value.strip()
            if number > LOOKED_THROUGH:
                break
        return said, None

    def _plots(self) -> Iterator[Plot]:
        plot: Plot | None = None
        within = False
        for number, line in self._lines():
            if not within:
                within = line.replace(" ", "") == COORDINATES
                continue
            if line.endswith("@"):
                if plot is not None:
                    yield plot
                plot = Plot(number, [cell.strip() for cell in line.rstrip("@").split(",")])
                continue
            if line.startswith("["):
                within = line.replace(" ", "") == COORDINATES
                continue
            if plot is None:
                plot = Plot(number, [], trouble=Trouble("plot_without_head", None, shown(line)))
            _add(plot, line)
        if plot is not None:
            yield plot


_PLAIN: Final = {ord("，"): ord(","), ord("＝"): ord("="), ord("［"): ord("["), ord("］"): ord("]")}


def _add(plot: Plot, line: str) -> None:
    found = _POSITION.fullmatch(line)
    north, east = (_number(found[3]), _number(found[4])) if found else (None, None)
    if found is None or north is None or east is None:
        plot.trouble = plot.trouble or Trouble("broken_corner", None, shown(line))
        return
    plot.corners.append((found[2].strip(), east, north))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _row(plot: Plot) -> Row:
    values = [cell or None for cell in (plot.head + [""] * len(FIELDS))[: len(FIELDS)]]
    if plot.trouble is not None:
        return Row(plot.number, values, None, plot.trouble)
    said = values[0]
    rings: dict[str, list[tuple[float, float]]] = {}
    for ring, east, north in plot.corners:
        rings.setdefault(ring, []).append((east, north))
    # Some programs count the corner that closes a ring, some do not.
    fewest = len(plot.corners) - sum(line[0] == line[-1] for line in rings.values())
    if said is None or not said.isdecimal() or not fewest <= int(said) <= len(plot.corners):
        trouble = Trouble("corners_missing", "corners", f"{shown(said)} ≠ {len(plot.corners)}")
        return Row(plot.number, values, None, trouble)
    if len(rings) > MAX_RINGS:
        return Row(plot.number, values, None, Trouble("too_many_vertices", None, str(len(rings))))
    try:
        shape, closed = _shape(str(values[4] or "面"), list(rings.values()))
    except (ValueError, shapely.errors.GEOSException):
        trouble = Trouble("unreadable_geometry", "graphic", shown(values[4]))
        return Row(plot.number, values, None, trouble)
    return Row(plot.number, values, shape, None, "ring_closed" if closed else None)


def _shape(graphic: str, rings: list[list[tuple[float, float]]]) -> tuple[BaseGeometry, bool]:
    """The plot's shape, and whether a ring had to be closed. Raises ValueError."""
    if "点" in graphic:
        points = [shapely.Point(place) for ring in rings for place in ring]
        return (points[0] if len(points) == 1 else shapely.MultiPoint(points)), False
    if "线" in graphic:
        lines = [shapely.LineString(ring) for ring in rings]
        return (lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)), False
    closed = any(ring[0] != ring[-1] for ring in rings)
    return whole([ring if ring[0] == ring[-1] else [*ring, ring[0]] for ring in rings]), closed


def whole(rings: list[list[tuple[float, float]]]) -> BaseGeometry:
    """One surface of several rings: a ring within another is its hole, one apart another part.

    Raises ValueError for a ring with fewer than four positions.
    """
    if len(rings) == 1:
        return shapely.Polygon(rings[0])
    parts = [shapely.Polygon(ring) for ring in rings]
    order = sorted(range(len(parts)), key=lambda i: -parts[i].area)
    outer: list[int] = []
    holes: dict[int, list[int]] = {}
    for i in order:
        inside = parts[i].representative_point() if parts[i].is_valid else parts[i].centroid
        holder = next((k for k in outer if parts[k].is_valid and parts[k].contains(inside)), None)
        if holder is None:
            outer.append(i)
            holes[i] = []
        else:
            holes[holder].append(i)
    made = [shapely.Polygon(rings[k], [rings[h] for h in holes[k]]) for k in outer]
    return made[0] if len(made) == 1 else shapely.MultiPolygon(made)


def claim_of(said: dict[str, str], first: tuple[float, float] | None) -> Claim:
    """Whose coordinates, from the file's own description and its first position (north, east).

    An older datum is claimed even where its zone cannot be told, and a system that nobody knows by
    its name, so that neither is taken for CGCS2000 by its numbers.
    """
    named = said.get("坐标系", "")
    told = (name for name in ("坐标系", "几度分带", "带号") if said.get(name))
    detail = ", ".join(f"{name}={said[name]}" for name in told)
    datum = SHORT.get(named) or datum_in(folded(named))
    if datum != "cgcs2000" and datum not in OLDER:
        return Claim(named or PLANE, "land_bureau" if named else "land_bureau_open", False, detail)
    system = _zone_of(datum, said, first)
    if system is None and datum in OLDER:
        system = DEGREES_OF[datum]
    return Claim(system or PLANE, "land_bureau" if system else "land_bureau_open", False, detail)


def _zone_of(datum: str, said: dict[str, str], first: tuple[float, float] | None) -> str | None:
    """The EPSG code; None where the description lacks the zone, or the numbers are of another."""
    width, zone = _whole(said.get("几度分带", "")), _whole(said.get("带号", ""))
    if first is None or width not in FIRST_ZONE or zone is None:
        return None
    at = zone - FIRST_ZONE[width]
    prefixed = first[1] >= PREFIXED_M
    if not 0 <= at < ZONES[width] or (prefixed and int(first[1] // PREFIXED_M) != zone):
        return None
    if datum in SYSTEMS:
        return f"EPSG:{SYSTEMS[datum][width][0 if prefixed else 1] + at}"
    if prefixed:
        return f"EPSG:{numbered_zone(zone, 3 if width == 3 else 6)}"
    return f"EPSG:{meridian_zone(zone * 3) if width == 3 else meridian_zone(zone * 6 - 3, 6)}"


def _whole(text: str) -> int | None:
    digits = re.sub(r"\D", "", text)
    return int(digits) if 0 < len(digits) <= 3 else None


def is_land_bureau(head: bytes, suffix: str) -> bool:
    """Whether a text holds the land bureau's heading of the plots, and the line of one."""
    if suffix not in (".txt", ".csv", ".dat", ""):
        return False
    texts = (head.decode(name, "ignore").translate(_PLAIN) for name in ("utf-8", letters.CHINESE))
    return any(_HEADING.search(text) and "@" in text for text in texts)


def _opened(part: Part, layer: str, encoding: str | None) -> Plots:
    return Plots(part.path, layer, encoding)


LAND_BUREAU = Format("land_bureau", (), is_land_bureau, _opened)
