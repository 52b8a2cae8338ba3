"""The compiled rules find what an independent judge finds, and each of their numbers is guarded."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import shapely

from conftest import TEMPLATE, copy_database, owner
from gridwarden.sample.city import write_city
from gridwarden.sample.load import Loaded, load
from gridwarden.settings import Settings

from .oracle import Finding, Oracle
from .screened import Key, differences, judged, statements, stored

CM = 0.01


def bring_in(settings: Settings, folder: Path) -> Loaded:
    """A fresh database with this city imported and screened."""
    copy_database(settings, TEMPLATE, "gridwarden")
    return asyncio.run(load(settings, folder, lambda what, done, total: None))


@pytest.mark.parametrize("seed", (7, 8, 9))
def test_a_full_screen_finds_what_the_oracle_finds(
    seed: int,
    installation: Settings,
    sample_city: Callable[[int], Path],
    oracle_of: Callable[[int], Oracle],
) -> None:
    loaded = bring_in(installation, sample_city(seed))
    expected = oracle_of(seed).findings()
    with owner(installation) as connection:
        found = stored(connection)
    assert differences(found, expected) == []
    assert sum(count["n"] for count in loaded.screened["findings"]) == len(expected)
    assert {family for family, *_ in expected} == {
        "main_encroachment", "site_near_main", "shed_near_main", "estate_without_shed",
        "building_water",
    }  # fmt: skip
    assert len(expected) > 300


@pytest.mark.deep
def test_a_city_ten_times_as_large_is_judged_alike(
    installation: Settings, tmp_path: Path, pack: dict[str, Any]
) -> None:
    folder = tmp_path / "city"
    write_city(11, "m", folder)
    bring_in(installation, folder)
    expected = Oracle(folder, pack).findings()
    with owner(installation) as connection:
        assert differences(stored(connection), expected) == []
    assert len(expected) > 2000


@pytest.fixture(scope="module")
def loaded_city(
    installation: Settings, sample_city: Callable[[int], Path]
) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection to a database with the city of seed 7."""
    bring_in(installation, sample_city(7))
    with owner(installation) as connection:
        yield connection


@pytest.fixture(scope="module")
def expected(oracle_of: Callable[[int], Oracle]) -> dict[Key, Finding]:
    """What the oracle finds in it by the pack as its text stands."""
    return oracle_of(7).findings()


@contextmanager
def moved(connection: psycopg.Connection[Any], change: str, *values: object) -> Iterator[None]:
    """One compiled number other than it was, until the block ends."""
    with connection.transaction(force_rollback=True):
        changed = connection.execute(change, values).rowcount
        assert changed >= 1, change
        if "rule_row" not in change:
            # the pieces of mains hold class and outer diameter; publishing a pack renews them
            connection.execute("update data.rule_pack set published_at = published_at")
        yield


def disagrees(
    connection: psycopg.Connection[Any],
    expected: dict[Key, Finding],
    family: str | None = None,
) -> list[str]:
    """Where the compiled statements (of one family) and the oracle disagree now."""
    mine = [one for one in statements(connection) if family in (None, one.family)]
    wanted = {key: one for key, one in expected.items() if family in (None, one.family)}
    return differences(judged(connection, mine), wanted)


def test_every_limit_is_guarded(
    loaded_city: psycopg.Connection[Any], expected: dict[Key, Finding]
) -> None:
    """Moved by 1 cm either way, each number of the compiled rules makes the oracle disagree."""
    rows = loaded_city.execute(
        "select id, rule, subject_layer, pressure_class, family, kind from data.rule_row"
        " where kind <> 'activity' order by id"
    ).fetchall()
    unseen, caught = [], 0
    for row_id, *name, family, _ in rows:
        assert disagrees(loaded_city, expected, family) == []
        for by in (CM, -CM):
            change = "update data.rule_row set limit_m = limit_m + %s where id = %s"
            with moved(loaded_city, change, by, row_id):
                proof = disagrees(loaded_city, expected, family)
            if any("plant:" in line for line in proof):
                caught += 1
            else:
                unseen.append((*name, by))
    # A low main of unknown class is already pressed by the rule for medium pressure, which reaches
    # as far and is stronger: nothing can show a smaller limit there.
    shadowed = {
        ("zy-2-on-low-main", "buildings", "unknown", -CM),
        ("shed-on-low-main", "charging_sheds", "unknown", -CM),
    }
    assert set(unseen) == shadowed
    assert len(rows) == sum(1 for _ in compiled_from(expected_pack()))
    assert caught == 2 * len(rows) - len(shadowed)


