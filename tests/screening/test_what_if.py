"""What a screening would find: as it finds it once the feature is there, and nothing is kept."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import shapely
from psycopg.rows import dict_row
from shapely.affinity import translate
from shapely.geometry import mapping

from commands import run_command
from conftest import KeyMaker, client_of, owner
from gridwarden.settings import Settings

from .conftest import STEEL_MA, SURE, X, Y, line, point, rectangle
from .what_if_town import METRES, Town, town_of

TEXTS = ("family", "layer", "rule", "clause", "edition", "severity", "certainty", "verified")
NUMBERS = ("distance_m", "required_m", "margin_m", "accuracy_m")
COUNTED = (
    *("data.history", "data.change", "data.main_profile", "data.main_rule", "data.main_piece"),
    *("data.finding", "data.finding_exact", "data.judged", "data.permit_answer", "data.dataset"),
    *("data.charging_sheds", "data.excavations", "data.gas_pipelines", "data.job"),
)


def at(wkt: str, east: float) -> str:
    """The shape so many metres further east."""
    return str(translate(shapely.from_wkt(wkt), east).wkt)


def furnish(made: Town, east: float = 0) -> None:
    """Two companies' mains, and something of most layers around the first of them."""
    for org, y, columns in (
        ("A", 0, {"code": "A-1", "depth_top_m": 1.0}),
        ("A", 40, {"code": "A-2", "pressure_class": "SHA", "wall_mm": 10.0}),
        ("B", 100, {"code": "B-1", "pressure_class": "MB"}),
    ):
        made.main(org, at(line((0, y), (300, y)), east), **columns)
    for layer, wkt, columns in (
        ("buildings", rectangle(10, 8, 30, 20), {"height_m": 30.0, "name": "tower"} | SURE),
        ("buildings", rectangle(60, 44, 80, 52), {"storeys": 2.0} | SURE),
        ("estates", rectangle(0, 150, 120, 240), {"households": 80, "name": "east estate"}),
        ("charging_sheds", rectangle(200, 4, 206, 8), {"code": "S-1", "status": "open"} | SURE),
        ("street_objects", point(100, 1), {"kind": "tree", "deep_rooted": True} | SURE),
        ("enclosed_spaces", rectangle(120, 3, 126, 6), {"kind": "basement"} | SURE),
        ("underground_lines", line((0, 1), (300, 1)), {"kind": "water", "od_mm": 300.0} | SURE),
        ("excavations", rectangle(150, 2, 156, 5), {"method": "mechanical"} | SURE),
        ("construction_sites", rectangle(220, 2, 240, 30), SURE),
    ):
        made.drawn.add(layer, at(wkt, east), **columns)


@pytest.fixture
def town(city: Settings, sign_in: KeyMaker) -> Iterator[Town]:
    """A town that a test draws."""
    with client_of(city) as http:
        yield town_of(city, http, sign_in)


SHA_1_2 = STEEL_MA | {"pressure_class": "SHA", "p_mop_mpa": 1.2}
PROPOSALS = [
    ("charging_sheds", rectangle(50, 0.4, 56, 3), SURE | {"places": 20}),
    ("charging_sheds", rectangle(70, -1, 76, 3), SURE),
    ("charging_sheds", point(250, 5), {"accuracy_m": 0.5}),
    ("charging_sheds", rectangle(12, 22, 18, 25), SURE),
    ("buildings", rectangle(90, 1.2, 110, 12), SURE | {"height_m": 24.0}),
    ("buildings", rectangle(90, 43, 110, 50), {"storeys": 7}),
    ("buildings", rectangle(90, 95, 110, 105), SURE),
    ("construction_sites", rectangle(90, 44, 110, 60), SURE),
    ("excavations", rectangle(90, 8, 110, 14), SURE | {"method": "mechanical", "depth_m": 12.0}),
    ("excavations", rectangle(90, 0.45, 110, 5), SURE),
    ("estates", rectangle(700, 700, 800, 800), SURE),
    ("estates", rectangle(150, 5, 250, 90), {"households": 120}),
    ("street_objects", point(130, 0.5), SURE | {"kind": "tree", "deep_rooted": True}),
    ("street_objects", line((0, 41), (50, 41)), SURE | {"kind": "railway"}),
    ("enclosed_spaces", rectangle(120, -2, 126, 2), SURE | {"kind": "drain"}),
    ("underground_lines", line((0, 0.6), (300, 0.6)), SURE | {"kind": "water", "od_mm": 200.0}),
    ("underground_lines", line((50, -9), (50, 9)), SURE | {"kind": "sewer", "depth_top_m": 1.1}),
    ("gas_pipelines", line((0, 0.55), (300, 0.55)), STEEL_MA),
    (
        "gas_pipelines",
        line((0, 3), (300, 3)),
        STEEL_MA | {"pressure_class": "SHA", "p_mop_mpa": 1.2},
    ),
    ("gas_pipelines", line((0, 0.51), (300, 0.51)), {"dn": 100.0}),
    ("gas_pipelines", line((20, -30), (20, 90)), STEEL_MA | {"depth_top_m": 0.2}),
]


