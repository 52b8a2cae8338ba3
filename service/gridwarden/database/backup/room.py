"""Whether the disk has room, asked before a backup or a restore writes anything."""

import shutil
from pathlib import Path
from typing import Final

from gridwarden.database.backup import records
from gridwarden.database.backup.archive import Manifest
from gridwarden.database.backup.told import refusal
from gridwarden.database.cluster import ROOM_MB
from gridwarden.settings import Settings

PACKED: Final = 4
"""A database is so many times as large as its dump, indexes and all, at least."""
GROWN: Final = 1.2
"""An archive may be so much larger than the one before."""


def check_backup(settings: Settings, folder: Path, manifest: Manifest) -> None:
    """Raises SetUpError where the archive will not fit, by the last one or by what goes in."""
    before = records.last(settings, "backup")
    needed = manifest.size + manifest.database_size // PACKED
    if before is not None:
        needed = int(before.size * GROWN)
    _check(settings, "little_room", folder, needed)


def check_restore(settings: Settings, file: Path, manifest: Manifest, *, own: bool) -> None:
    """Raises SetUpError where files, dump and, in a cluster of its `own`, the database will not fit
    into the state folder beside what is there.
    """
    needed = file.stat().st_size + manifest.size
    if own:
        needed += manifest.database_size or PACKED * file.stat().st_size
        needed += ROOM_MB * 2**20
    _check(settings, "little_room_here", settings.home, needed)


def _check(settings: Settings, key: str, folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        told = {"free": free // 10**6, "needed": needed // 10**6 + 1}
        raise refusal(settings, key, folder=folder, **told)
