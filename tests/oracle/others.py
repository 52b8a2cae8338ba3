"""Rules that no single main decides: neighbours, absences, attributes, classes of a location."""

from collections.abc import Callable, Iterator, Sequence

import shapely

from . import ground, windows
from .judging import Finding, accuracy_of, apart, judged, radius, runs_through, together
from .mains import Main, asked
from .packs import MAINS, TENTH_MM, Rule, Rules, ticks
from .reading import Feature
from .records import Held, all_hold

Layers = Callable[[str], list[Feature]]


def judge(rules: Rules, rule: Rule, layer: str, layers: Layers) -> Iterator[Finding]:
    """What a rule finds in one layer of subjects."""
    by_kind = {"attribute": attributes, "absence": absences}
    return by_kind.get(rule.kind, neighbours)(rules, rule, layer, layers)


def unknown(held: Held) -> frozenset[str]:
    """The columns to name: only where they leave the question open."""
    return held.missing if held.truth is None else frozenset()


def counterparts(rules: Rules, rule: Rule, layers: Layers) -> list[tuple[Feature, Held]]:
    """Records of the other layer that may count, and how sure that is."""
    conditions = rule.conditions("counterpart_where")
    all_of_them = [(one, all_hold(conditions, one, rules)) for one in layers(rule.counterpart)]
    return [(one, held) for one, held in all_of_them if held.truth is not False]


def neighbours(rules: Rules, rule: Rule, layer: str, layers: Layers) -> Iterator[Finding]:
    """One finding a subject, of its worst counterpart."""
    limit = rules.limit(rule.rows[0]) or 0
    near = counterparts(rules, rule, layers)
    if not near:
        return
    tree = shapely.STRtree([one.shape for one, _ in near])
    vague = max(accuracy_of(one) for one, _ in near)
    for subject in layers(layer):
        held = all_hold(rule.conditions(), subject, rules)
        if held.truth is False:
            continue
        far = limit / TENTH_MM + 2 * rules.point_radius_m + vague + accuracy_of(subject)
        at_most = far * 1.001 + 2
        found = []
        for at in tree.query(subject.shape, predicate="dwithin", distance=at_most):
            other, counts = near[at]
            if layer == rule.counterpart and subject.source_id == other.source_id:
                continue
            one = neighbour(rules, rule, layer, subject, other, held & counts)
            found += [one] if one else []
        if found:
            yield min(found, key=lambda one: (one.certainty, one.distance or 0))


def neighbour(
    rules: Rules, rule: Rule, layer: str, subject: Feature, other: Feature, held: Held
) -> Finding | None:
    """The finding that this counterpart makes; points have their radius on either side."""
    limit = rules.limit(rule.rows[0]) or 0
    gap = ticks(apart(rules, rule, subject, other.shape) - radius(rules, rule, other))
    over = rule.rows[0].get("over_m")
    if over is not None and gap <= ticks(over):
        return None
    accuracy, known = together(subject, other)
    certainty = judged(gap, accuracy, limit, closed=rule.closed)
    if certainty is None:
        return None
    if not known or held.truth is None:
        certainty = "possible"
    elif runs_through(subject.shape, other.shape, (accuracy - limit) / TENTH_MM):
        certainty = "certain"
    return Finding(
        rule.family, layer, subject.source_id, None, rule.id, rule.rows[0]["severity"],
        certainty, gap, limit, unknown(held), pack=rule.pack, counterpart=other.source_id,
    )  # fmt: skip


def absences(rules: Rules, rule: Rule, layer: str, layers: Layers) -> Iterator[Finding]:
    """A counterpart whose record is silent counts as one that is there."""
    counted = [one for one, _ in counterparts(rules, rule, layers)]
    tree = shapely.STRtree([one.shape for one in counted])
    limit = rules.limit(rule.rows[0]) or 0
    for subject in layers(layer):
        held = all_hold(rule.conditions(), subject, rules)
        if held.truth is False:
            continue
        certainty, away, other = "certain", None, None
        if counted:
            other = counted[int(tree.nearest(subject.shape))]
            away = ticks(ground.apart(subject.shape, other.shape))
            accuracy, known = together(subject, other)
            if away + accuracy <= limit:
                continue
            certainty = "certain" if known and away - accuracy > limit else "possible"
        if held.truth is None:
            certainty = "possible"
        yield Finding(
            rule.family, layer, subject.source_id, None, rule.id, rule.rows[0]["severity"],
            certainty, away, limit, unknown(held), pack=rule.pack,
            counterpart=other.source_id if other else None,
        )  # fmt: skip


def attributes(rules: Rules, rule: Rule, layer: str, layers: Layers) -> Iterator[Finding]:
    """Records that do not comply by themselves."""
    for subject in layers(layer):
        held = all_hold(rule.conditions(), subject, rules)
        if held.truth is not False:
            yield Finding(
                rule.family, layer, subject.source_id, None, rule.id, rule.rows[0]["severity"],
                "certain" if held.truth else "possible", None, None, held.missing, pack=rule.pack,
            )  # fmt: skip


def locations(rules: Rules, rule: Rule, layers: Layers, mains: Sequence[Main]) -> Iterator[Finding]:
    """Mains whose record gives a lower class than what is built along them, or none."""
    said = rule.toml["location"]
    counted = layers(said["layer"])
    tree = shapely.STRtree([one.shape for one in counted])
    order = [str(one["id"]) for one in said["classes"]]
    for main in mains:
        held = all_hold(rule.conditions(), main.feature, rules)
        if held.truth is False or not list(asked(rule, main, rules)):
            continue
        shape = main.feature.shape
        near = tree.query(shape, predicate="dwithin", distance=said["each_side_m"] * 1.001)
        units = windows.most_units(shape, [counted[at] for at in near], said)
        due, given = windows.class_of(units, said["classes"]), main.feature.text("area_class")
        if given is not None and (given not in order or order.index(given) >= order.index(due)):
            continue
        silent = frozenset() if given else frozenset(["area_class"])
        yield Finding(
            rule.family, MAINS, main.feature.source_id, None, rule.id, rule.rows[0]["severity"],
            "certain" if held.truth and given else "possible", None, None, held.missing | silent,
            pack=rule.pack, area_class=due,
        )  # fmt: skip