def wanted(row: dict[str, Any]) -> tuple[Any, ...]:
    """What a finding says, in a form that two ways of finding it share."""
    numbers = (None if row[n] is None else round(float(row[n]), 4) for n in NUMBERS)
    lists = (tuple(sorted(row[n])) for n in ("missing", "assumed"))
    return (*(row[name] for name in TEXTS), *numbers, *lists)


FOUND = """
    select f.*, e.* from data.finding f join data.finding_exact e on e.finding_id = f.id
    where f.layer = %(layer)s and f.subject_id = %(id)s
       or %(layer)s = 'gas_pipelines' and f.main_id = %(id)s
"""


def test_a_proposal_is_judged_as_a_screening_would_once_it_is_there(town: Town) -> None:
    """Each beside furniture of its own, 2 km from the next; then all are there and screened."""
    asked, features, seen = [], [], set()
    for n in range(len(PROPOSALS)):
        furnish(town, 2_000 * n)
    for n, (layer, wkt, properties) in enumerate(PROPOSALS):
        said = properties | ({"operator": "A"} if layer == "gas_pipelines" else {})
        asked.append(town.ask(layer, at(wkt, 2_000 * n), properties=said))
    for n, (layer, wkt, properties) in enumerate(PROPOSALS):
        columns = properties | ({"org_id": town.orgs["A"]} if layer == "gas_pipelines" else {})
        features.append(town.drawn.add(layer, at(wkt, 2_000 * n), **columns))
    town.drawn.screen()
    with owner(town.drawn.settings) as c, c.cursor(row_factory=dict_row) as cursor:
        for (layer, wkt, _), feature, told in zip(PROPOSALS, features, asked, strict=True):
            found = cursor.execute(FOUND, {"layer": layer, "id": feature}).fetchall()
            mine = sorted(map(wanted, told["findings"]), key=str)
            assert mine == sorted(map(wanted, found), key=str), (layer, wkt)
            assert told["found"] == len(found) and told["others"] == []
            for one in told["findings"]:
                seen.add((layer, one["kind"], one["certainty"]))
                own = [band for band in one["bands"] if band["own"]]
                assert one["distance_m"] is None or own
    # so that this cannot pass over an empty town
    assert {layer for layer, _, _ in seen} == {layer for layer, _, _ in PROPOSALS}
    kinds = ("protection", "clearance", "activity", "absence", "attribute", "control")
    assert {kind for _, kind, _ in seen} >= set(kinds)
    assert {certainty for _, _, certainty in seen} == {"certain", "possible"}


def test_nothing_is_stored_but_what_was_asked(town: Town) -> None:
    furnish(town)
    town.drawn.screen()

    def counts() -> dict[str, int]:
        return {
            table: town.drawn.sql(f"select count(*) from {table}")[0][0]
            for table in COUNTED
            if town.drawn.sql("select to_regclass(%s) is not null", (table,))[0][0]
        }

    before = counts()
    for layer, wkt, properties in PROPOSALS:
        town.ask(layer, wkt, "A", properties=properties)
    assert counts() == before
    told = town.drawn.sql(
        "select role, object, rows, detail from data.audit where action = 'what-if' order by id"
    )
    assert [(role, layer) for role, layer, _, _ in told] == [
        ("gridwarden_utility", layer) for layer, _, _ in PROPOSALS
    ]
    town.ask("charging_sheds", point(50, 3))
    looks = town.drawn.sql("select detail ->> 'purpose' from data.audit where action = 'look'")
    assert looks == [("what if charging_sheds",)]


