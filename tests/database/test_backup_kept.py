"""Which older archives go when a new one is whole; and a disk that is too small is told before."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from archives import PASSPHRASE, command, rows
from homes import home_of

from commands import run_command
from gridwarden.database.backup import making, records
from gridwarden.database.backup.archive import opened
from gridwarden.database.backup.keeping import Keep, going
from gridwarden.database.backup.making import make
from gridwarden.database.backup.records import Record
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from mounts import with_disks


def made_at(days_ago: float) -> Record:
    at = datetime.fromisoformat("2026-11-22T02:30:00+00:00") - timedelta(days=days_ago)
    return Record("backup", at.isoformat(), f"{days_ago:g}", "", 1, 1, 1, "")


def test_days_weeks_and_months_keep_the_newest_of_each() -> None:
    """22 November 2026 is the last day of its week."""
    settings = Settings(language="en")
    nightly = [made_at(days) for days in (0, 0.05, *range(1, 100))]
    assert Keep.read(settings, "3").of(nightly) == {"0", "0.05", "1"}
    assert Keep.read(settings, "3/0/0").of(nightly) == {"0", "1", "2"}
    assert Keep.read(settings, "2/3/3").of(nightly) == {"0", "1", "7", "14", "22", "53"}
    for wrong in ("", "0", "-1", "1/2", "a", "1/2/3/4", "1.5", "٣"):
        with pytest.raises(SetUpError, match="7/4/12"):
            Keep.read(settings, wrong)


def test_an_archive_takes_no_place_of_a_device(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    settings = Settings(language="en", home=tmp_path / "home")
    with pytest.raises(SetUpError, match="no file: name a file or a folder"):
        make(settings, pipe, "correct horse battery", lambda *_: None)
    assert pipe.is_fifo() and not (tmp_path / "pipe.part").exists()
    with pytest.raises(SetUpError, match="name the archive in it"), opened(settings, tmp_path, ""):
        pass


def test_a_clock_that_was_ahead_lets_no_new_archive_go(tmp_path: Path) -> None:
    """Which is the newest the order tells in which they were written."""
    settings = Settings(language="en", home=tmp_path / "home")
    settings.home.mkdir()
    for name, at in (("ahead", "2031-01-01"), ("now", "2026-11-22")):
        (tmp_path / name).write_text("x")
        told = {"at": f"{at}T02:30:00+00:00", "archive": name, "file": str(tmp_path / name)}
        records.note(settings, replace(made_at(0), **told))
    assert going(settings, Keep.read(settings, "1"), tmp_path) == [tmp_path / "ahead"]
    assert records.newest_archive(settings) == tmp_path / "now"
    last = records.last(settings, "backup")
    assert last is not None and last.archive == "now"
    # and one of the future alone is none of these days
    records.note(settings, replace(last, at="2031-01-01T02:30:00+00:00"))
    assert records.wanting(settings) == "ahead"
    assert "still to come" in records.told_age(settings, records.last(settings, "backup"))


def test_a_clock_that_was_set_back_takes_no_older_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the moment alone tonight's would be called as last night's was."""

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Stopped":
            return cls(2026, 11, 22, 2, 30, tzinfo=tz)

    monkeypatch.setattr(making, "datetime", Stopped)
    settings = Settings(language="en")
    names = []
    for _ in range(3):
        named = making.name_of(settings, tmp_path)
        named.write_text("x")
        names.append(named.name.removeprefix("gridwarden-20261122-023000"))
    assert names == [".age", "-2.age", "-3.age"]


def test_the_archive_that_a_test_restored_stays(module_city: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "archives"
    folder.mkdir()
    (folder / "somebody-elses.age").write_text("x")
    first, second, third = (folder / f"{n}.age" for n in (1, 2, 3))
    done = command(module_city, "backup", first)
    assert done.returncode == 0, done.stderr
    oldest = records.last(module_city, "backup")
    assert oldest is not None and oldest.file == str(first)
    records.note(module_city, replace(oldest, kind="drill"))
    shutil.copy(first, second)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    records.note(module_city, replace(oldest, at=now, archive="2", file=str(second)))
    refused = command(module_city, "backup", third, "--keep", "none")
    assert refused.returncode == 1 and not third.exists()
    done = command(module_city, "backup", third, "--keep", "1")
    assert done.returncode == 0, done.stderr
    assert "Removed an older archive: 2.age." in done.stdout
    left = {place.name for place in folder.iterdir()}
    assert left == {"1.age", "3.age", "somebody-elses.age"}
    told = "select rows from data.audit where action = 'backup_removed'"
    assert rows(module_city, told) == [(1,)]
    with home_of("small") as bare:
        bare.home.mkdir()
        restored = with_disks(
            module_city.model_copy(update={"home": bare.home}),
            {str(bare.home): "100m"},
            *("restore", third),
            GRIDWARDEN_BACKUP_PASSPHRASE=PASSPHRASE,
        )
    assert restored.returncode == 1
    assert "MB free and restoring this archive needs about" in restored.stderr
    assert "nothing was changed" in restored.stderr


def test_a_passphrase_that_others_may_read_is_taken_and_told(
    module_city: Settings, tmp_path: Path
) -> None:
    """And a refusal is one line, where nobody sits."""
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE)
    for mode, told in ((0o644, f"{file} may be read by others: run chmod 600"), (0o600, "")):
        file.chmod(mode)
        done = run_command(
            *(module_city, "backup", f"{tmp_path}/", "--passphrase-file", file),
            GRIDWARDEN_LANGUAGE="en",
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith(told) and done.stderr.count("\n") == bool(told)
    refused = command(module_city, "backup", tmp_path / "none" / "x.age")
    assert refused.stderr.count("\n") == 1 and refused.stderr.startswith("There is no folder")


def test_a_disk_that_is_too_small_is_told_before(module_city: Settings, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    done = with_disks(
        *(module_city, {str(small): "64k"}, "backup", f"{small}/"),
        GRIDWARDEN_BACKUP_PASSPHRASE=PASSPHRASE,
    )
    assert done.returncode == 1
    assert "0 MB free and an archive needs about" in done.stderr
    assert "no archive was written" in done.stderr
