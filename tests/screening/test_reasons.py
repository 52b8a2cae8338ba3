"""Why a number changed: what the rules did and what the data did, and what is judged for it."""

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.database import open_pool
from gridwarden.jobs import run_here
from gridwarden.rules.reading import LoadedPack, parse
from gridwarden.screening import Screened, screen
from gridwarden.screening import tasks as _tasks  # noqa: F401  (registers the job)
from gridwarden.screening.screen import Cause
from rules.test_publishing import put_in_force
from rules.test_sharing import approve, propose

from .conftest import STEEL_MA, SURE, DrawnCity, insert, point, rectangle

RULES = Cause("rules")
ROWS = (
    "select f.id, f.xmin::text, f.ctid::text, e.xmin::text, e.ctid::text, f.family"
    " from data.finding f join data.finding_exact e on e.finding_id = f.id order by f.first_seen"
)
OVERLAY = """
[pack]
id = "trial-city"
version = "1"
title = { en = "Trial", zh = "试用" }
jurisdiction = "CN"
level = "city"
valid_from = 2022-01-01
extends = "cn-city-gas"

[[rule]]
id = "own-clearance"
family = "own_family"
kind = "clearance"
subjects = ["buildings"]
strength = 5
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "Too near.", zh = "太近。" }
row = [ { class = "MA", limit_m = 5.0, severity = "general" } ]

[[rule]]
id = "own-tall"
family = "own_tall"
kind = "attribute"
subjects = ["buildings"]
where = [ { column = "height_m", over = 20.0 } ]
strength = 5
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "Tall.", zh = "高。" }
row = [ { severity = "general" } ]

[[rule]]
id = "own-absence"
family = "own_absence"
kind = "absence"
subjects = ["estates"]
counterpart = "charging_sheds"
strength = 5
clause = ""
edition = ""
verified = false
certainty = "design"
source = "made up"
text = { en = "No shed.", zh = "无棚。" }
row = [ { limit_m = 100.0, severity = "general" } ]
"""


def overlay(version: str, *changes: tuple[str, str]) -> LoadedPack:
    """The city's pack as another version, with texts replaced."""
    text = OVERLAY.replace('version = "1"', f'version = "{version}"')
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return parse({"pack.toml": text})


@pytest.fixture
def judged(drawn: DrawnCity) -> DrawnCity:
    """Two buildings beside a main, a tall one, two estates and a shed; screened by the overlay."""
    put_in_force(drawn.settings, overlay("1"))
    drawn.main(**STEEL_MA)
    drawn.wall(2.0, height_m=10.0)
    drawn.add("buildings", rectangle(0, 6, 8, 12), height_m=10.0, **SURE)
    drawn.add("buildings", rectangle(500, 500, 510, 510), height_m=40.0, **SURE)
    drawn.add("estates", rectangle(900, 900, 950, 950), **SURE)
    drawn.add("estates", rectangle(900, 1200, 950, 1250), **SURE)
    drawn.add("charging_sheds", point(925, 990), **SURE)
    drawn.screen()
    return drawn


def again(drawn: DrawnCity, cause: Cause = RULES) -> Screened:
    """A screening that the rules caused."""

    async def run() -> Screened:
        pool = await open_pool(drawn.settings, "worker")
        try:
            return await screen(pool, "worker", cause=cause)
        finally:
            await pool.close()

    return asyncio.run(run())


def run(drawn: DrawnCity, job: int) -> str:
    """The worker runs a queued job; its last state."""

    async def work() -> str:
        pool = await open_pool(drawn.settings, "worker")
        try:
            return await run_here(job, pool, drawn.settings)
        finally:
            await pool.close()

    return asyncio.run(work())


