"""Where the database is and under which login: connection strings for the owner and the logins.

The private cluster listens on a unix socket alone; with GRIDWARDEN_DATABASE_URL it is that
server. Login names end in the database's name because roles belong to a whole server.
"""

import hashlib
import os
from pathlib import Path
from typing import Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gridwarden.database.passwords import password
from gridwarden.database.sentences import trouble
from gridwarden.settings import Settings

Login = Literal["web", "worker"]
LOGINS: tuple[Login, ...] = ("web", "worker")
DATABASE = "gridwarden"
OWNER = "gridwarden_owner"
SUPERUSER = "postgres"
PORT = "5432"
"""Only the name of the socket's file: nothing listens on TCP."""
LOST_SERVER = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
"""A server that is gone without a word (its machine lost power, a cable was cut) is noticed after
25 s, not after two hours."""
LOST_CLIENT = (
    "-c client_connection_check_interval=5s -c tcp_keepalives_idle=10"
    " -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)
"""So is a client by the server: what a killed worker had asked for ends, and its locks are free."""
_LONGEST_SOCKET_DIR = 107 - len(f"/.s.PGSQL.{PORT}")
_LONGEST_NAME = 63


def socket_dir(settings: Settings) -> Path:
    """The private cluster's socket folder: inside HOME, or a short one when that cannot be.

    A socket's path may have 107 bytes, and libpq reads a comma as a list of hosts.
    """
    inside = settings.cluster / "socket"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_DIR and not set(str(inside)) & set(",\"'\\"):
        return inside
    mark = hashlib.sha256(os.fsencode(settings.home.resolve())).hexdigest()[:16]
    return Path("/tmp") / f"gridwarden-{mark}"


def server(settings: Settings) -> dict[str, str]:
    """Host, port, database and the rest of the address, without user and password."""
    if settings.database_url is None:
        return {"host": str(socket_dir(settings)), "port": PORT, "dbname": DATABASE}
    given = _given(settings)
    return {k: v for k, v in given.items() if k not in ("user", "password")}


def _given(settings: Settings) -> dict[str, str]:
    """GRIDWARDEN_DATABASE_URL, taken apart (SQLAlchemy's `postgresql+psycopg:` too)."""
    url = settings.database_url or ""
    scheme, colon, rest = url.partition("://")
    plain = f"{scheme.partition('+')[0]}://{rest}" if colon else url
    try:
        given = {k: str(v) for k, v in conninfo_to_dict(plain).items() if v is not None}
    except psycopg.ProgrammingError:
        given = {}
    if not given.get("dbname") or not given.get("user"):
        raise trouble(settings, "bad_address")
    return given


def database_name(settings: Settings) -> str:
    """The name of the database, without connecting."""
    return server(settings)["dbname"]


def login_name(settings: Settings, login: Login) -> str:
    """`gridwarden_web_<database>` or `gridwarden_worker_<database>`."""
    name = f"gridwarden_{login}_{database_name(settings)}"
    if len(name.encode()) > _LONGEST_NAME:
        raise trouble(settings, "long_name", name=name)
    return name


def login_dsn(settings: Settings, login: Login, options: str = "") -> str:
    """The connection string of the login of the web or the worker process; `options` as PGOPTIONS
    has them.

    Raises SetUpError before the first `gridwarden up`, which makes its password.
    """
    name = login_name(settings, login)
    given = server(settings)
    told = [given.get("options", ""), os.environ.get("PGOPTIONS", ""), LOST_CLIENT, options]
    return make_conninfo(
        **{
            **LOST_SERVER,
            **given,
            "options": " ".join(one for one in told if one),
            "user": name,
            "password": password(settings, name),
            "application_name": f"gridwarden {login}",
        }
    )


def owner_dsn(settings: Settings) -> str:
    """The owner's connection string: migrations and set-up only, never a request."""
    return make_conninfo("", **owner_parts(settings))


def owner_parts(settings: Settings) -> dict[str, str]:
    """The owner's address, taken apart."""
    if settings.database_url is not None:
        return {**LOST_SERVER, **_given(settings)}
    return {**server(settings), "user": OWNER, "password": password(settings, OWNER)}


def owner_url(settings: Settings) -> str:
    """The owner's address as SQLAlchemy writes it (psycopg 3), password included."""
    from sqlalchemy import URL  # for migrations alone, not for every command

    parts = {k: str(v) for k, v in conninfo_to_dict(owner_dsn(settings)).items()}
    user, secret = parts.pop("user"), parts.pop("password", None)
    database = parts.pop("dbname")
    return URL.create(
        "postgresql+psycopg", username=user, password=secret, database=database, query=parts
    ).render_as_string(hide_password=False)


def connect(settings: Settings, dsn: str, autocommit: bool = True) -> psycopg.Connection:
    """A connection for set-up, within 10 s.

    Raises SetUpError with the server's reason, never with the password.
    """
    try:
        return psycopg.connect(dsn, autocommit=autocommit, connect_timeout=10)
    except psycopg.OperationalError as error:
        parts = conninfo_to_dict(dsn)
        reason = str(error).strip().partition("\n")[0]
        own = str(parts.get("host", "")).startswith("/")
        told = {"name": parts.get("dbname"), "user": parts.get("user"), "reason": reason}
        mended = "away_own" if own else "away_outside"
        raise trouble(settings, "away", mended, **told) from None


def connect_owner(settings: Settings, autocommit: bool = True) -> psycopg.Connection:
    """A connection as the owner; the caller closes it."""
    return connect(settings, owner_dsn(settings), autocommit)
