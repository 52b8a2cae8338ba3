"""Backups, trials and restores whose way to the database is cut, whose disk is full, or that are
killed: a sentence, nothing half-written, and the next one works.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from archives import PASSPHRASE, command, killed, rows
from homes import home_of

from conftest import environment, owner
from faults.wire import Wire, wire_to
from gridwarden.database import accounts, cluster
from gridwarden.database.addresses import OWNER, socket_dir
from gridwarden.database.backup import records
from gridwarden.database.passwords import password
from gridwarden.settings import Settings
from mounts import small_disk

COMMIT = b"Q\x00\x00\x00\x0ccommit;\x00"
"""What psql sends last."""
SNAPSHOT, DUMP, LOAD = b"pg_export_snapshot", b"COPY ", b"CREATE TABLE data."
"""What a backup, its pg_dump, and a restore's psql send in their middle."""
AUDIT = b"user\x00gridwarden_web_"
"""The login by which a command writes its line of the audit: it comes when the archive is there."""


@pytest.fixture(scope="module")
def wire(module_city: Settings) -> Iterator[Wire]:
    with wire_to(socket_dir(module_city) / ".s.PGSQL.5432") as made:
        yield made


@pytest.fixture(scope="module")
def far(module_city: Settings, wire: Wire) -> Settings:
    """The city, whose database is at the other end of the wire."""
    return module_city.model_copy(update={"database_url": address(module_city, wire, "gridwarden")})