def expected_pack() -> dict[str, Any]:
    """The pack as its text says it."""
    from .conftest import PACK
    from .oracle import read_pack

    return read_pack(PACK)


def compiled_from(pack: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every row that the pack's screening rules must compile to, the unknown classes' included."""
    for rule in pack["rule"]:
        for subject in rule["subjects"]:
            for row in rule["row"]:
                yield rule["id"], f"{subject} {row.get('class')}"
            if "class" in rule["row"][0]:
                yield rule["id"], f"{subject} unknown"


def test_every_class_boundary_is_guarded(
    loaded_city: psycopg.Connection[Any], expected: dict[Key, Finding]
) -> None:
    """A pressure boundary that moves by 1 Pa, either way, is seen."""
    boundaries = loaded_city.execute(
        "select upto_mpa from data.rule_class order by rank offset 0 limit 7"
    ).fetchall()
    assert len(boundaries) == len(expected_pack()["class"]) - 1
    for (upto,) in boundaries:
        for by in (1e-6, -1e-6):
            change = (
                "update data.rule_class set"
                " upto_mpa = upto_mpa + case when upto_mpa = %s then %s::numeric else 0 end,"
                " over_mpa = over_mpa + case when over_mpa = %s then %s::numeric else 0 end"
            )
            with moved(loaded_city, change, upto, by, upto, by):
                proof = disagrees(loaded_city, expected, "main_encroachment")
            assert any("plant:class:" in line for line in proof), (upto, by)


def test_every_outer_diameter_is_guarded(
    loaded_city: psycopg.Connection[Any], expected: dict[Key, Finding]
) -> None:
    """Each line of the diameter tables, 1 cm thicker or thinner, is seen in a distance."""
    tables = expected_pack()["outer_diameter"]
    sizes = loaded_city.execute(
        "select material, dn, od_mm from data.rule_outer_diameter"
    ).fetchall()
    assert len(sizes) == sum(len(table.get("dn", {})) for table in tables.values())
    for material, dn, od_mm in sizes:
        for by in (10, -10):
            change = (
                "update data.rule_outer_diameter set od_mm = %s where material = %s and dn = %s"
            )
            with moved(loaded_city, change, od_mm + by, material, dn):
                proof = disagrees(loaded_city, expected, "main_encroachment")
            assert any(f"plant:od:{material}:{float(dn):g}" in line for line in proof), (
                material,
                dn,
                by,
            )


@pytest.mark.parametrize(
    ("column", "by", "mark"),
    [
        ("missing_od_mm", 10, "plant:od:steel:missing"),
        ("missing_od_mm", -10, "plant:od:steel:missing"),
        ("point_radius_m", CM, ":point"),
        ("point_radius_m", -CM, ":point"),
    ],
)
def test_every_assumption_is_guarded(
    column: str,
    by: float,
    mark: str,
    loaded_city: psycopg.Connection[Any],
    expected: dict[Key, Finding],
) -> None:
    """What stands in for a missing diameter, and for the size of a point."""
    change = f"update data.rule_pack set {column} = {column} + %s"
    with moved(loaded_city, change, by):
        proof = disagrees(loaded_city, expected)
    assert any(mark in line for line in proof)


@pytest.mark.parametrize("name", ["possible_from", "certain_over", "factor"])
@pytest.mark.parametrize("by", [CM, -CM])
def test_every_estimate_of_a_height_is_guarded(
    name: str, by: float, loaded_city: psycopg.Connection[Any], expected: dict[Key, Finding]
) -> None:
    """Storeys times 3 m, possible from 19 m, certain over 23 m."""
    change = (
        "update data.rule_row set test = jsonb_set(test, array['over', %s],"
        " to_jsonb((test #>> array['over', %s])::numeric + %s::numeric))"
        " where kind = 'attribute'"
    )
    with moved(loaded_city, change, name, name, by):
        proof = disagrees(loaded_city, expected, "building_water")
    assert any("plant:tall-building-water:" in line for line in proof)


def test_every_number_of_a_permit_is_guarded(
    loaded_city: psycopg.Connection[Any], oracle_of: Callable[[int], Oracle]
) -> None:
    """The limit of each method and class, 1 cm nearer or farther, changes what a dig is told."""
    oracle = oracle_of(7)
    rows = loaded_city.execute(
        "select id, rule, method, pressure_class, limit_m from data.rule_row"
        " where kind = 'activity' order by id"
    ).fetchall()
    counted = sum(
        len(rule["row"]) + len({row["method"] for row in rule["row"]})
        for rule in expected_pack()["rule"]
        if rule["kind"] == "activity"
    )
    assert len(rows) == counted
    caught = 0
    for row_id, _, method, name, limit in rows:
        digs = {by: dig_beside(oracle, f"plant:main:{name}", limit + by / 2) for by in (CM, -CM)}
        for by, area in digs.items():
            wanted = oracle.work(area, method)
            assert met(loaded_city, area, method) == wanted
            with moved(
                loaded_city,
                "update data.rule_row set limit_m = limit_m + %s where id = %s",
                by,
                row_id,
            ):
                assert met(loaded_city, area, method) != wanted, (method, name, by)
            caught += 1
    assert caught == 2 * len(rows)


def test_a_dig_across_a_main_is_as_certain_as_the_oracle_says(
    loaded_city: psycopg.Connection[Any], sample_city: Callable[[int], Path]
) -> None:
    """Pits of 20 cm and 8 m over the middles of mains, all of them placed to 1.5 m."""
    oracle = Oracle(sample_city(7), expected_pack())
    for main in oracle.mains:
        main.feature.columns["accuracy_m"] = 1.5
    known = [main for main in oracle.mains if not main.missing]
    seen = set()
    with moved(loaded_city, "update data.gas_pipelines set accuracy_m = 1.5"):
        for main in known[:: len(known) // 30]:
            middle = main.feature.shape.interpolate(0.5, normalized=True)
            for half in (0.1, 4.0):
                area = middle.buffer(half, cap_style="square")
                wanted = oracle.work(area, "mechanical")
                assert met(loaded_city, area, "mechanical") == wanted
                seen.add((half, wanted[main.feature.source_id][1]))
    assert {(0.1, "possible"), (4.0, "certain")} <= seen


def dig_beside(oracle: Oracle, main_id: str, gap_m: float) -> shapely.Polygon:
    """A pit of 4 × 3 m south of a planted main, so far from its outer edge."""
    main = next(main for main in oracle.mains if main.feature.source_id == main_id)
    east, north = main.feature.shape.coords[0]
    top = north - main.half_od_m - gap_m
    return shapely.box(east + 30, top - 3, east + 34, top)


def met(
    connection: psycopg.Connection[Any], area: shapely.Polygon, method: str
) -> dict[str, tuple[str, str, str]]:
    """What the service's permit check meets: main → verdict, certainty and rule."""
    rows = connection.execute(
        "select m.source_id, h.verdict, h.certainty, r.rule from jsonb_to_recordset("
        "data.permit_hits(st_geomfromwkb(%s, 4547), 0, 0, %s))"
        " as h(id bigint, row_id bigint, verdict text, certainty text)"
        " join data.gas_pipelines m using (id) join data.rule_row r on r.id = h.row_id",
        (shapely.to_wkb(area), method),
    )
    return {source: tuple(hit) for source, *hit in rows}