def test_what_was_asked_is_kept_with_its_place_and_nobody_reads_it(town: Town) -> None:
    town.main("B", line((0, 0), (300, 0)))
    shed = rectangle(50, 12, 56, 15)
    found = town.ask("charging_sheds", shed, "A", properties=SURE | {"places": 20})
    dig = SURE | {"method": "mechanical"}
    asked = town.ask("excavations", rectangle(90, 8, 110, 14), "bureau", properties=dig)
    kept = town.drawn.sql(
        "select id, role, person, layer, replaces, place, properties, verdict, found,"
        " others -> 0 ->> 'distance_band', rules, now() - asked_at < interval '1 hour'"
        " from data.what_if_asked order by id"
    )
    (first, second) = ([*row[1:5], *row[6:]] for row in kept)
    assert shapely.from_wkb(kept[0][5]).equals(shapely.from_wkt(shed))
    packs, properties = found["data"]["rules"], SURE | {"places": 20}
    who = ["utility", "test utility", "charging_sheds", None]
    assert first == [*who, properties, None, found["found"], "5-15", packs, True]
    assert second[4:7] == [dig, asked["verdict"], asked["found"]]
    numbers = town.drawn.sql(
        "select (detail ->> 'asked')::bigint, detail::text from data.audit"
        " where action = 'what-if' order by id"
    )
    assert [number for number, _ in numbers] == [row[0] for row in kept]
    # an auditor reads the audit, and may not learn from it where a main is proposed
    assert not any("oordinates" in detail or str(int(X))[:4] in detail for _, detail in numbers)
    readers = (
        "select r.rolname from pg_roles r where r.rolname like 'gridwarden%%' and not r.rolsuper"
    )
    readers += " and has_table_privilege(r.oid, 'data.what_if_asked', 'select')"
    assert {name for (name,) in town.drawn.sql(readers)} == {"gridwarden_owner"}
    for statement in ("update {} set found = 0", "delete from {}", "truncate {}"):
        with pytest.raises(psycopg.Error):
            town.drawn.sql(statement.format("data.what_if_asked"))


def test_of_another_companys_main_one_is_told_operator_and_band_alone(town: Town) -> None:
    """Nothing changes from one end of a band to the other, whatever range of a rule ends there."""
    town.main("B", line((0, 0), (300, 0)), code="SECRET-B-1", pressure_class="SHA", accuracy_m=0.37)
    edge = STEEL_MA["od_mm"] / 2000

    def told(layer: str, gap: float) -> dict[str, Any]:
        wkt = rectangle(50, edge + gap, 60, edge + gap + 3)
        found = town.ask(layer, wkt, "A")
        # a moment may have any digits
        del found["data"]["asked_at"]
        assert "SECRET" not in json.dumps(found) and "0.37" not in json.dumps(found)
        return found

    for layer in ("charging_sheds", "construction_sites", "enclosed_spaces", "buildings"):
        for gaps, band in (((0.1, 1.4, 1.6, 4.9), "0-5"), ((10.1, 13.4, 13.6, 14.9), "5-15")):
            answers = [told(layer, gap) for gap in gaps]
            assert all(answer == answers[0] for answer in answers)
            (other,) = answers[0]["others"]
            assert (other["operator"], other["distance_band"]) == ("B", band)
            assert set(other) == {"operator", "distance_band", "phone", "duty_phone", "say"}
            assert not [one for one in answers[0]["findings"] if one["distance_band"]]
        # up to 5 m nearer counts: a main that A may not read is moved
        assert told(layer, 55.1)["others"] == []
    own = town.ask("charging_sheds", rectangle(50, edge + 1, 60, 9), "B")
    assert own["others"] == [] and own["findings"][0]["counterpart"]["code"] == "SECRET-B-1"


def test_a_company_proposes_its_own_main_and_sees_no_other_companys(town: Town) -> None:
    town.main("B", line((0, 0.6), (300, 0.6)), code="SECRET-B-2")
    mine = town.main("A", line((0, 0.55), (300, 0.55)), code="A-9")
    found = town.ask("gas_pipelines", line((0, 0), (300, 0)), "A", properties=dict(STEEL_MA))
    assert "SECRET" not in json.dumps(found)
    assert [other["operator"] for other in found["others"]] == ["B"]
    mains = [one for one in found["findings"] if one["layer"] == "gas_pipelines"]
    assert [one["counterpart"]["id"] for one in mains if one["counterpart"]] == [mine]
    claimed = town.ask(
        "gas_pipelines", line((0, 0), (300, 0)), "A", properties=STEEL_MA | {"operator": "B"}
    )
    assert "SECRET" not in json.dumps(claimed)


