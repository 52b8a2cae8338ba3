"""A checked pack comes in force: its rows, and the texts that they were read from."""

import json
from collections.abc import Iterable

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import queries
from gridwarden.rules.normal import normal
from gridwarden.rules.reading import LoadedPack, built_in_packs, load_built_in
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.rules", "rules.sql")


async def publish(connection: AsyncConnection[TupleRow], loaded: LoadedPack) -> bool:
    """Put a pack in force at once, in an open transaction of the database's owner.

    No role that asks may do that: people propose and approve (`gridwarden.rules.sharing`). The
    same pack again changes nothing and returns False. Raises psycopg.Error with SQLSTATE GW409
    when its version was published with other rules, when the pack that it extends is not in force,
    or when another base pack is.
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
