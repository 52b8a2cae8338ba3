"""The command line acts as a role too: `--as ROLE [--org O]`, recorded with the OS user."""

import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gridwarden.access.named import organisation_called
from gridwarden.database import Caller, Pool, as_caller, open_pool
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem


def os_user() -> str:
    """The account that runs this, as the system knows it; behind sudo, who called it.

    Not LOGNAME or USER: anybody may set those, and a second person must be another one.
    """
    number = os.getuid()
    if number == 0 and os.environ.get("SUDO_USER"):
        return os.environ["SUDO_USER"]
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


@asynccontextmanager
async def acting(
    role: str, org: str | None = None, *, settings: Settings | None = None
) -> AsyncIterator[tuple[Pool, Caller, Settings]]:
    """The web login's pool and the OS user as a caller in `role`, over the whole city.

    `org` is the name, code or id of an organisation; a utility sees that company's mains alone.
    Raises Problem `not_found` for an organisation that is not there, `conflict` where several
    are called so, `forbidden` for no role.
    """
    settings = settings or Settings()
    pool = await open_pool(settings, "web")
    try:
        try:
            caller = Caller(role, f"cli:{os_user()}", all_districts=role != "utility")
        except ValueError as error:
            raise Problem("forbidden", str(error), field="--as") from error
        caller = await with_org(pool, caller, org)
        yield pool, caller, settings
    finally:
        await pool.close()


async def with_org(pool: Pool, caller: Caller, org: str | None) -> Caller:
    """The caller with the organisation of this id, code or name.

    Raises Problem `not_found` for none and `conflict` for several.
    """
    if org is None:
        return caller
    async with as_caller(pool, caller) as connection:
        number = await organisation_called(connection, org, "--org")
    return Caller(
        caller.role,
        caller.person,
        (number,),
        caller.district_ids,
        caller.all_districts,
        caller.language,
    )
