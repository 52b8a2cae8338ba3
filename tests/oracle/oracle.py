"""An independent judge: what a full screen of a sample city must find.

It imports nothing of the product; it reads the files and the pack's TOML and goes through
subjects and mains one by one. The meaning that it follows:

- gap = distance of the subject to the main's line − half its outer diameter (− 3 m for a point)
- accuracy = √(a² + b²); a missing one counts 1 m; gap, accuracy and limit in whole 0.1 mm
- certain when gap + accuracy is inside the limit, possible when gap − accuracy is; the end of a
  band belongs to it, except that a clearance is broken only below what is required
- missing class, diameter or accuracy: the strictest reading, and possible at most
- per family, subject and main: the hit of the strongest rule
"""

import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import shapely

from .reading import Feature, read_layer

SEVERITIES = ("general", "serious", "major")
VERDICTS = ("notify", "protection_plan", "prohibited")
DISTANCE_KINDS = ("on", "protection", "clearance", "control")
TENTH_MM = 10_000


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

    @property
    def key(self) -> tuple[str, str, str, str | None]:
        """What a finding is unique by."""
        return self.family, self.layer, self.subject, self.main


@dataclass(frozen=True)
class Main:
    """A main as the rules see it."""

    feature: Feature
    pressure_class: str
    half_od_m: float
    missing: frozenset[str]


def ticks(metres: float) -> int:
    """Metres in whole 0.1 mm, halves away from zero, as one would round the printed number."""
    printed = Decimal(f"{metres:.15g}") * TENTH_MM
    return int(printed.quantize(Decimal(1), ROUND_HALF_UP))


def read_pack(path: Path) -> dict[str, Any]:
    """The pack as plain TOML."""
    return tomllib.loads(path.read_text("utf-8"))


