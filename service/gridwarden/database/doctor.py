"""What stands between this installation and its work: findings, each with what mends it.

A finding names folders, roles and programs; never a password, a person's data or a place.
"""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gridwarden.database import accounts, cluster
from gridwarden.database.addresses import LOGINS, connect, connect_owner, login_dsn, login_name
from gridwarden.database.backup import records
from gridwarden.database.backup.told import refusal
from gridwarden.database.ports import check_port
from gridwarden.database.postgres import find_programs, told_plainly
from gridwarden.database.queries import queries
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

if TYPE_CHECKING:
    from http.client import HTTPConnection

Q = queries(__package__ or "gridwarden.database", "cluster.sql")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `mend` is empty when it is as it should be."""

    what: str
    mend: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing needs doing."""
        return not self.mend


Look = Callable[[Settings], None]
Line = Callable[[Settings], str]
_more: list[tuple[str, Look]] = []
lines: list[tuple[str, Line]] = []
"""What rooms above have to say in `gridwarden status`."""
throughs: list[Callable[[Settings, str], Iterator["Finding"]]] = []
"""What rooms above look at by the address that offices type."""


def look(what: str) -> Callable[[Look], Look]:
    """Register what a room above has to look at; it raises SetUpError with what mends it."""

    def register(function: Look) -> Look:
        _more.append((what, function))
        return function

    return register


def line(what: str) -> Callable[[Line], Line]:
    """Register a line of `gridwarden status`; SetUpError where nothing can be said."""

    def register(function: Line) -> Line:
        lines.append((what, function))
        return function

    return register


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything in the order in which it is needed; goes on after a bad finding."""
    looks: list[tuple[str, Look]] = [
        ("state folder", _home),
        ("room on the disk", _room),
        ("PostgreSQL and PostGIS", _programs),
        ("database server", _server),
        ("database, owner and PostGIS", _database),
        ("passwords", _passwords),
        ("logins", _logins),
        ("working coordinates", _crs),
        ("map page's files", _assets),
        ("service's port", _port),
        ("backups", _backups),
        *_more,
    ]
    for what, one in looks:
        try:
            with told_plainly(settings):
                one(settings)
        except SetUpError as error:
            yield Finding(what, str(error))
        else:
            yield Finding(what)


def _home(settings: Settings) -> None:
    if not settings.home.is_dir():
        raise SetUpError(f"{settings.home} is not there: run `gridwarden up`.")
    if not os.access(settings.home, os.W_OK | os.X_OK):
        raise SetUpError(
            f"{settings.home} is not writable for this account: use the account that ran"
            " `gridwarden up`, or name another folder in GRIDWARDEN_HOME."
        )


def _room(settings: Settings) -> None:
    nearest = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    free = shutil.disk_usage(nearest).free // 2**20
    if free < cluster.ROOM_MB:
        raise SetUpError(f"Only {free} MB are free on the disk of {nearest}: free at least 1 GB.")


def _programs(settings: Settings) -> None:
    if settings.database_url is None:
        find_programs(settings)


def _server(settings: Settings) -> None:
    if settings.database_url is None and not cluster.is_running(settings):
        raise SetUpError("The private cluster does not run: run `gridwarden up`.")


def _database(settings: Settings) -> None:
    with connect_owner(settings) as c:
        accounts.check_server(settings, c)
        if accounts.stamps(c).get("ground") != accounts.GROUND:
            raise SetUpError("The database is not prepared for this version: run `gridwarden up`.")


def _passwords(settings: Settings) -> None:
    for place in sorted(settings.secrets.glob("*")):
        if place.is_file() and stat.S_IMODE(place.stat().st_mode) & 0o077:
            raise SetUpError(f"{place} may be read by others: run chmod 600 '{place}'.")


def _logins(settings: Settings) -> None:
    """The two logins get in, and are what the wall against a forgotten check rests on: bare."""
    for login in LOGINS:
        with connect(login_dsn(settings, login)) as c:
            bare = c.execute(Q["is_bare"]).fetchone()
        if bare is None or not bare[0]:
            name = login_name(settings, login)
            raise SetUpError(
                f"The login {name} has rights of its own: run as a superuser: ALTER ROLE"
                f' "{name}" NOSUPERUSER NOINHERIT NOCREATEDB NOCREATEROLE NOBYPASSRLS;'
            )


def _crs(settings: Settings) -> None:
    with connect_owner(settings) as c:
        kept = accounts.stamps(c).get("crs")
    if kept is None:
        raise SetUpError("The database has no working coordinates yet: run `gridwarden up`.")
    cluster.check_crs(settings, kept)


def _assets(settings: Settings) -> None:
    if not settings.assets.is_dir() or not any(settings.assets.iterdir()):
        raise SetUpError("The map pages have no files of their own yet: run script/assets.")


def _port(settings: Settings) -> None:
    """A port in use is as it should be when it is our own service that answers there."""
    if not answers(settings):
        check_port(settings)


def _backups(settings: Settings) -> None:
    wanting = records.wanting(settings)
    if wanting:
        days = {"backup": settings.backup_days, "drill": settings.drill_days}
        raise refusal(settings, f"look.{wanting}", **days)


def answers(settings: Settings) -> bool:
    """Whether a Gridwarden answers on the port (`/healthz`)."""
    import http.client

    try:
        with closing(own_service(settings)) as connection:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def own_service(settings: Settings) -> "HTTPConnection":
    """A connection to this machine's own service, which nobody stands between.

    Raises OSError where its certificate cannot be read.
    """
    import http.client
    import ssl

    parts = urlsplit(settings.own_url)
    host, port = parts.hostname or "127.0.0.1", parts.port
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=2)
    # The certificate is for the names that offices type; it is ours by its own file.
    context = ssl.create_default_context(cafile=settings.tls / "server.crt")
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return http.client.HTTPSConnection(host, port, timeout=2, context=context)


def size_mb(settings: Settings) -> int:
    """Megabytes of the database, as the owner sees it."""
    with connect_owner(settings) as c:
        row = c.execute(Q["size"]).fetchone()
    return int(row[0]) // 10**6 if row else 0


def server_version(settings: Settings) -> str:
    """PostgreSQL's and PostGIS's versions, for `status`."""
    with connect_owner(settings) as c:
        facts = c.execute(Q["versions"]).fetchone() or ("?", "?")
    return f"PostgreSQL {facts[0]}, PostGIS {facts[1]}"


__all__ = [
    "Finding",
    "answers",
    "examine",
    "line",
    "lines",
    "look",
    "own_service",
    "server_version",
    "size_mb",
    "throughs",
]
