"""What must hold of findings whatever is drawn: many cases by chance, judged by the compiled rules.

Every example draws several cases and judges them, with their variants, in one go; the database is
as before afterwards. `script/test --deep` draws many more.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conftest import owner
from gridwarden.settings import Settings

from .random_ground import (
    CLASSES,
    PIPES_FOR_ALL,
    Case,
    Found,
    cases,
    crossings,
    judged,
    said,
)

MILLIMETRE = Decimal("0.001")
SEVERITIES = ("general", "serious", "major")
CERTAINTIES = ("possible", "certain")
City = psycopg.Connection[Any]


def chance(examples: int) -> Callable[[Any], Any]:
    """So many examples; one may take long while the database is cold."""
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a case is small as it is
    )


def several(one: st.SearchStrategy[Case], number: int = 8) -> st.SearchStrategy[list[Case]]:
    """Cases that are judged together."""
    return st.lists(one, min_size=number, max_size=number)


@pytest.fixture(scope="module")
def city(module_city: Settings) -> Iterator[City]:
    """The owner's connection to a city with the rules in force and nothing in it."""
    with owner(module_city) as connection:
        yield connection


class Tally:
    """How much was found: a property of nothing is none."""

    def __init__(self) -> None:
        self.found = 0

    def count(self, found: Sequence[Sequence[Sequence[Found]]]) -> None:
        """Add what was found in one go."""
        self.found += sum(len(ones) for column in found for ones in column)


@pytest.fixture
def tally() -> Iterator[Tally]:
    made = Tally()
    yield made
    assert made.found > 20


def rank(one: Found) -> tuple[int, int]:
    """Severity, then certainty."""
    return SEVERITIES.index(one["severity"]), CERTAINTIES.index(one["certainty"])


def by_family(ones: Sequence[Found]) -> dict[str, Found]:
    """A case has one subject and one main: one finding of a family at most."""
    found = {one["family"]: one for one in ones}
    assert len(found) == len(ones)
    return found


# ---------------------------------------------------------------------------- (a)
WIDEN = """
update data.rule_row w set limit_m = limit_m + %(by)s, points = (
    select jsonb_agg(jsonb_build_array(p.v -> 0, (p.v ->> 1)::numeric + %(by)s) order by p.n)
    from jsonb_array_elements(w.points) with ordinality p(v, n))
from data.rule r where r.id = w.rule_id and r.in_force and r.kind <> 'absence'
"""


def wider_limits_keep_what_was_found(
    city: City, tally: Tally, drawn: list[Case], wider_m: float
) -> None:
    """(a) Of a rule as strong, or stronger; as severe and as certain, when it is as strong."""
    alone = [[one] for one in drawn]
    before = judged(city, alone)
    with city.transaction(force_rollback=True):
        city.execute(WIDEN, {"by": wider_m})
        city.execute("select data.look_again_at_mains()")
        after = judged(city, alone)
    tally.count(before)
    for (ones,), (others,) in zip(before, after, strict=True):
        wider = by_family(others)
        for family, one in by_family(ones).items():
            other = wider[family]
            assert other["strength"] >= one["strength"]
            if other["strength"] == one["strength"]:
                assert rank(other) >= rank(one)


WIDER = st.sampled_from([0.0001, 0.01, 0.5, 5.0, 60.0])


@given(several(cases()), WIDER)
@chance(12)
def test_enlarging_a_limit_never_removes_a_finding(
    city: City, tally: Tally, drawn: list[Case], wider_m: float
) -> None:
    wider_limits_keep_what_was_found(city, tally, drawn, wider_m)


@pytest.mark.deep
@given(several(cases()), WIDER)
@chance(300)
def test_enlarging_a_limit_never_removes_a_finding_in_depth(
    city: City, tally: Tally, drawn: list[Case], wider_m: float
) -> None:
    wider_limits_keep_what_was_found(city, tally, drawn, wider_m)


# ---------------------------------------------------------------------------- (b)
def reversed_or_split(case: Case) -> list[Case]:
    """The case itself, its main the other way round, and cut in two at each vertex between."""
    whole = shapely.get_coordinates(case.main)
    cut = [
        case.but(
            main=shapely.LineString(whole[: at + 1]),
            more_mains=(shapely.LineString(whole[at:]),),
        )
        for at in range(1, len(whole) - 1)
    ]
    return [case, case.but(main=shapely.reverse(case.main)), *cut]


