"""High pressure in the shipped packs: GB 50028, 6.4, and what is asked beyond its tables.

The tables are typed once more from the project's notes, as in test_pack_facts.
"""

from itertools import product

import pytest

from rules.pack_rows import pack, rule

AREA_1_2 = {  # DN over, up to: at 1.61, 2.50, 4.00 MPa
    (900.0, 1050.0): (53, 60, 70),
    (750.0, 900.0): (40, 47, 57),
    (600.0, 750.0): (31, 37, 45),
    (450.0, 600.0): (24, 28, 35),
    (300.0, 450.0): (19, 23, 28),
    (150.0, 300.0): (14, 18, 22),
    (None, 150.0): (11, 13, 15),
}
AREA_3 = {  # wall from, under
    (None, 9.5): (13.5, 15.0, 17.0),
    (9.5, 11.9): (6.5, 7.5, 9.0),
    (11.9, None): (3.0, 5.0, 8.0),
}


def points(metres: tuple[float, ...]) -> list[list[float]]:
    return [[p, float(m)] for p, m in zip((1.61, 2.5, 4.0), metres, strict=True)]


@pytest.mark.parametrize("name", ["high-pressure-area-1-2", "shed-high-pressure-area-1-2"])
def test_table_6_4_11_and_what_lies_beyond_its_last_line(name: str) -> None:
    rows = rule(name)["rows"]
    wanted = AREA_1_2 | {(1050.0, None): (53, 60, 70)}
    for level in ("HB", "HA"):
        found = {
            (r["dn_over"], r["dn_upto"]): r["points"] for r in rows if r["pressure_class"] == level
        }
        assert found == {band: points(metres) for band, metres in wanted.items()}
    beyond = {(r["dn_over"], r["dn_upto"]): r["limit_m"] for r in rows if r["points"] is None}
    assert beyond == {band: metres[-1] for band, metres in wanted.items()}
    assert all(r["area_classes"] == ["1", "2"] for r in rows)
    for row in rows:
        told = (row["note"] or {}).get("en", "")
        assert ("not conservative" in told) == (
            row["dn_over"] == 1050.0 or row["pressure_class"] == "XH"
        )
        assert ("DN 1050" in told) == (row["dn_over"] == 1050.0)


@pytest.mark.parametrize("name", ["high-pressure-area-3", "shed-high-pressure-area-3"])
def test_table_6_4_12_by_wall(name: str) -> None:
    rows = rule(name)["rows"]
    for level, area in product(("HB", "HA"), ("3", "4")):
        found = {
            (r["wall_min_mm"], r["wall_under_mm"]): r["points"]
            for r in rows
            if r["pressure_class"] == level and r["area_classes"] == [area]
        }
        assert found == {band: points(metres) for band, metres in AREA_3.items()}
    beyond = [r for r in rows if r["pressure_class"] == "XH"]
    assert {(r["wall_min_mm"], r["wall_under_mm"]): r["limit_m"] for r in beyond} == {
        band: metres[-1] for band, metres in AREA_3.items()
    }
    assert all(r["area_classes"] == ["3", "4"] for r in beyond)
    four = [r["note"]["en"] for r in rows if r["area_classes"] == ["4"]]
    assert four and all("1.6 MPa" in told for told in four)


def test_what_lies_over_4_mpa_is_asked_as_much_as_high_pressure_a_and_says_so() -> None:
    """The code's tables end there: silence would let a wall stand that HA does not let stand."""
    asked = 0
    for one in pack("cn-city-gas")["rules"]:
        classes = {r["pressure_class"] for r in one["rows"]}
        assert "XH" in classes or "HA" not in classes, one["rule"]
        for row in one["rows"]:
            if one["classes"] == "gb50028" and row["pressure_class"] == "XH":
                asked += 1
                assert "4.0 MPa" in row["note"]["en"] and "4.0兆帕" in row["note"]["zh"]
                assert "choice of this project" in one["source"]
    assert asked > 40


def test_every_rule_for_buildings_beside_mains_has_its_like_for_sheds() -> None:
    alike = ("kind", "strength", "clause", "classes", "measured_to")

    def said(family: str) -> list[str]:
        return sorted(
            repr([*(one[key] for key in alike), row | {"note": None}])
            for one in pack("cn-city-gas")["rules"]
            if one["family"] == family
            for row in one["rows"]
        )

    assert said("shed_near_main") == said("main_encroachment")


def test_area_classes_turn_at_the_next_household() -> None:
    def class_at(count: int, name: str, of: str) -> str:
        classes = rule(name, of)["test"]["location"]["classes"]
        return next(c["id"] for c in classes if c.get("upto") is None or count <= c["upto"])

    chinese = [class_at(n, "area-class-too-low", "cn-city-gas") for n in (12, 13, 79, 80)]
    american = [class_at(n, "us-class-location", "us") for n in (10, 11, 45, 46)]
    assert chinese == american == ["1", "2", "2", "3"]
    for name, of in (("area-class-too-low", "cn-city-gas"), ("us-class-location", "us")):
        strip = rule(name, of)["test"]["location"]
        assert (strip["each_side_m"], strip["along_m"]) == (200.0, 1600.0)
