"""Judging held against plain arithmetic: band edges, random positions, turned and cut mains."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from conftest import owner
from gridwarden.settings import Settings

from .conftest import X, Y, insert, line, rectangle, statement

EDGES = [
    ("0.5000", "0", "0.5", True, "certain"),
    ("0.5001", "0", "0.5", True, None),
    ("0.50004", "0", "0.5", True, "certain"),
    ("0.50006", "0", "0.5", True, None),
    ("1.5000", "0", "1.5", False, None),
    ("1.4999", "0", "1.5", False, "certain"),
    ("1.49996", "0", "1.5", False, None),
    ("0.5000", "0.0001", "0.5", True, "possible"),
    ("0.5001", "0.0001", "0.5", True, "possible"),
    ("0.5002", "0.0001", "0.5", True, None),
    ("1.5001", "0.0001", "1.5", False, None),
    ("1.5000", "0.0001", "1.5", False, "possible"),
    ("1.4999", "0.0001", "1.5", False, "possible"),
    ("1.4998", "0.0001", "1.5", False, "certain"),
    ("-0.1095", "0", "0", True, "certain"),
    ("-0.1095", "0.11", "0", True, "possible"),
]


@dataclass
class Bench:
    """One open transaction as the owner; everything drawn in it goes away again."""

    connection: psycopg.Connection[Any]

    def findings(self, subject: str, family: str) -> list[dict[str, Any]]:
        """What the compiled statement says now."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(statement(self.connection, family, subject))
            return cursor.fetchall()


@pytest.fixture(scope="module")
def bench(module_city: Settings) -> Iterator[Bench]:
    with owner(module_city) as connection:
        yield Bench(connection)


@pytest.mark.parametrize(("gap", "accuracy", "limit", "closed", "certainty"), EDGES)
def test_the_end_of_a_band_is_exact_to_a_tenth_of_a_millimetre(
    bench: Bench, gap: str, accuracy: str, limit: str, closed: bool, certainty: str | None
) -> None:
    values = (Decimal(gap), Decimal(accuracy), Decimal(limit), closed)
    row = bench.connection.execute("select data.judge(%s, %s, %s, %s)", values).fetchone()
    assert row == (certainty,)


@given(
    gap=st.decimals(-5, 60, places=4),
    accuracy=st.decimals(0, 5, places=4),
    limit=st.sampled_from([Decimal(n) for n in ("0", "0.5", "0.7", "1.5", "5", "13.5", "50")]),
    closed=st.booleans(),
)
@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_judging_is_distance_plus_and_minus_accuracy(
    bench: Bench, gap: Decimal, accuracy: Decimal, limit: Decimal, closed: bool
) -> None:
    inside = (lambda d: d <= limit) if closed else (lambda d: d < limit)
    expected = (
        "certain" if inside(gap + accuracy) else "possible" if inside(gap - accuracy) else None
    )
    values = (gap, accuracy, limit, closed)
    row = bench.connection.execute("select data.judge(%s, %s, %s, %s)", values).fetchone()
    assert row == (expected,)


ACCURACIES = st.sampled_from([None, 0.0, 0.3, 1.0, 1.9, 2.0, 2.1, 6.0, 40.0])
CLASSES = st.sampled_from([None, "L", "MB", "MA", "SHB", "SHA", "HB"])
METRES = st.integers(0, 60_000).map(lambda n: n / 1000)
MAINS = st.lists(
    st.tuples(
        st.lists(st.tuples(METRES, METRES), min_size=2, max_size=12, unique=True),
        CLASSES,
        ACCURACIES,
    ),
    min_size=1,
    max_size=3,
)
SITES = st.lists(
    st.tuples(METRES, METRES, st.floats(0.5, 9), ACCURACIES, st.booleans()), min_size=1, max_size=4
)


