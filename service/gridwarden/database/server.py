"""Whether a server can carry Gridwarden: its versions, and each right that the owner needs there.

What is wrong is one sentence with the command that mends it (`words/catalogue/doctor.toml`).
"""

import ipaddress
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from gridwarden.database.addresses import (
    LOGINS,
    connect_owner,
    database_name,
    login_name,
    owner_parts,
    server,
)
from gridwarden.database.postgres import OLDEST
from gridwarden.database.queries import queries
from gridwarden.database.sentences import trouble
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.database", "server.sql")
OLDEST_POSTGIS: Final = (3, 3)
BESIDE: Final = 8
"""Sessions besides the pools': who listens for changes, who draws, who keeps the machine."""
TELLTALES: Final = [
    "st_estimatedextent",
    "_postgis_stats",
    "_postgis_selectivity",
    "_postgis_join_selectivity",
    "_postgis_index_extent",
]
"""PostGIS's functions that answer about any table without a grant on it."""


def check_server(settings: Settings, c: psycopg.Connection, *, fresh: bool = False) -> None:
    """Whether the owner's database can carry Gridwarden; `fresh`: it holds nothing yet.

    Raises SetUpError with the command that mends the first thing that is missing.
    """
    facts = c.cursor(row_factory=dict_row).execute(Q["facts"]).fetchone() or {}
    facts |= {"name": database_name(settings), "user": c.info.user}
    wrong = [*_of_the_server(settings, facts, fresh), *_of_the_owner(settings, facts)]
    if not wrong:
        wrong = [*_of_postgis(settings, c, facts), *_of_sessions(settings, c, facts)]
    if wrong:
        raise wrong[0]


def _of_the_server(settings: Settings, facts: dict[str, Any], fresh: bool) -> Iterator[SetUpError]:
    if facts["major"] < OLDEST:
        yield trouble(settings, "server_old", major=facts["major"], oldest=OLDEST)
    if facts["standby"]:
        yield trouble(settings, "standby", name=facts["name"])
    if facts["encoding"] != "UTF8":
        yield trouble(settings, "encoding", **_named(facts), encoding=facts["encoding"])
    elif fresh and not facts["letters"]:
        yield trouble(settings, "locale", **_named(facts), locale=facts["locale"])


def _of_the_owner(settings: Settings, facts: dict[str, Any]) -> Iterator[SetUpError]:
    if not facts["createrole"]:
        yield trouble(settings, "no_createrole", user=facts["user"])
    if not facts["owns"]:
        yield trouble(settings, "not_owner", **_named(facts))
    elif not facts["creates"]:
        yield trouble(settings, "no_create", **_named(facts))


def _of_postgis(
    settings: Settings, c: psycopg.Connection, facts: dict[str, Any]
) -> Iterator[SetUpError]:
    name = facts["name"]
    file = files(__package__ or "gridwarden.database").joinpath("postgis.sql")
    found = facts["postgis"]
    if found is None:
        yield trouble(settings, "no_postgis", name=name, file=file)
        return
    if _version(found) < OLDEST_POSTGIS:
        oldest = ".".join(map(str, OLDEST_POSTGIS))
        told = {"found": found, "oldest": oldest, "major": facts["major"]}
        yield trouble(settings, "postgis_old", name=name, **told)
    library = str(_one(c, "library"))
    if _version(library) != _version(found):
        yield trouble(settings, "postgis_half", name=name, found=found, library=library)
    if _one(c, "open_functions", names=TELLTALES):
        yield trouble(settings, "telltales", name=name, file=file)


def _of_sessions(
    settings: Settings, c: psycopg.Connection, facts: dict[str, Any]
) -> Iterator[SetUpError]:
    """Limits that would turn callers away on a busy day; −1 is none."""
    web = settings.processes * settings.web_connections
    pools = {"web": web, "worker": settings.worker_connections}
    needed = sum(pools.values()) + BESIDE
    if 0 <= facts["of_database"] < needed:
        told = {"most": facts["of_database"], "needed": needed}
        yield trouble(settings, "few_in_database", name=facts["name"], **told)
    limits = {facts["user"]: facts["of_owner"]}
    logins = {login_name(settings, login): login for login in LOGINS}
    limits |= dict(c.execute(Q["limits"], {"logins": list(logins)}).fetchall())
    for role, most in limits.items():
        of_role = BESIDE + (pools[logins[role]] if role in logins else 0)
        if 0 <= most < of_role:
            yield trouble(settings, "few_of_role", role=role, most=most, needed=of_role)
    if facts["of_server"] < needed:
        most, enough = facts["of_server"], max(100, 2 * needed)
        yield trouble(settings, "few_on_server", most=most, needed=needed, enough=enough)


def check_way(settings: Settings) -> None:
    """What another machine's server sends is encrypted, unless the address says outright that it is
    not; and none lets the owner, or a login, in without its password. Raises SetUpError.
    """
    parts = owner_parts(settings)
    with connect_owner(settings) as c:
        row = c.execute(Q["address"]).fetchone()
        bare = not c.pgconn.ssl_in_use and parts.get("sslmode") != "disable"
    if bare and row is not None and _is_remote(row[0]):
        raise trouble(settings, "unencrypted")
    users = [parts["user"], *(login_name(settings, one) for one in LOGINS)]
    for user in users:
        # A file that is not there: of /dev/null libpq would complain on the clerk's screen.
        given = {**server(settings), "user": user, "password": "", "passfile": "/nonexistent"}
        try:
            psycopg.connect(make_conninfo("", **given), connect_timeout=10).close()
        except psycopg.OperationalError:
            continue
        raise trouble(settings, "trust", user=user)


def _is_remote(address: str) -> bool:
    """Whether this is not the machine itself; a socket has no address."""
    return bool(address) and not ipaddress.ip_address(address).is_loopback


def _version(text: str) -> tuple[int, int]:
    """Major and minor: a third number mends and adds nothing."""
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _named(facts: dict[str, Any]) -> dict[str, Any]:
    return {"name": facts["name"], "user": facts["user"]}


def _one(c: psycopg.Connection, query: str, **params: object) -> Any:
    row = c.execute(Q[query], params).fetchone()
    return row[0] if row else None


__all__ = ["TELLTALES", "check_server", "check_way"]
