"""What a finding's subject is called, read through the caller's own view of its layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, sql

from gridwarden.layers.catalogue import layers
from gridwarden.layers.features.items import view_of


@dataclass(frozen=True, slots=True)
class Named:
    """A finding and its subject's name; None where it has none or the caller may not read it.

    Nor has the caller a number where the subject would tell the place of a main.
    """

    id: int
    layer: str
    subject_id: int | None
    family: str
    severity: str
    certainty: str
    name: str | None


async def names_of(
    c: AsyncConnection[Any],
    role: str,
    rows: Sequence[tuple[int, str, int | None, str, str, str]],
    *,
    past: bool = False,
) -> list[Named]:
    """Name the subjects of rows (id, layer, subject_id, family, severity, certainty), in order;
    as they were called at the transaction's moment, where there is one."""
    wanted: dict[str, set[int]] = {}
    for row in rows:
        if row[2] is not None:
            wanted.setdefault(row[1], set()).add(row[2])
    found: dict[tuple[str, int | None], str] = {}
    for layer_id, ids in wanted.items():
        found |= await _names(c, role, layer_id, ids, past=past)
    return [Named(*row, found.get((row[1], row[2]))) for row in rows]


async def _names(
    c: AsyncConnection[Any], role: str, layer_id: str, ids: set[int], *, past: bool
) -> dict[tuple[str, int | None], str]:
    layer = layers().get(layer_id)
    if layer is None or role not in layer.readers:
        return {}
    statement = sql.SQL(
        "select id, coalesce(nullif(name, ''), nullif(code, '')) from {} where id = any(%s)"
    ).format(view_of(layer, past=past))
    rows = await (await c.execute(statement, [list(ids)])).fetchall()
    return {(layer_id, row[0]): row[1] for row in rows if row[1]}
