"""A restore by root, in the state folder of an installed service: nobody of it may be at work.

The service owns that folder. A process of its account could put a link where root lays something
out, or give the old database to whoever asks; without one nobody can.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gridwarden.database import cluster
from gridwarden.database.backup.told import refusal
from gridwarden.database.postgres import name_of
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings


def check_quiet(settings: Settings) -> None:
    """Raises SetUpError while the installed service or its database runs. Looks for nobody but
    root: others' restores ask the database who is there.
    """
    if os.geteuid() != 0 or not settings.home.exists():
        return
    service = settings.home.stat().st_uid
    if service == 0:
        return
    found = [service] if any(_processes(service)) else []
    with suppress(SetUpError):  # a cluster that is broken does not run
        if cluster.is_running(settings):
            found.append(settings.cluster.stat().st_uid)
    if found:
        raise refusal(settings, "still_runs", accounts=", ".join(map(name_of, found)))


def _processes(uid: int) -> Iterator[Path]:
    """Processes of an account; those of a container, whose numbers mean others, are none."""
    ours = Path("/proc/self/ns/pid").readlink()
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            if place.stat().st_uid == uid and (place / "ns/pid").readlink() == ours:
                yield place


__all__ = ["check_quiet"]
