"""Cases follow findings, whatever becomes of them: one case for a family and its subject."""

import asyncio
from typing import Any

import pytest

from conftest import owner
from gridwarden.database import open_pool
from gridwarden.hazards.cases.following import run
from hazards.town import Town
from screening.conftest import SURE, line, rectangle


def of(town: Town, subject: int, family: str) -> tuple[Any, ...]:
    """State, version, grade, standing and how often it came back."""
    query = (
        "select state, version, grade, standing, reopened from data.hazard_case"
        " where subject_id = %s and family = %s"
    )
    (found,) = town.sql(query, (subject, family))
    return found


def acts(town: Town, case: dict[str, Any]) -> list[str]:
    return [one["act"] for one in town.case(case["id"])["acts"]]


def test_two_mains_beside_one_building_are_one_case_with_two_findings(town: Town) -> None:
    house = town.add("buildings", rectangle(500, 500, 510, 510), **SURE)
    for gap in (0.2, 0.4):
        north = 510 + gap
        steel = {"pressure_class": "MA", "material": "steel", "od_mm": 20.0, **SURE}
        town.main(line((400, north), (600, north)), org_id=town.orgs[0], **steel)
    town.followed()
    case = town.case_of(house, "main_encroachment")
    assert case["main"] and case["distance_band"] == "0-5"
    assert len(case["evidence"]) == 2
    assert all(one["rule"] is None for one in case["evidence"])  # it names a narrower band
    of_it = "select id from data.hazard_case where layer = 'buildings' and subject_id = %s"
    assert len(town.sql(of_it, (house,))) == 1
    # one of the mains goes: the case stays
    town.sql("delete from data.gas_pipelines where id = (select max(id) from data.gas_pipelines)")
    town.followed()
    case = town.case(case["id"])
    assert (case["state"], case["standing"]) == ("found", True)
    assert sum(one["until"] is None for one in case["evidence"]) == 1


def test_what_ends_before_anybody_looked_is_no_hazard_and_the_same_case_when_it_is_back(
    town: Town,
) -> None:
    house = town.house()
    town.followed()
    before = town.case_of(house)
    town.watered(house)
    assert town.followed()["ended"] == 1
    assert of(town, house, "building_water") == ("invalid", 2, "serious", False, 0)
    town.watered(house, "fault")
    assert town.followed()["came_back"] == 1
    assert of(town, house, "building_water") == ("found", 3, "serious", True, 0)
    assert town.case_of(house)["id"] == before["id"]


def test_what_ends_by_itself_is_verified_by_a_person_and_comes_back_to_the_same_case(
    town: Town,
) -> None:
    house = town.house()
    town.followed()
    case = town.done(
        town.case_of(house), ("inspector", "register"), ("supervisor", "assess"),
        ("supervisor", "assign"),
    )  # fmt: skip
    number = case["hazard_no"]
    town.watered(house)
    town.followed()
    case = town.case(case["id"])
    assert (case["state"], case["standing"]) == ("awaiting_verification", False)
    assert town.closed(case).status_code == 200
    town.watered(house, "fault")
    town.followed()
    case = town.case(case["id"])
    told = {name: case[name] for name in ("state", "reopened", "hazard_no", "due_at", "closed_at")}
    assert told == {
        "state": "registered",
        "reopened": 1,
        "hazard_no": number,
        "due_at": None,
        "closed_at": None,
    }
    assert acts(town, case)[-2:] == ["close", "come_back"]


def test_a_case_that_was_dismissed_stays_so_while_nothing_changes(town: Town) -> None:
    house = town.house()
    town.followed()
    case = town.case_of(house)
    assert town.move(case, "inspector", "dismiss").status_code == 400
    assert town.move(case, "inspector", "dismiss", note="it has a tank").status_code == 200
    town.screen()
    town.followed()
    assert of(town, house, "building_water")[0] == "invalid"


def test_the_grade_is_that_of_the_evidence_until_a_person_says_otherwise(town: Town) -> None:
    house = town.house()
    town.followed()
    case = town.case_of(house)

    def judged(severity: str) -> None:
        change = "update data.finding set severity = %s where subject_id = %s"
        town.sql(change, (severity, house))
        asyncio.run(town._follow())
        case.update(town.case(case["id"]))

    judged("major")
    assert (case["grade"], case["evidence_grade"]) == ("major", "major")
    assert acts(town, case)[-1] == "regrade"
    town.done(case, ("inspector", "register"))
    assert town.move(case, "supervisor", "assess", grade="general").status_code == 200
    judged("serious")
    assert (case["grade"], case["evidence_grade"]) == ("serious", "serious")
    judged("general")
    assert (case["grade"], case["evidence_grade"]) == ("general", "general")
    assert town.move(case, "supervisor", "assess", grade="major").status_code == 200
    judged("serious")
    assert (case["grade"], case["evidence_grade"]) == ("major", "serious")


