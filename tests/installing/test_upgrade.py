"""A newer version takes over, or the old one goes on: whatever fails, and whoever is killed."""

import shutil
import subprocess
import sys
import tarfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from machines import ASLEEP, NEW, OLD, PASSPHRASE, PLACE, Machine, bundle, head, installed, note

from access.test_audit import seal
from conftest import TEMPLATE, copy_database, owner
from gridwarden.database import accounts
from gridwarden.database.trouble import SetUpError
from gridwarden.installing import journal
from gridwarden.installing.upgrading import upgrade
from gridwarden.migrations import current
from gridwarden.settings import Settings


@pytest.fixture(scope="module")
def machine(module_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine on which a version was installed by a bundle."""
    root = tmp_path_factory.mktemp("machine")
    made = installed(module_city, root)
    yield made
    shutil.rmtree(module_city.home / "backup", ignore_errors=True)


@pytest.fixture
def tried(machine: Machine) -> Machine:
    """And whose backups were tried; the version OLD runs on it."""
    if machine.layout.running() != OLD:
        machine.layout.switch(OLD)
        shutil.rmtree(machine.layout.version(NEW))
        copy_database(machine.settings, TEMPLATE, "gridwarden")
    shutil.rmtree(machine.settings.home / "backup", ignore_errors=True)
    note(machine.settings, "backup")
    note(machine.settings, "drill")
    return machine


def rows(machine: Machine, query: str) -> list[tuple[object, ...]]:
    with owner(machine.settings) as c:
        return c.execute(query).fetchall()  # type: ignore[call-overload,no-any-return]


def runs(machine: Machine, version: str) -> None:
    """A version, with its own tables, and nothing left over of an upgrade."""
    assert machine.layout.running() == version
    newest, later = (head(), None) if version == OLD else ("m9999_later", "data.later")
    assert current(machine.settings) == newest
    assert rows(machine, "select to_regclass('data.later')::text") == [(later,)]
    assert rows(machine, "select 1 from pg_database where datname ~ 'before'") == []
    left = {place.name for place in machine.layout.opt.iterdir()}
    assert left <= {"versions", "current", "upgrade.lock"}
    assert {place.name for place in machine.layout.versions.iterdir()} <= {OLD, version}


def refused(machine: Machine, made: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the version that runs says to a bundle; in this process, which stands in its place."""
    monkeypatch.setattr(sys, "prefix", str(machine.layout.version(OLD) / ".venv"))
    settings = machine.settings.model_copy(update={"language": "en"})
    with pytest.raises(SetUpError) as told:
        upgrade(settings, made, machine.layout.root, lambda: PASSPHRASE, lambda step: None)
    assert "Nothing was changed" in str(told.value)
    return str(told.value)


def test_without_a_backup_that_was_tried_nothing_is_begun(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bundle(tmp_path)
    shutil.rmtree(machine.settings.home / "backup", ignore_errors=True)
    assert "gridwarden backup FOLDER" in refused(machine, made, monkeypatch)
    note(machine.settings, "backup")
    note(machine.settings, "drill", days=36)
    told = "No restore test has passed in the last 35 days"
    assert told in refused(machine, made, monkeypatch)


def test_a_bundle_that_is_not_there_is_told_before_the_passphrase_is_asked_for(
    machine: Machine,
) -> None:
    program = machine.layout.program(OLD)
    given = machine.environment | {"GRIDWARDEN_BACKUP_PASSPHRASE": ""}
    done = subprocess.run(
        [program, "upgrade", "nosuch.tar"],
        env=given, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1 and "There is no file" in done.stderr, done.stderr
    assert "nosuch.tar" in done.stderr and "passphrase" not in done.stderr


def test_what_is_no_newer_version_for_this_machine_is_refused(
    tried: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = bundle(tmp_path)
    data = changed.read_bytes()
    changed.write_bytes(data.replace(b"cp bundle.json", b"cp  undle.json"))
    assert "place does not fit its checksum" in refused(tried, changed, monkeypatch)
    changed.write_bytes(data[: len(data) // 2])
    assert "is no bundle of Gridwarden, or is cut off" in refused(tried, changed, monkeypatch)
    with tarfile.open(changed, "w") as tar:
        tar.add(tmp_path, ".", recursive=False)
    assert "is no bundle of Gridwarden, or is cut off" in refused(tried, changed, monkeypatch)
    older = bundle(tmp_path, "0.1.0+0.g000")
    assert "is not newer than 0.1.0+1.gaaa" in refused(tried, older, monkeypatch)
    other = bundle(tmp_path, arch="sparc64")
    assert "made for another machine (arch: sparc64" in refused(tried, other, monkeypatch)
    strange = bundle(tmp_path, head="m0000_elsewhere")
    assert "does not go on from this database" in refused(tried, strange, monkeypatch)
    runs(tried, OLD)


def test_what_another_maker_signed_or_nobody_is_refused(
    tried: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    known = tried.layout.maker
    known.parent.mkdir(parents=True)
    known.write_bytes(b64encode(ours.public_key().public_bytes_raw()) + b"\n")
    try:
        for key in (None, theirs):
            told = refused(tried, bundle(tmp_path, key=key), monkeypatch)
            assert "is not signed by the key" in told
        of_ours = bundle(tmp_path, "0.1.0+0.g000", key=ours)
        assert "is not newer than" in refused(tried, of_ours, monkeypatch)
    finally:
        known.unlink()


def test_killed_in_the_middle_of_a_migration_the_old_version_runs_on(
    tried: Machine, tmp_path: Path
) -> None:
    before = rows(tried, "select count(*) from data.audit")
    slow = bundle(tmp_path, more="op.execute('commit; select pg_sleep(60)')")
    with accounts.connect_superuser(tried.settings) as c:  # in no database that is copied
        tried.killed_while(slow, lambda: c.execute(ASLEEP).fetchall())
    assert tried.layout.running() == OLD and tried.layout.version(NEW).exists()
    done = tried.run("up")
    assert done.returncode == 0, done.stderr
    assert "Going back to the old version" in done.stderr
    runs(tried, OLD)
    assert rows(tried, "select count(*) from data.audit")[0] >= before[0]


def test_a_step_that_fails_leaves_the_old_version_as_it_was(tried: Machine, tmp_path: Path) -> None:
    done = tried.upgrade(bundle(tmp_path, place=PLACE + "echo No room at all. >&2; exit 1\n"))
    assert done.returncode == 1
    assert "could not be placed (No room at all.)" in done.stderr
    assert "taken back: 0.1.0+1.gaaa runs with the data that it had" in done.stderr
    runs(tried, OLD)


@pytest.mark.deep
def test_a_migration_that_fails_brings_the_old_version_back(tried: Machine, tmp_path: Path) -> None:
    broken = bundle(tmp_path, more="op.execute('commit; select 1 / 0')")
    done = tried.upgrade(broken)
    assert done.returncode == 1
    assert "division by zero" in done.stderr, done.stderr
    assert "taken back: 0.1.0+1.gaaa runs with the data that it had" in done.stderr
    runs(tried, OLD)


def test_the_new_version_takes_over(tried: Machine, tmp_path: Path) -> None:
    done = tried.upgrade(bundle(tmp_path))
    assert done.returncode == 0, done.stderr
    runs(tried, NEW)
    assert rows(tried, "select detail from data.audit where action = 'upgrade'") == [
        ({"from": OLD, "to": NEW},)
    ]
    assert list(tried.layout.root.glob("gridwarden-*.age")), done.stdout
    assert "Upgraded from 0.1.0+1.gaaa to 0.1.0+2.gbbb" in done.stdout


@pytest.mark.deep
@pytest.mark.parametrize("step", journal.STEPS)
def test_killed_when_a_step_begins_one_version_runs(
    tried: Machine, tmp_path: Path, step: str
) -> None:
    tried.killed_at(bundle(tmp_path), step)
    done = tried.run("up")
    assert done.returncode == 0, done.stderr
    runs(tried, NEW if step in ("starting", "finishing") else OLD)


@pytest.mark.deep
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("op.execute('delete from public.kept where id = 1')", "public.kept (3 → 2)"),
        (
            "op.execute('alter table data.audit_seal disable trigger user');"
            ' op.execute("update data.audit_seal set head = sha256(head)")',
            "the audit's head is another one",
        ),
    ],
)
def test_a_new_version_that_loses_something_does_not_take_over(
    tried: Machine, tmp_path: Path, more: str, said: str
) -> None:
    with owner(tried.settings) as c:
        c.execute("create table if not exists public.kept as select generate_series(1, 3) as id")
    seal(tried.settings)
    done = tried.upgrade(bundle(tmp_path, more=more))
    assert done.returncode == 1 and said in done.stderr, done.stderr
    runs(tried, OLD)
