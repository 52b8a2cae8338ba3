"""A checked pack comes in force: its rows, and the texts that they were read from."""

import json
from collections.abc import Iterable

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import Caller, Pool, as_caller, open_pool, queries
from gridwarden.rules.normal import normal
from gridwarden.rules.reading import BUILT_IN, LoadedPack, built_in_packs, load_built_in
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.rules", "rules.sql")


async def publish(connection: AsyncConnection[TupleRow], loaded: LoadedPack) -> bool:
    """Put a pack in force, in the caller's (an administrator's) open transaction.

    The same pack again changes nothing and returns False. Raises psycopg.Error with SQLSTATE
    GW409 when its version was published with other rules, when the pack that it extends is not in
    force, or when another base pack is.
    """
    values = {
        "normal": json.dumps(normal(loaded), ensure_ascii=False),
        "document": json.dumps(dict(loaded.documents), ensure_ascii=False),
    }
    row = await (await connection.execute(Q["publish"], values)).fetchone()
    return bool(row and row[0])


def chosen(names: Iterable[str]) -> list[LoadedPack]:
    """The built-in packs of these names, each after those that it extends.

    What a pack extends comes with it. Raises Problem for a name that there is no pack of.
    """
    there = {path.stem for path in built_in_packs()}
    found: dict[str, LoadedPack] = {}
    for name in names:
        if name not in there:
            listed = ", ".join(sorted(there))
            raise Problem("refused", "rules.no_built_in", field="rules", pack=name, packs=listed)
        loaded = load_built_in(name)
        for base in reversed(loaded.extends):
            found.setdefault(base.pack.id, load_built_in(base.pack.id))
        found.setdefault(name, loaded)
    return list(found.values())


async def ensure_published(settings: Settings) -> bool:
    """Put the packs of `settings.rules` in force where none is, as a new installation needs."""
    pool = await open_pool(settings, "web")
    try:
        async with as_caller(pool, Caller("administrator", "gridwarden up")) as connection:
            if await (await connection.execute(Q["packs"])).fetchone():
                return False
            return any([await publish(connection, one) for one in chosen(settings.rules)])
    finally:
        await pool.close()


async def publish_built_in(pool: Pool, person: str, pack_id: str = BUILT_IN) -> bool:
    """Put the pack that comes with Gridwarden in force (pool of the web login)."""
    async with as_caller(pool, Caller("administrator", person)) as connection:
        return await publish(connection, load_built_in(pack_id))
