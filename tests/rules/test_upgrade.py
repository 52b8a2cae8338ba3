"""A city of an earlier version: rules and findings are kept, told to be old, and judged again."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from commands import run_command
from conftest import bearer, client_of, make_key, owner
from gridwarden import migrations
from gridwarden.database import cluster, open_pool
from gridwarden.jobs import run_here
from gridwarden.screening import tasks as _screens  # noqa: F401  (registers the kind of job)
from gridwarden.settings import Settings
from screening.conftest import STEEL_MA, SURE, X, Y, insert, line, rectangle

BEFORE = "m0060_doors"
NATION = """
[pack]
id = "cn-city-gas"
version = "2026.1"
jurisdiction = "CN"
valid_from = 2022-01-01
"""
OWN = """
[pack]
id = "our-town"
version = "7"
jurisdiction = "CN-31"
valid_from = 2025-03-01
extends = "cn-city-gas"
"""


def old_row(rule: str, limit_m: float) -> dict[str, Any]:
    """A rule as the earlier form wrote it: one row is all of it."""
    return {
        "rule": rule,
        "row_no": 1,
        "family": "main_encroachment",
        "kind": "clearance",
        "subject_layer": "buildings",
        "pressure_class": "MA",
        "method": None,
        "limit_m": limit_m,
        "severity": "serious",
        "verdict": None,
        "strength": 20,
        "clause": "6.3.3",
        "edition": "GB 50028-2006",
        "verified": False,
        "certainty": "print",
        "source": "print",
        "text": {"en": "near", "zh": "近"},
        "measures": {"en": [], "zh": []},
        "test": {},
    }


def old_pack(name: str, version: str, base: bool, row: dict[str, Any]) -> dict[str, Any]:
    """What the earlier form published."""
    title = {"en": name, "zh": name}
    head = {"id": name, "version": version, "base": base, "title": title}
    classes = [
        {"class": "MA", "over_mpa": 0.2, "upto_mpa": 0.4, "rank": 0, "title": title},
    ]
    return {
        "pack": head | {"missing_od_mm": 1016.0, "point_radius_m": 3.0},
        "classes": classes if base else [],
        "outer_diameters": [],
        "rows": [row],
    }


@dataclass
class OldCity:
    """What it held, what `up` said, and what was answered before and after it was judged again."""

    settings: Settings
    finding: tuple[Any, ...] = ()
    told: str = ""
    answers: dict[str, Any] = field(default_factory=dict)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with owner(self.settings) as c:
            return c.execute(statement).fetchall()  # type: ignore[call-overload,no-any-return]

    @property
    def kept(self) -> list[tuple[Any, ...]]:
        return self.rows("select id, first_seen from data.finding where layer = 'buildings'")

    def up(self) -> str:
        done = run_command(self.settings, "up")
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


def live_before(c: psycopg.Connection[Any]) -> None:
    """Two packs, a main with a wall too near, what was found of it, and the screening's job."""
    for pack, text in (
        (old_pack("cn-city-gas", "2026.1", True, old_row("zy-4-clearance", 1.5)), NATION),
        (old_pack("our-town", "7", False, old_row("our-clearance", 2.0)), OWN),
    ):
        c.execute("select api.publish_rules(%s::jsonb, %s)", (json.dumps(pack), text))
    main = insert(c, "gas_pipelines", line((0, 0), (100, 0)), STEEL_MA)
    wall = insert(c, "buildings", rectangle(40, 0.9, 60, 10), SURE)
    gone = insert(c, "buildings", rectangle(400, 900, 460, 960), SURE)
    for subject, rule in ((wall, "zy-4-clearance"), (gone, "our-clearance")):
        c.execute(
            "with f as (insert into data.finding (family, layer, subject_id, main_id, severity,"
            " certainty, distance_band, x, y, first_seen) values ('main_encroachment', 'buildings',"
            " %s, %s, 'serious', 'certain', '0-5', %s, %s, '2026-02-03 04:05Z') returning id)"
            " insert into data.finding_exact (finding_id, pack, rule, row_id, clause, edition,"
            " verified, pressure_class, counterpart_layer, counterpart_id, distance_m, required_m,"
            " margin_m, accuracy_m, missing, assumed) select f.id, r.pack, r.rule, r.id, r.clause,"
            " r.edition, r.verified, 'MA', 'gas_pipelines', %s, 0.7905, r.limit_m, 0.7, 0,"
            " '{}', '{}' from f, data.rule_row r where r.rule = %s",
            (subject, main, X + 50, Y + 5, main, rule),
        )
    c.execute(
        "insert into data.job (kind, state, role, finished_at)"
        " values ('screen', 'finished', 'gridwarden_planner', '2026-02-03 04:06Z')"
    )


async def judge(settings: Settings, job: int) -> str:
    pool = await open_pool(settings, "worker")
    try:
        return await run_here(job, pool, settings)
    finally:
        await pool.close()