@given(mains=MAINS, sites=SITES)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_no_pair_is_lost_on_the_way_to_the_index(
    bench: Bench, mains: list[Any], sites: list[Any]
) -> None:
    """The pairs that shapely finds by looking at every site and every main."""
    expected = set()
    with bench.connection.transaction(force_rollback=True):
        drawn_mains = [
            (
                insert(
                    bench.connection,
                    "gas_pipelines",
                    line(*points),
                    {"pressure_class": c, "od_mm": 200.0, "accuracy_m": a},
                ),
                shapely.from_wkt(line(*points)),
                c,
                a,
            )
            for points, c, a in mains
        ]
        for x, y, size, accuracy, is_point in sites:
            wkt = (
                f"POINT({X + x:.6f} {Y + y:.6f})"
                if is_point
                else rectangle(x, y, x + size, y + size)
            )
            site = insert(bench.connection, "construction_sites", wkt, {"accuracy_m": accuracy})
            shape = shapely.from_wkt(wkt)
            for main, geometry, pressure_class, main_accuracy in drawn_mains:
                found = expectation(
                    shape,
                    geometry,
                    pressure_class,
                    main_accuracy,
                    accuracy,
                )
                if found:
                    expected.add((site, main, *found))
        rows = bench.findings("construction_sites", "site_near_main")
    assert {(r["subject_id"], r["main_id"], r["rule"], r["certainty"]) for r in rows} == expected


def expectation(
    site: shapely.Geometry,
    main: shapely.Geometry,
    pressure_class: str | None,
    *accuracies: float | None,
) -> tuple[str, str] | None:
    """Rule and certainty by the tables of GB 55009 as the pack has them."""
    distance = site.distance(main) - 0.1 - (3 if site.geom_type == "Point" else 0)
    band = {"L": 0, "MB": 0, "MA": 0, "SHB": 1, "SHA": 1}.get(pressure_class or "unknown", 2)
    gap = round(Decimal(distance), 4)
    a, b = (1.0 if one is None else one for one in accuracies)
    accuracy = round(Decimal((a * a + b * b) ** 0.5), 4)
    capped = pressure_class is None or None in accuracies
    for rule, limit in (
        ("site-protection-range", Decimal(("0.5", "1.5", "5")[band])),
        ("site-control-range", Decimal(("5", "15", "50")[band])),
    ):
        if gap + accuracy <= limit:
            return rule, "possible" if capped else "certain"
        if gap - accuracy <= limit:
            # What lies deeper inside than its error stays inside: the square shrinks exactly.
            core = site.buffer(-float(accuracy - limit) + 0.1) if site.area else site.boundary
            deep = site.area > 0 and core.intersects(main)
            return rule, "certain" if deep and not capped else "possible"
    return None


PATHS = st.lists(st.tuples(METRES, METRES), min_size=3, max_size=10, unique=True)


@given(path=PATHS, cut=st.integers(1, 8), x=METRES, y=METRES, size=st.floats(3, 30))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_turning_or_cutting_a_main_changes_no_distance_and_no_pressed_length(
    bench: Bench, path: list[Any], cut: int, x: float, y: float, size: float
) -> None:
    cut = min(cut, len(path) - 2)
    variants = {
        "drawn": [path],
        "turned": [path[::-1]],
        "cut": [path[: cut + 1], path[cut:]],
    }
    seen = {}
    for name, parts in variants.items():
        with bench.connection.transaction(force_rollback=True):
            insert(
                bench.connection,
                "buildings",
                rectangle(x, y, x + size, y + size),
                {"accuracy_m": 0},
            )
            for part in parts:
                columns = {"pressure_class": "MA", "od_mm": 219.0, "accuracy_m": 0}
                insert(bench.connection, "gas_pipelines", line(*part), columns)
            rows = bench.findings("buildings", "main_encroachment")
        seen[name] = (
            min((r["distance_m"] for r in rows), default=None),
            sum(r["pressed_length_m"] or 0 for r in rows),
        )
    nearest = [v[0] for v in seen.values()]
    if nearest[0] is None:
        assert nearest == [None, None, None]
    else:
        assert max(nearest) - min(nearest) <= Decimal("0.0001")
    lengths = [v[1] for v in seen.values()]
    assert max(lengths) - min(lengths) <= Decimal("0.001")
