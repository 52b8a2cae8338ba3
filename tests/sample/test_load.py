"""The sample city comes in by the door that everybody's files come in by."""

import json
import subprocess
from pathlib import Path

import pytest

from commands import run_command
from conftest import owner
from gridwarden import migrations
from gridwarden.settings import Settings


def gridwarden(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command against this installation."""
    return run_command(settings, *words, GRIDWARDEN_LANGUAGE="en")


@pytest.fixture(scope="module")
def loaded(module_city: Settings) -> tuple[Settings, str]:
    """A city with the sample loaded by the command, and what the command printed."""
    done = gridwarden(module_city, "sample", "load", "--seed", "8")
    assert done.returncode == 0, done.stderr
    return module_city, done.stdout


def test_every_row_is_published_and_none_is_refused(loaded: tuple[Settings, str]) -> None:
    settings, printed = loaded
    listed = json.loads((settings.home / "sample" / "8-s" / "city.json").read_text("utf-8"))
    with owner(settings) as c:
        for one in listed["datasets"]:
            assert one["dataset"] in printed
            rows = c.execute(
                "select i.state, i.rows_in, i.rows_good, i.quarantined, i.repaired, d.version"
                " from data.import i join data.dataset d on d.layer = i.layer"
                " and d.name = i.dataset where i.layer = %s and i.dataset = %s",
                (one["layer"], one["dataset"]),
            ).fetchall()
            assert rows == [("published", one["rows"], one["rows"], 0, 0, 1)], one


def test_nothing_that_the_files_say_is_lost_on_the_way(loaded: tuple[Settings, str]) -> None:
    """Chinese names through GBK, a company for every main, whole numbers, times, truths."""
    settings, _ = loaded
    with owner(settings) as c:
        grids = "select count(*) from data.warden_grids where name ~ '^(中|东|西)'"
        assert (
            c.execute(grids).fetchone()
            == c.execute("select count(*) from data.warden_grids").fetchone()
        )
        companies = (
            "select count(distinct g.org_id), count(*) filter (where o.kind <> 'gas_company'"
            " or o.name <> g.operator or o.duty_phone is null)"
            " from data.gas_pipelines g left join data.organisations o on o.id = g.org_id"
        )
        assert c.execute(companies).fetchone() == (2, 0)
        whose = (
            "select d.name, o.code from data.dataset d join data.organisations o on o.id = d.org_id"
            " where d.layer = 'gas_pipelines' order by 1"
        )
        found = c.execute(whose).fetchall()
        assert found == [("gas-jia", "ORG-JIA"), ("gas-yi", "ORG-YI")]
        sheds = (
            "select bool_and(free <= places), bool_and(status_at < '2026-11-01T08:00+08'),"
            " bool_or(power_on), bool_or(not power_on), count(distinct geometrytype(geom))"
            " from data.charging_sheds where source_id not like 'plant:%'"
        )
        assert c.execute(sheds).fetchone() == (True, True, True, True, 2)
        extra = "select count(*) from data.organisations where extra ? 'name_en'"
        assert c.execute(extra).fetchone() == (15,)


def test_the_screen_has_run_and_left_no_change_behind(loaded: tuple[Settings, str]) -> None:
    settings, _ = loaded
    with owner(settings) as c:
        assert c.execute("select count(*) from data.change").fetchone() == (0,)
        assert c.execute("select count(distinct family) > 10 from data.finding").fetchone() == (
            True,
        )
        states = c.execute("select distinct kind, state from data.job order by kind").fetchall()
        assert states == [("import", "finished"), ("screen", "finished")]


def test_loading_again_changes_nothing(loaded: tuple[Settings, str]) -> None:
    settings, _ = loaded
    count = "select count(*), max(id), min(first_seen), max(first_seen) from data.finding"
    with owner(settings) as c:
        before = c.execute(count).fetchone()
    done = gridwarden(settings, "sample", "load", "--seed", "8")
    assert done.returncode == 0, done.stderr
    assert "new version" not in done.stdout
    with owner(settings) as c:
        assert c.execute(count).fetchone() == before
        assert c.execute("select max(version) from data.dataset").fetchone() == (1,)


def test_a_folder_that_cannot_be_is_refused_in_one_sentence(
    installation: Settings, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    done = gridwarden(installation, "sample", "--out", str(tmp_path / "taken" / "city"))
    assert done.returncode == 1
    assert "--out" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_loaded_city_goes_back_migration_by_migration_and_the_roles_survive(
    loaded: tuple[Settings, str],
) -> None:
    """Last in this file: nothing is left of the city. Roles belong to the whole server."""
    settings, _ = loaded
    roles = "select array_agg(rolname::text order by rolname) from pg_roles where rolname ~ %s"
    left = (
        "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname in ('access', 'api', 'data', 'jobs')"
    )
    with owner(settings) as c:
        before = c.execute(roles, ("^gridwarden_",)).fetchone()
        assert c.execute("select count(*) > 300 from data.finding").fetchone() == (True,)
    migrations.downgrade(settings, "base")
    with owner(settings) as c:
        assert c.execute(left).fetchone() == (0,)
        assert c.execute(roles, ("^gridwarden_",)).fetchone() == before
    assert gridwarden(settings, "up").returncode == 0
    again = gridwarden(settings, "sample", "load", "--seed", "8")
    assert again.returncode == 0, again.stderr
    with owner(settings) as c:
        assert c.execute("select count(*) > 300 from data.finding").fetchone() == (True,)
