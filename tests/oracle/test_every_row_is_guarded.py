"""Each number of the rules' tables, moved by 1 cm or a fitting step, makes the oracle disagree.

All numbers of one column are moved together: each has plants of its own, and only a finding of its
own rule about them counts as proof.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from conftest import owner
from gridwarden.settings import Settings

from .conftest import CITY_GAS, OracleOf, SampleCity, bring_in
from .guarding import CM, Changed, Guarded, by_rule, proofs

pytestmark = pytest.mark.deep

SETS = {
    "cn-city-gas": CITY_GAS,
    "datong": (*CITY_GAS, "cn-datong", "cn-transmission"),
    "shanghai": (*CITY_GAS, "cn-shanghai"),
    "uk": ("uk",),
    "us": ("us",),
    "us-ca": ("us", "us-ca"),
}
Unseen = set[tuple[str, int, int]]


@pytest.fixture(
    scope="module",
    params=SETS,
)
def guarded(
    request: pytest.FixtureRequest,
    installation: Settings,
    sample_city: SampleCity,
    oracle_of: OracleOf,
) -> Iterator[Guarded]:
    """A city whose field proves the numbers of these packs."""
    packs = SETS[request.param]
    chosen = () if packs == CITY_GAS else packs
    bring_in(installation, sample_city(7, *chosen), *chosen)
    with owner(installation) as connection:
        connection.execute("analyze")  # nothing below is committed, so nothing else will
        connection.commit()
        oracle = oracle_of(7, *chosen)
        base = oracle.rules.base["pack"]["id"]
        mine = set(packs) if base != "cn-city-gas" or not chosen else set(packs) - {base}
        yield Guarded(connection, oracle.findings(), base, frozenset(mine), request.param)


MINE = " and rule_id in (select id from data.rule where pack = any (%s))"
POINTS = """
    update data.rule_row w set points = (
        select jsonb_agg(case when n = any (%s)
            then jsonb_set(p, array[%s::text], to_jsonb((p ->> %s)::numeric + %s::numeric))
            else p end order by n)
        from jsonb_array_elements(w.points) with ordinality t(p, n))
    where points is not null"""
OPPOSITE = {
    "dn_over": "dn_upto", "dn_upto": "dn_over",
    "wall_min_mm": "wall_under_mm", "wall_under_mm": "wall_min_mm",
}  # fmt: skip
GROWS = {"dn_over": -1, "dn_upto": 1, "wall_min_mm": -1, "wall_under_mm": 1}


def thickest(row: dict[str, Any]) -> bool:
    """3 to 5 m from a main of HB with a thick wall.

    Never beyond the protection range of 5 m, which is stronger.
    """
    area_3 = row["rule"].removeprefix("shed-") == "high-pressure-area-3"
    return area_3 and (row["pressure_class"], row["wall_min_mm"]) == ("HB", 11.9)


def idle(row: dict[str, Any], which: list[int], part: int, sign: int) -> bool:
    """Points that no pressure of the row's class reaches, or that a stronger rule hides."""
    if row["pressure_class"] == "XH":  # beyond the last point, whose metres alone count
        return 3 not in which or part == 0
    lifted = which == [2] and (sign > 0) == (part == 1)  # over the protection range
    return thickest(row) and not lifted


def overruled(guarded: Guarded, row: dict[str, Any], column: str, sign: int) -> bool:
    """A band that grows into its neighbour shows nothing where that asks as much or more."""
    if sign != GROWS[column]:
        return column == "wall_min_mm" and thickest(row)
    return any(
        other[OPPOSITE[column]] == row[column]
        and all(more >= less for more, less in zip(demands(other), demands(row), strict=True))
        for other in guarded.rows()
        if (other["rule"], other["pressure_class"], other["area_classes"])
        == (row["rule"], row["pressure_class"], row["area_classes"])
    )


def demands(row: dict[str, Any]) -> list[float]:
    """What a row asks for, metres."""
    return [metres for _, metres in row["points"]] if row["points"] else [float(row["limit_m"])]


def hidden(name: str, row: dict[str, Any], sign: int) -> bool:
    """Limits as far as which a stronger rule reaches, or as strong a one of a pack named before."""
    rule, level = row["rule"], row["pressure_class"]
    if name == "shanghai":
        # 0.7 m and 6 m where the nation has 1.5 m and 15 m; 50 m as the nation has
        same = "control" in rule and level in ("HB", "HA", "XH")
        return level in ("SHB", "SHA") or (same and sign < 0)
    if name == "uk":  # 0.5 m where 3 m ask for a plan
        return rule == "uk-hand-dig" and row["method"] in ("piling", "borehole")
    # 18 in where the state asks 24 in
    return name == "us-ca" and rule == "us-cga-tolerance-zone"


def move(guarded: Guarded, column: str, by: float) -> tuple[str, tuple[object, ...]]:
    """Every number of a column, in the packs at hand."""
    change = f"update data.rule_row set {column} = {column} + %s where {column} is not null"
    return change + MINE, (by, list(guarded.packs))