class Oracle:
    """Judges the files of one folder by one pack."""

    def __init__(self, folder: Path, pack: dict[str, Any]) -> None:
        self.folder = folder
        self.pack = pack
        self.mains = [
            self.as_main(feature)
            for feature in read_layer(folder, "gas_pipelines")
            if feature.text("status") != "planned"
        ]
        self.tree = shapely.STRtree([main.feature.shape for main in self.mains])

    def findings(self) -> dict[tuple[str, str, str, str | None], Finding]:
        """Every finding by family, layer, subject and main."""
        found = [*self._near_mains(), *self._absences(), *self._attributes()]
        by_key = {one.key: one for one in found}
        assert len(by_key) == len(found)
        return by_key

    # ------------------------------------------------------------------ mains
    def as_main(self, feature: Feature) -> Main:
        """Class by what is stated, else by pressure; diameter by what is stated, else by table."""
        missing = set()
        pressure_class = feature.text("pressure_class") or self._class_of(feature)
        if pressure_class is None:
            missing.add("pressure_class")
        outer = self._outer_diameter(feature)
        if outer is None:
            missing.add("dn")
            outer = float(self.pack["pack"]["missing_od_mm"])
        return Main(feature, pressure_class or "unknown", outer / 2000, frozenset(missing))

    def _class_of(self, feature: Feature) -> str | None:
        pressure = feature.number("p_mop_mpa")
        if pressure is None:
            return None
        for level in self.pack["class"]:
            if level["over_mpa"] < round(pressure, 6) <= level["upto_mpa"]:
                return str(level["id"])
        return None

    def _outer_diameter(self, feature: Feature) -> float | None:
        stated, nominal = feature.number("od_mm"), feature.number("dn")
        if stated is not None or nominal is None:
            return stated
        table = self.pack["outer_diameter"].get(feature.text("material"), {}).get("dn", {})
        return float(table.get(f"{nominal:g}", nominal))

    # ------------------------------------------------------------------ near mains
    def _near_mains(self) -> Iterator[Finding]:
        rules = [rule for rule in self.pack["rule"] if rule["kind"] in DISTANCE_KINDS]
        for family in sorted({rule["family"] for rule in rules}):
            mine = [rule for rule in rules if rule["family"] == family]
            for layer in sorted({layer for rule in mine for layer in rule["subjects"]}):
                bound = [rule for rule in mine if layer in rule["subjects"]]
                yield from self._family(family, layer, bound)

    def _family(self, family: str, layer: str, rules: list[dict[str, Any]]) -> Iterator[Finding]:
        reach = max(row["limit_m"] for rule in rules for row in rule["row"])
        widest = max(main.half_od_m for main in self.mains)
        vague = max(accuracy_of(main.feature) for main in self.mains)
        for subject in read_layer(self.folder, layer):
            radius = self._radius(subject)
            far = reach + widest + radius + vague + accuracy_of(subject) + 0.01
            for at in self.tree.query(subject.shape, predicate="dwithin", distance=far):
                hit = self._judge(family, layer, subject, radius, self.mains[at], rules)
                if hit:
                    yield hit

    def _radius(self, subject: Feature) -> float:
        """A point stands for something of this radius."""
        return 3.0 if subject.shape.geom_type == "Point" else 0.0

    def _judge(
        self,
        family: str,
        layer: str,
        subject: Feature,
        radius: float,
        main: Main,
        rules: list[dict[str, Any]],
    ) -> Finding | None:
        gap = ticks(shapely.distance(subject.shape, main.feature.shape) - main.half_od_m - radius)
        accuracy, known = together(subject, main.feature)
        for rule in sorted(rules, key=lambda rule: -int(rule["strength"])):
            row = row_for(rule, main.pressure_class)
            if row is None:
                continue
            limit, severity = row
            certainty = judged(gap, accuracy, limit, closed=rule["kind"] != "clearance")
            if certainty is None:
                continue
            if main.missing or not known:
                certainty = "possible"
            elif runs_through(subject.shape, main, (accuracy - limit) / TENTH_MM):
                certainty = "certain"
            source = main.feature.source_id
            return Finding(
                family, layer, subject.source_id, source, rule["id"], severity, certainty, gap,
                limit, main.missing, main.pressure_class,
            )  # fmt: skip
        return None

    # ------------------------------------------------------------------ permits
    def work(self, area: shapely.Geometry, method: str) -> dict[str, tuple[str, str, str]]:
        """What exact digging in an area meets: main → verdict, certainty and rule.

        The strongest verdict; of equal ones the certain, then the narrower range.
        """
        rules = [rule for rule in self.pack["rule"] if rule["kind"] == "activity"]
        found = {}
        for main in self.mains:
            gap = ticks(shapely.distance(area, main.feature.shape) - main.half_od_m)
            accuracy = ticks(accuracy_of(main.feature))
            doubtful = main.missing or main.feature.number("accuracy_m") is None
            hits = []
            for rule in rules:
                limit, verdict = work_row(rule, method, main.pressure_class)
                certainty = judged(gap, accuracy, limit, closed=True)
                if certainty:
                    if doubtful:
                        certainty = "possible"
                    elif runs_through(area, main, (accuracy - limit) / TENTH_MM):
                        certainty = "certain"
                    hits.append((-VERDICTS.index(verdict), certainty, limit, rule["id"]))
            if hits:
                rank, certainty, _, rule_id = min(hits)
                found[main.feature.source_id] = (VERDICTS[-rank], certainty, rule_id)
        return found

    # ------------------------------------------------------------------ absences
    def _absences(self) -> Iterator[Finding]:
        for rule in self.pack["rule"]:
            if rule["kind"] != "absence":
                continue
            ignored = rule["counterpart_ignore"]
            counted = [
                feature
                for feature in read_layer(self.folder, rule["counterpart"])
                if feature.text(ignored["column"]) not in ignored["values"]
            ]
            tree = shapely.STRtree([feature.shape for feature in counted])
            for layer in rule["subjects"]:
                for subject in read_layer(self.folder, layer):
                    yield from self._absence(rule, layer, subject, counted, tree)

    def _absence(
        self,
        rule: dict[str, Any],
        layer: str,
        subject: Feature,
        counted: list[Feature],
        tree: shapely.STRtree,
    ) -> Iterator[Finding]:
        row = rule["row"][0]
        limit, certainty, away = ticks(row["limit_m"]), "certain", None
        if counted:
            nearest = counted[int(tree.nearest(subject.shape))]
            away = ticks(shapely.distance(subject.shape, nearest.shape))
            accuracy, known = together(subject, nearest)
            if away + accuracy <= limit:
                return
            certainty = "certain" if known and away - accuracy > limit else "possible"
        yield Finding(
            rule["family"], layer, subject.source_id, None, rule["id"], row["severity"], certainty,
            away, limit, frozenset(),
        )  # fmt: skip

    # ------------------------------------------------------------------ attributes
    def _attributes(self) -> Iterator[Finding]:
        for rule in self.pack["rule"]:
            if rule["kind"] != "attribute":
                continue
            for layer in rule["subjects"]:
                for subject in read_layer(self.folder, layer):
                    yield from attribute(rule, layer, subject)


