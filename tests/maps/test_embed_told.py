"""What a map for everybody tells: no sum or difference of all that is told gives back the rest."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import permutations
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import owner
from gridwarden.database import Caller, open_pool
from gridwarden.maps.embeds.making import Wanted, as_file
from gridwarden.settings import Settings
from maps.attack import Atom, Published
from maps.small_city import X0, Y0, add_box, add_dataset

PLANNER = Caller("planner", "test planner", all_districts=True)
# Districts that cut through 500 m and 1 km cells, in metres from the city's corner.
OUTLINES = ((0, 0, 2300, 1700), (2300, 0, 4200, 1700), (0, 1700, 4200, 3300))
WIDTH, HEIGHT = 9, 7
"""Cells of 500 m that the districts touch."""
LEAST = 5


def atoms_of(column: int, row: int) -> list[int]:
    """Districts, from 0, that a cell touches."""
    west, south = column * 500, row * 500
    return [
        n
        for n, (w, s, e, t) in enumerate(OUTLINES)
        if west < e and west + 500 > w and south < t and south + 500 > s
    ]


ATOMS = [(d, x, y) for x in range(WIDTH) for y in range(HEIGHT) for d in atoms_of(x, y)]


@pytest.fixture(scope="module")
def districts(module_city: Settings) -> list[int]:
    """Three districts, and coverage over them all."""
    with owner(module_city) as c:
        sets = {layer: add_dataset(c, layer) for layer in ("districts", "coverage")}
        add_box(c, "coverage", sets["coverage"], "all", (-500, -500, 5000, 4000))
        return [
            add_box(c, "districts", sets["districts"], f"District {n}", box)
            for n, box in enumerate(OUTLINES)
        ]


def plant(c: psycopg.Connection[Any], districts: list[int], city: Mapping[Atom, int]) -> None:
    """So many findings near mains in each piece of a cell."""
    c.execute("delete from data.told_held; delete from data.embed; delete from data.finding")
    for (district, column, row), n in city.items():
        w, s, e, t = OUTLINES[district]
        x = (max(w, column * 500) + min(e, column * 500 + 500)) / 2
        y = (max(s, row * 500) + min(t, row * 500 + 500)) / 2
        c.execute(
            "insert into data.finding (family, layer, subject_id, main_id, severity, certainty,"
            " distance_band, district_id, x, y) select 'shed_near_main', 'charging_sheds',"
            " 1000000 * %s + 1000 * %s + 50 * %s + g, g, (array['general','serious','major'])"
            "[1 + g %% 3], 'certain', '0-5', %s, %s, %s from generate_series(1, %s) g",
            (district + 1, column, row, districts[district], X0 + x, Y0 + y, n),
        )


def frozen(settings: Settings, **wanted: Any) -> Mapping[str, Any]:
    async def made() -> Mapping[str, Any]:
        pool = await open_pool(settings, "web")
        try:
            return await as_file(pool, PLANNER, Wanted(**wanted), settings)
        finally:
            await pool.close()

    return asyncio.run(made())


def published(settings: Settings, districts: list[int], measure: str = "count") -> Published:
    """All that is told of the city: every system, the whole city and each district."""
    found = Published(ATOMS)
    for system in ("square-500", "square-1000", "districts"):
        for place in (None, *districts):
            if system == "districts" and place is not None:
                continue
            made = frozen(settings, system=system, measure=measure, district=place)
            for cell in made["cells"]:
                n = None if cell["state"] == 2 else cell["n"]
                found.add(atoms_in(cell["key"], place, districts), n)
    return found


def atoms_in(key: str, place: int | None, districts: list[int]) -> list[Atom]:
    """The atoms of a cell, or of a district's part of it."""
    kind, *numbers = key.split("/")
    if kind == "district":
        return [a for a in ATOMS if districts[a[0]] == int(numbers[0])]
    size = int(kind.removeprefix("square-"))
    column, row = int(numbers[0]) - X0 // size, int(numbers[1]) - Y0 // size
    a_side = size // 500
    return [
        (d, x, y)
        for d, x, y in ATOMS
        if (x // a_side, y // a_side) == (column, row) and place in (None, districts[d])
    ]


CITIES = st.dictionaries(
    st.sampled_from(ATOMS),
    st.one_of(st.integers(1, 4), st.integers(1, 12), st.integers(5, 60)),
    min_size=1,
    max_size=45,
)


def check_city(settings: Settings, districts: list[int], city: Mapping[Atom, int]) -> None:
    with owner(settings) as c:
        plant(c, districts, city)
    found = published(settings, districts)
    for atoms, n in found.told:
        assert n == sum(city.get(a, 0) for a in atoms), "what is told is true"
        assert n == 0 or n >= LEAST, "what is told is not few"
    assert found.recovered() == [], "no sum or difference gives a withheld figure"
    for low, high in found.bounds():
        assert high - low >= LEAST - 2, "no bound is narrow"
    # two pieces with five findings between them may have 1 and 4 or 4 and 1; nobody knows less
    for atoms, room in zip(found.withheld, found.room(city), strict=True):
        alone = sum(city[a] for a in city) == sum(city.get(a, 0) for a in atoms) < LEAST
        assert room >= LEAST or alone or unbounded(found, atoms), (sorted(atoms), city)


def unbounded(found: Published, atoms: frozenset[Atom]) -> bool:
    """Whether nothing told holds any of these: then their number may be any."""
    return any(not any(a in some for some, _ in found.told) for a in atoms)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(city=CITIES)
def test_no_sum_of_what_is_told_gives_back_what_is_withheld(
    module_city: Settings, districts: list[int], city: dict[Atom, int]
) -> None:
    check_city(module_city, districts, city)


@pytest.mark.deep
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(city=CITIES)
def test_no_sum_of_what_is_told_gives_back_what_is_withheld_in_many_cities(
    module_city: Settings, districts: list[int], city: dict[Atom, int]
) -> None:
    check_city(module_city, districts, city)


def test_the_attack_does_recover_what_a_threshold_alone_withholds(
    module_city: Settings, districts: list[int]
) -> None:
    city = {(0, 0, 0): 2, (0, 1, 0): 9, (0, 0, 1): 3, (0, 1, 1): 12, (0, 2, 0): 1, (0, 3, 0): 40}
    naive = Published(ATOMS)
    for side in (1, 2):
        cells: dict[tuple[int, int], list[Atom]] = defaultdict(list)
        for atom in ATOMS:
            cells[atom[1] // side, atom[2] // side].append(atom)
        for atoms in cells.values():
            n = sum(city.get(a, 0) for a in atoms)
            naive.add(atoms, None if 0 < n < LEAST else n)
    assert frozenset({(0, 2, 0)}) in naive.recovered(), "40 of 41: the attack works"
    check_city(module_city, districts, city)


def test_weight_and_number_are_withheld_in_the_same_places(
    module_city: Settings, districts: list[int]
) -> None:
    city = {(0, 0, 0): 2, (0, 1, 0): 9, (1, 5, 0): 7, (1, 6, 1): 3, (2, 3, 3): 30, (2, 3, 4): 1}
    with owner(module_city) as c:
        plant(c, districts, city)
    states = [
        [(one["key"], one["state"]) for one in sorted(made["cells"], key=lambda one: one["key"])]
        for made in (
            frozen(module_city, system="square-500", measure=measure)
            for measure in ("count", "weighted")
        )
    ]
    assert states[0] == states[1]
    assert Counter(state for _, state in states[0])[2] > 3


def test_what_was_withheld_stays_so_in_what_is_made_later(
    module_city: Settings, districts: list[int]
) -> None:
    city = {(0, 0, 0): 4, (0, 1, 0): 30, (0, 0, 1): 9, (0, 1, 1): 60}
    with owner(module_city) as c:
        plant(c, districts, city)
    key = f"square-500/{X0 // 500}/{Y0 // 500}"
    before = {one["key"]: one for one in frozen(module_city, measure="count")["cells"]}
    assert before[key]["state"] == 2
    hidden = {k for k, one in before.items() if one["state"] == 2}
    with owner(module_city) as c:
        c.execute(
            "insert into data.finding (family, layer, subject_id, main_id, severity, certainty,"
            " distance_band, district_id, x, y) values ('shed_near_main', 'charging_sheds', 7, 7,"
            " 'major', 'certain', '0-5', %s, %s, %s)",
            (districts[0], X0 + 250, Y0 + 250),
        )
    after = {one["key"]: one for one in frozen(module_city, measure="count")["cells"]}
    assert after[key]["state"] == 2, "five now, but the difference would tell that it was four"
    assert hidden <= {k for k, one in after.items() if one["state"] == 2}


@pytest.mark.parametrize("families", [(4, 30, 9), (1, 1, 40), (2, 3, 4), (1, 2, 0)])
def test_families_of_a_district_do_not_give_each_other_away(
    module_city: Settings, districts: list[int], families: tuple[int, int, int]
) -> None:
    names = ("shed_near_main", "site_near_main", "main_encroachment")
    with owner(module_city) as c:
        plant(c, districts, {})
        for name, n in zip(names, families, strict=True):
            c.execute(
                "insert into data.finding (family, layer, subject_id, main_id, severity, certainty,"
                " distance_band, district_id, x, y) select %s, 'buildings', g, g, 'major',"
                " 'certain', '0-5', %s, %s, %s from generate_series(1, %s) g",
                (name, districts[0], X0 + 100, Y0 + 100, n),
            )
        rows = c.execute(
            'select family, n from api.told_counts(\'{"general": 1, "serious": 3, "major": 9,'
            ' "possible": 0.5}\') where district_id = %s',
            (districts[0],),
        ).fetchall()
    told = {family: n for family, n in rows if n is not None}
    withheld = {family for family, n in rows if n is None}
    total = sum(families)
    if total < LEAST:
        assert told == {} and None in withheld
        return
    assert sum(told.values()) == total
    alone = {name: n for name, n in zip(names, families, strict=True) if name in told}
    assert all(n == 0 or n >= LEAST for n in alone.values())
    few = {name for name, n in zip(names, families, strict=True) if 0 < n < LEAST}
    assert few <= withheld
    assert (len(withheld) >= 2 and told[""] - len(withheld) >= LEAST) or len(withheld) == 3


def siblings(c: psycopg.Connection[Any], width: int, top: int) -> None:
    """Whoever knows the rule, but not the dice, cannot tell a withheld one within three."""
    columns = [f"a{n}" for n in range(width)]
    ranges = ", ".join(f"generate_series(0, {top}) {one}" for one in columns)
    dice = ", ".join(f"(array{list(one)!r})" for one in permutations("abcd"[:width]))
    rows = c.execute(
        f"select array[{', '.join(columns)}], w.hidden from {ranges}, (values {dice}) d (dice),"
        f" data.withheld(array[{', '.join(columns)}]::bigint[], array_fill(false, array[{width}]),"
        f" d.dice, true) w where {' + '.join(columns)} >= {LEAST}"
    ).fetchall()
    seen: dict[Any, set[tuple[int, ...]]] = defaultdict(set)
    for counts, hidden in rows:
        shown = tuple(n for n, away in zip(counts, hidden, strict=True) if not away)
        assert all(n == 0 or n >= LEAST for n in shown)
        if any(hidden):
            seen[sum(counts), tuple(hidden), shown].add(tuple(counts))
    assert seen
    for (total, hidden, shown), possible in seen.items():
        if total - sum(shown) > top:
            continue  # some that look the same lie beyond what was tried
        for place, away in enumerate(hidden):
            values = {one[place] for one in possible}
            assert not away or max(values) - min(values) >= 3, (total, hidden, shown, possible)


def test_who_knows_the_rule_cannot_tell_what_it_withholds(module_city: Settings) -> None:
    with owner(module_city) as c:
        siblings(c, 2, 16)
        siblings(c, 3, 10)


@pytest.mark.deep
def test_who_knows_the_rule_cannot_tell_what_it_withholds_of_four(module_city: Settings) -> None:
    with owner(module_city) as c:
        siblings(c, 4, 7)
