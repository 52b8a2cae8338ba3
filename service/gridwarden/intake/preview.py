"""What a person looks at before a file is published: which field is which column, the first rows
as they would be, and the first troubles. Kept with the import, as secret as its rows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.intake.formats.batch import Batch, Source
from gridwarden.intake.mapping import Fields
from gridwarden.intake.rows import Checked, Checker, plain_value
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.intake", "preview.sql")
ROWS: Final = 5
TROUBLES: Final = 10
TEXT: Final = 200
"""Letters of a value that are shown."""
NAMED: Final = 200
"""Fields that are named."""
NUMBERS: Final = 12
"""Rows of one kind that a note names."""


class Preview:
    """Gathers what is shown of an import while its rows are checked."""

    def __init__(self, source: Source, fields: Fields, habit: str = "") -> None:
        self._source, self._fields, self._habit = source, fields, habit
        self._rows: list[dict[str, Any]] = []
        self._troubles: list[dict[str, Any]] = []
        self._passed: dict[str, list[int]] = {}

    def watched(self, checked: Iterable[Checked], columns: Sequence[str]) -> Iterator[Checked]:
        """Hand the checked batches on, and keep the first rows and troubles of them."""
        for one in checked:
            self._look(one, columns)
            yield one

    def of_first(self, checker: Checker, first: Batch | None) -> None:
        """Look at the first rows alone, where nothing more is read: the import is held."""
        if first is not None:
            self._look(checker.batch(first), checker.columns)

    def document(self) -> dict[str, Any]:
        """As it is kept."""
        fields = self._fields
        columns = [
            {"column": c, "field": field, "how": fields.how.get(c, "synonym"), "factor": k.factor}
            for c, (field, k) in fields.converters.items()
            if fields.how.get(c) != "size" or any(c in row["values"] for row in self._rows)
        ]
        identity = fields.source_id and {
            "field": fields.source_id,
            "how": fields.how.get("source_id", "synonym"),
        }
        return {
            "columns": columns,
            "source_id": identity or None,
            "constants": {n: _shown(v) for n, v in fields.constants.items()},
            "place": sorted(self._source.places, key=self._source.fields.index),
            "unmapped": list(fields.extra[:NAMED]),
            "serial": list(fields.serial),
            "as_last_time": self._habit or None,
            "rows": self._rows,
            "troubles": self._troubles,
        }

    def notes(self) -> list[str]:
        """What stood in the sheet and was no row, each kind with its rows' numbers."""
        return [
            f"{why}:{', '.join(map(str, numbers[:NUMBERS]))}{'…' * (len(numbers) > NUMBERS)}"
            for why, numbers in self._passed.items()
        ]

    def _look(self, checked: Checked, columns: Sequence[str]) -> None:
        for number, _identity, *values in checked.good[: ROWS - len(self._rows)]:
            named = dict(zip(columns[1:], values, strict=True))
            own = {n: named[n] for n in self._shown_columns if named.get(n) is not None}
            self._rows.append({"row": number, "values": {n: _shown(v) for n, v in own.items()}})
        for number, reason, column, value, *_ in checked.rejects[: TROUBLES - len(self._troubles)]:
            trouble = {"row": number, "reason": reason, "column": column, "value": value}
            self._troubles.append(trouble)
        for number, why in checked.passed_over.items():
            self._passed.setdefault(why, []).append(number)

    @property
    def _shown_columns(self) -> list[str]:
        return [*self._fields.converters, *self._fields.constants]


def _shown(value: Any) -> Any:
    """A value as JSON keeps it, a long text cut."""
    kept = plain_value(value)
    if isinstance(value, date):
        return value.isoformat()
    return kept[:TEXT] if isinstance(kept, str) else kept


async def keep_preview(
    connection: AsyncConnection[TupleRow], import_id: int, preview: Preview
) -> None:
    """Keep it with the import (worker)."""
    values = {"id": import_id, "preview": Jsonb(preview.document())}
    await connection.execute(Q["keep"], values)


async def seen(pool: Pool, caller: Caller, import_id: int) -> dict[str, Any] | None:
    """The preview of an import that the caller may see; None when it is kept no more."""
    async with as_caller(pool, caller) as c:
        row = await (await c.execute(Q["seen"], {"id": import_id})).fetchone()
    return row[0] if row else None


async def forget_old(pool: Pool, settings: Settings) -> None:
    """Forget the previews of imports whose file is gone. `pool` is the worker's."""
    names = (p.name for p in settings.files.glob("*"))
    kept = [int(name) for name in names if name.isascii() and name.isdigit()]
    async with as_caller(pool, Caller("import", "worker")) as c:
        await c.execute(Q["over"], {"kept": kept})
