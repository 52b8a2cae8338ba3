"""Cells: suspected problems counted by square cell or district, as one caller may see them.

The same aggregate serves the heat page, its popups, the API and the command line, so a figure is
the same number everywhere. A finding counts once: in the half-open cell of its subject's
ST_PointOnSurface (working CRS), or in its district.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.layers.age import Freshness, freshness
from gridwarden.layers.past import go_back, then
from gridwarden.maps.names import Named, names_of
from gridwarden.maps.told import FEW, Tally, told_by_district
from gridwarden.screening.parameters import cell_sizes
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.maps", "cells.sql")
COUNTING_ROLES: Final = ("planner",)
"""Roles that count what is tied to mains by cell; the others count the rows that they may see."""
DISTRICTS_ALONE: Final = ("supervisor", "inspector")
"""Roles that count nothing of other districts than their own."""
MOST_CELLS: Final = 5000
MOST_NAMES: Final = 3

State = Literal[0, 1, 2]
COUNTED: Final[State] = 0
NO_DATA: Final[State] = 1
WITHHELD: Final[State] = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. `surveyed` is the share of it (0 to 1) that lies in surveyed coverage."""

    key: str
    shape: Mapping[str, Any]
    surveyed: float
    state: State
    name: str | None
    tallies: tuple[Tally, ...] = ()
    worst: tuple[Named, ...] = ()
    surveyed_on: date | None = None
    due_on: date | None = None
    """The oldest survey here, and the earliest day on which one was or is due."""
    hidden: frozenset[str] = frozenset()
    """Measures that are withheld here, because they are few or would give others away."""

    @property
    def count(self) -> int:
        """All findings of the cell."""
        return sum(t.n for t in self.tallies)

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the cell's outer box, lon, lat."""
        points = list(_points(self.shape["coordinates"]))
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


@dataclass(frozen=True, slots=True)
class Heat:
    """The cells of one system as one caller sees them, and when that was.

    `families` are those with findings, `judged` those of the rules in force. `past`: as known at
    the moment `cut_off`, and not now.
    """

    system: str
    cells: tuple[Cell, ...]
    families: tuple[str, ...]
    published_at: datetime | None
    screened_at: datetime | None
    waiting: bool
    pack: str | None
    judged: tuple[str, ...] = ()
    too_many: bool = False
    cut_off: datetime = field(default_factory=lambda: datetime.now(UTC))
    past: bool = False
    fresh: Freshness | None = None
    day: date | None = None
    """The city's day of the cut-off, by which ages count."""

    def age_of(self, cell: Cell) -> int | None:
        """Days since the oldest survey of a cell."""
        if self.day is None or cell.surveyed_on is None or cell.surveyed_on > self.day:
            return None
        return (self.day - cell.surveyed_on).days

    def late(self, cell: Cell) -> bool:
        """Whether a survey of a cell is past its promise."""
        return self.day is not None and cell.due_on is not None and self.day > cell.due_on


def measured(tallies: Sequence[Tally], measure: str, settings: Settings) -> float:
    """The value of a cell: `count`, `weighted` by severity and certainty, or one family's count."""
    if measure == "count":
        return sum(t.n for t in tallies)
    if measure == "weighted":
        weights = settings.severity_weights
        halves = {"possible": settings.possible_factor}
        told = sum(t.weight for t in tallies if t.weight is not None)
        own = (t for t in tallies if t.weight is None)
        return told + sum(t.n * weights[t.severity] * halves.get(t.certainty, 1.0) for t in own)
    return sum(t.n for t in tallies if t.family == measure)


def allowed_systems(role: str) -> tuple[str, ...]:
    """The cell systems that a role may have, best for it first."""
    return (*(f"square-{size}" for size in cell_sizes(role)), "districts")


def check_system(system: str, role: str) -> None:
    """Raise Problem `not_found` for no such system, `forbidden` for one that is too fine."""
    if system not in allowed_systems("utility"):
        offered = ", ".join(allowed_systems(role))
        raise Problem("not_found", "maps.no_such_system", field="cells", offered=offered)
    if system not in allowed_systems(role):
        key = "maps.districts_only" if role == "viewer" else "maps.no_finer"
        raise Problem("forbidden", key, field="cells")


def side_of(system: str) -> int | None:
    """Side of the square cells of a system in metres; None for districts."""
    return None if system == "districts" else int(system.removeprefix("square-"))


