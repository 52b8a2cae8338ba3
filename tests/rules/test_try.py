"""A pack tried out on a drawn city: what it tells, and that nothing of it stays."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from commands import run_command
from conftest import environment, owner
from gridwarden.database import Caller, as_caller, open_pool
from gridwarden.rules.reading import LoadedPack
from gridwarden.rules.trying import Trial, Tried, try_out
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from screening.conftest import STEEL_MA, SURE, DrawnCity, insert, line, rectangle

from .examples import SMALL
from .test_publishing import put_in_force
from .test_sharing import in_force, of_version, pack

SUPERVISOR = Caller("supervisor", "rita", all_districts=True)
STATE = """
    select (select jsonb_agg(to_jsonb(p) - array['normal', 'document'] order by id, version)
            from data.rule_pack p),
           (select count(*) from data.rule), (select count(*) from data.rule_row),
           (select count(*) from data.main_rule), (select count(*) from data.rule_trial),
           (select count(*) from data.tried), (select count(*) from data.change),
           (select md5(string_agg(f::text || f.xmin::text, '|' order by id)) from data.finding f),
           (select md5(string_agg(p.main_id || p.pressure_class, '|')) from data.main_piece p)
"""


@pytest.fixture
def drawn(city: Settings) -> DrawnCity:
    """A main of class MA and three buildings beside it, screened."""
    drawn = DrawnCity(city)
    drawn.main(**STEEL_MA)
    for east, north in ((40, 0.9), (55, 1.6), (70, 30.0)):
        shape = rectangle(east, north, east + 8, north + 10)
        drawn.add("buildings", shape, code=f"B-{north}", **SURE)
    drawn.screen()
    return drawn


def medium(version: str = "1", limit: float = 1.2) -> LoadedPack:
    """The little overlay, with a row for the class of the drawn main."""
    text = SMALL.replace('"MB", limit_m = 1.0', f'"MA", limit_m = {limit}')
    return pack(text, **{'version = "1"': f'version = "{version}"'})


def try_it(settings: Settings, trial: Trial, caller: Caller = SUPERVISOR) -> Tried:
    """As the command does."""

    async def run() -> Tried:
        web, worker = await open_pool(settings, "web"), await open_pool(settings, "worker")
        try:
            return await try_out(web, worker, caller, trial, settings.time_zone)
        finally:
            await web.close()
            await worker.close()

    return asyncio.run(run())


def counts(tried: Tried) -> dict[tuple[str, str], int]:
    """How many by rule and act."""
    return {(d["rule"], d["act"]): d["n"] for d in tried.differences}


def test_a_new_pack_tells_what_it_would_find_and_nothing_stays(drawn: DrawnCity) -> None:
    before = drawn.sql(STATE)
    tried = try_it(drawn.settings, Trial(medium()))
    assert counts(tried) == {("own-clearance", "added"): 1}
    [difference] = tried.differences
    [example] = difference["examples"]
    assert (example["subject"], example["distance_m"], example["required_m"]) == (
        "B-0.9",
        0.7905,
        None,
    )
    assert (example["new_severity"], example["new_certainty"], example["new_required_m"]) == (
        "serious",
        "certain",
        1.2,
    )
    assert [one.name for one in tried.statements] == ["own_family · buildings"]
    assert tried.of > len(tried.statements)
    assert tried.against == "last screening"
    assert drawn.sql(STATE) == before
    audit = drawn.sql("select action, person from data.audit order by id desc limit 2")
    assert audit == [("look", "rita"), ("try", "rita")]


def test_a_change_is_compared_with_today_by_grade_certainty_and_limit(drawn: DrawnCity) -> None:
    put_in_force(drawn.settings, medium())
    drawn.screen()
    softer = of_version(
        "2",
        **{
            '"MB", limit_m = 1.0, severity = "serious"': '"MA", limit_m = 1.1, severity = "general"'
        },
    )
    [difference] = try_it(drawn.settings, Trial(softer)).differences
    assert (difference["act"], difference["n"], difference["grade"], difference["required"]) == (
        "changed",
        1,
        1,
        1,
    )
    assert counts(try_it(drawn.settings, Trial(medium("2", 0.5)))) == {
        ("own-clearance", "ended"): 1
    }
    wider = try_it(drawn.settings, Trial(medium("2", 40)))
    assert counts(wider) == {("own-clearance", "added"): 2, ("own-clearance", "changed"): 1}
    assert counts(try_it(drawn.settings, Trial(None, withdraw="try-out"))) == {
        ("own-clearance", "ended"): 1
    }
    assert in_force(drawn.settings)["try-out"] == "1"


def test_the_same_pack_judges_nothing_and_a_layer_narrows(drawn: DrawnCity) -> None:
    put_in_force(drawn.settings, medium())
    drawn.screen()
    same = try_it(drawn.settings, Trial(medium()))
    assert (same.statements, same.differences) == ((), ())
    elsewhere = try_it(drawn.settings, Trial(medium("2", 40), layers=("construction_sites",)))
    assert (elsewhere.statements, elsewhere.differences) == ((), ())
    with pytest.raises(Problem):
        try_it(drawn.settings, Trial(medium("2"), layers=("nothing",)))


def test_changes_that_no_screening_has_seen_are_no_difference(drawn: DrawnCity) -> None:
    put_in_force(drawn.settings, medium())
    drawn.screen()
    drawn.add("buildings", rectangle(10, 0.5, 12, 3), code="new", **SURE)
    tried = try_it(drawn.settings, Trial(medium("2", 1.6)))
    assert tried.against == "judged now"
    assert tried.changes_waiting == 1
    assert counts(tried) == {("own-clearance", "added"): 1, ("own-clearance", "changed"): 2}
    assert drawn.sql("select count(*) from data.change") == [(1,)]


def test_a_company_sees_its_own_mains_and_others_nothing(drawn: DrawnCity) -> None:
    trial = Trial(medium())
    assert [one.findings for one in try_it(drawn.settings, trial).statements] == [1]
    company = try_it(drawn.settings, trial, Caller("utility", "u", (77,)))
    assert company.differences == ()
    assert company.statements
    assert {(one.findings, one.seconds) for one in company.statements} == {(None, None)}
    for role in ("planner", "administrator", "viewer", "dispatcher"):
        with pytest.raises(Problem) as refused:
            try_it(drawn.settings, trial, Caller(role, "x", all_districts=True))
        assert refused.value.kind == "forbidden"


def test_a_pack_that_cannot_be_published_cannot_be_tried(drawn: DrawnCity) -> None:
    orphan = pack(**{'extends = "cn-city-gas"': 'extends = "cn-shanghai"'})
    before = drawn.sql(STATE)
    with pytest.raises(Problem) as refused:
        try_it(drawn.settings, Trial(orphan))
    assert refused.value.kind == "conflict"
    assert drawn.sql(STATE) == before


def test_the_database_commits_no_trial(drawn: DrawnCity) -> None:
    before = drawn.sql(STATE)

    async def run(ending: str) -> None:
        pool = await open_pool(drawn.settings, "worker")
        try:
            async with as_caller(pool, Caller("screen", "mallory")) as connection:
                values = Trial(medium()).values()
                await connection.execute(
                    "select data.try_rules(%(normal)s::jsonb, %(document)s::jsonb,"
                    " %(withdraw)s, %(instead)s)",
                    values,
                )
                if ending:
                    await connection.execute(ending)  # type: ignore[arg-type]
        finally:
            await pool.close()

    for ending in ("", "set constraints all immediate", "delete from data.rule_trial"):
        with pytest.raises(psycopg.Error) as refused:
            asyncio.run(run(ending))
        assert refused.value.sqlstate in ("GW409", "42501")
    assert drawn.sql(STATE) == before


def test_imports_go_on_while_a_pack_is_tried(drawn: DrawnCity) -> None:
    """The trial waits at a table that somebody holds; meanwhile rows of others are written."""
    held: list[int] = []

    async def run() -> Tried:
        web = await open_pool(drawn.settings, "web")
        worker = await open_pool(drawn.settings, "worker")

        async def meanwhile(done: int, total: int) -> None:
            if done == 0 and total and not held:
                with owner(drawn.settings) as c:
                    c.execute("set lock_timeout = '2s'")
                    held.append(insert(c, "buildings", rectangle(0, 9, 5, 12), dict(SURE)))
                    insert(c, "gas_pipelines", line((0, 60), (50, 60)), dict(STEEL_MA))
                    new_look = {**STEEL_MA, "od_mm": 48.0}
                    insert(c, "gas_pipelines", line((0, 90), (50, 90)), new_look)
                    c.execute("delete from data.gas_pipelines where od_mm = 48")

        try:
            trial = Trial(medium())
            zone = drawn.settings.time_zone
            return await try_out(web, worker, SUPERVISOR, trial, zone, meanwhile)
        finally:
            await web.close()
            await worker.close()

    assert counts(asyncio.run(run())) == {("own-clearance", "added"): 1}
    assert held


def gridwarden(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """A command, as a person types it."""
    return run_command(settings, "rules", "try", *words, GRIDWARDEN_LANGUAGE="en")


def test_the_command_prints_differences_examples_and_seconds(
    drawn: DrawnCity, tmp_path: Path
) -> None:
    file = tmp_path / "try-out.toml"
    file.write_text(SMALL.replace('"MB", limit_m = 1.0', '"MA", limit_m = 1.2'), encoding="utf-8")
    done = gridwarden(drawn.settings, str(file))
    assert done.returncode == 0, done.stderr
    assert "New  own-clearance  B-0.9: serious, certain; 0.79 m, required 1.20 m" in done.stdout
    assert "Nothing was published" in done.stdout
    told = json.loads(
        gridwarden(drawn.settings, str(file), "--json", "--layer", "buildings").stdout
    )
    assert told["differences"][0]["act"] == "added"
    assert gridwarden(drawn.settings, str(file), "--as", "planner").returncode == 1
    assert gridwarden(drawn.settings).returncode == 1


def test_ctrl_c_leaves_nothing(drawn: DrawnCity, tmp_path: Path) -> None:
    file = tmp_path / "try-out.toml"
    file.write_text(SMALL, encoding="utf-8")
    before = drawn.sql(STATE)
    waiting = "select count(*) from pg_locks where not granted"
    with owner(drawn.settings) as holder, holder.transaction(force_rollback=True):
        holder.execute("lock table data.buildings in access exclusive mode")
        trial = subprocess.Popen(
            [sys.executable, "-m", "gridwarden", "rules", "try", str(file)],
            env=environment(drawn.settings) | {"GRIDWARDEN_LANGUAGE": "en"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        ends = time.monotonic() + 60
        while drawn.sql(waiting) == [(0,)]:
            assert time.monotonic() < ends and trial.poll() is None
            time.sleep(0.05)
        os.kill(trial.pid, signal.SIGINT)
        trial.communicate(timeout=60)
        assert trial.returncode != 0
    gone = "select count(*) from pg_locks where locktype = 'advisory'"
    assert drawn.sql(gone) == [(0,)]
    assert drawn.sql(STATE) == before
