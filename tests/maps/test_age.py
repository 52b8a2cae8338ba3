"""How old the records are, on every page that shows them, and late suppliers by name."""

import json
import re
from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.settings import Settings
from maps.small_city import Planted, add_box

LATE, FRESH = "甲燃气", "乙燃气"
OFFICIALS = ("supervisor", "planner", "utility", "administrator")


@pytest.fixture(scope="module")
def today(module_city: Settings, planted: Planted) -> date:
    """The west surveyed by a late company, its middle again by one that is not; the city's day."""
    with owner(module_city) as c:
        now = "select (now() at time zone %s)::date"
        day: date = c.execute(now, (module_city.time_zone,)).fetchone()[0]
        c.execute("update data.dataset set published_at = now() - interval '10 days'")
        dataset = "update data.dataset set update_days = 365 where layer = 'buildings' returning id"
        c.execute(dataset)
        found = c.execute("select id from data.dataset where layer = 'coverage'").fetchone()
        said = """update data.coverage set operator = %s, surveyed_on = %s, update_days = 90,
            org_id = %s where name = %s"""
        c.execute(said, (LATE, day - timedelta(days=412), planted.companies[0], "west"))
        add_box(c, "coverage", found[0], "middle", (500, 500, 1000, 1000))
        fresh = (FRESH, day - timedelta(days=5), planted.companies[1], "middle")
        c.execute(said, fresh)
        c.execute("update data.organisations set duty_phone = '0712-119' where name = %s", (LATE,))
    return day


def block(text: str) -> str:
    """The start page's table of late suppliers."""
    found = re.search(r'<table class="late.*?</table>', text, re.DOTALL)
    return found[0] if found else ""


def test_the_start_page_lists_late_suppliers_by_name(
    module_client: TestClient, module_sign_in: KeyMaker, today: date, planted: Planted
) -> None:
    for role in OFFICIALS:
        headers = module_sign_in(role, org_ids=tuple(planted.companies[1:]), all_districts=True)
        english = module_client.get("/?lang=en", headers=headers).text
        table = block(english)
        assert LATE in table and FRESH not in table, role
        assert "412" in table and "322" in table and "0712-119" in table
        assert f"· late: {LATE}" in english and "the oldest 412 days old" in english
        chinese = module_client.get("/?lang=zh", headers=headers).text
        assert "资料更新情况" in chinese and f"逾期未更新：{LATE}" in chinese
    for role in ("viewer", "dispatcher"):
        text = module_client.get("/?lang=en", headers=module_sign_in(role)).text
        assert LATE not in text and "brought what it promised" in text, role


def test_where_nobody_is_late_the_page_says_so(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker, today: date
) -> None:
    with owner(module_city) as c:
        c.execute("update data.coverage set update_days = 412 where operator = %s", (LATE,))
    text = module_client.get("/?lang=en", headers=module_sign_in("planner")).text
    assert not block(text) and "Every supplier has brought what it promised" in text
    with owner(module_city) as c:
        c.execute("update data.coverage set update_days = 90 where operator = %s", (LATE,))


def test_the_heat_page_and_its_cells_carry_the_age_at_that_place(
    module_client: TestClient, module_sign_in: KeyMaker, today: date
) -> None:
    headers = module_sign_in("planner")
    page = module_client.get("/maps/heat?lang=en", headers=headers).text
    assert f"· late: {LATE}" in page and "the oldest 412 days old" in page
    shown = re.search(r'id="heat-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    notes = [cell["note"] for cell in json.loads(shown[1])["cells"]]
    assert any("412 days old, past its promise" in note for note in notes)
    for system in ("square-500", "districts"):
        answer = module_client.get(f"/api/cells/{system}", headers=headers).json()
        assert answer["records"]["late"] == [LATE] and answer["records"]["age_days"] == 412
        ages = {f["properties"]["records_age_days"] for f in answer["features"]}
        assert ages == {412, None}, system
        for feature in answer["features"]:
            told = feature["properties"]
            surveyed = (today - timedelta(days=412)).isoformat()
            assert told["surveyed_on"] == (surveyed if told["records_age_days"] else None)
            assert told["records_late"] is (told["records_age_days"] is not None)
    viewer = module_client.get("/api/cells/districts", headers=module_sign_in("viewer")).json()
    assert {f["properties"]["records_age_days"] for f in viewer["features"]} == {412, None}
    assert viewer["records"]["late"] == [], "whose they are is not a viewer's to know"


def test_a_newer_survey_of_the_same_company_makes_the_place_as_young(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker, today: date
) -> None:
    headers = module_sign_in("planner")
    with owner(module_city) as c:
        found = c.execute("select id from data.dataset where layer = 'coverage'").fetchone()
        again = add_box(c, "coverage", found[0], "again", (-10, -10, 2010, 2010))
        c.execute(
            "update data.coverage set operator = %s, surveyed_on = %s, update_days = 90,"
            " org_id = (select org_id from data.coverage where name = 'west') where id = %s",
            (LATE, today - timedelta(days=7), again),
        )
    answer = module_client.get("/api/cells/square-500", headers=headers).json()
    assert answer["records"]["late"] == []
    assert {f["properties"]["records_age_days"] for f in answer["features"]} == {7, None}
    assert not block(module_client.get("/?lang=en", headers=headers).text)
    with owner(module_city) as c:
        c.execute("delete from data.coverage where id = %s", (again,))


def test_a_finding_tells_how_old_its_records_are(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker, today: date
) -> None:
    headers = module_sign_in("planner")
    with owner(module_city) as c:
        c.execute(
            "update data.dataset set surveyed_on = %s where layer = 'buildings'",
            (today - timedelta(days=366),),
        )
        number = c.execute("select min(id) from data.finding where main_id is null").fetchone()[0]
    found = module_client.get(f"/api/findings/{number}", headers=headers).json()
    records = found["subject"]["records"]
    assert (records["age_days"], records["late_days"], records["late"]) == (366, 1, True)
    page = module_client.get(f"/findings/{number}?lang=en", headers=headers).text
    assert "366 days old (promised every 365 days), 1 day late" in page
    listed = module_client.get("/findings?lang=zh", headers=headers).text
    assert "逾期未更新" in listed and LATE in listed