async def heat(
    pool: Pool,
    caller: Caller,
    system: str,
    settings: Settings,
    *,
    names: bool = False,
    at: datetime | None = None,
) -> Heat:
    """Count the findings of every cell, with the worst subjects' names when asked for; as they
    were known at a moment, or now.

    Raises Problem for a system that does not exist or that the caller may not have, and for a
    moment of which nothing is known.
    """
    check_system(system, caller.role)
    side = side_of(system)
    async with as_caller(pool, caller, settings.statement_timeout_ms) as c:
        await go_back(c, at, "findings")
        if side is None:
            cells = await _districts(c, caller, settings, at)
        else:
            cells = await _squares(c, caller, side, settings, at)
        if names and caller.role != "viewer":
            cells = await _with_names(c, caller, cells, side, at)
        row = await (await c.execute(then(Q["dates"], at))).fetchone()
        fresh = await freshness(c)
    kept = tuple(sorted(cells, key=lambda one: (-one.count, one.key))[:MOST_CELLS])
    found = {t.family for cell in cells for t in cell.tallies}
    found |= {name for cell in cells for name in cell.hidden}
    families = tuple(sorted(found - FEW))
    published_at, screened_at, waiting, pack, judged = row or (None, None, False, None, [])
    too_many = len(cells) > len(kept)
    dates = (published_at, screened_at, waiting, pack)
    heat = Heat(system, kept, families, *dates, tuple(judged), too_many, fresh=fresh)
    if at is not None:
        heat = replace(heat, cut_off=at, past=True)
    return replace(heat, day=heat.cut_off.astimezone(ZoneInfo(settings.time_zone)).date())


async def _tallies(
    c: AsyncConnection[Any],
    name: str,
    parameters: Mapping[str, Any],
    width: int,
    at: datetime | None,
) -> dict[tuple[int, ...], tuple[Tally, ...]]:
    """Counts by cell; the first `width` columns of the query are the cell."""
    found: dict[tuple[int, ...], list[Tally]] = {}
    cursor = await c.execute(then(Q[name], at), parameters)
    for row in await cursor.fetchall():
        key = tuple(int(part) for part in row[:width])
        found.setdefault(key, []).append(Tally(*row[width:]))
    return {key: tuple(tallies) for key, tallies in found.items()}


async def _squares(
    c: AsyncConnection[Any], caller: Caller, side: int, settings: Settings, at: datetime | None
) -> list[Cell]:
    source = "squares_counted" if caller.role in COUNTING_ROLES else "squares_of_own"
    counted = await _tallies(c, source, {"size": side}, 2, at)
    parameters = {
        "size": side,
        "srid": settings.crs,
        "xs": [x for x, _ in counted],
        "ys": [y for _, y in counted],
        "most": MOST_CELLS,
    }
    async with c.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(then(Q["square_shapes"], at), parameters)
        rows = await cursor.fetchall()
    return [
        Cell(
            f"square-{side}/{row['cell_x']}/{row['cell_y']}",
            row["shape"],
            row["surveyed"],
            _state(caller, row),
            row["name"],
            counted.get((row["cell_x"], row["cell_y"]), ()),
            surveyed_on=row["surveyed_on"],
            due_on=row["due_on"],
        )
        for row in rows
    ]


async def _districts(
    c: AsyncConnection[Any], caller: Caller, settings: Settings, at: datetime | None
) -> list[Cell]:
    hidden: Mapping[int, frozenset[str]] = {}
    counted: Mapping[tuple[int, ...], tuple[Tally, ...]]
    if caller.role == "viewer":
        told, hidden = await told_by_district(c, settings, at)
        counted = {(district,): tallies for district, tallies in told.items()}
    else:
        source = "districts_counted" if caller.role in COUNTING_ROLES else "districts_of_own"
        counted = await _tallies(c, source, {}, 1, at)
    async with c.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(then(Q["district_shapes"], at))
        rows = await cursor.fetchall()
    return [
        Cell(
            f"district/{row['id']}",
            row["shape"],
            row["surveyed"],
            _state(caller, row),
            row["name"],
            counted.get((row["id"],), ()),
            surveyed_on=row["surveyed_on"],
            due_on=row["due_on"],
            hidden=hidden.get(row["id"], frozenset()),
        )
        for row in rows
    ]


def _state(caller: Caller, row: Mapping[str, Any]) -> State:
    """Withheld: another bureau's district. No data: nobody has surveyed a half of it."""
    if caller.role in DISTRICTS_ALONE and not row["mine"]:
        return WITHHELD
    return NO_DATA if row["surveyed"] < 0.5 else COUNTED


async def _with_names(
    c: AsyncConnection[Any],
    caller: Caller,
    cells: list[Cell],
    side: int | None,
    at: datetime | None,
) -> list[Cell]:
    """The cells with their worst subjects."""
    if side is None:
        query, parameters, width = Q["names_in_districts"], {"most": MOST_NAMES}, 1
    else:
        query, width = Q["names_in_squares"], 2
        parameters = {"most": MOST_NAMES, "size": side}
    rows = await (await c.execute(then(query, at), parameters)).fetchall()
    named = await names_of(c, caller.role, [row[width:] for row in rows], past=at is not None)
    place = "district" if side is None else f"square-{side}"
    worst: dict[str, list[Named]] = {}
    for row, one in zip(rows, named, strict=True):
        key = "/".join([place, *(str(int(part)) for part in row[:width])])
        worst.setdefault(key, []).append(one)
    return [replace(cell, worst=tuple(worst.get(cell.key, ()))) for cell in cells]


def _points(coordinates: Any) -> Any:
    """Every position of nested GeoJSON coordinates."""
    if coordinates and isinstance(coordinates[0], int | float):
        yield coordinates
    else:
        for inner in coordinates:
            yield from _points(inner)
