"""The statements of a step: composed when rules turn, planned before the first edit needs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from gridwarden.database import queries
from gridwarden.rules import Statement
from gridwarden.screening.screen import Group as Judged
from gridwarden.screening.screen import Q as WHOLE
from gridwarden.screening.screen import groups_now

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
        self._turned: tuple[Judged, ...] | None = None

    async def look(self, connection: Connection, mark: object) -> bool:
        """Compose it anew where rules, figures or ways of reading changed; whether they have.

        `mark` is all that it is composed of.
        """
        if mark == self._mark:
            return False
        self._judging = [
            (one, sql.SQL("{} {}").format(sql.SQL(WHOLE["columns"]), sql.SQL(one.sql)))
            for one in map(Statement.of, await _rows(connection, Q["statements"]))
        ]
        self._concerning = dict(await _rows(connection, Q["concerns"]))
        self._beside = {}
        for family, layer, counterparts in await _rows(connection, Q["together"]):
            self._beside.setdefault((family, layer), {"districts"}).update(counterparts)
        self._mark = mark
        self._turned = None
        return True

    async def turned(self, connection: Connection) -> tuple[Judged, ...]:
        """Every family on a layer, and whether it is judged otherwise than the last time: asked
        once, for until the city is screened by new rules every step needs it."""
        if self._turned is None:
            self._turned = await groups_now(connection)
        return self._turned

    def settled(self) -> None:
        """The city was screened by these rules."""
        self._turned = None

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
        return {
            (family, layer)
            for (family, layer), beside in self._beside.items()
            if not (beside | {layer}) & changed
        }

    def looking(self) -> dict[str, list[str]]:
        """Which families on a layer look at which others, as three columns."""
        every = [(*group, other) for group, beside in self._beside.items() for other in beside]
        return {
            "families": [one[0] for one in every],
            "layers": [one[1] for one in every],
            "beside": [one[2] for one in every],
        }


async def _rows(connection: Connection, query: LiteralString) -> list[TupleRow]:
    return await (await connection.execute(query)).fetchall()
