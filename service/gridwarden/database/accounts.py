"""What a database needs before its first migration: owner, PostGIS closed up, and two logins."""

import re
from importlib.resources import files
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from gridwarden.database.addresses import (
    LOGINS,
    OWNER,
    PORT,
    SUPERUSER,
    Login,
    connect,
    connect_owner,
    database_name,
    login_dsn,
    login_name,
    socket_dir,
)
from gridwarden.database.passwords import make_password, password
from gridwarden.database.queries import queries
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.database", "cluster.sql")
GROUND = "2"
"""Raised when `up` has something new to do on databases that are there already."""


def postgis_sql() -> LiteralString:
    """The file a superuser runs once: PostGIS in, its telltale functions closed to PUBLIC."""
    return files(__package__ or "gridwarden.database").joinpath("postgis.sql").read_text("utf-8")


def statements_sql(owner: str) -> sql.Composed:
    """The file a superuser runs once, for `owner`: which statements are slow."""
    text = files(__package__ or "gridwarden.database").joinpath("statements.sql").read_text("utf-8")
    first, *more = text.split(':"owner"')
    parts: list[sql.Composable] = [sql.SQL(first)]
    for one in more:
        parts += [sql.Identifier(owner), sql.SQL(one)]
    return sql.Composed(parts)


def connect_superuser(settings: Settings, database: str = "postgres") -> psycopg.Connection:
    """A connection as the private cluster's superuser, for set-up alone; the caller closes it."""
    return connect(
        settings,
        make_conninfo(
            host=str(socket_dir(settings)),
            port=PORT,
            dbname=database,
            user=SUPERUSER,
            password=password(settings, SUPERUSER),
        ),
    )


def make_private_database(settings: Settings, name: str) -> None:
    """The owner and the database `name` on the private cluster, with PostGIS; idempotent."""
    with connect_superuser(settings) as c:
        _role(c, OWNER, make_password(settings, OWNER), "owner")
        if not _one(c, "database_exists", name=name):
            names = {"name": sql.Identifier(name), "owner": sql.Identifier(OWNER)}
            c.execute(sql.SQL(Q["make_database"]).format(**names))
        for each in (name, "postgres"):
            c.execute(sql.SQL(Q["close_database"]).format(name=sql.Identifier(each)))
    with connect_superuser(settings, name) as c:
        c.execute("set client_min_messages = warning")
        c.execute(postgis_sql())
        if _one(c, "counts_statements"):
            c.execute(statements_sql(OWNER))


def drop_private_database(settings: Settings, name: str) -> None:
    """Remove the database `name` of the private cluster and its logins, if they are there."""
    with connect_superuser(settings) as c:
        c.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        for login in LOGINS:
            role = sql.Identifier(f"gridwarden_{login}_{name}")
            c.execute(sql.SQL("drop role if exists {}").format(role))


def make_logins(settings: Settings, c: psycopg.Connection) -> None:
    """The logins of the web and the worker process, members of nothing yet; idempotent.

    A login that is there under a password that we do not know gets a new one.
    """
    database = sql.Identifier(database_name(settings))
    with c.transaction():
        c.execute(Q["one_at_a_time"])
        c.execute(sql.SQL(Q["close_database"]).format(name=database))
        for login in LOGINS:
            name = login_name(settings, login)
            secret = make_password(settings, name)
            if not _one(c, "role_exists", name=name) or not _works(settings, login):
                _role(c, name, secret, "login")
            names = {"name": sql.Identifier(name), "database": database}
            c.execute(sql.SQL(Q["let_in"]).format(**names))


def stamp(settings: Settings, c: psycopg.Connection, crs: int) -> None:
    """Note on the database that it is ready, and in which CRS it measures (EPSG code)."""
    database = sql.Identifier(database_name(settings))
    text = sql.Literal(f"Gridwarden ground={GROUND} crs={crs}")
    c.execute(sql.SQL(Q["stamp"]).format(database=database, text=text))


def stamps(c: psycopg.Connection) -> dict[str, str]:
    """What earlier runs have noted: `ground` (the steps done) and `crs`."""
    text = str(_one(c, "stamps"))
    return dict(re.findall(r"(\w+)=(\w+)", text) if text.startswith("Gridwarden ") else ())


def _works(settings: Settings, login: Login) -> bool:
    try:
        connect(settings, login_dsn(settings, login)).close()
    except SetUpError:
        return False
    return True


def _role(c: psycopg.Connection, name: str, secret: str, kind: str) -> None:
    """Make or mend a role; its password travels hashed, so that no server log has it."""
    hashed = c.pgconn.encrypt_password(secret.encode(), name.encode(), b"scram-sha-256")
    verb = "keep" if _one(c, "role_exists", name=name) else "make"
    query = sql.SQL(Q[f"{verb}_{kind}"])
    c.execute(query.format(name=sql.Identifier(name), secret=sql.Literal(hashed.decode())))


def _one(c: psycopg.Connection, query: str, **params: object) -> Any:
    row = c.execute(Q[query], params).fetchone()
    return row[0] if row else None


__all__ = [
    "GROUND",
    "connect_owner",
    "connect_superuser",
    "drop_private_database",
    "make_logins",
    "make_private_database",
    "stamp",
    "stamps",
]
