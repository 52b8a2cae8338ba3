"""The numbers of the shipped packs, against the tables typed once more from the project's notes.

A number that is wrong in a pack is wrong in every finding; a number that is wrong here as well
was typed wrongly twice. None of this proves that the notes agree with the printed codes: nobody
has held them side by side, which is why nothing is `verified`.
"""

import pytest

from rules.pack_rows import ALL, LOW_TO_SUBHIGH, every_rule, limits, pack, rule

# ---------------------------------------------------------------------- pressure classes

BOUNDS = (0.01, 0.2, 0.4, 0.8, 1.6, 2.5, 4.0)


@pytest.mark.parametrize(("system", "at_a_hundredth"), [("gb55009", "L"), ("gb50028", "MB")])
def test_the_classes_of_both_codes_end_where_the_codes_say(
    system: str, at_a_hundredth: str
) -> None:
    """0.01 MPa exactly is medium pressure B in GB 50028 and low pressure in GB 55009."""
    classes = [c for c in pack("cn-city-gas")["classes"] if c["system"] == system]
    assert [c["class"] for c in classes] == list(ALL)
    assert tuple(c["upto_mpa"] for c in classes[:-1]) == BOUNDS
    assert tuple(c["over_mpa"] for c in classes[1:]) == BOUNDS
    closed = {c["class"] for c in classes if c["closed_below"]}
    assert closed == ({"MB"} if at_a_hundredth == "MB" else set())


# ---------------------------------------------------------------------- GB 55009 and overlays

PROTECTION = (0.5, 0.5, 0.5, 1.5, 1.5, 5.0, 5.0, 5.0)
CONTROL = (5.0, 5.0, 5.0, 15.0, 15.0, 50.0, 50.0, 50.0)
SHANGHAI = ((0.7,) * 5 + (6.0,) * 3, (6.0,) * 5 + (50.0,) * 3)
DATONG = {"city": (1.0, 1.5, 1.5, 6.5, 6.5, 6.5, 6.5, 6.5), "yard": (1.0, 1.0, 1.0) + (6.5,) * 5}


@pytest.mark.parametrize(
    ("name", "of", "metres"),
    [
        ("zy-3-protection-range", "cn-city-gas", PROTECTION),
        ("shed-protection-range", "cn-city-gas", PROTECTION),
        ("site-protection-range", "cn-city-gas", PROTECTION),
        ("zy-6-deep-roots", "cn-city-gas", PROTECTION),
        ("site-control-range", "cn-city-gas", CONTROL),
        ("shanghai-structure-protection", "cn-shanghai", SHANGHAI[0]),
        ("shanghai-shed-protection", "cn-shanghai", SHANGHAI[0]),
        ("shanghai-site-protection", "cn-shanghai", SHANGHAI[0]),
        ("shanghai-site-control", "cn-shanghai", SHANGHAI[1]),
    ],
)
def test_protection_and_control_ranges(name: str, of: str, metres: tuple[float, ...]) -> None:
    assert limits(name, of) == dict(zip(ALL, metres, strict=True))
    assert rule(name, of)["measured_from"] == "outer_edge"


@pytest.mark.parametrize("layer", ["structure", "shed", "site"])
@pytest.mark.parametrize("network", ["city", "yard"])
def test_datong_asks_for_more_in_the_street_than_in_the_estate(layer: str, network: str) -> None:
    rows = rule(f"datong-{layer}-protection", "cn-datong")["rows"]
    found = {r["pressure_class"]: r["limit_m"] for r in rows if network in r["networks"]}
    assert found == dict(zip(ALL, DATONG[network], strict=True))


METHODS = {
    "hand": ("protection_plan", "notify"),
    "mechanical": ("prohibited", "protection_plan"),
    "trenchless": ("prohibited", "protection_plan"),
    "piling": ("prohibited", "protection_plan"),
    "borehole": ("prohibited", "protection_plan"),
    "blasting": ("prohibited", "protection_plan"),
    "dewatering": ("protection_plan", "protection_plan"),
    "lifting": ("protection_plan", "protection_plan"),
}


