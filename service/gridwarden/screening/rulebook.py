"""The statements of a step: composed when rules turn, planned before the first edit needs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from gridwarden.database import queries
from gridwarden.rules import Statement
from gridwarden.screening.screen import Q as WHOLE

Q = queries(__package__ or "gridwarden.screening", "screener.sql")
PREPARED = 250
"""Statements that a connection keeps planned: a step's own, and those of every rule."""
Connection = AsyncConnection[TupleRow]
Group = tuple[str, str]
"""A family on a layer."""


@contextmanager
def planned_once(connection: Connection, few: bool) -> Iterator[None]:
    """Statements inside are planned once in the life of the connection; for many rows each time,
    by how many there are."""
    was = connection.prepare_threshold
    connection.prepare_threshold = 0 if few else None
    connection.prepared_max = PREPARED
    try:
        yield
    finally:
        connection.prepare_threshold = was


class Rulebook:
    """What judges again, composed anew only when what it is composed of has changed."""

    def __init__(self) -> None:
        self._mark: object = None
        self._judging: list[tuple[Statement, sql.Composed]] = []
        self._concerning: dict[str, LiteralString] = {}
        self._beside: dict[Group, set[str]] = {}

    async def look(self, connection: Connection) -> bool:
        """Compose it anew where rules, figures or ways of reading changed; whether they have."""
        mark = await (await connection.execute(Q["composed_of"])).fetchone()
        if mark == self._mark:
            return False
        self._judging = [
            (one, sql.SQL("{} {}").format(sql.SQL(WHOLE["columns"]), sql.SQL(one.sql)))
            for one in map(Statement.of, await _rows(connection, Q["statements"]))
        ]
        self._concerning = dict(await _rows(connection, Q["concerns"]))
        self._beside = {}
        for family, layer, counterparts in await _rows(connection, Q["together"]):
            beside = self._beside.setdefault((family, layer), {layer, "districts"})
            beside.update(counterparts)
        self._mark = mark
        return True

    async def plan(self, connection: Connection) -> None:
        """Have every statement planned, by running it while there is nothing to judge."""
        with planned_once(connection, few=True):
            await self.concern(connection, set(self._concerning))
            await self.judge(connection, {layer for _, layer in self._beside}, set())

    async def concern(self, connection: Connection, changed: set[str]) -> None:
        """Note whom the changes of these layers concern."""
        for layer in sorted(changed):
            await connection.execute(self._concerning[layer])

    async def judge(self, connection: Connection, layers: set[str], but: set[Group]) -> None:
        """Judge the noted features of these layers again, but by those families on their layer."""
        for one, insert in self._judging:
            if one.layer in layers and (one.family, one.layer) not in but:
                await connection.execute(insert)

    def untouched(self, changed: set[str]) -> set[Group]:
        """Families on a layer that look at none of the layers that changed: what was found of them
        stays. Every finding names its district."""
        return {group for group, beside in self._beside.items() if not beside & changed}


async def _rows(connection: Connection, query: LiteralString) -> list[TupleRow]:
    return await (await connection.execute(query)).fetchall()
