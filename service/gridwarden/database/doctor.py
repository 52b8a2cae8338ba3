"""What stands between this installation and its work: findings, each with what mends it.

A finding names folders, roles and programs; never a password, a person's data or a place. It is
said in the installation's language (`words/catalogue/doctor.toml`).
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gridwarden.database import accounts, cluster
from gridwarden.database.addresses import LOGINS, connect, connect_owner, login_dsn, login_name
from gridwarden.database.backup import records
from gridwarden.database.guessable import check_passwords
from gridwarden.database.passwords import lies_open
from gridwarden.database.ports import check_port
from gridwarden.database.postgres import find_programs, told_plainly
from gridwarden.database.queries import queries
from gridwarden.database.sentences import trouble
from gridwarden.database.server import check_server, check_way
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.picture import font_file

if TYPE_CHECKING:
    from http.client import HTTPConnection

Q = queries(__package__ or "gridwarden.database", "cluster.sql")
FEW_FILES = 10_000
"""Names that a disk still takes, below which an import may be one too many."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what is wrong with it and the step that mends it, both empty when it is
    as it should be.
    """

    what: str
    wrong: str = ""
    mend: str = ""
    told: str = ""
    """Both as one sentence."""

    @property
    def good(self) -> bool:
        """Whether nothing needs doing."""
        return not self.wrong

    @classmethod
    def of(cls, what: str, error: SetUpError) -> "Finding":
        """What an error says."""
        return cls(what, error.wrong, error.mend, str(error))

    def name(self, lang: str) -> str:
        """What was looked at, in a language."""
        return say(f"doctor.name.{re.sub('[^a-z]+', '_', self.what.lower())}", lang)


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
        ("way to the database", check_way),
        ("passwords", _passwords),
        ("guessable passwords", check_passwords),
        ("logins", _logins),
        ("working coordinates", _crs),
        ("map page's files", _assets),
        ("fonts", _fonts),
        ("service's port", _port),
        ("backups", _backups),
        *_more,
    ]
    known: dict[str, Finding] = {}
    for what, one in looks:
        try:
            with told_plainly(settings):
                one(settings)
        except SetUpError as error:
            found = Finding.of(what, error)
            first = known.setdefault(found.told, found)
            if first is not found:  # said once
                name = first.name(settings.language)
                found = Finding.of(what, trouble(settings, "same", name=name))
            yield found
        else:
            yield Finding(what)


def _home(settings: Settings) -> None:
    if not settings.home.is_dir():
        raise trouble(settings, "home_missing", home=settings.home)
    if not os.access(settings.home, os.W_OK | os.X_OK):
        raise trouble(settings, "home_closed", home=settings.home)


def _room(settings: Settings) -> None:
    for folder in (settings.home, settings.cluster / "data", settings.files):
        nearest = next(p for p in (folder, *folder.parents) if p.exists())
        disk = os.statvfs(nearest)
        free = disk.f_bavail * disk.f_frsize // 2**20
        if free < settings.room_mb:
            told = {"folder": nearest, "free": free, "needed": settings.room_mb}
            raise trouble(settings, "no_room", **told)
        if disk.f_files and disk.f_favail < FEW_FILES:
            raise trouble(settings, "no_inodes", folder=nearest, free=disk.f_favail)


def _programs(settings: Settings) -> None:
    if settings.database_url is None:
        find_programs(settings)


def _server(settings: Settings) -> None:
    if settings.database_url is None and not cluster.is_running(settings):
        raise trouble(settings, "server_down")


def _database(settings: Settings) -> None:
    with connect_owner(settings) as c:
        check_server(settings, c)
        if accounts.stamps(c).get("ground") != accounts.GROUND:
            raise trouble(settings, "not_prepared")


def _passwords(settings: Settings) -> None:
    kept = (settings.oidc_secret_file, settings.backup_passphrase_file)
    for place in (*sorted(settings.secrets.glob("*")), *kept):
        if place is not None and lies_open(place):
            raise trouble(settings, "readable", place=place)


def _logins(settings: Settings) -> None:
    """The two logins get in, and are what the wall against a forgotten check rests on: bare."""
    for login in LOGINS:
        with connect(settings, login_dsn(settings, login)) as c:
            bare = c.execute(Q["is_bare"]).fetchone()
        if bare is None or not bare[0]:
            raise trouble(settings, "login_rights", name=login_name(settings, login))


def _crs(settings: Settings) -> None:
    with connect_owner(settings) as c:
        kept = accounts.stamps(c).get("crs")
    if kept is None:
        raise trouble(settings, "no_crs")
    cluster.check_crs(settings, kept)


def _assets(settings: Settings) -> None:
    if not settings.assets.is_dir() or not any(settings.assets.iterdir()):
        raise trouble(settings, "assets")


def _fonts(settings: Settings) -> None:
    """Pictures for people are refused without Chinese letters."""
    if font_file() is None:
        raise trouble(settings, "no_font")


def _port(settings: Settings) -> None:
    """A port in use is as it should be when it is our own service that answers there."""
    found = answered(settings)
    if not found:
        check_port(settings)
    elif found != settings.own_url:
        raise trouble(settings, "certificate_waits", url=found)


def _backups(settings: Settings) -> None:
    wanting = records.wanting(settings)
    if wanting:
        days = {"backup": settings.backup_days, "drill": settings.drill_days}
        raise trouble(settings, f"backup_{wanting}", **days)


def answered(settings: Settings) -> str:
    """The address at which a Gridwarden answers on the port (`/healthz`), if one does. It is by
    http, too, where a certificate was made since it was begun.
    """
    import http.client

    for url in dict.fromkeys((settings.own_url, settings.own_url.replace("https:", "http:"))):
        with (
            suppress(OSError, UnicodeError, http.client.HTTPException),  # UnicodeError: a..b
            closing(own_service(settings, url)) as connection,
        ):
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return url
    return ""


def answers(settings: Settings) -> bool:
    """Whether one does."""
    return bool(answered(settings))


def own_service(settings: Settings, url: str = "") -> "HTTPConnection":
    """A connection to this machine's own service, which nobody stands between.

    Raises OSError where its certificate cannot be read.
    """
    import http.client
    import ssl

    parts = urlsplit(url or settings.own_url)
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
    """PostgreSQL's and PostGIS's versions, for `status`. Raises SetUpError where none runs."""
    _server(settings)
    with connect_owner(settings) as c:
        facts = c.execute(Q["versions"]).fetchone() or ("?", "?")
    return f"PostgreSQL {facts[0]}, PostGIS {facts[1]}"


__all__ = [
    "Finding",
    "answered",
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
