"""The database as it was, kept beside while an upgrade changes it.

In the private cluster a copy file by file: nobody needs a passphrase to go back, and going back
takes as long as a rename. Roles are the cluster's and only added to. On the office's own server,
where the owner may make no database and a copy would have lost what the administrator granted, the
archive of the moment before is the way back: it is loaded into the same database.
"""

import shutil
from typing import Any, Final

from psycopg import sql

from gridwarden.database.accounts import connect_superuser
from gridwarden.database.addresses import DATABASE, OWNER, connect_owner
from gridwarden.database.backup import records
from gridwarden.database.backup.restoring import check_leaning
from gridwarden.database.queries import queries
from gridwarden.installing.told import refusal
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.installing", "copying.sql")
COPY: Final = "gridwarden_before"
SPARE: Final = 2**29
"""Bytes that stay free beside the copy."""


def check(settings: Settings) -> None:
    """Raises SetUpError where the disk has no room for a second database, or where others built on
    the one on the office's server: going back would drop that.
    """
    if settings.database_url is not None:
        check_leaning(settings)
        return
    with connect_superuser(settings) as c:
        row = c.execute(Q["size"], {"name": DATABASE}).fetchone()
    needed = int(row[0] if row else 0) + SPARE
    if shutil.disk_usage(settings.home).free < needed:
        raise refusal(settings, "no_room", home=settings.home, mb=needed // 10**6)


def keep(settings: Settings) -> str:
    """Copy the database aside; whole or not at all. Nobody may be at work on it. On the office's
    server: gives the archive that was just made.
    """
    if settings.database_url is not None:
        made = records.last(settings, "backup")
        assert made is not None
        return made.file
    names = {"name": sql.Identifier(DATABASE), "copy": sql.Identifier(COPY)}
    with connect_superuser(settings) as c:
        c.execute(sql.SQL(Q["drop"]).format(name=sql.Identifier(COPY)))
        c.execute(sql.SQL(Q["copy"]).format(**names, owner=sql.Identifier(OWNER)))
        c.execute(sql.SQL(Q["close"]).format(**names))
    return ""


def bring_back(settings: Settings) -> bool:
    """Put the copy in the place of the database; whether there was one. `up` comes after it: notes
    and rights on a database are not in its copy.
    """
    if settings.database_url is not None:
        return False
    names = {"name": sql.Identifier(DATABASE), "copy": sql.Identifier(COPY)}
    with connect_superuser(settings) as c:
        if not is_there(c):
            return False
        c.execute(sql.SQL(Q["drop"]).format(**names))
        c.execute(sql.SQL(Q["rename"]).format(**names))
    return True


def end_sessions(settings: Settings) -> None:
    """End what still works as the owner for a program that is no more: it would go on changing what
    is taken back.
    """
    with connect_owner(settings) as c:
        c.execute(Q["end"])


def forget(settings: Settings) -> None:
    """Remove the copy, if there is one."""
    if settings.database_url is not None:
        return
    with connect_superuser(settings) as c:
        c.execute(sql.SQL(Q["drop"]).format(name=sql.Identifier(COPY)))


def is_there(c: Any) -> bool:
    """Whether there is a copy."""
    row = c.execute(Q["there"], {"name": COPY}).fetchone()
    return bool(row and row[0])