def attribute(rule: dict[str, Any], layer: str, subject: Feature) -> Iterator[Finding]:
    """A value over its limit (estimated where it is missing) without what it calls for."""
    row, over, unless = rule["row"][0], rule["attribute"]["over"], rule["attribute"]["unless"]
    state = subject.text(unless["column"])
    if state == unless["equals"]:
        return
    missing = set() if state else {unless["column"]}
    value, instead = subject.number(over["column"]), subject.number(over["instead"])
    certainty = "certain" if state else "possible"
    if value is None:
        missing.add(over["column"])
        if instead is None or instead * over["factor"] < over["possible_from"]:
            return
        if instead * over["factor"] <= over["certain_over"]:
            certainty = "possible"
    elif value <= row["limit_m"]:
        return
    yield Finding(
        rule["family"], layer, subject.source_id, None, rule["id"], row["severity"], certainty,
        None, None, frozenset(missing),
    )  # fmt: skip


def row_for(rule: dict[str, Any], pressure_class: str) -> tuple[int, str] | None:
    """A rule's limit (0.1 mm) and severity for a class; the strictest for an unknown one."""
    rows = rule["row"]
    if pressure_class == "unknown":
        severity = max((row["severity"] for row in rows), key=SEVERITIES.index)
        return max(ticks(row["limit_m"]) for row in rows), severity
    for row in rows:
        if row["class"] == pressure_class:
            return ticks(row["limit_m"]), row["severity"]
    return None


def work_row(rule: dict[str, Any], method: str, pressure_class: str) -> tuple[int, str]:
    """An activity rule's limit (0.1 mm) and verdict; the strictest for an unknown class."""
    rows = [row for row in rule["row"] if row["method"] == method]
    mine = [row for row in rows if row["class"] == pressure_class] or rows
    limit = max(ticks(row["limit_m"]) for row in mine)
    return limit, max((row["verdict"] for row in mine), key=VERDICTS.index)


def accuracy_of(feature: Feature) -> float:
    """The 95 % radius of a position, 1 m where it is missing."""
    stated = feature.number("accuracy_m")
    return 1.0 if stated is None else stated


def together(one: Feature, other: Feature) -> tuple[int, bool]:
    """Both accuracies as one, in 0.1 mm, and whether both were stated."""
    known = None not in (one.number("accuracy_m"), other.number("accuracy_m"))
    return ticks(math.sqrt(accuracy_of(one) ** 2 + accuracy_of(other) ** 2)), known


def runs_through(surface: shapely.Geometry, main: Main, error_m: float) -> bool:
    """Whether the main lies so deep inside a surface that such an error cannot bring it out."""
    if surface.area == 0:
        return False
    core = surface.buffer(-max(error_m - main.half_od_m, 0.0), quad_segs=16)
    return bool(core.intersects(main.feature.shape))


def judged(gap: int, accuracy: int, limit: int, *, closed: bool) -> str | None:
    """Certain, possible or None, all in 0.1 mm."""
    end = limit if closed else limit - 1
    if gap + accuracy <= end:
        return "certain"
    return "possible" if gap - accuracy <= end else None
