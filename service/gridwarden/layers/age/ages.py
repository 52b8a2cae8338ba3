"""Ages of datasets and late suppliers, read through the caller's own views.

Ages are whole days in the city's time zone. A dataset counts from the newest day that its rows
tell, else from when it was last brought; it is late from the day after the one it is due on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from gridwarden.database import queries
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.layers.age", "age.sql")


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of what days the loaded data are, and who is late, the latest first."""

    oldest: date | None
    newest: date | None
    age_days: int | None
    late: Sequence[Mapping[str, Any]]

    @property
    def late_names(self) -> tuple[str, ...]:
        """The late suppliers, each once; a dataset of nobody by its own name."""
        named = (one["supplier"] or one["dataset"] or "–" for one in self.late)
        return tuple(dict.fromkeys(named))

    def document(self) -> dict[str, Any]:
        """As answers carry it."""
        return {
            "oldest": self.oldest.isoformat() if self.oldest else None,
            "newest": self.newest.isoformat() if self.newest else None,
            "age_days": self.age_days,
            "late": list(self.late_names),
        }


async def _rows(
    c: AsyncConnection[Any], statement: str, /, **values: object
) -> list[dict[str, Any]]:
    async with c.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(Q[statement], values)
        return await cursor.fetchall()


async def freshness(c: AsyncConnection[Any]) -> Freshness:
    """What the caller of this transaction may know of it."""
    ends = (await _rows(c, "ends"))[0]
    return Freshness(ends["oldest"], ends["newest"], ends["age_days"], await late_suppliers(c))


async def late_suppliers(c: AsyncConnection[Any]) -> list[dict[str, Any]]:
    """Who is past its promise, the latest first."""
    return await _rows(c, "late")


async def dataset_ages(c: AsyncConnection[Any]) -> list[dict[str, Any]]:
    """Every dataset that the caller may know of; `name` is None where that is not the caller's."""
    return await _rows(c, "ages")


async def dataset_called(c: AsyncConnection[Any], layer: str, name: str) -> int:
    """The id of a dataset by layer and name. Raises Problem `not_found`."""
    rows = await _rows(c, "named", layer=layer, name=name)
    if not rows:
        raise Problem("not_found", "age.no_such_dataset", field="dataset")
    return int(rows[0]["id"])


async def promise(c: AsyncConnection[Any], dataset: int, update_days: int | None) -> dict[str, Any]:
    """Change what is promised of a dataset, None for nothing; recorded in the audit.

    Raises Problem `not_found` for a dataset that the caller does not see, `forbidden` for one that
    is not the caller's to bring.
    """
    row = await (
        await c.execute(Q["promise"], {"id": dataset, "update_days": update_days})
    ).fetchone()
    told: dict[str, Any] | None = row[0] if row else None
    if told is None:
        raise Problem("not_found", "age.no_such_dataset", field="dataset")
    if "refused" in told:
        raise Problem("forbidden", "age.not_yours", field="dataset")
    return told
