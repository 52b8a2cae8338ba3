"""State folders and clusters of their own: these tests break what others share."""

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gridwarden.database import cluster
from gridwarden.settings import Settings

HomeMaker = Callable[..., Settings]


@contextmanager
def home_of(name: str, **settings: object) -> Iterator[Settings]:
    """Settings with a state folder `name` that is not there yet; its cluster is stopped at the end.

    Not pytest's `tmp_path`: the account that runs the cluster for root may not enter it.
    """
    around = Path(tempfile.mkdtemp(prefix="gw-ground-"))
    around.chmod(0o755)
    known = {"home": around / name, "database_url": None, "language": "en"}
    made = Settings(**(known | settings))
    try:
        yield made
    finally:
        own = made.model_copy(update={"database_url": None})
        if (own.cluster / "data" / "postmaster.pid").exists():
            cluster.down(own)
        shutil.rmtree(around, ignore_errors=True)


@contextmanager
def homes() -> Iterator[HomeMaker]:
    """Makes settings with state folders of their own."""
    with ExitStack() as stack:
        yield lambda name="home", **more: stack.enter_context(home_of(name, **more))


@contextmanager
def raised() -> Iterator[Settings]:
    """A cluster that is up."""
    with home_of("home") as settings:
        cluster.up(settings)
        yield settings


@contextmanager
def full_disk() -> Iterator[Path]:
    """A folder on a disk of 30 MB; where nothing can be mounted, files end at 1 MB instead."""
    place = Path(tempfile.mkdtemp(prefix="gw-small-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=30m,mode=755", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if not mounted:
        place.chmod(0o755)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
    try:
        yield place
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)
        shutil.rmtree(place, ignore_errors=True)
