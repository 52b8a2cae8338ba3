"""What an explanation says adds up, and is what the screen judged."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker

from .conftest import STEEL_MA, SURE, DrawnCity, line, point, rectangle
from .explained import explained, only, put_in_force, steps


@pytest.fixture
def bureau(sign_in: KeyMaker) -> dict[str, str]:
    """A bureau of the whole city."""
    return sign_in("supervisor", all_districts=True)


def test_it_says_all_that_the_list_says_and_the_number_adds_up(
    drawn: DrawnCity, client: TestClient, bureau: dict[str, str]
) -> None:
    drawn.main(pressure_class="MA", material="steel", dn=200, accuracy_m=0.25)
    drawn.wall(1.2, accuracy_m=0.2)
    number = only(drawn, "main_encroachment")["id"]
    found = explained(client, bureau, number)
    (listed,) = client.get("/api/findings", headers=bureau).json()["items"]
    rule, row = found["rule"], found["row"]
    assert {k: v for k, v in listed.items() if k not in ("rule", "pack")} == {
        k: found[k] for k in listed if k not in ("rule", "pack")
    }
    assert (rule["id"], rule["pack"]) == (listed["rule"], "cn-city-gas@2026.2")
    assert (rule["level"], rule["verified"], rule["clause"]) == ("nation", False, "T.6.3.3-1")
    assert set(rule["text"]) == {"en", "zh"}
    assert (row["pressure_class"], row["limit_m"], row["asked"]["by"]) == ("MA", 1.5, "table")
    told = steps(found)
    assert told["ground"] == 1.2 and told["half_counterpart"] == -0.10955
    assert told["gap"] == pytest.approx(told["ground"] + told["half_counterpart"], abs=6e-5)
    assert told["gap"] == listed["distance_m"]
    assert told["margin"] == pytest.approx(told["gap"] - told["required"])
    assert told["accuracy"] == pytest.approx((0.2**2 + 0.25**2) ** 0.5, abs=5e-5)
    assert [one["code"] for one in found["because"]] == ["inside_surely"]
    assert found["subject"]["accuracy_m"] == 0.2 and found["counterpart"]["dataset"] == "drawn@1"
    assert found["counterpart"]["geometry"]["type"] == "MultiLineString"
    assert found["data"]["rules"] == "cn-city-gas@2026.2"
    assert found["data"]["changed_since"] is False


@pytest.mark.parametrize(
    ("columns", "came", "half"),
    [
        ({"od_mm": 220.0, "dn": 200.0, "material": "steel"}, "stated", 0.11),
        ({"dn": 200.0, "material": "steel"}, "table", 0.10955),
        ({"dn": 200.0, "material": "pe"}, "table", 0.1),
        ({"dn": 210.0, "material": "steel"}, "nominal", 0.105),
        ({}, "assumed", 0.508),
    ],
)
def test_where_the_outer_diameter_comes_from_is_told(
    drawn: DrawnCity,
    client: TestClient,
    bureau: dict[str, str],
    columns: dict[str, Any],
    came: str,
    half: float,
) -> None:
    drawn.main(pressure_class="MA", **SURE, **columns)
    drawn.wall(1.2)
    found = explained(client, bureau, only(drawn, "main_encroachment")["id"])
    (taken,) = [one for one in found["construction"] if one["step"] == "half_counterpart"]
    if came == "table" and columns["material"] == "pe":
        assert taken["od_from"] in ("table", "nominal")
    else:
        assert taken["od_from"] == came
    assert taken["value"] == -half
    assert ("missing" in [one["code"] for one in found["because"]]) is (came == "assumed")


def test_an_interpolated_number_names_its_points_and_relaxations_their_conditions(
    drawn: DrawnCity, client: TestClient, bureau: dict[str, str]
) -> None:
    main = {"pressure_class": "SHA", "p_mop_mpa": 1.2, "material": "steel", "dn": 500.0}
    drawn.main(**main, wall_mm=10.0, accuracy_m=0.1)
    drawn.wall(8.0, accuracy_m=0.1)
    found = explained(client, bureau, only(drawn, "main_encroachment")["id"])
    asked = found["row"]["asked"]
    assert (asked["by"], asked["between"], found["required_m"]) == (
        "interpolated",
        [[0.8, 5.0], [1.6, 13.5]],
        9.25,
    )
    assert "9.25 m" in asked["say"] and "1.2 MPa" in asked["say"]
    known = {one["id"]: (one["would_allow"], one["holds"]) for one in found["relaxations"]}
    assert True in {holds for _, holds in known.values()}
    assert any(one["agreement"] and one["holds"] is None for one in found["relaxations"])
    thin = [one for one in found["relaxations"] if one["wall_min_mm"] == 11.9]
    assert thin and thin[0]["holds"] is False and "10 mm" in " ".join(thin[0]["say"])
    assert found["certainty"] == "possible"
    assert "relaxed" in [one["code"] for one in found["because"]]


def test_a_point_s_assumed_radius_is_a_step(
    drawn: DrawnCity, client: TestClient, bureau: dict[str, str]
) -> None:
    drawn.main(**STEEL_MA)
    drawn.add("charging_sheds", point(50, 4.0), **SURE)
    found = explained(client, bureau, only(drawn, "shed_near_main")["id"])
    told = steps(found)
    assert (told["ground"], told["point"], told["gap"]) == (4.0, -3.0, 0.8905)
    assert found["assumed"] == ["radius_m"]


def test_what_is_not_on_record_is_named_with_what_stands_for_it(
    drawn: DrawnCity, client: TestClient, bureau: dict[str, str]
) -> None:
    drawn.main()
    drawn.add("buildings", rectangle(40, 12, 60, 20))
    found = explained(client, bureau, only(drawn, "main_encroachment")["id"])
    codes = [one["code"] for one in found["because"]]
    assert {"no_accuracy_subject", "no_accuracy_counterpart", "missing"} <= set(codes)
    assert codes.count("missing") == len(found["missing"])
    told = steps(found)
    assert told["accuracy_subject_assumed"] == told["accuracy_counterpart_assumed"] == 1.0
    assert all(one["inside"] != "certain" for one in found["bands"])


def test_every_pack_s_bands_stand_side_by_side(
    drawn: DrawnCity, client: TestClient, bureau: dict[str, str]
) -> None:
    put_in_force(drawn.settings, "cn-shanghai")
    drawn.main(**STEEL_MA)
    drawn.wall(0.75)
    found = explained(client, bureau, only(drawn, "main_encroachment")["id"])
    bands = {one["rule"]: one for one in found["bands"]}
    nation, city = bands["zy-3-protection-range"], bands["shanghai-structure-protection"]
    assert (nation["level"], nation["limit_m"], nation["inside"]) == ("nation", 0.5, "no")
    assert (city["level"], city["limit_m"], city["inside"]) == ("city", 0.7, "certain")
    assert [one["rule"] for one in found["bands"] if one["own"]] == [found["rule"]["id"]]
    assert bands[found["rule"]["id"]]["inside"] == found["certainty"]
    levels = ["nation", "province", "city", "project"]
    places = [levels.index(one["level"]) for one in found["bands"]]
    assert places == sorted(places)


@pytest.mark.parametrize("accuracy", [0.0, 0.1])
def test_the_grade_changes_where_it_is_said_to_and_not_a_millimetre_before(
    drawn: DrawnCity, client: TestClient, bureau: dict[str, str], accuracy: float
) -> None:
    """A structure is moved by what is said, less and more a millimetre, and screened again."""
    drawn.main(**STEEL_MA)
    wall = drawn.wall(1.0, accuracy_m=accuracy)
    found = explained(client, bureau, only(drawn, "main_encroachment")["id"])
    move = found["edge_may_move_m"]
    assert (found["severity"], move["stricter"], move["milder"]) == ("general", "serious", "no")

    def moved(metres: float) -> list[str]:
        drawn.sql(
            "update data.buildings set geom = st_translate(geom, 0, %s) where id = %s returning 1",
            (metres, wall),
        )
        grades = [f["severity"] for f in drawn.screen()]
        drawn.sql(
            "update data.buildings set geom = st_translate(geom, 0, %s) where id = %s returning 1",
            (-metres, wall),
        )
        return grades

    assert moved(-(move["nearer"] - 0.001)) == ["general"]
    assert moved(-(move["nearer"] + 0.001)) == ["serious"]
    assert moved(move["away"] - 0.001) == ["general"]
    assert moved(move["away"] + 0.001) == []


def test_a_main_under_a_structure_has_no_way_to_move(
    drawn: DrawnCity, client: TestClient, bureau: dict[str, str]
) -> None:
    drawn.main(**STEEL_MA)
    drawn.wall(-5.0)
    found = explained(client, bureau, only(drawn, "main_encroachment")["id"])
    assert steps(found)["ground"] == 0.0
    assert found["pressed_length_m"] == 20.0
    assert set(found["edge_may_move_m"].values()) == {None}


def test_the_nearest_that_is_too_far_and_none_at_all(
    drawn: DrawnCity, client: TestClient, bureau: dict[str, str]
) -> None:
    drawn.add("estates", rectangle(0, 0, 50, 50), **SURE)
    found = explained(client, bureau, only(drawn, "estate_without_shed")["id"])
    assert [one["code"] for one in found["because"]] == ["none_at_all"]
    assert found["counterpart"] is None and steps(found)["none"] is None
    drawn.add("charging_sheds", point(50, 450), **SURE)
    found = explained(client, bureau, only(drawn, "estate_without_shed")["id"])
    told = steps(found)
    assert (told["ground"], told["limit"], told["margin_left"]) == (400.0, 300.0, -100.0)
    assert found["counterpart"]["layer"] == "charging_sheds"
    assert found["row"]["asked"]["by"] in ("table", "figure")
    assert [one["code"] for one in found["because"]] == ["beyond_surely"]
    assert found["data"]["changed_since"] is False


def test_an_estimate_from_the_record_is_told_with_its_thresholds(
    drawn: DrawnCity, client: TestClient, bureau: dict[str, str]
) -> None:
    drawn.add(
        "buildings",
        rectangle(0, 0, 30, 20),
        storeys=9,
        use="住宅",
        water_system_state="fault",
        **SURE,
    )
    found = explained(client, bureau, only(drawn, "building_water")["id"])
    told = steps(found)
    assert (told["estimate_of"], told["estimate"]) == (9, 27.0)
    assert (told["estimate_certain"], told["estimate_possible"]) == (23.0, 19.0)
    assert found["distance_m"] is None and found["counterpart"] is None
    assert any("> 21 m" in one["what"] for one in found["construction"])


def test_a_crossing_is_taken_apart_in_depth(
    drawn: DrawnCity, client: TestClient, bureau: dict[str, str]
) -> None:
    drawn.main(**STEEL_MA, depth_top_m=1.0)
    water = {"kind": "water", "od_mm": 300.0, "depth_top_m": 1.3, "accuracy_m": 0.05}
    drawn.add("underground_lines", line((50, -40), (50, 40)), **water)
    found = explained(client, bureau, only(drawn, "main_near_line")["id"])
    told = steps(found)
    assert (told["top_counterpart"], told["thick_counterpart"]) == (1.0, 0.219)
    assert (told["top_subject"], told["vertical"]) == (1.3, 0.081)
    assert found["rule"]["plane"] == "vertical"


def test_a_feature_that_was_changed_since_the_screen_is_told(
    drawn: DrawnCity, client: TestClient, bureau: dict[str, str]
) -> None:
    drawn.main(**STEEL_MA)
    wall = drawn.wall(0.9)
    number = only(drawn, "main_encroachment")["id"]
    drawn.sql(
        "update data.buildings set geom = st_translate(geom, 0, 0.2) where id = %s returning 1",
        (wall,),
    )
    found = explained(client, bureau, number)
    assert found["data"]["changed_since"] is True
    assert found["data"]["changes_wait"] is True
    assert steps(found)["gap"] == found["distance_m"] == 0.7905
    page = client.get(f"/findings/{number}?lang=en", headers=bureau).text
    assert "changed since the screen" in page


@pytest.mark.parametrize("number", ["0", "x", str(2**63)])
def test_what_is_no_number_of_a_finding_is_refused(
    client: TestClient, bureau: dict[str, str], number: str
) -> None:
    for address in (f"/api/findings/{number}", f"/findings/{number}"):
        assert client.get(address, headers=bureau).status_code == 400
    assert client.get("/api/findings/77", headers=bureau).status_code == 404
    assert client.get("/api/findings/77/picture.svg", headers=bureau).status_code == 404