def pressed_is_the_same_however_a_main_is_kept(city: City, tally: Tally, drawn: list[Case]) -> None:
    """(b) The lengths under a structure add up to the same millimetre."""
    found = judged(city, [reversed_or_split(case) for case in drawn])
    tally.count(found)
    for case, variants in zip(drawn, found, strict=True):
        pressed = [sum(one["pressed_length_m"] or 0 for one in ones) for ones in variants]
        assert max(pressed) - min(pressed) <= MILLIMETRE, case
        inside = shapely.intersection(case.main, case.subject).length
        assert abs(float(pressed[0]) - inside) < 0.001 + inside * 1e-5, case


@given(several(crossings()))
@chance(10)
def test_pressed_length_does_not_know_how_a_main_was_drawn(
    city: City, tally: Tally, drawn: list[Case]
) -> None:
    pressed_is_the_same_however_a_main_is_kept(city, tally, drawn)


@pytest.mark.deep
@given(several(crossings()))
@chance(200)
def test_pressed_length_does_not_know_how_a_main_was_drawn_in_depth(
    city: City, tally: Tally, drawn: list[Case]
) -> None:
    pressed_is_the_same_however_a_main_is_kept(city, tally, drawn)


# ---------------------------------------------------------------------------- (c)
def begun_elsewhere(case: Case) -> list[Case]:
    """The case itself, its rings begun at each other corner, and turned the other way round."""
    turned = [case]
    for by in range(1, len(case.subject.exterior.coords) - 1):
        outer = shapely.Polygon(_turned(case.subject.exterior, by))
        inner = [_turned(ring, by) for ring in case.subject.interiors]
        turned.append(case.but(subject=shapely.Polygon(outer.exterior, inner)))
    return [*turned, *(one.but(subject=shapely.reverse(one.subject)) for one in turned)]


def _turned(ring: shapely.LinearRing, by: int) -> list[tuple[float, ...]]:
    corners = list(ring.coords)[:-1]
    by %= len(corners)
    return [*corners[by:], *corners[:by], corners[by]]


SAME = ("family", "rule", "severity", "certainty", "required_m", "accuracy_m", "missing")
MEASURED = ("distance_m", "pressed_length_m", "pressed_area_m2")


def rings_may_begin_anywhere(city: City, tally: Tally, drawn: list[Case]) -> None:
    """(c) Everything but the picture's line, which may be one of several as short, is the same."""
    found = judged(city, [begun_elsewhere(case) for case in drawn])
    tally.count(found)
    for first, *others in found:
        for other in others:
            assert said(other, *SAME) == said(first, *SAME)
            for measures in zip(said(other, *MEASURED), said(first, *MEASURED), strict=True):
                for one, same in zip(*measures, strict=True):
                    assert one == same or abs(one - same) <= MILLIMETRE / 10


@given(several(cases(), 5))
@chance(10)
def test_findings_do_not_know_where_a_ring_begins(
    city: City, tally: Tally, drawn: list[Case]
) -> None:
    rings_may_begin_anywhere(city, tally, drawn)


@pytest.mark.deep
@given(several(cases(), 5))
@chance(200)
def test_findings_do_not_know_where_a_ring_begins_in_depth(
    city: City, tally: Tally, drawn: list[Case]
) -> None:
    rings_may_begin_anywhere(city, tally, drawn)


# ---------------------------------------------------------------------------- (e)
def more_pressure_is_never_milder(city: City, tally: Tally, drawn: list[Case]) -> None:
    """(e) From each class to the next: no family falls silent, none is graded lower, and one of
    the same grade is no less certain.
    """
    found = judged(city, [[case.classed(name) for name in CLASSES] for case in drawn])
    tally.count(found)
    for case, column in zip(drawn, found, strict=True):
        for lower, higher in pairwise(column):
            stricter = by_family(higher)
            for family, one in by_family(lower).items():
                assert family in stricter, (case, one["rule"])
                assert rank(stricter[family]) >= rank(one), (case, one["rule"])


@given(several(cases(pipes=PIPES_FOR_ALL)))
@chance(10)
def test_more_pressure_is_never_graded_lower(city: City, tally: Tally, drawn: list[Case]) -> None:
    more_pressure_is_never_milder(city, tally, drawn)


@pytest.mark.deep
@given(several(cases(pipes=PIPES_FOR_ALL)))
@chance(200)
def test_more_pressure_is_never_graded_lower_in_depth(
    city: City, tally: Tally, drawn: list[Case]
) -> None:
    more_pressure_is_never_milder(city, tally, drawn)