def test_a_case_moves_with_its_subject_to_another_district_and_grid(town: Town) -> None:
    house = town.house()
    town.followed()
    case = town.case_of(house)
    town.sql("update data.buildings set geom = st_translate(geom, 1000, 0) where id = %s", (house,))
    town.followed()
    elsewhere = f"/api/hazards/{case['id']}"
    assert town.client.get(elsewhere, headers=town.key("supervisor")).status_code == 404
    told = town.client.get(elsewhere, headers=town.key("supervisor", 1)).json()
    assert (told["district"], told["grid"]) == ("区1", "格1")
    assert told["acts"][-1]["act"] == "move"
    assert told["acts"][-1]["before"]["district_id"] == town.districts[0]


def test_nothing_changes_by_following_everything_again(town: Town) -> None:
    town.followed()
    count = "select count(*), max(version) from data.hazard_case"
    ((cases, version),) = town.sql(count)
    ((known,),) = town.sql("select count(*) from data.hazard_act")
    town.sql("insert into data.hazard_wait (everything) values (true)")
    done = asyncio.run(town._follow())
    assert done.pop("subjects") >= cases - 2  # people's reports have no rule
    assert set(done.values()) == {0}
    assert town.sql(count) == [(cases, version)]
    assert town.sql("select count(*) from data.hazard_act") == [(known,)]


def test_killed_in_the_middle_the_next_run_does_it(town: Town) -> None:
    house = town.house()
    town.steps()
    with owner(town.settings) as c:
        c.autocommit = False
        ((waiting,),) = c.execute("select count(*) from data.hazard_wait").fetchall()
        c.execute("select data.follow_findings('{}', 100)")
        c.rollback()
    assert waiting == 1
    assert asyncio.run(town._follow())["begun"] == 1
    assert of(town, house, "building_water")[0] == "found"


@pytest.mark.parametrize("everything", [False, True])
def test_following_and_a_backup_hold_each_other_up_at_no_moment(
    town: Town, everything: bool
) -> None:
    """A backup reads every table as long as it takes, and its pg_dump asks for their locks anew."""
    lock = "lock table data.hazard_now in access share mode"
    house = town.house()
    town.steps()
    town.sql("insert into data.hazard_wait (everything) select true where %s", (everything,))
    with owner(town.settings) as backup, owner(town.settings) as follows, owner(town.settings) as c:
        backup.autocommit = follows.autocommit = False
        backup.execute(lock)
        follows.execute("set local lock_timeout = '10s'")  # else it would wait for ever
        follows.execute("select data.follow_findings('{}', 100)")
        with c.transaction():
            c.execute("set local lock_timeout = '10s'")
            c.execute(lock)
        follows.commit()
    assert of(town, house, "building_water")[0] == "found"
    assert town.sql("select * from data.hazard_now") == []


def test_the_worker_follows_as_soon_as_findings_are_committed(town: Town) -> None:
    async def followed(house: int) -> str:
        pool = await open_pool(town.settings, "worker")
        companion = asyncio.create_task(run(pool, town.settings))
        try:
            await asyncio.to_thread(town.steps)
            while not (found := await asyncio.to_thread(_states, town, house)):
                await asyncio.sleep(0.05)
            return str(found[0][0])
        finally:
            companion.cancel()
            await pool.close()

    assert asyncio.run(asyncio.wait_for(followed(town.house()), 30)) == "found"


def _states(town: Town, house: int) -> list[tuple[Any, ...]]:
    return town.sql("select state from data.hazard_case where subject_id = %s", (house,))


@pytest.mark.parametrize("many", [10_001])
def test_a_large_statement_is_followed_in_one_go(town: Town, many: int) -> None:
    town.sql(
        "insert into data.finding (family, layer, subject_id, severity, certainty, district_id, x,"
        " y, reason) select 'estate_without_shed', 'estates', 1000000 + n, 'general', 'certain',"
        " %s, st_x(p.g), st_y(p.g), 'rule' from generate_series(1, %s) n cross join lateral (select"
        " st_pointonsurface(d.geom) as g from data.districts d where d.id = %s) p",
        (town.districts[0], many, town.districts[0]),
    )
    assert town.sql("select everything, family from data.hazard_wait") == [(True, None)]
    done = asyncio.run(town._follow())
    assert done["begun"] == many
    query = "select count(*), count(distinct c.id) from data.hazard_case c join data.hazard_act a"
    query += " on a.case_id = c.id where c.family = 'estate_without_shed'"
    assert town.sql(query) == [(many, many)]
    town.sql("delete from data.finding where family = 'estate_without_shed'")
    assert asyncio.run(town._follow())["ended"] == many
