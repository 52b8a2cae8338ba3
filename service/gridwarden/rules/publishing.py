"""A pack becomes rows: normalised, with the strictest row for mains of unknown class."""

import json
from collections import defaultdict
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import Caller, Pool, as_caller, open_pool, queries
from gridwarden.rules.loading import BUILT_IN, LoadedPack, load_built_in
from gridwarden.rules.model import SEVERITIES, UNKNOWN, VERDICTS, Row, Rule
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.rules", "rules.sql")


async def publish(connection: AsyncConnection[TupleRow], loaded: LoadedPack) -> bool:
    """Put a pack in force, in the caller's (an administrator's) open transaction.

    The same rows again change nothing and return False. Raises psycopg.Error with SQLSTATE
    GW409 when another base pack is in force.
    """
    values = {"normal": json.dumps(normal(loaded)), "document": loaded.document}
    row = await (await connection.execute(Q["publish"], values)).fetchone()
    return bool(row and row[0])


async def ensure_published(settings: Settings) -> bool:
    """Put the built-in pack in force where none is, as a new installation needs; whether it did."""
    pool = await open_pool(settings, "web")
    try:
        async with as_caller(pool, Caller("administrator", "gridwarden up")) as connection:
            if await (await connection.execute(Q["packs"])).fetchone():
                return False
            return await publish(connection, load_built_in())
    finally:
        await pool.close()


async def publish_built_in(pool: Pool, person: str, pack_id: str = BUILT_IN) -> bool:
    """Put the pack that comes with Gridwarden in force (pool of the web login)."""
    async with as_caller(pool, Caller("administrator", person)) as connection:
        return await publish(connection, load_built_in(pack_id))


def normal(loaded: LoadedPack) -> dict[str, Any]:
    """The pack as the rows that screening and permit checks join; order does not matter in it."""
    pack = loaded.pack
    return {
        "pack": {
            "id": pack.pack.id,
            "version": pack.pack.version,
            "base": pack.pack.extends is None,
            "title": pack.pack.title.model_dump(),
            "missing_od_mm": pack.pack.missing_od_mm,
            "point_radius_m": pack.pack.point_radius_m,
        },
        "classes": [
            {
                "class": c.id,
                "over_mpa": c.over_mpa,
                "upto_mpa": c.upto_mpa,
                "rank": rank,
                "title": c.title.model_dump(),
            }
            for rank, c in enumerate(pack.class_)
        ],
        "outer_diameters": [
            {"material": material, "dn": float(dn), "od_mm": od_mm}
            for material, table in sorted(pack.outer_diameter.items())
            for dn, od_mm in sorted(table.dn.items())
        ],
        "rows": [row for rule in pack.rule for row in _rows(rule)],
    }


def _rows(rule: Rule) -> list[dict[str, Any]]:
    common = {
        "rule": rule.id,
        "family": rule.family,
        "kind": rule.kind,
        "strength": rule.strength,
        "clause": rule.clause,
        "edition": rule.edition,
        "verified": rule.verified,
        "certainty": rule.certainty,
        "source": rule.source,
        "text": rule.text.model_dump(),
        "measures": rule.measures.model_dump(mode="json"),
        "test": rule.test,
    }
    table = [*rule.row, *_strictest(rule)]
    return [
        common
        | {
            "row_no": number,
            "subject_layer": subject,
            "pressure_class": row.class_,
            "method": row.method,
            "limit_m": row.limit_m,
            "severity": row.severity,
            "verdict": row.verdict,
        }
        for subject in (rule.subjects or (None,))
        for number, row in enumerate(table, start=1)
    ]


def _strictest(rule: Rule) -> list[Row]:
    """For mains of unknown class: the largest limit and strongest grade of any class."""
    by_method: dict[str | None, list[Row]] = defaultdict(list)
    for row in rule.row:
        if row.class_ is not None:
            by_method[row.method].append(row)
    severities = [None, *SEVERITIES]
    verdicts = [None, *VERDICTS]
    return [
        rows[0].model_copy(
            update={
                "class_": UNKNOWN,
                "limit_m": max(r.limit_m for r in rows),
                "severity": max((r.severity for r in rows), key=severities.index),
                "verdict": max((r.verdict for r in rows), key=verdicts.index),
            }
        )
        for rows in by_method.values()
    ]