@pytest.mark.parametrize(
    ("of", "names", "bands"),
    [
        ("cn-city-gas", ("work-protection-range", "work-control-range"), (PROTECTION, CONTROL)),
        ("cn-shanghai", ("shanghai-work-protection", "shanghai-work-control"), SHANGHAI),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_its_verdict_in_both_ranges_of_every_class(
    of: str, names: tuple[str, str], bands: tuple[tuple[float, ...], ...], method: str
) -> None:
    for name, metres, verdict in zip(names, bands, METHODS[method], strict=True):
        rows = [r for r in rule(name, of)["rows"] if r["method"] == method]
        assert {r["pressure_class"]: r["limit_m"] for r in rows} == dict(
            zip(ALL, metres, strict=True)
        )
        assert {r["verdict"] for r in rows} == {verdict}


def test_datong_refuses_the_same_methods_in_its_own_range() -> None:
    for row in rule("datong-work-protection", "cn-datong")["rows"]:
        network = "yard" if "yard" in row["networks"] else "city"
        wanted = DATONG[network][ALL.index(row["pressure_class"])]
        assert (row["limit_m"], row["verdict"]) == (wanted, METHODS[row["method"]][0])


def test_deep_work_moves_the_ground_as_far_as_it_is_deep() -> None:
    one = rule("deep-dig")
    deep = {"mechanical", "dewatering", "piling", "borehole", "trenchless"}
    assert {r["method"] for r in one["rows"]} == deep
    for row in one["rows"]:
        assert (row["limit_m"], row["per_depth"], row["verdict"]) == (0.0, 1.0, "protection_plan")
    assert (one["certainty"], one["clause"]) == ("design", "")


# ---------------------------------------------------------------------- GB 50028, table 6.3.3-1

DASH = None
TABLE = {  # L, MB, MA, SHB, SHA
    "zy-4-clearance": ("foundation", (0.7, 1.0, 1.5, DASH, DASH)),
    "shed-clearance": ("foundation", (0.7, 1.0, 1.5, DASH, DASH)),
    "line-water": ("outer_edge", (0.5, 0.5, 0.5, 1.0, 1.5)),
    "line-sewer": ("outer_edge", (1.0, 1.2, 1.2, 1.5, 2.0)),
    "line-power-direct": ("outer_edge", (0.5, 0.5, 0.5, 1.0, 1.5)),
    "line-power-duct": ("outer_edge", (1.0, 1.0, 1.0, 1.0, 1.5)),
    "line-comms-direct": ("outer_edge", (0.5, 0.5, 0.5, 1.0, 1.5)),
    "line-comms-duct": ("outer_edge", (1.0, 1.0, 1.0, 1.0, 1.5)),
    "line-gas-small": ("outer_edge", (0.4, 0.4, 0.4, 0.4, 0.4)),
    "line-gas-large": ("outer_edge", (0.5, 0.5, 0.5, 0.5, 0.5)),
    "pole-upto-35kv": ("centre", (1.0, 1.0, 1.0, 1.0, 1.0)),
    "pole-over-35kv": ("foundation", (2.0, 2.0, 2.0, 5.0, 5.0)),
    "lighting-pole": ("centre", (1.0, 1.0, 1.0, 1.0, 1.0)),
    "railway-toe": ("edge", (5.0, 5.0, 5.0, 5.0, 5.0)),
    "tramway-rail": ("edge", (2.0, 2.0, 2.0, 2.0, 2.0)),
    "zy-6-tree": ("centre", (0.75, 0.75, 0.75, 1.2, 1.2)),
}
HEAT = {
    "line-heat-direct": (1.0, 1.0, 1.0, 1.5, 2.0),
    "line-heat-trench": (1.0, 1.5, 1.5, 2.0, 4.0),
}
POLYETHYLENE = ["pe"]
HIGH = {  # HB, HA (and XH as HA): the column SHA, but more to rails
    "high-pressure-water-cable": (1.5, 1.5),
    "high-pressure-sewer": (2.0, 2.0),
    "high-pressure-heat-direct": (2.0, 2.0),
    "high-pressure-heat-trench": (4.0, 4.0),
    "high-pressure-gas-small": (0.4, 0.4),
    "high-pressure-gas-large": (0.5, 0.5),
    "high-pressure-pole-upto-35kv": (1.0, 1.0),
    "high-pressure-pole-over-35kv": (5.0, 5.0),
    "high-pressure-lighting-pole": (1.0, 1.0),
    "high-pressure-railway-toe": (6.0, 8.0),
    "high-pressure-tramway-rail": (3.0, 4.0),
    "high-pressure-tree": (1.2, 1.2),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_line_of_table_6_3_3_1(name: str) -> None:
    to, metres = TABLE[name]
    asked = {c: m for c, m in zip(LOW_TO_SUBHIGH, metres, strict=True) if m is not None}
    one = rule(name)
    assert limits(name) == asked
    assert (one["kind"], one["classes"], one["clause"]) == ("clearance", "gb50028", "T.6.3.3-1")
    assert (one["measured_from"], one["measured_to"]) == ("outer_edge", to)


@pytest.mark.parametrize("name", HEAT)
def test_heat_pipes_ask_the_same_of_polyethylene_and_say_that_another_code_rules_it(
    name: str,
) -> None:
    asked = dict(zip(LOW_TO_SUBHIGH, HEAT[name], strict=True))
    assert limits(name, materials=POLYETHYLENE) == asked
    others = [r for r in rule(name)["rows"] if r["materials"] != POLYETHYLENE]
    assert {r["pressure_class"]: r["limit_m"] for r in others} == asked
    for row in rule(name)["rows"]:
        told = row["note"] and "CJJ 63" in row["note"]["en"]
        assert bool(told) == (row["materials"] == POLYETHYLENE)


@pytest.mark.parametrize("name", HIGH)
def test_high_pressure_beside_lines_and_objects(name: str) -> None:
    last = HIGH[name][-1]
    assert limits(name) == dict(zip(("HB", "HA", "XH"), (*HIGH[name], last), strict=True))
    assert rule(name)["clause"] == "6.4.13"


@pytest.mark.parametrize("name", ["zy-4-clearance-wall", "shed-clearance-wall"])
def test_sub_high_pressure_is_interpolated_to_the_wall(name: str) -> None:
    """At 1.2 MPa, midway between 0.8 and 1.6, the wall is due 9.25 m away."""
    one = rule(name)
    rows = {r["pressure_class"]: r for r in one["rows"]}
    assert set(rows) == {"SHB", "SHA"}
    assert (rows["SHB"]["limit_m"], rows["SHB"]["points"]) == (5.0, None)
    assert "conservative" in rows["SHB"]["note"]["en"]
    assert rows["SHA"]["points"] == [[0.8, 5.0], [1.6, 13.5]]
    (p0, m0), (p1, m1) = rows["SHA"]["points"]
    assert m0 + (1.2 - p0) / (p1 - p0) * (m1 - m0) == pytest.approx(9.25)
    assert one["measured_to"] == "outer_wall"


def test_relaxations_are_offered_under_their_conditions_alone() -> None:
    told = {
        one["id"]: (one["classes"], one["limit_m"], one["wall_min_mm"], one["agreement"])
        for name in ("zy-4-clearance", "zy-4-clearance-wall")
        for one in rule(name)["relaxations"]
    }
    assert told == {
        "low-stability": (["L"], 0.0, None, True),
        "medium-measures": (["MB", "MA"], 0.5, None, True),
        "sub-high-b-measures": (["SHB"], 3.0, None, True),
        "sub-high-a-measures": (["SHA"], 6.5, None, True),
        "wall-9.5": (["SHA"], 6.5, 9.5, False),
        "wall-11.9": (["SHA"], 3.0, 11.9, False),
    }
    medium = rule("zy-4-clearance")["relaxations"][1]["text"]["en"]
    assert "1.0 m" in medium and "outer wall" in medium, "the second half of the condition is told"


def test_table_6_3_3_2_is_about_what_crosses() -> None:
    metres = {
        "cross-pipe": 0.15,
        "cross-cable-direct": 0.5,
        "cross-cable-duct": 0.15,
        "main-crosses-main": 0.15,
    }
    for name, asked in metres.items():
        assert set(limits(name).values()) == {asked}
        assert (rule(name)["plane"], rule(name)["clause"]) == ("vertical", "T.6.3.3-2")
    kinds = rule("cross-pipe")["test"]["where"][0]["is"]
    assert set(kinds) == {"water", "sewer", "gas_other", "heat"}


def test_other_mains_of_the_register_by_diameter() -> None:
    rows = rule("main-beside-main")["rows"]
    assert {(r["dn_over"], r["dn_upto"], r["limit_m"]) for r in rows} == {
        (None, 300.0, 0.4),
        (300.0, None, 0.5),
    }
    assert rule("main-beside-main")["counterpart"] == "gas_pipelines"


def test_lines_that_cross_are_left_to_the_vertical_distance() -> None:
    sideways = [
        one
        for _, one in every_rule()
        if one["family"] == "main_near_line" and one["plane"] == "horizontal"
    ]
    assert len(sideways) == 17
    assert all(r["over_m"] == 0.0 for one in sideways for r in one["rows"])


# ---------------------------------------------------------------------- grades ZY-1 to ZY-7


def test_the_grades_of_encroachment() -> None:
    def grades(name: str) -> dict[str, str]:
        return {r["pressure_class"]: r["severity"] for r in rule(name)["rows"]}

    assert grades("zy-1-on-main") == dict.fromkeys(ALL[1:], "major")
    assert grades("zy-2-on-low-main") == {"L": "general"}
    assert grades("zy-3-protection-range") == {"L": "general"} | dict.fromkeys(ALL[1:], "serious")
    for name in ("zy-4-clearance", "zy-4-clearance-wall", "zy-5-walled-in", "zy-6-tree"):
        assert set(grades(name).values()) == {"general"}
    assert set(grades("zy-7-near-space").values()) == {"serious"}
    for name in ("zy-7-through-space", "zy-7-through-basement"):
        assert set(grades(name).values()) == {"major"}
        assert rule(name)["heuristic"], "only a visit tells whether it is inside"


def test_a_higher_pressure_is_never_judged_more_mildly() -> None:
    """Within a rule, as far as its rows differ in the class alone."""
    severities = ("general", "serious", "major")
    verdicts = (None, "notify", "protection_plan", "prohibited")
    for name, one in every_rule():
        alike: dict[str, list[tuple[int, float, int, int]]] = {}
        classes = {c["class"]: c["rank"] for c in pack(name)["classes"]} or dict(
            zip(ALL, range(8), strict=True)
        )
        for row in one["rows"]:
            if row["pressure_class"] in classes and row["limit_m"] is not None:
                rest = ("method", "materials", "dn_over", "wall_min_mm", "area_classes")
                for network in row["networks"] or ("",):
                    key = repr([row[k] for k in rest] + [network])
                    grade = severities.index(row["severity"]), verdicts.index(row["verdict"])
                    place = classes[row["pressure_class"]]
                    alike.setdefault(key, []).append((place, row["limit_m"], *grade))
        for rows in alike.values():
            for column in zip(*sorted(rows), strict=True):
                assert list(column) == sorted(column), (name, one["rule"])


# ---------------------------------------------------------------------- fire, homes, figures


def test_tall_buildings_and_lanes() -> None:
    dwellings, others = rule("tall-building-water"), rule("tall-building-water-other")
    height = {"column": "height_m", "over": 21.0}
    estimate = {"column": "storeys", "factor": 3.0, "possible_from": 19.0, "certain_over": 23.0}
    for one in (dwellings, others):
        assert one["test"]["where"][1] == height | {"estimate": estimate}
        assert "ok" not in one["test"]["where"][2]["is"]
    assert dwellings["test"]["where"][0]["is"] == others["test"]["where"][0]["not"]
    assert {"住宅", "residential", "apartments"} <= set(dwellings["test"]["where"][0]["is"])
    assert (dwellings["clause"], others["clause"]) == ("8.2.1(3)", "")
    assert others["certainty"] == "design" and "campaign" in others["source"]
    for name, column in (("fire-lane-narrow", "width_m"), ("fire-lane-low", "clear_height_m")):
        assert rule(name)["test"]["where"][1] == {
            "column": column,
            "under": 4.0,
            "unknown": "no",
        }
    dead = rule("fire-lane-dead-end")["test"]
    assert {"column": "length_m", "over": 40.0} in dead["where"]
    assert dead["counterpart_where"][0] == {"column": "kind", "is": ["turning_place"]}


def test_sheds_and_high_rises_keep_their_distance() -> None:
    metres = {"shed-near-building": 6.0, "shed-near-high-rise": 9.0, "high-rise-spacing": 13.0}
    for name, asked in metres.items():
        [row] = rule(name)["rows"]
        assert (row["limit_m"], rule(name)["counterpart"]) == (asked, "buildings")
    assert rule("high-rise-spacing")["rows"][0]["over_m"] == 0.0
    for name in ("shed-near-high-rise", "high-rise-spacing"):
        [tall] = rule(name)["test"]["counterpart_where"]
        assert (tall["column"], tall["over"]) == ("height_m", 27.0)


def test_what_a_city_has_not_set_has_no_value() -> None:
    values = {f["id"]: f["value"] for f in pack("cn-city-gas")["figures"]}
    assert values == {
        "enclosed_space_reach_m": 5.0,
        "shed_service_radius_m": 300.0,
        "persons_per_household": 3.0,
        "area_per_person_min_m2": None,
        "most_people_in_a_room": None,
    }
    assert {f["certainty"] for f in pack("cn-city-gas")["figures"]} == {"design"}
