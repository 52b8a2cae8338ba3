"""Folders beside, in which a restore or a trial makes all ready; and what is left of them."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gridwarden.database import cluster
from gridwarden.database.backup import switching
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings


@contextmanager
def staged(settings: Settings) -> Iterator[Path]:
    """A folder beside, removed at the end; those that interrupted ones left are removed first."""
    sweep(settings)
    folder = settings.home / f"restoring-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=settings.home.stat().st_mode & 0o755)
    try:
        yield folder
    finally:
        remove(settings, folder)


def sweep(settings: Settings) -> None:
    """Finish a switch that was interrupted; remove what other interrupted restores and trials left,
    and stop the servers that run there.

    For whoever is alone (`lock.alone`): another's folder is not left over.
    """
    switching.finish(settings)
    for left in settings.home.glob("restoring-*"):
        remove(settings, left)


def remove(settings: Settings, folder: Path) -> None:
    """Remove such a folder, and stop the server that runs in it."""
    own = settings.model_copy(update={"home": folder / "home", "database_url": None})
    if (own.cluster / "data").exists():
        with suppress(SetUpError):
            cluster.down(own)
    shutil.rmtree(folder, ignore_errors=True)