def test_the_edge_may_move_as_far_as_is_told(town: Town) -> None:
    """Nearer by less than that changes no grade; away by that and no less makes it milder."""
    town.main("A", line((0, 0), (300, 0)), accuracy_m=0.1)
    edge = STEEL_MA["od_mm"] / 2000
    rank = ["no", "general", "serious", "major"]

    def near(gap: float) -> tuple[int, dict[str, Any]]:
        wkt = rectangle(50, edge + gap, 60, edge + gap + 3)
        found = town.ask("charging_sheds", wkt, "A", properties={"accuracy_m": 0.05})
        mains = [one for one in found["findings"] if one["distance_band"]]
        if not mains:
            return 0, {}
        return rank.index(mains[0]["severity"]), mains[0]["edge_may_move_m"]

    for gap in (1.3, 0.9, 0.3):
        grade, move = near(gap)
        assert grade > 0
        if move["nearer"] is not None:
            assert near(gap - move["nearer"] + 0.001)[0] == grade
            assert near(gap - move["nearer"] - 0.001)[0] == rank.index(move["stricter"])
        assert near(gap + move["away"] - 0.001)[0] == grade
        assert near(gap + move["away"] + 0.001)[0] == rank.index(move["milder"]) < grade


def test_a_point_beside_a_main_is_told_its_way_out_though_its_radius_reaches_it(
    town: Town,
) -> None:
    """A radius of 3 m that is assumed is no ground that lies on the main."""
    town.main("A", line((0, 0), (300, 0)))
    edge = STEEL_MA["od_mm"] / 2000
    (one,) = town.ask("charging_sheds", point(50, edge + 1), "A")["findings"]
    assert (one["distance_m"], one["assumed"]) == (-2, ["radius_m"])
    away = one["edge_may_move_m"]["away"]
    assert away == 2 and one["edge_may_move_m"]["milder"] == "serious"
    (one,) = town.ask("charging_sheds", point(50, 0), "A")["findings"]
    assert one["edge_may_move_m"]["away"] is None


def test_a_bureau_reads_what_is_measured_from_mains_of_its_own_districts_alone(
    town: Town, sign_in: KeyMaker
) -> None:
    town.main("B", line((0, 0), (300, 0)), code="SECRET-B-3")
    here = town.drawn.add("districts", rectangle(-100, -100, 400, 100), name="here")
    there = town.drawn.add("districts", rectangle(5_000, -100, 5_400, 100), name="there")
    for name, district in (("own", here), ("foreign", there)):
        town.keys[name] = sign_in("supervisor", district_ids=(district,))
    shed = rectangle(50, 1, 56, 3)
    own = town.ask("charging_sheds", shed, "own")
    assert own["others"] == [] and own["findings"][0]["counterpart"]["code"] == "SECRET-B-3"
    foreign = town.ask("charging_sheds", shed, "foreign")
    assert "SECRET" not in json.dumps(foreign) and foreign["findings"] == []
    assert [(o["operator"], o["distance_band"]) for o in foreign["others"]] == [("B", "0-5")]


def test_moving_a_shed_tells_what_would_end_and_what_would_not(town: Town) -> None:
    first = town.main("A", line((0, 0), (300, 0)), code="A-1")
    town.main("A", line((0, 20), (300, 20)), code="A-2")
    shed = town.drawn.add("charging_sheds", rectangle(50, 0.5, 56, 3), code="S-1", **SURE)
    town.drawn.screen()
    (there,) = [one for one in town.drawn.findings() if one["main_id"] == first]
    away = town.ask("charging_sheds", rectangle(50, 9, 56, 12), "A", replaces=shed)
    assert [one["id"] for one in away["ends"]] == [there["id"]]
    assert away["ends"][0]["counterpart"]["id"] == first
    assert not [one for one in away["findings"] if one["distance_band"]]
    nearer = town.ask("charging_sheds", rectangle(50, 0.4, 56, 3), "A", replaces=shed)
    assert nearer["ends"] == [] and nearer["findings"][0]["counterpart"]["id"] == first
    # another company learns nothing of that main, nor of what would end
    assert town.ask("charging_sheds", rectangle(50, 9, 56, 12), "B", replaces=shed)["ends"] == []
    (seen,) = town.ask("charging_sheds", rectangle(50, 9, 56, 12), replaces=shed)["ends"]
    assert seen["id"] == there["id"]


