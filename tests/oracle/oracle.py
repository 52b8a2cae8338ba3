"""An independent judge: what a full screen of a sample city must find.

It imports nothing of the product; it reads the files and the packs' TOML and goes through
subjects and mains one by one. The meaning that it follows:

- gap = metres on the ground between the subject and the main's line, less half its outer diameter
  (not where a rule measures from the centreline), less 3 m for a point (not where it measures to
  the centre, which is the centroid), less half a line's own diameter where it measures to that
- accuracy = √(a² + b²); a missing one counts 1 m; gap, accuracy and limit in whole 0.1 mm
- certain when gap + accuracy is inside the limit, possible when gap − accuracy is; the end of a
  band belongs to it, except that a clearance is broken only below what is required. A main that
  runs so deep through a surface that its accuracy cannot bring it out is certain
- what is not on record: the rows that certainly apply win, else the largest limit and strongest
  severity of those that may; such a finding is possible at most and names the missing fields.
  Conditions on records are true, false or unknown, alike
- interpolated limits are linear in the pressure, level outside; the largest where it is unknown
- a relaxation never removes a finding: one whose conditions hold by the record, that needs no
  agreement and whose own limit is certainly kept makes a certain finding possible
- vertical rules judge only what crosses or overlaps in the plane: top of the lower one less
  (top of the upper one + its outer diameter); an unknown depth is possible (and is not judged by
  a row that begins over a gap). Lines that cross a main have no other clearance
- of mains each pair once, by the stricter of what the rows ask of either; where they are joined (an
  end of one within 0.5 m of the other) without the 3 m around there, and not as a crossing; those
  of one operator and class that cross without room, or with a depth unknown, are joined, too
- rules between layers that are no mains: one finding a subject, of its worst counterpart
- digging of an unknown method is judged by all methods, possible at most; an unknown depth counts
  as the deepest, without what a limit adds for depth
- rules whose figure no pack sets judge nobody; a rule that a deeper pack replaces is not judged
- per family, subject and main the finding of the strongest rule: strength, severity, limit
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import shapely

from . import ground, others, windows
from .judging import (
    Finding,
    Hit,
    Key,
    accuracy_of,
    apart,
    beside_joints,
    crosses,
    judged,
    outer_of,
    radius,
    runs_through,
    together,
    vertical,
)
from .mains import Asked, Main, as_main, asked, relaxations
from .packs import MAINS, SEVERITIES, TENTH_MM, VERDICTS, Pack, Rule, Rules, ticks
from .reading import Feature, read_layer
from .records import TRUE, Held, all_hold


class Oracle:
    """Judges the files of one folder by packs in force."""

    def __init__(self, folder: Path, packs: Sequence[Pack], day: date | None = None) -> None:
        self.folder = folder
        self.rules = Rules(packs, day)
        self.layer = cache(lambda name: read_layer(folder, name))
        self.mains = [
            as_main(feature, self.rules)
            for feature in self.layer(MAINS)
            if feature.text("status") != "planned"
        ]
        self.tree = shapely.STRtree([main.feature.shape for main in self.mains])

    def findings(self) -> dict[Key, Finding]:
        """Every finding by family, layer, subject and main."""
        best: dict[Key, Hit] = {}
        for hit in self.hits():
            held = best.get(hit.finding.key)
            if held is None or hit.order < held.order:
                best[hit.finding.key] = hit
        return {key: hit.finding for key, hit in best.items()}

    def hits(self) -> Iterator[Hit]:
        """Everything that any rule finds."""
        for rule in self.rules.rules:
            for layer in rule.toml["subjects"]:
                yield from (Hit(rule, one) for one in self._by(rule, layer))

    def _by(self, rule: Rule, layer: str) -> Iterable[Finding]:
        if "location" in rule.toml:
            return others.locations(self.rules, rule, self.layer, self.mains)
        if not rule.near_mains:
            return others.judge(self.rules, rule, layer, self.layer)
        return self._between_mains(rule) if layer == MAINS else self._near_mains(rule, layer)

    def subjects(self, rule: Rule, layer: str) -> Iterator[tuple[Feature, Held]]:
        """Records that the rule may be about, and how sure that is."""
        for subject in self.layer(layer):
            held = all_hold(rule.conditions(), subject, self.rules)
            if held.truth is not False:
                yield subject, held

    # ------------------------------------------------------------------ near mains
    def _near_mains(self, rule: Rule, layer: str) -> Iterator[Finding]:
        reach = self._reach(rule)
        for subject, held in self.subjects(rule, layer):
            far = reach + radius(self.rules, rule, subject) + accuracy_of(subject) + 0.05
            for at in self.tree.query(subject.shape, predicate="dwithin", distance=far * 1.001):
                main = self.mains[at]
                judge, gap = self.gap(rule, subject, main)
                ask = self._strictest_met(rule, subject, main, gap) if judge else None
                if ask:
                    yield self._found(rule, layer, subject, held, main, *ask)

    def _reach(self, rule: Rule) -> float:
        """How far from a main's line anything can matter to a rule, metres."""
        limits = [0]
        for main in self.mains:
            limits += [ask.limit for ask in asked(rule, main, self.rules, depth=200.0)]
        edge = max(main.edge(rule) for main in self.mains)
        return max(limits) / TENTH_MM + edge + max(accuracy_of(m.feature) for m in self.mains) + 2

    def _strictest_met(
        self, rule: Rule, subject: Feature, main: Main, gap: int | None
    ) -> tuple[Asked, str, int | None] | None:
        """Of what the rule asks the strictest that is met, how surely, and the gap."""
        work: tuple[str | None, float | None] = (None, None)
        if rule.kind == "activity":
            work = subject.text("method"), subject.number("depth_m")
        met = []
        for ask in asked(rule, main, self.rules, *work):
            certainty = self._certainty(rule, subject, main, ask, gap)
            if certainty:
                verdict = -VERDICTS.index(ask.verdict) if ask.verdict else 0
                order = (-SEVERITIES.index(ask.severity), certainty, verdict, -ask.limit)
                met.append((order, (ask, certainty, gap)))
        return min(met, key=lambda one: one[0])[1] if met else None

    def gap(self, rule: Rule, subject: Feature, main: Main) -> tuple[bool, int | None]:
        """Whether there is anything to judge, and the gap in 0.1 mm where it is known."""
        away = apart(self.rules, rule, subject, main.feature.shape)
        gap = ticks(away - main.edge(rule))
        if not rule.vertical:
            crossing = rule.kind == "clearance" and crosses(subject.shape, main.feature.shape)
            return not crossing, gap
        own = (outer_of(subject) or 0.0) / 1000 if rule.measured[1] == "outer_edge" else 0.0
        return gap <= 0, vertical(subject, own, main.feature, 2 * main.edge(rule))

    def _certainty(
        self, rule: Rule, subject: Feature, main: Main, ask: Asked, gap: int | None
    ) -> str | None:
        accuracy, known = together(subject, main.feature)
        if gap is None:
            return "possible" if ask.over is None else None
        if ask.over is not None and gap <= ask.over:
            return None
        certainty = judged(gap, accuracy, ask.limit, closed=rule.closed)
        if certainty is None or not known or not ask.certain or main.missing(rule):
            return certainty and "possible"
        deep = (accuracy - ask.limit) / TENTH_MM - main.edge(rule)
        if not rule.vertical and runs_through(subject.shape, main.feature.shape, deep):
            return "certain"
        return certainty

    def _found(
        self,
        rule: Rule,
        layer: str,
        subject: Feature,
        held: Held,
        main: Main,
        ask: Asked,
        certainty: str,
        gap: int | None,
    ) -> Finding:
        missing = set(ask.missing | main.missing(rule))
        if held.truth is None:
            missing |= held.missing
            certainty = "possible"
        own_edge = layer != MAINS and rule.measured[1] == "outer_edge"
        if own_edge and outer_of(subject) is None:
            missing.add("od_mm")
            certainty = "possible"
        if gap is None:
            missing.add("depth_top_m")
        accuracy, _ = together(subject, main.feature)
        kept = None if gap is None else gap - accuracy
        relaxed = tuple(relaxations(rule, main, kept))
        if any(holds for _, holds in relaxed):
            certainty = "possible"
        return Finding(
            rule.family, layer, subject.source_id, main.feature.source_id, rule.id, ask.severity,
            certainty, gap, ask.limit, frozenset(missing), main.class_for(rule),
            rule.pack, verdict=ask.verdict,
            relaxed=relaxed, people=self._people(rule, subject, main, ask),
        )  # fmt: skip

    def _people(self, rule: Rule, subject: Feature, main: Main, ask: Asked) -> float | None:
        said = rule.toml.get("people")
        if not said:
            return None
        units = subject.number(said["column"])
        each = self.rules.figures[said["figure"]]
        if units is None or each is None:
            return None
        reach = ask.limit / TENTH_MM + main.edge(rule)
        return units * each * windows.share_within(subject.shape, main.feature.shape, reach)

    # ------------------------------------------------------------------ mains among themselves
    def _between_mains(self, rule: Rule) -> Iterator[Finding]:
        reach = self._reach(rule) + max(main.half_od_m for main in self.mains)
        vague = max(accuracy_of(main.feature) for main in self.mains)
        for at, one in enumerate(self.mains):
            shape = one.feature.shape
            near = self.tree.query(shape, predicate="dwithin", distance=(reach + vague) * 1.001)
            for other in (self.mains[to] for to in near if to > at):
                yield from self._pair(rule, one, other)

    def _pair(self, rule: Rule, one: Main, other: Main) -> Iterator[Finding]:
        """The stricter of what the rows ask of either main; both outer edges taken off."""
        edges = one.edge(rule) + other.edge(rule)
        joined, own, others_own = beside_joints(one.feature.shape, other.feature.shape)
        if own.is_empty or others_own.is_empty:
            return
        gap: int | None = ticks(ground.apart(own, others_own) - edges)
        if not rule.vertical and crosses(own, others_own):
            return
        if rule.vertical:
            if joined or (gap or 0) > 0:
                return
            # of two that lie equally deep the thicker counts as the upper one
            thick, thin = (one, other) if one.edge(rule) >= other.edge(rule) else (other, one)
            gap = vertical(thick.feature, 2 * thick.edge(rule), thin.feature, 2 * thin.edge(rule))
            if self._one_network(one, other) and (gap is None or gap <= 0):
                return
        met = []
        for subject, main in ((one, other), (other, one)):
            ask = self._strictest_met(rule, subject.feature, main, gap)
            if ask:
                found = self._found(rule, MAINS, subject.feature, TRUE, main, *ask)
                met.append(replace(found, missing=found.missing | subject.missing(rule)))
        if met:
            # of what both ask alike, what is asked for certain, and then what least is missing for
            worst = min(
                met,
                key=lambda one: (
                    -(one.required or 0),
                    -SEVERITIES.index(one.severity),
                    one.certainty,
                    len(one.missing),
                ),
            )
            first, second = sorted((one.feature.source_id, other.feature.source_id))
            capped = any(main.missing(rule) for main in (one, other))
            certainty = "possible" if capped else worst.certainty
            # whose class is told is of no account
            yield replace(
                worst, subject=first, main=second, certainty=certainty, pressure_class=None
            )

    def _one_network(self, one: Main, other: Main) -> bool:
        """Of one operator and class: where they cross without room between, they are joined."""
        shown = self.rules.shown
        alike = one.classes[shown] == other.classes[shown]
        return alike and one.feature.text("operator") == other.feature.text("operator")

    # ------------------------------------------------------------------ permits
    def work(
        self, area: shapely.Geometry, method: str, depth: float | None = None
    ) -> dict[str, tuple[str, str, frozenset[str]]]:
        """What exact digging in an area meets: main → strongest verdict, how surely, and rules."""
        dig = Feature("", area, {"accuracy_m": 0.0, "method": method, "depth_m": depth})
        rules = [rule for rule in self.rules.rules if rule.kind == "activity"]
        found = {}
        for at in self.tree.query(area, predicate="dwithin", distance=400.0):
            main = self.mains[at]
            hits = []
            for rule in rules:
                _, gap = self.gap(rule, dig, main)
                for ask in asked(rule, main, self.rules, method, depth):
                    certainty = self._certainty(rule, dig, main, ask, gap)
                    if certainty:
                        rank = -VERDICTS.index(ask.verdict or "notify")
                        hits.append((rank, certainty, rule.id))
            if hits:
                rank, certainty, _ = min(hits)
                met = frozenset(rule for _, _, rule in hits)
                found[main.feature.source_id] = (VERDICTS[-rank], certainty, met)
        return found