def ask(city: OldCity, client: TestClient) -> dict[str, Any]:
    """The finding, its page in both languages and its picture, and what the rules' pages say."""
    reader = bearer(make_key(city.settings, "supervisor", all_districts=True))
    planner = bearer(make_key(city.settings, "planner"))
    one = f"/api/findings/{city.finding[0]}"
    return {
        "finding": client.get(one, headers=reader),
        "picture": client.get(f"{one}/picture.svg?lang=en", headers=reader),
        "page_en": client.get(f"/findings/{city.finding[0]}?lang=en", headers=reader),
        "page_zh": client.get(f"/findings/{city.finding[0]}?lang=zh", headers=reader),
        "planner": client.get(one, headers=planner),
        "own": client.get("/api/rules/packs/our-town", headers=planner),
        "nation": client.get("/api/rules/packs/cn-city-gas", headers=planner),
        "packs": client.get("/api/rules/packs", headers=planner),
        "screened": city.rows("select pack, waiting from api.screened"),
    }


@pytest.fixture(scope="module")
def city() -> Iterator[OldCity]:
    with tempfile.TemporaryDirectory(prefix="gw-test-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        settings = Settings(home=Path(home), database_url=None, crs=4547)
        made = OldCity(settings)
        cluster.up(settings)
        try:
            migrations.upgrade(settings, BEFORE)
            with owner(settings) as c:
                live_before(c)
            made.finding, made.answers["gone"] = made.kept
            made.answers["history"] = made.rows("select count(*) from data.history")
            made.told = made.up()
            with client_of(settings) as client:
                made.answers["before"] = ask(made, client)
                made.answers["jobs"] = made.rows(
                    "select id, role, state from data.job where kind = 'screen' order by id"
                )
                made.answers["rows"] = made.rows("select row_id from data.finding_exact")
                made.answers["judged"] = asyncio.run(judge(settings, made.answers["jobs"][-1][0]))
                made.answers["after"] = ask(made, client)
            yield made
        finally:
            cluster.down(settings)


def test_up_puts_the_rules_of_now_in_force_and_says_whose_were_set_aside(city: OldCity) -> None:
    said = " ".join(city.told.split())
    assert "内置规则已生效：cn-city-gas@2026.2" in said
    assert "本市自有规则 our-town@7 以旧格式发布" in said
    assert "GET /api/rules/packs/our-town" in said
    assert "规则" not in city.up()


def test_up_has_the_city_judged_again_for_the_rules_sake(city: OldCity) -> None:
    assert [job[1:] for job in city.answers["jobs"]] == [
        ("gridwarden_planner", "finished"),
        ("gridwarden_screen", "queued"),
    ]
    assert city.answers["judged"] == "finished"
    assert city.rows(
        "select reason, packs_before, packs_after ? 'cn-city-gas' from data.screening"
    ) == [("rules", {}, True)]


def test_until_then_the_city_says_by_what_it_was_judged(city: OldCity) -> None:
    assert city.answers["before"]["screened"] == [("cn-city-gas@2026.1 our-town@7", True)]
    ((pack, waiting),) = city.answers["after"]["screened"]
    assert pack.startswith("cn-city-gas@2026.2")
    assert "our-town" not in pack
    assert waiting is False


def test_no_finding_of_before_names_a_row_of_now(city: OldCity) -> None:
    assert city.answers["rows"] == [(None,), (None,)]


def test_a_finding_of_before_is_explained_as_such(city: OldCity) -> None:
    before = city.answers["before"]
    told = before["finding"].json()
    assert before["finding"].status_code == 200
    assert (told["form"], told["rule"], told["distance_m"]) == ("earlier", "zy-4-clearance", 0.7905)
    assert told["subject"]["id"] == told["subject_id"]
    assert "cn-city-gas@2026.1" in told["say"]
    assert "earlier form" in before["page_en"].text
    assert "旧格式" in before["page_zh"].text
    assert before["picture"].status_code == 409
    assert "earlier form" in before["picture"].json()["detail"]
    assert before["planner"].status_code == 200
    assert "rule" not in before["planner"].json()


def test_judged_again_it_keeps_its_number_and_day_and_is_explained(city: OldCity) -> None:
    assert city.kept == [city.finding], "and what is none by the rules of now has ended"
    told = city.answers["after"]["finding"].json()
    assert told["rule"]["pack"].startswith("cn-city-gas@2026.2")
    assert told["construction"]
    assert city.answers["after"]["picture"].status_code == 200
    assert city.rows("select count(*) from data.finding_exact where row_id is null") == [(0,)]
    assert city.rows("select count(*) from data.history") == city.answers["history"]


def test_packs_of_the_earlier_form_are_kept_with_their_text(city: OldCity) -> None:
    answers = city.answers["after"]
    own = answers["own"].json()
    assert (own["form"], own["version"], own["level"], own["in_force"]) == (
        "earlier", "7", "city", False,
    )  # fmt: skip
    assert (own["extends"], own["jurisdiction"], own["valid_from"]) == (
        "cn-city-gas", "CN-31", "2025-03-01",
    )  # fmt: skip
    assert own["rules"] == []
    assert own["editions"][0]["document"] == {"our-town.toml": OWN}
    nation = answers["nation"].json()
    assert nation["form"] == "now"
    assert [(one["version"], one["form"]) for one in nation["editions"]][-1] == (
        "2026.1",
        "earlier",
    )
    assert {one["id"]: one["form"] for one in answers["packs"].json()["items"]}[
        "our-town"
    ] == "earlier"
