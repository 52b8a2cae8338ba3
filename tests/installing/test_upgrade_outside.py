"""On the office's own server the archive is the way back: the new version runs, or the old one."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from machines import ASLEEP, NEW, OLD, PASSPHRASE, Machine, bundle, head, installed, note

from conftest import copy_database, owner
from database.homes import TOWN, administrator, office_on
from gridwarden.database import accounts
from gridwarden.database.trouble import SetUpError
from gridwarden.installing.upgrading import upgrade
from gridwarden.migrations import current
from gridwarden.settings import Settings

KEPT = (
    "grant usage on schema data to reports",
    "grant select on data.buildings to reports",
    "create schema board authorization reports",
    "create table board.figures as select 1 as id",
)


@pytest.fixture(scope="module")
def machine(installation: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A version whose database is one of others on a server."""
    try:
        with office_on(installation) as office:
            made = installed(office, tmp_path_factory.mktemp("machine"))
            administrator(installation, "create role reports", *KEPT)
            yield made
    finally:
        with accounts.connect_superuser(installation) as c:
            c.execute("drop role if exists reports")


@pytest.fixture
def tried(machine: Machine, installation: Settings) -> Machine:
    """And whose backups were tried; the version OLD runs on it."""
    if machine.layout.running() != OLD:
        machine.layout.switch(OLD)
        shutil.rmtree(machine.layout.version(NEW))
        copy_database(installation, TOWN, "town")
        assert machine.run("up").returncode == 0
        administrator(installation, *KEPT)
    shutil.rmtree(machine.settings.home / "backup", ignore_errors=True)
    note(machine.settings, "backup")
    note(machine.settings, "drill")
    return machine


def count(machine: Machine) -> list[tuple[object, ...]]:
    with owner(machine.settings) as c:
        return c.execute("select count(*) from data.audit").fetchall()


def runs(machine: Machine, server: Settings, version: str) -> None:
    """A version with its own tables, and what the administrator did."""
    assert machine.layout.running() == version
    newest, later = (head(), None) if version == OLD else ("m9999_later", "data.later")
    assert current(machine.settings) == newest
    assert administrator(server, "select to_regclass('data.later')::text") == [(later,)]
    left = {place.name for place in machine.layout.opt.iterdir()}
    assert left <= {"versions", "current", "upgrade.lock"}
    may = "select has_table_privilege('reports', 'data.buildings', 'select') from board.figures"
    assert administrator(server, may) == [(True,)]


def test_what_others_built_on_it_is_told_first(
    tried: Machine, installation: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator(installation, "create view board.houses as select id from data.buildings")
    monkeypatch.setattr(sys, "prefix", str(tried.layout.version(OLD) / ".venv"))
    settings = tried.settings.model_copy(update={"language": "en"})
    with pytest.raises(SetUpError, match=r"would go with them: board\.houses\. .* Nothing was"):
        upgrade(settings, bundle(tmp_path), tmp_path, lambda: PASSPHRASE, lambda step: None)
    administrator(installation, "drop view board.houses")
    runs(tried, installation, OLD)


def test_a_migration_that_fails_halfway_is_taken_back_from_the_archive(
    tried: Machine, installation: Settings, tmp_path: Path
) -> None:
    """The passphrase is not asked for again: its file is gone with the stick that it was on."""
    before, secret = count(tried), tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    fails = f"import os; os.unlink({str(secret)!r}); op.execute('commit; select 1 / 0')"
    words = ["--archive", tried.layout.root, "--passphrase-file", secret]
    done = tried.run("upgrade", bundle(tmp_path, more=fails), *words)
    assert not secret.exists()
    assert done.returncode == 1 and "division by zero" in done.stderr, done.stderr
    assert f"taken back: {OLD} runs with the data that it had" in done.stderr
    runs(tried, installation, OLD)
    assert count(tried)[0] >= before[0]


@pytest.mark.deep
@pytest.mark.parametrize("step", ["backing_up", "copying", "migrating", "answering", "starting"])
def test_killed_when_a_step_begins_one_version_runs(
    tried: Machine, installation: Settings, tmp_path: Path, step: str
) -> None:
    tried.killed_at(bundle(tmp_path), step)
    done = tried.run("up")
    assert done.returncode == 0, done.stderr
    runs(tried, installation, NEW if step == "starting" else OLD)


def test_killed_while_it_migrates_the_next_start_takes_it_back(
    tried: Machine, installation: Settings, tmp_path: Path
) -> None:
    slow = bundle(tmp_path, more="op.execute('commit; select pg_sleep(600)')")
    with accounts.connect_superuser(installation) as c:
        tried.killed_while(slow, lambda: c.execute(ASLEEP).fetchall())
    assert administrator(installation, "select to_regclass('data.later')::text") == [
        ("data.later",)
    ]
    done = tried.run("up")
    assert done.returncode == 0, done.stderr
    assert "Going back to the old version" in done.stderr
    runs(tried, installation, OLD)


def test_the_new_version_takes_over(tried: Machine, installation: Settings, tmp_path: Path) -> None:
    done = tried.upgrade(bundle(tmp_path))
    assert done.returncode == 0, done.stderr
    runs(tried, installation, NEW)
    assert f"Upgraded from {OLD} to {NEW}" in done.stdout
