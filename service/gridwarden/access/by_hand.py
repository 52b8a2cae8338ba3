"""`gridwarden psql`: SQL by hand, as the owner, by whoever may read the installation's own files.

That it was opened, and by whom, is in the audit before psql begins; what is then changed names the
same person (`docs/by_hand.md`).
"""

import os
import shutil

import psycopg
import typer
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gridwarden.access.command import os_user
from gridwarden.database import queries
from gridwarden.database.cluster import connect_owner, owner_dsn
from gridwarden.database.postgres import find_programs
from gridwarden.database.sentences import trouble
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.access", "by_hand.sql")


def psql(context: typer.Context) -> None:
    """`gridwarden psql`."""
    settings = Settings()
    person = f"cli:{os_user()}"
    program = _program(settings)
    with connect_owner(settings) as c:
        try:
            c.execute(Q["opened_by"], {"person": person})
            c.execute(Q["opened"])
        except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName):
            raise trouble(settings, "old_tables") from None
    parts = {k: str(v) for k, v in conninfo_to_dict(owner_dsn(settings)).items() if v is not None}
    secret = parts.pop("password", None)
    told = {"gridwarden.person": person, "gridwarden.zone": settings.time_zone}
    environment = dict(os.environ)
    environment["PGOPTIONS"] = " ".join(f"-c {name}={_plain(v)}" for name, v in told.items())
    if secret is not None:
        environment["PGPASSWORD"] = secret  # not in the arguments, which everybody can list
    address = make_conninfo("", **parts, application_name="gridwarden psql")
    os.execve(program, [program, "-d", address, *context.args], environment)


def _program(settings: Settings) -> str:
    """The server's own psql, or the one on the path. Raises SetUpError where there is none."""
    if settings.database_url is None:
        ours = find_programs(settings).folder / "psql"
        if ours.is_file():
            return str(ours)
    found = shutil.which("psql")
    if found is None:
        raise trouble(settings, "no_psql")
    return found


def _plain(value: str) -> str:
    """A value as PGOPTIONS has it, where a space would begin the next option."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
