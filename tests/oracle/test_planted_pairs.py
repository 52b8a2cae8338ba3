"""Every number of the pack has its pair 5 mm inside and 5 mm outside, in every seed."""

from collections.abc import Callable
from typing import Any

import pytest
import shapely

from gridwarden.sample.plants import plant

from .oracle import DISTANCE_KINDS, TENTH_MM, Finding, Oracle, row_for, ticks
from .reading import Feature, read_layer

SEEDS = (7, 8, 9)


def numbers(pack: dict[str, Any]) -> list[tuple[dict[str, Any], str, str]]:
    """Every distance number that the pack states or implies: rule, subject layer, class."""
    classes = [level["id"] for level in pack["class"]] + ["unknown"]
    return [
        (rule, subject, name)
        for rule in pack["rule"]
        if rule["kind"] in DISTANCE_KINDS
        for subject in rule["subjects"]
        for name in classes
        if row_for(rule, name)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_each_number_has_its_pair_5_mm_either_side(
    seed: int, oracle_of: Callable[[int], Oracle], pack: dict[str, Any]
) -> None:
    oracle = oracle_of(seed)
    mains = {main.feature.source_id: main for main in oracle.mains}
    layers = {
        name: {feature.source_id: feature for feature in read_layer(oracle.folder, name)}
        for name in ("buildings", "charging_sheds", "construction_sites")
    }
    checked = 0
    for rule, subject, name in numbers(pack):
        limit, _ = row_for(rule, name) or (0, "")
        main = mains[f"plant:main:{name}"]
        for side, shift in (("below", -50), ("above", 50)):
            for suffix in ("", ":point") if subject != "buildings" else ("",):
                feature = layers[subject][f"plant:{rule['id']}:{name}:{side}{suffix}"]
                assert gap_of(feature, main.feature, main.half_od_m) == limit + shift
                checked += 1
    assert checked == 2 * 2 * len(numbers(pack)) - 2 * sum(
        subject == "buildings" for _, subject, _ in numbers(pack)
    )
    assert checked >= 2 * sum(
        len(rule["row"]) for rule in pack["rule"] if rule["kind"] in DISTANCE_KINDS
    )


def gap_of(subject: Feature, main: Feature, half_od_m: float) -> int:
    """Outer edge to subject in 0.1 mm, measured here once more."""
    radius = 3.0 if subject.shape.geom_type == "Point" else 0.0
    return ticks(shapely.distance(subject.shape, main.shape) - half_od_m - radius)


@pytest.mark.parametrize("seed", SEEDS)
def test_planted_subjects_meet_no_other_main(seed: int, oracle_of: Callable[[int], Oracle]) -> None:
    planted = [one for one in near_mains(oracle_of(seed)) if one.subject.startswith("plant:")]
    assert len(planted) > 100
    for one in planted:
        parts, main = one.subject.split(":"), one.main or ""
        assert main == one.subject or main == f"plant:main:{parts[2]}", one
    subjects = [(one.family, one.subject) for one in planted]
    assert len(set(subjects)) == len(subjects)


def near_mains(oracle: Oracle) -> list[Finding]:
    """Findings that name a main."""
    return [one for one in oracle.findings().values() if one.main]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_pair_inside_is_found_and_the_pair_outside_is_not(
    seed: int, oracle_of: Callable[[int], Oracle], pack: dict[str, Any]
) -> None:
    found = {(one.subject, one.rule): one for one in near_mains(oracle_of(seed))}
    for rule, _, name in numbers(pack):
        outside = f"plant:{rule['id']}:{name}:above"
        assert (outside, rule["id"]) not in found
        inside = found.get((f"plant:{rule['id']}:{name}:below", rule["id"]))
        if inside is None:
            # only where a stronger rule reaches as far: low pressure against the unknown class
            assert name == "unknown"
            assert any(
                other["family"] == rule["family"]
                and other["strength"] > rule["strength"]
                and (row_for(other, name) or (-1, ""))[0] >= (row_for(rule, name) or (0, ""))[0]
                for other in pack["rule"]
                if other["kind"] in DISTANCE_KINDS
            )
        else:
            assert inside.certainty == ("possible" if name == "unknown" else "certain")


@pytest.mark.parametrize("seed", SEEDS)
def test_estates_and_heights_are_planted_either_side_of_their_limits(
    seed: int, oracle_of: Callable[[int], Oracle], pack: dict[str, Any]
) -> None:
    found = {one.subject: one for one in oracle_of(seed).findings().values() if not one.main}
    limits = {rule["kind"]: rule["row"][0]["limit_m"] for rule in pack["rule"]}
    assert "plant:estate-without-shed:below" not in found
    beyond = found["plant:estate-without-shed:above"]
    assert beyond.distance == limits["absence"] * TENTH_MM + 50
    heights = {
        subject.split(":", 2)[2]: one.certainty
        for subject, one in found.items()
        if subject.startswith("plant:tall-building-water:")
    }
    assert heights == {
        "measured:above:fault": "certain",
        "measured:above:missing": "possible",
        "possible_from:above:fault": "possible",
        "possible_from:above:missing": "possible",
        "certain_over:below:fault": "possible",
        "certain_over:below:missing": "possible",
        "certain_over:above:fault": "certain",
        "certain_over:above:missing": "possible",
    }


def test_planted_points_stand_off_by_the_radius_of_the_pack(pack: dict[str, Any]) -> None:
    """A pack that assumes 2 m more moves every planted point by 2 m, and nothing else."""
    wider = pack | {"pack": pack["pack"] | {"point_radius_m": pack["pack"]["point_radius_m"] + 2}}
    both = zip(plant(pack, (0.0, 0.0), "A"), plant(wider, (0.0, 0.0), "A"), strict=True)
    moved = [one.source_id for one, other in both if not one.shape.equals_exact(other.shape, 1e-9)]
    assert moved and all(name.endswith(":point") for name in moved)
    assert len(moved) == sum(one.source_id.endswith(":point") for one in plant(wider, (0, 0), "A"))
