"""What an upgrade has begun, written down before it is done.

Whatever ends an upgrade, the next start reads this and either goes back or finishes: `current` is
switched by one rename, so which version is meant is never in doubt. It lies with the versions, in
a folder that root alone writes.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from gridwarden.database.passwords import sync_folder, write_whole
from gridwarden.installing.layout import Layout
from gridwarden.installing.told import refusal
from gridwarden.settings import Settings

FILE: Final = "upgrading.json"
STEPS: Final = (
    *("placing", "stopping", "backing_up", "copying", "migrating", "checking"),
    *("answering", "switching", "starting", "finishing"),
)
"""In the order in which they are done."""


@dataclass(frozen=True, slots=True)
class Journal:
    """The step that was begun, from which version to which; `archive`: what the way back is, where
    the database is on the office's own server and no longer as it was.
    """

    step: str
    old: str
    new: str
    at: str
    format: int = 1
    archive: str = ""


def place_of(layout: Layout) -> Path:
    """The file; it is there while an upgrade is not over."""
    return layout.opt / FILE


def write(layout: Layout, journal: Journal) -> Journal:
    """To the disk, whole or not at all."""
    write_whole(place_of(layout), json.dumps(asdict(journal)), 0o644)  # the service reads it, too
    sync_folder(layout.opt)
    return journal


def begin(layout: Layout, journal: Journal, step: str) -> Journal:
    """Note that a step begins."""
    assert step in STEPS
    return write(layout, replace(journal, step=step))


def read(layout: Layout) -> Journal | None:
    """What was begun and is not over, if anything is."""
    try:
        return Journal(**json.loads(place_of(layout).read_text("utf-8")))
    except FileNotFoundError:
        return None


def clear(layout: Layout) -> None:
    """It is over."""
    place_of(layout).unlink(missing_ok=True)
    sync_folder(layout.opt)


@contextmanager
def alone(settings: Settings, layout: Layout) -> Iterator[int]:
    """Nobody else's upgrade meanwhile; gives the lock's descriptor, which programs that work for an
    upgrade inherit: it is free when the last of them has ended. Raises SetUpError while it is held.
    The service may look at it; others, who could hold it for no reason, may not.
    """
    layout.opt.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (layout.opt / "upgrade.lock").open("a") as lock:
        os.fchmod(lock.fileno(), 0o640)
        os.fchown(lock.fileno(), -1, settings.home.stat().st_gid)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise refusal(settings, "another_at_work") from None
        yield lock.fileno()


def at_work(layout: Layout) -> bool:
    """Whether an upgrade is at work now."""
    try:
        with (layout.opt / "upgrade.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    except FileNotFoundError:
        pass
    return False
