"""Rules to SQL: one set-based statement for each family of rules on mains, and each other rule.

The database composes them (`data.statements()`), because screening, what-if and explanations run
the very same text: here they are fetched and named. The numbers stay in `data.main_rule`, which
the statements join; only names that layers declare and a pack's own conditions are composed in.
"""

from dataclasses import dataclass
from typing import LiteralString, cast

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import queries

Q = queries(__package__ or "gridwarden.rules", "compiled.sql")


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled family of rules, or rule: a SELECT with the columns of `data.judged`."""

    name: str
    family: str
    layer: str
    kind: str
    rule_ids: tuple[int, ...]
    sql: LiteralString

    @classmethod
    def of(cls, row: TupleRow) -> "Statement":
        """From a row of the query `statements`."""
        name, family, layer, kind, rule_ids, text = row
        # The text comes from the database's own function, never from a caller.
        return cls(name, family, layer, kind, tuple(rule_ids), cast(LiteralString, text))


async def compiled(connection: AsyncConnection[TupleRow]) -> list[Statement]:
    """Every statement that the rules in force need, in a steady order (role screen)."""
    return [Statement.of(r) for r in await (await connection.execute(Q["statements"])).fetchall()]
