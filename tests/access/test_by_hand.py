"""SQL by hand: psql as the owner, opened and used under the name of who logged in."""

import subprocess
from typing import Any

from commands import run_command
from conftest import owner
from gridwarden.access.command import os_user
from gridwarden.settings import Settings
from screening.conftest import DrawnCity, rectangle


def psql(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command(settings, "psql", "-X", "-At", *arguments, PGUSER="nobody")


def audited(settings: Settings) -> list[tuple[Any, ...]]:
    with owner(settings) as c:
        return c.execute(
            "select action, object, person, rows from data.audit order by id"
        ).fetchall()


def test_what_is_changed_by_hand_is_seen_kept_and_screened(city: Settings) -> None:
    town = DrawnCity(city)
    house = town.add("buildings", rectangle(0, 0, 10, 10), name="old")
    town.sql("delete from data.change")
    before = len(audited(city))
    done = psql(city, "-c", "select current_user", "-c", "update data.buildings set name = 'new'")
    assert (done.returncode, done.stdout) == (0, "gridwarden_owner\nUPDATE 1\n"), done.stderr
    me = f"cli:{os_user()}"
    assert audited(city)[before:] == [
        ("psql", "database", me, None),
        ("update", "buildings", me, 1),
    ]
    assert town.sql("select layer, feature_id, op from data.change") == [
        ("buildings", house, "update")
    ]
    versions = "select version, row ->> 'name' from data.history order by version"
    assert town.sql(versions) == [(1, "old"), (2, "new")]
    today = psql(city, "-c", "show gridwarden.zone")
    assert today.stdout.strip() == city.time_zone


def test_what_would_leave_no_trace_is_refused_by_the_tables(city: Settings) -> None:
    town = DrawnCity(city)
    town.add("buildings", rectangle(0, 0, 10, 10))
    for statement in (
        "truncate data.buildings",
        "update data.buildings set id = id + 1",
        "delete from data.audit",
        "truncate data.history",
    ):
        refused = psql(city, "-v", "ON_ERROR_STOP=1", "-c", statement)
        assert refused.returncode == 1 and "ERROR" in refused.stderr, statement
    assert [row[0] for row in audited(city)].count("psql") == 4
    assert town.sql("select count(*) from data.history") == [(1,)]
