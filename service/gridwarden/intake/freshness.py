"""What a version says of its own age, and what its importer promises."""

from typing import Any, Final

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from gridwarden.database import queries
from gridwarden.intake.outcome import Target

Q: Final = queries(__package__ or "gridwarden.intake", "freshness.sql")
Connection = AsyncConnection[TupleRow]


async def fresh_as(c: Connection, target: Target) -> dict[str, Any]:
    """The newest day of the staged rows (`surveyed_on`) and whose all of them are (`supplier`);
    None where they tell none."""
    days = sql.SQL(", ").join(map(sql.Identifier, target.layer.dated_by))
    row = await (await c.execute(sql.SQL(Q["told"]).format(days=days))).fetchone()
    assert row is not None
    return {"surveyed_on": row[0], "supplier": row[1]}


async def kept_up(c: Connection, target: Target, dataset_id: int, *, unchanged: bool) -> None:
    """Keep that a whole file came again unchanged, and the promise that came with a file."""
    if unchanged and not target.partial and target.rollback_to is None:
        await c.execute(Q["confirmed"], {"dataset_id": dataset_id})
    if target.update_days is not None:
        values = {"dataset_id": dataset_id, "id": target.import_id}
        await c.execute(Q["promised"], values | {"update_days": target.update_days})
