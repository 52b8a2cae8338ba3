"""The command line acts as a role too: `--as ROLE [--org O]`, recorded with the OS user."""

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gridwarden.database import Caller, Pool, as_caller, open_pool, queries
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.access", "command.sql")


@asynccontextmanager
async def acting(
    role: str, org: str | None = None, *, settings: Settings | None = None
) -> AsyncIterator[tuple[Pool, Caller, Settings]]:
    """The web login's pool and the OS user as a caller in `role`, over the whole city.

    `org` is the name, code or id of an organisation; a utility sees that company's mains alone.
    Raises Problem `not_found` for an organisation that is not there, `forbidden` for no role.
    """
    settings = settings or Settings()
    pool = await open_pool(settings, "web")
    try:
        try:
            caller = Caller(role, f"cli:{getpass.getuser()}", all_districts=role != "utility")
        except ValueError as error:
            raise Problem("forbidden", str(error), field="--as") from error
        caller = await with_org(pool, caller, org)
        yield pool, caller, settings
    finally:
        await pool.close()


async def with_org(pool: Pool, caller: Caller, org: str | None) -> Caller:
    """The caller with the organisation of this name, code or id. Raises Problem `not_found`."""
    if org is None:
        return caller
    async with as_caller(pool, Caller("planner", caller.person)) as connection:
        rows = await (await connection.execute(Q["organisation"], {"org": org})).fetchall()
    if not rows:
        raise Problem("not_found", "access.no_such_organisation", field="--org", org=org)
    return Caller(
        caller.role,
        caller.person,
        tuple(row[0] for row in rows),
        caller.district_ids,
        caller.all_districts,
        caller.language,
    )