@pytest.fixture(scope="module")
def archive(module_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("archive") / "city.age"
    assert command(module_city, "backup", file).returncode == 0
    return file


def address(settings: Settings, wire: Wire, name: str) -> str:
    return f"postgresql://{OWNER}:{password(settings, OWNER)}@127.0.0.1:{wire.port}/{name}"


def interrupted(
    settings: Settings, words: list[object], moment: Callable[[], bool], fault: Callable[[], None]
) -> subprocess.CompletedProcess[str]:
    """A command to which something happens when the moment has come."""
    given = environment(settings) | {"GRIDWARDEN_LANGUAGE": "en"}
    given["GRIDWARDEN_BACKUP_PASSPHRASE"] = PASSPHRASE
    if settings.database_url is not None:
        given["GRIDWARDEN_DATABASE_URL"] = settings.database_url
    line = [sys.executable, "-m", "gridwarden", *map(str, words)]
    running = subprocess.Popen(
        line, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not moment():
        assert running.poll() is None, running.communicate()
        time.sleep(0.002)
    fault()
    said, told = running.communicate()
    return subprocess.CompletedProcess(line, running.returncode, said, told)


def there_is(folder: Path, named: str) -> Callable[[], bool]:
    """The moment at which something of this name is in the folder."""
    return lambda: any(folder.glob(named))


def one_sentence(done: subprocess.CompletedProcess[str], words: str) -> bool:
    """Whether it ended with a sentence that holds the words, and said nothing else there."""
    return done.returncode == 1 and words in done.stderr and len(done.stderr.splitlines()) == 1


def nothing_is_left(home: Path) -> bool:
    return not [
        *home.glob("restoring-*"),
        *home.glob("backup/linked-*"),
        *home.glob("backup/*.json"),
    ]


def test_a_backup_whose_wire_is_cut_leaves_nothing_and_the_next_one_works(
    far: Settings, wire: Wire, tmp_path: Path
) -> None:
    for moment, words in ((SNAPSHOT, "does not answer"), (DUMP, "cannot be read out")):
        wire.cut_after(moment)
        done = command(far, "backup", f"{tmp_path}/")
        wire.mend()
        assert one_sentence(done, words), done.stderr
        assert not any(tmp_path.iterdir()) and nothing_is_left(far.home)
    # One that is whole when the database goes is kept, and said to be there.
    wire.cut_after(AUDIT)
    whole = command(far, "backup", f"{tmp_path}/")
    wire.mend()
    assert one_sentence(whole, "does not answer"), whole.stderr
    assert "is written" in whole.stdout
    last = records.last(far, "backup")
    assert last is not None and [Path(last.file)] == [*tmp_path.iterdir()]
    assert command(far, "backup", f"{tmp_path}/").returncode == 0


def test_a_trial_whose_wire_is_cut_has_passed_and_says_what_is_missing(
    far: Settings, wire: Wire, archive: Path
) -> None:
    began = there_is(far.home, "restoring-*")
    done = interrupted(far, ["backup", "--drill", archive], began, wire.cut)
    wire.mend()
    assert one_sentence(done, "does not answer"), done.stderr
    assert "Restore test passed" in done.stdout and nothing_is_left(far.home)
    last = records.last(far, "drill")
    assert last is not None and Path(last.file) == archive


def test_a_restore_is_whole_or_not_at_all_wherever_its_wire_is_cut(
    module_city: Settings, wire: Wire, archive: Path
) -> None:
    accounts.make_private_database(module_city, "city")
    try:
        with home_of("far", database_url=address(module_city, wire, "city")) as there:
            cluster.up(there)
            with owner(there) as c:
                c.execute("create schema data")
                c.execute("create table data.kept as select 1 as one")
            words = ["restore", archive, "--replace"]
            wire.cut_after(LOAD)
            done = command(there, *words)
            wire.mend()
            assert one_sentence(done, "nothing was changed"), done.stderr
            assert nothing_is_left(there.home)
            assert rows(there, "select one from data.kept") == [(1,)]

            # The server has it, and its word did not come back: `up` asks.
            wire.cut_after(COMMIT)
            done = command(there, *words)
            wire.mend()
            assert one_sentence(done, "nobody knows yet"), done.stderr
            assert command(there, "up").returncode == 0
            assert nothing_is_left(there.home)
            assert rows(
                there, "select to_regclass('data.kept'), count(*) from data.restoration"
            ) == [(None, 1)]
            assert command(there, "audit", "verify").returncode == 0

            # The same, and the way is there again at once.
            wire.cut_after(COMMIT, wire.mend)
            done = command(there, *words)
            assert done.returncode == 0, done.stderr
            assert "each as in the archive" in done.stdout and nothing_is_left(there.home)
    finally:
        accounts.drop_private_database(module_city, "city")


def test_a_trial_that_is_killed_leaves_no_server_and_no_folder(
    module_city: Settings, archive: Path
) -> None:
    for moment in ("restoring-*/home/cluster", "restoring-*/home/cluster/data/postmaster.pid"):
        killed(module_city, ["backup", "--drill", archive], moment)
        while any(module_city.home.glob("restoring-*")) or servers_beside(module_city):
            time.sleep(0.05)
    assert command(module_city, "backup", "--drill", archive).returncode == 0


def servers_beside(settings: Settings) -> list[str]:
    """Servers of trials that run."""
    beside = f"{settings.home}/restoring-".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if beside in place.read_bytes():
                found.append(place.parent.name)
        except OSError:
            continue
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a disk")
def test_a_disk_that_fills_while_an_archive_is_written(module_city: Settings) -> None:
    with small_disk("40m") as disk:
        folder = disk.outside / "archives"
        folder.mkdir()
        part = there_is(folder, "*.part")
        done = interrupted(module_city, ["backup", f"{folder}/"], part, disk.fill)
        assert one_sentence(done, "no room left on the disk"), done.stderr
        assert not any(folder.iterdir()) and nothing_is_left(module_city.home)
        disk.free()
        assert command(module_city, "backup", f"{folder}/").returncode == 0


def test_a_note_of_which_a_full_disk_took_half_spoils_no_other(tmp_path: Path) -> None:
    settings = Settings(language="en", home=tmp_path)
    one = records.Record("backup", "2026-11-22T02:30:00+00:00", "1", "/1", 1, 1, 1, "")
    records.note(settings, one)
    with (tmp_path / "backup" / records.FILE).open("ab") as file:
        file.write(b'{"kind": "back')
    records.note(settings, one)
    assert [*records.kept(settings)] == [one, one]