def split(screened: Screened) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Added, changed and ended by family and reason."""
    return {(s.family, s.reason): (s.added, s.changed, s.ended) for s in screened.split}


def rows(drawn: DrawnCity, *but: str) -> list[Any]:
    """The findings as they lie on disk, without those of some families."""
    return [row for row in drawn.sql(ROWS) if row[5] not in but]


def names(screened: Screened) -> list[str]:
    """The statements that were judged."""
    return sorted(step.name for step in screened.steps)


def test_the_first_screening_is_the_datas(judged: DrawnCity) -> None:
    first = judged.screened[0]
    assert {reason for _, reason in split(first)} == {"data"}
    assert first.added == len(judged.findings())
    assert len(first.steps) == first.of


def test_a_change_of_one_rule_has_its_family_judged_and_leaves_the_rest(judged: DrawnCity) -> None:
    before = rows(judged, "own_family")
    put_in_force(judged.settings, overlay("2", ("limit_m = 5.0", "limit_m = 9.0")))
    screened = again(judged)
    assert names(screened) == ["own_family · buildings"]
    assert screened.of > 10
    assert split(screened) == {("own_family", "rule"): (1, 1, 0)}
    assert rows(judged, "own_family") == before
    assert names(again(judged)) == []


def test_a_new_version_that_says_the_same_judges_nothing(judged: DrawnCity) -> None:
    before = rows(judged)
    put_in_force(judged.settings, overlay("2"))
    assert names(again(judged)) == []
    full = again(judged, Cause("asked"))
    assert len(full.steps) == full.of
    assert full.split == ()
    assert rows(judged) == before
    versions = judged.sql(
        "select distinct pack_version from data.finding_exact where pack = 'trial-city'"
    )
    assert versions == [("1",)]


def test_words_alone_change_the_evidence_and_nothing_else(judged: DrawnCity) -> None:
    before = rows(judged, "own_tall")
    put_in_force(judged.settings, overlay("2", ('"Tall."', '"Very tall."')))
    screened = again(judged)
    assert names(screened) == ["own-tall · buildings"]
    assert split(screened) == {("own_tall", "rule"): (0, 1, 0)}
    [tall] = judged.findings("own_tall")
    assert tall["pack_version"] == "2"
    assert rows(judged, "own_tall") == before


def test_a_pack_that_goes_ends_its_findings_and_no_others(judged: DrawnCity) -> None:
    own = ("own_family", "own_tall", "own_absence")
    before = rows(judged, *own)
    with owner(judged.settings) as c:
        c.execute("select data.withdraw_pack('trial-city')")
        c.execute("select data.turn_rules()")
    screened = again(judged)
    assert names(screened) == []
    assert split(screened) == {
        ("own_absence", "rule"): (0, 0, 1),
        ("own_family", "rule"): (0, 0, 1),
        ("own_tall", "rule"): (0, 0, 1),
    }
    assert rows(judged) == before
    with owner(judged.settings) as c:
        c.execute("select data.withdraw_pack('cn-city-gas')")
        c.execute("select data.turn_rules()")
    again(judged)
    assert judged.findings() == []


def test_data_and_rules_at_once_are_told_apart(judged: DrawnCity) -> None:
    near, far = [row[0] for row in judged.sql("select id from data.buildings order by id limit 2")]
    put_in_force(judged.settings, overlay("2", ("limit_m = 5.0", "limit_m = 9.0")))
    judged.sql("update data.buildings set geom = st_translate(geom, 0, 0.1) where id = %s", (near,))
    judged.sql("update data.buildings set height_m = 21 where id = %s", (far,))
    judged.sql("update data.buildings set height_m = 10 where height_m = 40")
    screened = again(judged)
    assert len(screened.steps) == screened.of, "data waits: everything is judged"
    own = {key: n for key, n in split(screened).items() if key[0].startswith("own")}
    assert own == {
        ("own_family", "data"): (1, 1, 0),
        ("own_tall", "data"): (1, 0, 1),
    }
    put_in_force(judged.settings, overlay("3", ("limit_m = 5.0", "limit_m = 3.0")))
    judged.add("buildings", rectangle(20, 1, 25, 3), height_m=30.0, **SURE)
    own = {key: n for key, n in split(again(judged)).items() if key[0].startswith("own")}
    assert own == {
        ("own_family", "rule"): (0, 1, 1),
        ("own_family", "data"): (1, 0, 0),
        ("own_tall", "data"): (1, 0, 0),
    }


def test_a_main_that_changed_is_data(judged: DrawnCity) -> None:
    put_in_force(judged.settings, overlay("2", ("limit_m = 5.0", "limit_m = 4.0")))
    judged.sql("update data.gas_pipelines set accuracy_m = 0.1")
    own = {key: n for key, n in split(again(judged)).items() if key[0].startswith("own")}
    assert own == {("own_family", "data"): (0, 1, 0)}


def test_what_is_looked_for_in_vain_is_data_when_it_came_or_went(judged: DrawnCity) -> None:
    assert len(judged.findings("own_absence")) == 1
    put_in_force(judged.settings, overlay("2", ("limit_m = 100.0", "limit_m = 30.0")))
    judged.sql("update data.charging_sheds set name = 'renamed'")
    assert ("own_absence", "rule") not in split(again(judged))
    put_in_force(judged.settings, overlay("3", ("limit_m = 100.0", "limit_m = 3000.0")))
    assert split(again(judged)) == {("own_absence", "rule"): (0, 0, 2)}


def test_features_of_one_large_statement_are_known(judged: DrawnCity) -> None:
    """Over 10,000 rows leave one line in the queue; whose they were is read from history."""
    put_in_force(judged.settings, overlay("2", ("limit_m = 5.0", "limit_m = 9.0")))
    with owner(judged.settings) as c, c.transaction():
        c.execute("alter table data.change disable trigger all")
        c.execute("update data.buildings set height_m = 11 where height_m = 10")
        c.execute("update data.change set feature_id = null, bulk = true, rows = 2")
    own = {key: n for key, n in split(again(judged)).items() if key[0].startswith("own")}
    assert own == {("own_family", "data"): (1, 1, 0)}


def test_a_figure_that_the_city_sets_judges_what_uses_it(judged: DrawnCity) -> None:
    figure = judged.sql(
        "select f.id from data.rule_figure f"
        " join data.rule r on data.unset_figures(r.id) = array[f.id]"
        " where r.in_force and f.value is null and f.pack = 'cn-city-gas' and r.kind <> 'activity'"
        " order by 1 limit 1"
    )[0][0]
    users = judged.sql(
        "select rule from data.rule r where in_force and data.unset_figures(r.id) = array[%s]",
        (figure,),
    )
    text = f"\n[figures]\n{figure} = 7.5\n\n[[rule]]"
    put_in_force(
        judged.settings,
        overlay("2", ('\n[[rule]]\nid = "own-clearance"', text + '\nid = "own-clearance"')),
    )
    screened = again(judged)
    assert screened.steps
    of_them = judged.sql(
        "select distinct s.name from data.statements() s"
        " join data.rule r on r.id = any (s.rule_ids) where r.rule = any (%s)",
        ([row[0] for row in users],),
    )
    families = {row[0] for row in of_them}
    assert families <= {step.name for step in screened.steps}


def test_a_publication_in_the_middle_has_everything_judged_by_the_new_rules(
    judged: DrawnCity,
) -> None:
    """Statements of rules that went out of force would find nothing, and end findings."""
    before = {f["id"] for f in judged.findings()}
    published: list[bool] = []

    async def meanwhile(done: int, _: int) -> None:
        if done == 1 and not published:
            changed = overlay("2", ("limit_m = 5.0", "limit_m = 9.0"))
            published.append(put_in_force(judged.settings, changed))

    judged.screen(meanwhile)
    assert published == [True]
    after = {f["id"] for f in judged.findings()}
    assert before < after
    assert {f["required_m"] for f in judged.findings("own_family")} == {9}


def test_asking_for_a_screening_does_not_wait_for_one(
    judged: DrawnCity, client: TestClient, sign_in: KeyMaker
) -> None:
    answers: list[int] = []
    supervisor = sign_in("supervisor")

    async def ask(done: int, _: int) -> None:
        if done == 0:
            with owner(judged.settings) as c:
                c.execute("set statement_timeout = '10s'")
                c.execute("select api.queue_screen()")
                insert(c, "buildings", rectangle(0, 40, 5, 45), dict(SURE))
            answer = await asyncio.to_thread(client.post, "/api/screenings", headers=supervisor)
            answers.append(answer.status_code)

    judged.screen(ask)
    assert answers == [202]


def test_screenings_are_listed_with_packs_and_reasons(
    judged: DrawnCity, client: TestClient, sign_in: KeyMaker
) -> None:
    changed = overlay("2", ("limit_m = 5.0", "limit_m = 9.0"))
    proposal = propose(judged.settings, changed)
    job = approve(judged.settings, proposal)
    assert job is not None
    assert run(judged, job) == "finished"
    listed = client.get("/api/screenings", headers=sign_in("planner")).json()
    last, first = listed["items"]
    assert (first["reason"], first["packs_before"], first["packs_after"]["trial-city"]) == (
        "asked",
        {},
        "1",
    )
    assert (last["reason"], last["proposal"], last["changes"]) == ("rules", proposal, 0)
    assert (last["packs_before"]["trial-city"], last["packs_after"]["trial-city"]) == ("1", "2")
    assert (last["statements"], last["of_statements"] > 10) == (1, True)
    assert last["counts"] == [
        {"family": "own_family", "reason": "rule", "added": 1, "changed": 1, "ended": 0}
    ]
    page = client.get("/api/screenings?limit=1", headers=sign_in("dispatcher")).json()
    assert [one["id"] for one in page["items"]] == [last["id"]]
    for role in ("dispatcher", "utility"):
        told = client.get("/api/screenings", headers=sign_in(role)).json()["items"]
        named = {one["family"] for item in told for one in item["counts"]}
        assert not named & {"own_family", "main_encroachment"}, (
            "a count that goes up is a distance from somebody's main"
        )
    for role in ("planner", "supervisor"):
        told = client.get("/api/screenings", headers=sign_in(role)).json()["items"]
        assert "own_family" in {one["family"] for item in told for one in item["counts"]}
    older = client.get(page["next"], headers=sign_in("utility")).json()
    assert [one["id"] for one in older["items"]] == [first["id"]]
    assert older["next"] is None
    for role in ("viewer", "administrator", "auditor", "security"):
        assert client.get("/api/screenings", headers=sign_in(role)).status_code == 403
    assert client.get("/api/screenings?limit=0", headers=sign_in("planner")).status_code == 400