def test_a_main_that_is_laid_elsewhere_frees_what_stood_on_it(town: Town) -> None:
    old = town.main("A", line((0, 0), (300, 0)))
    other = town.main("B", line((0, 60), (300, 60)))
    building = town.drawn.add("buildings", rectangle(50, -3, 60, 9), name="hall", **SURE)
    town.drawn.screen()
    (there,) = [one for one in town.drawn.findings() if one["main_id"] == old]
    asked = town.ask(
        "gas_pipelines", line((0, 30), (300, 30)), "A", replaces=old, properties=dict(STEEL_MA)
    )
    assert [one["id"] for one in asked["ends"]] == [there["id"]]
    assert asked["ends"][0]["counterpart"]["name"] == "hall"
    assert asked["ends"][0]["counterpart"]["id"] == building
    assert [o["distance_band"] for o in asked["others"]] == ["15-50"]
    refused = town.send("gas_pipelines", line((0, 30), (300, 30)), "A", replaces=other)
    assert (refused.status_code, refused.json()["field"]) == (404, "replaces")


def test_a_dig_gets_the_verdict_of_a_permit_check(town: Town) -> None:
    town.main("A", line((0, 0), (300, 0)))
    town.main("B", line((0, 30), (300, 30)))
    for south, who in ((0.4, "A"), (4, "A"), (12, "A"), (22, "A"), (29, "A"), (4, "bureau")):
        wkt = rectangle(50, south, 60, south + 0.5)
        shape = json.loads(json.dumps(mapping(shapely.from_wkt(wkt))))
        for method, depth in (("mechanical", 1.0), ("mechanical", 12.0), ("hand", 1.0)):
            properties = SURE | {"method": method, "depth_m": depth}
            found = town.ask("excavations", wkt, who, properties=properties)
            permit = town.http.post(
                f"/api/permits/check?crs={METRES}",
                json={"area": shape, "method": method, "depth_m": depth},
                headers=town.keys[who],
            ).json()
            assert found["verdict"] == permit["verdict"]
            assert found["dig"]["mains"] == permit["mains"]


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "What would be found"), ("zh", "将会查出的疑似问题")]
)
def test_the_page_asks_and_answers_in_both_languages(town: Town, lang: str, words: str) -> None:
    town.main("A", line((0, 0), (300, 0)), code="A-17")
    headers = town.keys["A"] | {"Accept": "text/html"}
    form = town.http.get(f"/what-if?lang={lang}", headers=headers)
    assert form.status_code == 200 and 'href="/what-if"' in form.text
    values = {
        "layer": "charging_sheds",
        "crs": METRES,
        "feature": f"{X + 50},{Y + 3.5}",
        "properties": "accuracy_m = 0\nplaces：20",
        "replaces": "",
    }
    sent = town.http.post(f"/what-if?lang={lang}", data=values, headers=headers)
    assert sent.status_code == 200, sent.text
    assert words in sent.text and "A-17" in sent.text and "cn-city-gas@" in sent.text
    values["properties"] = "accuracy_m"
    wrong = town.http.post(f"/what-if?lang={lang}", data=values, headers=headers)
    assert wrong.status_code == 400 and f"{X + 50},{Y + 3.5}" in wrong.text


def test_the_command_line_judges_a_file(town: Town, tmp_path: Path) -> None:
    town.main("A", line((0, 0), (300, 0)), code="A-99")
    feature = {
        "type": "Feature",
        "geometry": mapping(shapely.from_wkt(rectangle(50, 0.5, 56, 3))),
        "properties": SURE,
    }
    file = tmp_path / "shed.geojson"
    file.write_text(json.dumps(feature), encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(town.drawn.settings, "what-if", file, *arguments)

    own = ("--layer", "charging_sheds", "--crs", METRES, "--as", "utility", "--org", "A")
    told = run(*own, "--lang", "en")
    assert told.returncode == 0, told.stderr
    assert "A-99" in told.stdout
    found = json.loads(run(*own, "--json").stdout)
    assert found["findings"][0]["rule"]
    refused = run("--layer", "sheds", "--crs", METRES)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
