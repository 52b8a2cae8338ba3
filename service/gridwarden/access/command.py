"""The command line acts as a role too: `--as ROLE [--org O]`, recorded with the OS user."""

import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from gridwarden.access.named import organisation_called
from gridwarden.database import ADMINISTRATORS, ASKERS, Caller, Pool, as_caller, open_pool
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

LOGIN_UID = Path("/proc/self/loginuid")
"""Whose login this process descends from: the kernel keeps it through su and sudo."""
NO_LOGIN = 2**32 - 1


def os_user() -> str:
    """The account that logged in, as the kernel knows it through su and sudo; where nobody did
    (a container, a service), the account that runs this.

    Never a variable of the environment: anybody may set LOGNAME, USER or SUDO_USER, and a second
    person must be another one.
    """
    number = _login_uid()
    if number is None:
        number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _login_uid() -> int | None:
    try:
        number = int(LOGIN_UID.read_text("ascii"))
    except (OSError, ValueError):
        return None
    return None if number == NO_LOGIN else number


@asynccontextmanager
async def acting(
    role: str, org: str | None = None, *, settings: Settings | None = None
) -> AsyncIterator[tuple[Pool, Caller, Settings]]:
    """The web login's pool and the OS user as a caller in `role`, over the whole city.

    `org` is the name, code or id of an organisation; a utility sees that company's mains alone.
    Raises Problem `not_found` for an organisation that is not there, `conflict` where several
    are called so, `forbidden` for no role; and as a Problem what the database itself refuses.
    """
    settings = settings or Settings()
    pool = await open_pool(settings, "web")
    try:
        try:
            caller = Caller(role, f"cli:{os_user()}", all_districts=role != "utility")
        except ValueError as error:
            roles = ", ".join((*ASKERS, *ADMINISTRATORS))
            words: dict[str, Any] = {"role": role, "roles": roles}
            raise Problem("forbidden", "access.no_such_role", field="--as", **words) from error
        caller = await with_org(pool, caller, org)
        yield pool, caller, settings
    except psycopg.Error as error:
        if not (error.sqlstate or "").startswith(("GW4", "42501", "23514")):
            raise
        from gridwarden.words.answers import problem_of  # not for every command

        raise problem_of(error) from error
    finally:
        await pool.close()


async def with_org(pool: Pool, caller: Caller, org: str | None) -> Caller:
    """The caller with the organisation of this id, code or name; not every role may look it up.

    Raises Problem `not_found` for none and `conflict` for several.
    """
    if org is None:
        return caller
    async with as_caller(pool, Caller("security", caller.person)) as connection:
        number = await organisation_called(connection, org, "--org")
    return replace(caller, org_ids=(number,))
