"""Folders beside, in which a restore or a trial makes all ready; and what is left of them.

Whoever makes one may be killed, and its scratch server would run on. So a small process waits
beside for the end of it, and clears up where that came without a word. What dies with both (the
machine, the whole service) is cleared up by the next one.
"""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gridwarden.database import cluster
from gridwarden.database.backup import switching
from gridwarden.database.backup.lock import alone
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

LEFT: Final = "restoring-*"
DONE: Final = b"."
TRIES: Final = 60
"""Once a second: a server that was just being made writes on for a moment."""


@contextmanager
def staged(settings: Settings) -> Iterator[Path]:
    """A folder beside, removed at the end; those that interrupted ones left are removed first."""
    sweep(settings)
    folder = settings.home / f"restoring-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=settings.home.stat().st_mode & 0o755)
    with _watched(settings):
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
    for left in settings.home.glob(LEFT):
        remove(settings, left)


def remove(settings: Settings, folder: Path) -> None:
    """Remove such a folder, and stop the server that runs in it."""
    own = settings.model_copy(update={"home": folder / "home", "database_url": None})
    if (own.cluster / "data").exists():
        with suppress(SetUpError, OSError):  # one that is half made, or half removed
            cluster.down(own)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _watched(settings: Settings) -> Iterator[None]:
    """A process beside that clears up if this one is killed before the block ends."""
    environment = {k: v for k, v in os.environ.items() if k != "GRIDWARDEN_BACKUP_PASSPHRASE"}
    beside = subprocess.Popen(
        [sys.executable, "-m", __name__, settings.home],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # Ctrl-C is for the other one
    )
    try:
        yield
    finally:
        beside.communicate(DONE)


def clear_up_after(settings: Settings) -> None:
    """Wait for the end of who began this process (its pipe ends with it), and clear up where it was
    killed. What a restore had begun to move is left to `up`, which finishes it.
    """
    if sys.stdin.buffer.read(len(DONE)) == DONE:
        return
    for _ in range(TRIES):
        # Its lock may outlive it for a moment; or another one has it, and has cleared up.
        with suppress(SetUpError), alone(settings, clears=True):
            if switching.pending(settings):
                return
            for left in settings.home.glob(LEFT):
                remove(settings, left)
            if not any(settings.home.glob(LEFT)):
                return
        time.sleep(1)


if __name__ == "__main__":
    clear_up_after(Settings(home=Path(sys.argv[1])))
