"""A small city drawn by hand: features at given metres, screened, and read back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString, cast

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from conftest import owner
from gridwarden.database import open_pool
from gridwarden.screening import Screened, screen
from gridwarden.screening.screener import Screener, Stepped
from gridwarden.settings import Settings

X, Y = 500_000.0, 3_400_000.0
"""A corner of the working plane; shapes below are given in metres from it."""

Point = tuple[float, float]
SURE = {"accuracy_m": 0.0}
STEEL_MA: dict[str, Any] = {"pressure_class": "MA", "material": "steel", "od_mm": 219.0, **SURE}


def line(*points: Point) -> str:
    """A line through these points, as WKT."""
    return f"LINESTRING({', '.join(f'{X + x:.6f} {Y + y:.6f}' for x, y in points)})"


def rectangle(west: float, south: float, east: float, north: float) -> str:
    """A rectangle, as WKT."""
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return f"POLYGON(({', '.join(f'{X + x:.6f} {Y + y:.6f}' for x, y in corners)}))"


def point(x: float, y: float) -> str:
    """A point, as WKT."""
    return f"POINT({X + x:.6f} {Y + y:.6f})"


def insert(
    connection: psycopg.Connection[Any], layer: str, wkt: str, columns: dict[str, Any]
) -> int:
    """One feature into a layer's table; returns its id."""
    connection.execute(
        "insert into data.dataset (layer, name, version) values (%s, 'drawn', 1)"
        " on conflict do nothing",
        (layer,),
    )
    kind = connection.execute(
        "select type from geometry_columns where f_table_schema = 'data' and f_table_name = %s",
        (layer,),
    ).fetchone()
    assert kind is not None
    shape = "st_multi({})" if kind[0].startswith("MULTI") else "{}"
    names = [sql.Identifier(name) for name in columns]
    statement = sql.SQL(
        "insert into {} (dataset_id, source_id, geom{}) select id, gen_random_uuid()::text,"
        + shape.format("st_geomfromtext({}, data.working_srid())")
        + "{} from data.dataset where layer = {} returning id"
    ).format(
        sql.Identifier("data", layer),
        sql.SQL("").join(sql.SQL(", {}").format(n) for n in names),
        sql.Literal(wkt),
        sql.SQL("").join(sql.SQL(", {}").format(sql.Literal(v)) for v in columns.values()),
        sql.Literal(layer),
    )
    row = connection.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


def statement(connection: psycopg.Connection[Any], family: str, layer: str) -> LiteralString:
    """The compiled statement that judges a family of rules on mains for one layer."""
    row = connection.execute(
        "select sql from data.statements() where family = %s and layer = %s"
        " and kind in ('pairs', 'mains')",
        (family, layer),
    ).fetchone()
    assert row is not None
    return cast(LiteralString, row[0])


@dataclass
class DrawnCity:
    """A city whose features a test draws."""

    settings: Settings
    screened: list[Screened] = field(default_factory=list)

    def add(self, layer: str, wkt: str, **columns: Any) -> int:
        """Add one feature; returns its id."""
        with owner(self.settings) as c:
            return insert(c, layer, wkt, columns)

    def main(self, wkt: str | None = None, **columns: Any) -> int:
        """A main, by default 100 m along y = 0."""
        return self.add("gas_pipelines", wkt or line((0, 0), (100, 0)), **columns)

    def wall(self, distance: float, layer: str = "buildings", **columns: Any) -> int:
        """A feature whose nearest edge is at this distance north of the default main."""
        shape = rectangle(40, distance, 60, distance + 10)
        return self.add(layer, shape, **{**SURE, **columns})

    def screen(
        self, progress: Callable[[int, int], Awaitable[None]] | None = None
    ) -> list[dict[str, Any]]:
        """Screen everything; returns `findings()`."""
        self.screened.append(asyncio.run(self._screen(progress)))
        return self.findings()

    async def _screen(self, progress: Callable[[int, int], Awaitable[None]] | None) -> Screened:
        pool = await open_pool(self.settings, "worker")
        try:
            return await screen(pool, "tester", *([progress] if progress else []))
        finally:
            await pool.close()

    def steps(self, **limits: int) -> list[Stepped]:
        """Let the screener step until nothing waits."""

        async def all_of_them() -> list[Stepped]:
            pool = await open_pool(self.settings, "worker")
            try:
                screener, done = Screener(pool, **limits), []
                while step := await screener.step():
                    done.append(step)
                return done
            finally:
                await pool.close()

        return asyncio.run(all_of_them())

    def same_as_whole(self) -> bool:
        """Whether a screening of the whole city finds nothing to write."""
        self.screen()
        last = self.screened[-1]
        return (last.added, last.changed, last.removed) == (0, 0, 0)

    def findings(self, family: str | None = None) -> list[dict[str, Any]]:
        """Findings with their evidence, as the owner reads them."""
        with owner(self.settings) as c, c.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                "select f.*, e.* from data.finding f join data.finding_exact e"
                " on e.finding_id = f.id where %s::text is null or f.family = %s"
                " order by f.first_seen",
                (family, family),
            )
            return cursor.fetchall()

    def sql(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of any statement, as the owner."""
        with owner(self.settings) as c:
            cursor = c.execute(statement, values)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def drawn(city: Settings) -> DrawnCity:
    """An empty city with the built-in rules in force."""
    return DrawnCity(city)
