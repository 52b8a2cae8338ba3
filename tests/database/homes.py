"""State folders and clusters of their own: these tests break what others share."""

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from commands import environment, run_command_in
from conftest import copy_database
from gridwarden import migrations
from gridwarden.database import accounts, cluster
from gridwarden.database.cluster import owner_url
from gridwarden.settings import Settings

TOWN = "town_template"
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
def office_on(server: Settings) -> Iterator[Settings]:
    """An office with a state folder of its own, whose database `town` is one of others on a server.

    Its tables are made once for all modules that ask, and copied after that.
    """
    with accounts.connect_superuser(server) as c:
        made = c.execute("select from pg_database where datname = %s", (TOWN,)).fetchone()
    if made:
        copy_database(server, TOWN, "town")
    else:
        cluster.another_database(server, "town")
    url = make_url(owner_url(server)).set(database="town")
    try:
        with home_of("office", database_url=url.render_as_string(hide_password=False)) as office:
            cluster.up(office)
            if not made:
                migrations.upgrade(office)
                copy_database(server, "town", TOWN)
            assert run_command_in(address_of(office), "up").returncode == 0
            yield office
    finally:
        with accounts.connect_superuser(server) as c:  # its logins are the template's, too
            c.execute("drop database if exists town with (force)")


def administrator(server: Settings, *statements: str) -> list[Any]:
    """As the server's superuser, in `town`; what the last one gives."""
    with accounts.connect_superuser(server, "town") as c:
        done = [c.execute(one) for one in statements]  # type: ignore[call-overload]
        return done[-1].fetchall() if done[-1].description else []


def address_of(settings: Settings) -> dict[str, str]:
    """The environment of a command against the database of an office's own server."""
    assert settings.database_url is not None
    more = {"GRIDWARDEN_LANGUAGE": "en", "GRIDWARDEN_DATABASE_URL": settings.database_url}
    return environment(settings) | more


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
