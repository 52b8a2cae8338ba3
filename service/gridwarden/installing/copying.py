"""The database as it was, kept beside while an upgrade changes it.

A copy file by file, in the same cluster: nobody needs a passphrase to go back, and going back takes
as long as a rename. Roles are the cluster's and only added to.
"""

import shutil
from typing import Any, Final

from psycopg import sql

from gridwarden.database.accounts import connect_superuser
from gridwarden.database.addresses import DATABASE, OWNER
from gridwarden.database.queries import queries
from gridwarden.installing.told import refusal
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.installing", "copying.sql")
COPY: Final = "gridwarden_before"
SPARE: Final = 2**29
"""Bytes that stay free beside the copy."""


def check_room(settings: Settings) -> None:
    """Raises SetUpError where the disk has no room for a second database."""
    with connect_superuser(settings) as c:
        row = c.execute(Q["size"], {"name": DATABASE}).fetchone()
    needed = int(row[0] if row else 0) + SPARE
    if shutil.disk_usage(settings.home).free < needed:
        raise refusal(settings, "no_room", home=settings.home, mb=needed // 10**6)


def keep(settings: Settings) -> None:
    """Copy the database aside; whole or not at all. Nobody may be at work on it."""
    names = {"name": sql.Identifier(DATABASE), "copy": sql.Identifier(COPY)}
    with connect_superuser(settings) as c:
        c.execute(sql.SQL(Q["drop"]).format(name=sql.Identifier(COPY)))
        c.execute(sql.SQL(Q["copy"]).format(**names, owner=sql.Identifier(OWNER)))
        c.execute(sql.SQL(Q["close"]).format(**names))


def bring_back(settings: Settings) -> bool:
    """Put the copy in the place of the database; whether there was one. `up` comes after it: notes
    and rights on a database are not in its copy.
    """
    names = {"name": sql.Identifier(DATABASE), "copy": sql.Identifier(COPY)}
    with connect_superuser(settings) as c:
        if not is_there(c):
            return False
        c.execute(sql.SQL(Q["drop"]).format(**names))
        c.execute(sql.SQL(Q["rename"]).format(**names))
    return True


def forget(settings: Settings) -> None:
    """Remove the copy, if there is one."""
    with connect_superuser(settings) as c:
        c.execute(sql.SQL(Q["drop"]).format(name=sql.Identifier(COPY)))


def is_there(c: Any) -> bool:
    """Whether there is a copy."""
    row = c.execute(Q["there"], {"name": COPY}).fetchone()
    return bool(row and row[0])
