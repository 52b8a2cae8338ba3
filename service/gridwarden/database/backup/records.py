"""What is known of backups: a line each of those that were made, and of trials that succeeded.

Kept beside the database, in the state folder: an archive cannot hold a note of itself, and it is
wanted most when the database does not run.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from gridwarden.database.backup.files import OWN
from gridwarden.settings import Settings
from gridwarden.words import say

Kind = Literal["backup", "drill", "restore"]
FILE: Final = "record.jsonl"
AHEAD: Final = timedelta(hours=1)
"""A clock may be put right by so much and nobody minds."""


@dataclass(frozen=True, slots=True)
class Record:
    """One backup, trial or restore that succeeded: `at` RFC 3339, `file` where the archive was."""

    kind: Kind
    at: str
    archive: str
    file: str
    size: int
    tables: int
    rows: int
    head: str

    @property
    def age(self) -> timedelta:
        """How long ago; without end where its time is still to come: nobody can tell."""
        ago = datetime.now(UTC) - datetime.fromisoformat(self.at)
        return timedelta.max if ago < -AHEAD else max(ago, timedelta())


def note(settings: Settings, record: Record) -> None:
    """Write a line, to the disk."""
    folder = settings.home / OWN
    folder.mkdir(mode=0o700, exist_ok=True)
    line = json.dumps(asdict(record), ensure_ascii=False) + "\n"
    place = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        size = os.fstat(place).st_size
        if size and os.pread(place, 1, size - 1) != b"\n":  # a full disk took half a line
            line = "\n" + line
        os.write(place, line.encode("utf-8"))
        os.fsync(place)
    finally:
        os.close(place)


def kept(settings: Settings) -> Iterator[Record]:
    """Every note, oldest first; a half-written last line is none."""
    try:
        lines = (settings.home / OWN / FILE).read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            yield Record(**json.loads(line))
        except (ValueError, TypeError):
            continue


def last(settings: Settings, kind: Kind) -> Record | None:
    """The newest note of a kind: that which was written last, whatever the clock said."""
    return next((one for one in reversed([*kept(settings)]) if one.kind == kind), None)


def newest_archive(settings: Settings) -> Path | None:
    """The newest archive that still lies where it was written."""
    made = [Path(one.file) for one in kept(settings) if one.kind == "backup"]
    return next((file for file in reversed(made) if file.is_file()), None)


def wanting(settings: Settings) -> str:
    """What is wrong with the backups, as in `doctor.backup_…`; empty when all is well.

    A new installation has as long for its first backup, and for its first trial, as any other.
    """
    backup, drill = last(settings, "backup"), last(settings, "drill")
    if backup and backup.age == timedelta.max:
        return "ahead"
    since = _begun(settings)
    if (backup.age if backup else since) > timedelta(days=settings.backup_days):
        return "old" if backup else "none"
    if (drill.age if drill else since) > timedelta(days=settings.drill_days):
        ahead = drill and drill.age == timedelta.max
        return "never_tested" if drill is None else "drill_ahead" if ahead else "drill_old"
    return ""


def _begun(settings: Settings) -> timedelta:
    """How long this installation is there."""
    places = [*settings.secrets.glob("*")]
    oldest = min((place.stat().st_mtime for place in places), default=None)
    return (
        timedelta() if oldest is None else datetime.now(UTC) - datetime.fromtimestamp(oldest, UTC)
    )


def told_age(settings: Settings, record: Record | None) -> str:
    """`3 hours ago`, `never`."""
    if record is None:
        return say("backup.age.never", settings.language)
    if record.age == timedelta.max:
        return say("backup.age.ahead", settings.language)
    seconds = record.age.total_seconds()
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return say(f"backup.age.{unit}", settings.language, n=int(seconds // length))
    return say("backup.age.now", settings.language)