def points(which: list[int], part: int, by: float) -> tuple[str, tuple[object, ...]]:
    """Points of every line moved: the pressure (part 0) or the metres (part 1)."""
    return POINTS, (which, part, part, by)


def has(guarded: Guarded, column: str) -> bool:
    """Whether any row of these packs has such a number."""
    return any(row[column] is not None for row in guarded.rows())


def unseen_rows(guarded: Guarded, found: Changed, column: str, by: float) -> Unseen:
    """Rows with such a number for which no plant of theirs changed."""
    return {
        (row["rule"], row["row_no"], 1 if by > 0 else -1)
        for row in guarded.rows()
        if row[column] is not None
        and not proofs(found, guarded.start(row), row["pack"], row["rule"])
    }


def test_unmoved_they_agree(guarded: Guarded) -> None:
    with guarded.moved():
        assert guarded.disagrees() == {}


def test_every_limit_is_guarded(guarded: Guarded) -> None:
    """Farther by 1 cm, what stands 5 mm outside is found; nearer, what stands inside is not."""
    unseen = set()
    for by, word in ((CM, ":above"), (-CM, ":below")):
        with guarded.moved(move(guarded, "limit_m", by)):
            found = guarded.disagrees()
        for row in guarded.rows():
            if row["limit_m"] is None or row["per_depth"] is not None or row["kind"] == "attribute":
                continue
            pack, rule, start = row["pack"], row["rule"], guarded.start(row)
            # an absence is found beyond its limit, all else within
            within = (by > 0) == (row["kind"] != "absence")
            if not any(
                key[2].startswith(start)
                and word in key[2]
                and by_rule(ours, pack, rule) == within
                and by_rule(his, pack, rule) != within
                for key, (ours, his) in found.items()
            ):
                unseen.add((rule, row["row_no"], 1 if by > 0 else -1))
    rows = [row for row in guarded.rows() if row["limit_m"] is not None]
    assert unseen == {
        (row["rule"], row["row_no"], sign)
        for row in rows
        for sign in (1, -1)
        if hidden(guarded.name, row, sign)
    }
    assert rows


def test_every_point_of_a_line_is_guarded(guarded: Guarded) -> None:
    """Ends and middles of what is interpolated: metres by 1 cm, pressures by 0.01 MPa."""
    if not has(guarded, "points"):
        return
    for which in ([1, 3], [2]):
        for part in (1, 0):
            for by in (CM, -CM):
                with guarded.moved(points(which, part, by)):
                    unseen = unseen_rows(guarded, guarded.disagrees(), "points", by)
                sign = 1 if by > 0 else -1
                assert unseen == {
                    (row["rule"], row["row_no"], sign)
                    for row in guarded.rows()
                    if row["points"] and idle(row, which, part, sign)
                }


def test_every_beginning_and_slope_is_guarded(guarded: Guarded) -> None:
    """The gap from which on a row judges, and what a limit adds for each metre of depth."""
    for column in ("over_m", "per_depth"):
        if has(guarded, column):
            for by in (CM, -CM):
                with guarded.moved(move(guarded, column, by)):
                    assert unseen_rows(guarded, guarded.disagrees(), column, by) == set()


@pytest.mark.parametrize(
    ("column", "step"),
    [("dn_over", 1.0), ("dn_upto", 1.0), ("wall_min_mm", 0.1), ("wall_under_mm", 0.1)],
)
def test_every_bound_of_a_band_is_guarded(guarded: Guarded, column: str, step: float) -> None:
    if not has(guarded, column):
        return
    for by in (step, -step):
        with guarded.moved(move(guarded, column, by)):
            found = guarded.disagrees()
        unseen = {
            (row["rule"], row["row_no"])
            for row in guarded.rows()
            if row[column] is not None and not bound_proofs(guarded, found, row, column)
        }
        rows = [row for row in guarded.rows() if row[column] is not None]
        assert unseen == {
            (row["rule"], row["row_no"])
            for row in rows
            if overruled(guarded, row, column, 1 if by > 0 else -1)
        }
        assert len(unseen) < len(rows) or by == step * GROWS[column]


def bound_proofs(guarded: Guarded, found: Changed, row: dict[str, Any], column: str) -> list[Any]:
    """Changes about mains that lie on this bound, in the row's band or the one beside it."""
    start = guarded.named(row["pack"], row["rule"])
    word = f"-{row[column]:g}:"
    return [
        key
        for key in proofs(found, start, row["pack"], row["rule"])
        if word in f"{key[2]}:" and beside(guarded, row, key[2])
    ]


def beside(guarded: Guarded, row: dict[str, Any], name: str) -> bool:
    """Whether a plant stands for a row of the same rule and class."""
    number = name.removeprefix(guarded.named(row["pack"], row["rule"])).partition(":")[0]
    return any(
        str(other["row_no"]) == number and other["pressure_class"] == row["pressure_class"]
        for other in guarded.rows()
        if (other["pack"], other["rule"]) == (row["pack"], row["rule"])
    )
