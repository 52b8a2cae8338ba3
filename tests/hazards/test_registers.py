"""Registers: a row comes in, a rule finds it, its case is moved like all others; who knows what."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from conftest import owner
from gridwarden.rules.reading import packs_folder
from hazards.town import Town
from intake.conftest import post, quarantine, work
from intake.makers import shapefile
from rules.test_sharing_routes import URL as PROPOSALS
from rules.test_sharing_routes import administrator
from screening.conftest import point, rectangle

ESTATE = "样例苑"
RESTAURANT = {"kind": "restaurant", "fuel": "lpg", "alarm": False}
# register, what is wrong, family, kind of hazard; by the estate it names, or by a position
WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("building_water_systems", {"state": "paralysed"}, "water_system", "water_system"),
    ("liquid_fuel_users", RESTAURANT, "liquid_fuel_use", "liquid_fuel"),
    ("gas_supply_stations", {"licence": "expired"}, "gas_station_licence", "gas"),
    ("indoor_gas_inspections", {"visited": 8, "left_open": 2}, "indoor_gas_defects", "gas"),
    ("property_companies", {"fire_trained": False}, "property_training", "property"),
    ("petitions", {"stage": "accepted", "planned": False}, "petition_plan", "petition"),
    ("rented_dwellings", {"let_room": "kitchen"}, "rental_room", "group_rental"),
    ("fire_lanes", {"kind": "lane", "state": "blocked"}, "fire_lane", "life_passage"),
]
PETITION = {"name": "样例事项", "estate": ESTATE, "petitioner": "陈某", "phone": "13900000000"}


@pytest.fixture(scope="module", autouse=True)
def estate(town: Town) -> Iterator[None]:
    """The house rules in force; an estate in the first district, two of one name in it, and one in
    the second."""
    anna, bo = administrator(town.settings, "anna"), administrator(town.settings, "bo")
    files = {"cn-registers.toml": (packs_folder() / "cn-registers.toml").read_text("utf-8")}
    proposed = town.client.post(PROPOSALS, headers=anna, json={"files": files})
    assert proposed.status_code == 201, proposed.text
    approval = f"{proposed.headers['Location']}/approval"
    assert town.client.post(approval, headers=bo, json={}).status_code == 200
    town.screen()
    town.add("estates", rectangle(600, 600, 700, 700), name=ESTATE, code="E-1")
    for west in (710, 760):
        town.add("estates", rectangle(west, 600, west + 40, 640), name="同名苑")
    town.add("estates", rectangle(1600, 600, 1700, 700), name="东苑", code="E-2")
    yield


def made(town: Town, layer: str, role: str = "supervisor", **told: Any) -> Any:
    """Enter a row by the API: where the register can say so, by the estate alone."""
    shape = told.pop("geometry", None)
    body = {"type": "Feature", "geometry": shape, "properties": told}
    url = f"/ogc/collections/{layer}/items"
    return town.client.post(url, json=body, headers=town.key(role))


def here(town: Town, wkt: str) -> dict[str, Any]:
    """A shape of the town as GeoJSON."""
    ask = "select st_asgeojson(st_transform(st_geomfromtext(%s, data.working_srid()), 4326), 9)"
    ((shape,),) = town.sql(ask, (wkt,))
    return dict(json.loads(shape))


def entered(town: Town, layer: str, wrong: dict[str, Any], family: str) -> Any:
    """The answer to a row that its rule finds."""
    placed: dict[str, Any] = {"estate": ESTATE}
    if layer in ("liquid_fuel_users", "gas_supply_stations", "rented_dwellings"):
        placed = {"geometry": here(town, point(650, 650))}
    elif layer == "fire_lanes":
        placed = {"geometry": here(town, rectangle(400, 400, 450, 406))}
    answer = made(town, layer, name=f"某{family}", accuracy_m=1, **placed, **wrong)
    assert answer.status_code == 201, answer.text
    return answer


def test_every_register_s_row_becomes_a_finding_and_a_case_and_is_moved(town: Town) -> None:
    rows = {family: entered(town, layer, wrong, family) for layer, wrong, family, _ in WRONG}
    town.followed()
    cases = {family: town.case_of(rows[family].json()["id"], family) for family in rows}
    for _, _, family, category in WRONG:
        case = cases[family]
        assert (case["state"], case["category"]) == ("found", category)
        assert case["place_words"] == f"某{family}"
        assert case["district_id"] == town.districts[0]
        acts = (("inspector", "register"), ("supervisor", "assess"), ("supervisor", "assign"))
        town.done(case, *acts)
        assert (case["state"], case["hazard_no"][:6]) == ("assigned", "440101")
        asked = {"params": {"category": category}, "headers": town.key("inspector")}
        listed = town.client.get("/api/hazards", **asked).json()["items"]
        assert case["id"] in [one["id"] for one in listed]
    # the rows go: their cases go to verification by themselves, and the inspector closes them
    for answer in rows.values():
        headers = {**town.key("supervisor"), "If-Match": answer.headers["etag"]}
        assert town.client.delete(answer.headers["location"], headers=headers).status_code == 204
    town.followed()
    for family, case in cases.items():
        case = town.case(case["id"])
        assert (case["state"], case["standing"]) == ("awaiting_verification", False), family
        assert town.move(case, "inspector", "close").status_code in (200, 503)
    town.followed()
    for family, case in cases.items():
        case = town.case(case["id"])
        if case["state"] != "closed":
            assert town.move(case, "inspector", "close").status_code == 200, family


def test_a_limit_that_is_not_set_judges_nobody_and_is_listed_so(town: Town) -> None:
    answer = made(
        town, "petitions", name="重复", estate=ESTATE, stage="accepted", repeats=99, age_days=999
    )
    assert answer.status_code == 201, answer.text
    town.followed()
    number = answer.json()["id"]
    found = town.sql(
        "select family from data.finding where layer = 'petitions' and subject_id = %s", (number,)
    )
    assert found == []
    url = "/registers/petitions?lang=zh"
    shown = town.client.get(url, headers=town.key("supervisor"))
    assert shown.status_code == 200, shown.text[-900:]
    text = shown.text[shown.text.index("<main") :]
    assert "限值未设定" in text and "重复信访次数上限" in text, text[-1500:]
    # the office sets it: the very same row is found
    town.sql("update data.rule_figure set value = 3 where id = 'petition_repeats_most'")
    town.screen()
    found = town.sql(
        "select family from data.finding where layer = 'petitions' and subject_id = %s", (number,)
    )
    assert found == [("petition_repeats",)]


def test_who_asked_is_known_to_the_bureau_of_the_district_alone(town: Town) -> None:
    answer = made(town, "petitions", **PETITION, 备用电话="13911111111")
    assert answer.status_code == 201, answer.text
    number, url = answer.json()["id"], answer.headers["location"]

    def read(role: str, where: int = 0) -> dict[str, Any]:
        told = town.client.get(url, headers=town.key(role, where))
        assert told.status_code == 200, told.text
        return dict(told.json()["properties"])

    whole = read("supervisor")
    assert (whole["petitioner"], whole["phone"]) == ("陈某", "13900000000")
    assert whole["extra"] == {"备用电话": "13911111111"}
    for role, where in (("supervisor", 1), ("planner", 0), ("inspector", 0)):
        held = read(role, where)
        assert (held["petitioner"], held["phone"], held["home"], held["extra"]) == (
            None,
            None,
            None,
            {},
        )
        assert held["estate"] == ESTATE
        table = town.client.get(
            "/api/layers/petitions/export?format=csv", headers=town.key(role, where)
        )
        assert table.status_code == 200 and "样例事项" in table.text
        assert "陈某" not in table.text and "139" not in table.text
        page = town.client.get(f"/registers/petitions/rows/{number}", headers=town.key(role, where))
        assert page.status_code == 200 and "139" not in page.text
    for role in ("viewer", "utility", "dispatcher", "warden", "administrator"):
        assert town.client.get(url, headers=town.key(role)).status_code == 403
    # the database holds it, now and of the past, whoever asks it how
    with owner(town.settings) as c:
        for view in ("petitions", "petitions_at"):
            assert "api.knows" in str(
                c.execute(f"select pg_get_viewdef('api.{view}'::regclass)").fetchone()
            )
        allowed = "select has_table_privilege('gridwarden_planner', 'data.petitions', 'select')"
        assert c.execute(allowed).fetchone() == (False,)


def test_a_form_of_any_register_enters_changes_and_removes(town: Town) -> None:
    client, bureau = town.client, town.key("supervisor")
    site = {**bureau, "Origin": "http://testserver"}
    for lang in ("en", "zh"):
        for url in ("/registers", "/registers/petitions", "/registers/petitions/new"):
            assert client.get(f"{url}?lang={lang}", headers=bureau).status_code == 200
    form = {**PETITION, "stage": "accepted", "planned": "true", "people": "3"}
    sent = client.post("/registers/petitions/new", data=form, headers=site, follow_redirects=False)
    assert sent.status_code == 303, sent.text
    url = sent.headers["location"]
    shown = client.get(url, headers=bureau).text
    assert 'value="陈某"' in shown and 'name="version" value="1"' in shown

    def change(who: dict[str, str], **told: str) -> Any:
        return client.post(f"{url}?lang=en", data=told, headers=who, follow_redirects=False)

    assert change(site, version="1", people="5").status_code == 303
    late = change(site, version="1", people="6")
    assert late.status_code == 412 and 'value="6"' in late.text and "Read it" in late.text
    # another district's bureau is not told the phone, and does not wipe it
    other = {**town.key("supervisor", 1), "Origin": "http://testserver"}
    assert change(other, version="2", people="7", phone="", petitioner="").status_code == 303
    row = "select people, phone, version from data.petitions where id = %s"
    number = int(url.rpartition("/")[2])
    assert town.sql(row, (number,)) == [(7, "13900000000", 3)]
    wrong = change(site, version="3", people="many")
    assert wrong.status_code == 400 and 'aria-invalid="true"' in wrong.text
    assert change(site, version="3", estate="同名苑", lon="", lat="").status_code == 400
    assert change(site, version="3", estate="东苑", lon="", lat="").status_code == 303
    ((inside,),) = town.sql(
        "select exists (select from data.estates e, data.petitions p where e.name = '东苑'"
        " and p.id = %s and st_within(p.geom, e.geom))", (number,),
    )  # fmt: skip
    assert inside
    assert change(site, version="4", act="remove").status_code == 303
    assert client.get(url, headers=bureau).status_code == 404
    planner = {**town.key("planner"), "Origin": "http://testserver"}
    assert client.post("/registers/petitions/new", data=form, headers=planner).status_code == 404
    assert client.get("/registers/gas_pipelines", headers=bureau).status_code == 404


def test_a_list_without_positions_stands_where_its_estates_stand(
    town: Town, tmp_path: Path
) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["某区2026年入户安检台账"])
    sheet.append(["编号", "小区名称", "通气户数", "已检户数", "未整改户数", "安检员"])
    for code, estate, homes in (
        *(("A1", ESTATE, 900), ("A2", "E-2", 500), ("A3", "同名苑", 1)),
        *(("A4", "没有苑", 1), ("A5", None, 1)),
    ):
        sheet.append([code, estate, homes, homes, 0, "王某"])
    file = tmp_path / "安检.xlsx"
    book.save(file)
    told = brought(town, file, layer="indoor_gas_inspections", dataset="round")
    assert (told["state"], told["added"], told["quarantined"]) == ("published", 2, 3), told
    reasons = quarantine(town.settings, told["id"])
    assert sorted(reasons.values()) == ["no_geometry", "no_such_place", "no_such_place"]
    stands = town.sql(
        "select i.code, e.code from data.indoor_gas_inspections i"
        " join data.estates e on st_within(i.geom, e.geom) where left(i.code, 1) = 'A' order by 1"
    )
    assert stands == [("A1", "E-1"), ("A2", "E-2")]


def test_a_register_comes_as_a_shapefile_in_gbk_without_its_code_page(
    town: Town, tmp_path: Path
) -> None:
    where = here(town, point(300, 300))
    said = {"名称": "某小吃店", "单位类别": "餐饮", "燃料种类": "液化气", "报警装置": "无"}
    file = shapefile(
        tmp_path / "shp", [(where, said)], encoding="GBK", cpg=False, geometry_type="Point"
    )
    told = brought(town, file, layer="liquid_fuel_users", dataset="shops", encoding="gbk")
    assert (told["state"], told["added"], told["quarantined"]) == ("published", 1, 0), told
    row = "select id, kind, fuel, alarm from data.liquid_fuel_users where name = '某小吃店'"
    [(number, *read)] = town.sql(row)
    assert read == ["restaurant", "lpg", False]
    town.followed()
    case = town.case_of(number, "liquid_fuel_use")
    assert (case["state"], case["place_words"]) == ("found", "某小吃店")


def brought(town: Town, file: Path, **form: str) -> dict[str, Any]:
    """The import of a file by the bureau, when its job has ended."""
    headers = town.key("supervisor", all_districts=True)
    answer = post(town.client, headers, file, **form)
    assert answer.status_code == 202, answer.text
    work(town.settings, answer.json()["job"])
    return dict(town.client.get(answer.json()["url"], headers=headers).json())
