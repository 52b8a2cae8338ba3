"""One finding, and the measures by which it is judged."""

import math
from dataclasses import dataclass
from typing import Any

import shapely

from . import ground
from .packs import SEVERITIES, VERDICTS, Rule, Rules, ticks
from .reading import Feature

Key = tuple[str, str, str, str | None]


@dataclass(frozen=True)
class Finding:
    """One finding. `distance` is in whole 0.1 mm, None where there is nothing to measure to."""

    family: str
    layer: str
    subject: str
    main: str | None
    rule: str
    severity: str
    certainty: str
    distance: int | None
    required: int | None
    missing: frozenset[str]
    pressure_class: str | None = None
    pack: str = ""
    counterpart: str | None = None
    relaxed: tuple[tuple[str, bool | None], ...] = ()
    people: float | None = None
    verdict: str | None = None
    area_class: str | None = None

    @property
    def key(self) -> Key:
        """What a finding is unique by."""
        return self.family, self.layer, self.subject, self.main


@dataclass(frozen=True)
class Hit:
    """A finding that a rule makes, and how it stands against others of its family."""

    rule: Rule
    finding: Finding

    @property
    def order(self) -> tuple[Any, ...]:
        """The strongest first: strength and severity.

        Then beside a main the stricter verdict and the larger limit, elsewhere the smaller margin.
        """
        one = self.finding
        stricter: tuple[float, ...] = (math.inf,)
        if one.main is not None:
            verdict = VERDICTS.index(one.verdict) if one.verdict else 0
            stricter = (-verdict, -(one.required or 0))
        elif one.distance is not None:
            stricter = (one.distance - (one.required or 0),)
        severity = -SEVERITIES.index(one.severity)
        surely = one.certainty == "possible"
        return -self.rule.strength, severity, surely, stricter, self.rule.pack, self.rule.id


def apart(rules: Rules, rule: Rule, subject: Feature, other: shapely.Geometry) -> float:
    """Metres on the ground between a subject, as the rule measures it, and a shape."""
    shape = subject.shape.centroid if rule.measured[1] == "centre" else subject.shape
    away = ground.apart(shape, other) - radius(rules, rule, subject)
    if rule.measured[1] == "outer_edge":
        away -= (outer_of(subject) or 0.0) / 2000
    return away


def radius(rules: Rules, rule: Rule, feature: Feature) -> float:
    """A point stands for something of this radius, unless its centre is what is measured to."""
    point = feature.shape.geom_type == "Point" and rule.measured[1] != "centre"
    return rules.point_radius_m if point else 0.0


def outer_of(subject: Feature) -> float | None:
    """A line's own outer diameter in mm: as stated, else the nominal one."""
    stated = subject.number("od_mm")
    return subject.number("dn") if stated is None else stated


def vertical(one: Feature, one_od: float, other: Feature, other_od: float) -> int | None:
    """Top of the lower one less (top and diameter of the upper one), 0.1 mm; None if unknown."""
    top, beside = one.number("depth_top_m"), other.number("depth_top_m")
    if top is None or beside is None:
        return None
    return ticks(beside - (top + one_od) if top <= beside else top - (beside + other_od))


def accuracy_of(feature: Feature) -> float:
    """The 95 % radius of a position, 1 m where it is missing."""
    stated = feature.number("accuracy_m")
    return 1.0 if stated is None else stated


def together(one: Feature, other: Feature) -> tuple[int, bool]:
    """Both accuracies as one, in 0.1 mm, and whether both were stated."""
    known = None not in (one.number("accuracy_m"), other.number("accuracy_m"))
    return ticks(math.sqrt(accuracy_of(one) ** 2 + accuracy_of(other) ** 2)), known


def beside_joints(
    one: shapely.Geometry, other: shapely.Geometry
) -> tuple[bool, shapely.Geometry, shapely.Geometry]:
    """Whether an end of one lies within 0.5 m of the other, and both without 3 m around there."""
    ends = [
        shapely.Point(end)
        for line, whole in ((one, other), (other, one))
        for part in getattr(line, "geoms", [line])
        for end in (part.coords[0], part.coords[-1])
        if shapely.distance(shapely.Point(end), whole) <= 0.5
    ]
    if not ends:
        return False, one, other
    cut = shapely.MultiPoint(ends).buffer(3.0, quad_segs=8)
    return True, one.difference(cut), other.difference(cut)


def crosses(line: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Whether a line meets another: that is for rules of the vertical plane."""
    return "LineString" in line.geom_type and bool(line.intersects(other))


def runs_through(surface: shapely.Geometry, line: shapely.Geometry, depth_m: float) -> bool:
    """Whether a line lies so deep inside a surface that such an error cannot bring it out."""
    if surface.area == 0:
        return False
    core = surface.buffer(-max(depth_m, 0.0), quad_segs=16)
    return bool(core.intersects(line))


def judged(gap: int, accuracy: int, limit: int, *, closed: bool) -> str | None:
    """Certain, possible or None, all in 0.1 mm."""
    end = limit if closed else limit - 1
    if gap + accuracy <= end:
        return "certain"
    return "possible" if gap - accuracy <= end else None
