"""A rule explained: its clause and table, the very SQL that judges it, and PostgreSQL's plan."""

import asyncio
import json
import subprocess

import pytest

from commands import run_command
from conftest import owner
from gridwarden.database import Caller, open_pool
from gridwarden.rules.explaining import Explained, explain
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from screening.conftest import STEEL_MA, SURE, DrawnCity, rectangle

PLANNER = Caller("planner", "tester", all_districts=True)
SUPERVISOR = Caller("supervisor", "rita", all_districts=True)


def explained(
    settings: Settings, *rules: str, analyze: bool = False, caller: Caller = PLANNER
) -> list[Explained]:
    """As the command does, several at once."""

    async def run() -> list[Explained]:
        web, worker = await open_pool(settings, "web"), await open_pool(settings, "worker")
        try:
            return [await explain(web, worker, caller, r, analyze=analyze) for r in rules]
        finally:
            await web.close()
            await worker.close()

    return asyncio.run(run())


def gridwarden(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """A command, as a person types it."""
    return run_command(
        settings, "rules", "explain", *words, GRIDWARDEN_LANGUAGE="en", COLUMNS="200"
    )


def test_every_rule_in_force_is_explained_with_what_judges_it(city: Settings) -> None:
    with owner(city) as c:
        rules = dict(c.execute("select rule, kind from data.rule where in_force").fetchall())
        judged = dict(
            c.execute(
                "select r.rule, array_agg(s.name order by s.name) from data.statements() s"
                " join data.rule r on r.id = any (s.rule_ids) group by r.rule"
            ).fetchall()
        )
        unset = {
            row[0]
            for row in c.execute(
                "select rule from data.rule r where in_force and data.unset_figures(r.id) <> '{}'"
            ).fetchall()
        }
    assert judged and unset
    for name, one in zip(rules, explained(city, *rules), strict=True):
        assert sorted(s.name for s in one.statements) == judged.get(name, [])
        assert all("Scan" in s.plan for s in one.statements)
        assert one.rule["rows"]
        if name in unset:
            assert any(figure["value"] is None for figure in one.figures), name
        if not one.statements:
            assert rules[name] == "activity" or name in unset, name


def test_the_sql_shown_is_the_sql_that_judges(city: Settings) -> None:
    drawn = DrawnCity(city)
    drawn.main(**STEEL_MA)
    drawn.add("buildings", rectangle(40, 0.3, 50, 9), **SURE)
    with owner(city) as c:
        rule = c.execute(
            "select r.rule from data.statements() s join data.rule r on r.id = any (s.rule_ids)"
            " where s.family = 'main_encroachment' and s.layer = 'buildings' and s.kind = 'pairs'"
            " and r.kind = 'protection' order by 1 limit 1"
        ).fetchone()
        assert rule is not None
        [one] = explained(city, rule[0], analyze=True, caller=SUPERVISOR)
        statement = next(s for s in one.statements if s.name.endswith("buildings"))
        found = c.execute(statement.sql).fetchall()  # type: ignore[call-overload]
    assert len(found) == 1
    assert "actual time" in statement.plan
    assert len(drawn.screen()) >= 1


def test_only_a_supervisor_runs_a_rules_statements_and_on_record(city: Settings) -> None:
    """How many rows they give tells of everybody's mains."""
    rule = "zy-4-clearance"
    for role in ("utility", "planner", "dispatcher", "viewer", "administrator", "auditor"):
        with pytest.raises(Problem) as refused:
            explained(city, rule, analyze=True, caller=Caller(role, "x", all_districts=True))
        assert refused.value.kind == "forbidden"
    assert explained(city, rule, analyze=True, caller=SUPERVISOR)
    with owner(city) as c:
        looks = c.execute(
            "select person, detail ->> 'purpose' from data.audit where action = 'look'"
        ).fetchall()
    assert looks == [("rita", f"rules explain --analyze {rule}")]


def test_the_command_prints_clause_table_sql_and_plan(city: Settings) -> None:
    with owner(city) as c:
        rule = c.execute(
            "select rule, edition, source from data.rule where in_force and relaxations <> '[]'"
            " order by rule limit 1"
        ).fetchone()
    assert rule is not None
    done = gridwarden(city, rule[0])
    assert done.returncode == 0, done.stderr
    for said in (
        rule[1],
        "not verified",
        "Relaxed to",
        "Limit",
        "with asked as materialized",
        "-- plan",
    ):
        assert said in done.stdout, said
    told = json.loads(gridwarden(city, rule[0], "--json", "--as", "auditor").stdout)
    assert told["rule"]["rule"] == rule[0]
    assert told["statements"][0]["sql"] in done.stdout or told["statements"][0]["plan"]
    missing = gridwarden(city, "nothing")
    assert missing.returncode == 1
    assert "There is no rule nothing" in missing.stderr


def test_a_rule_that_nobody_has_is_not_found(city: Settings) -> None:
    for wrong in ("nothing", "a\x00b", "x" * 500):
        with pytest.raises(Problem) as refused:
            explained(city, wrong)
        assert refused.value.kind == "not_found"
