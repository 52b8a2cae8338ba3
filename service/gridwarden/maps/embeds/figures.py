"""The figures of a map that anybody may see, by district or by square.

What is tied to mains comes from the database as it may be told (`api.told_tree`): a district, and
below it its pieces in squares of 1 km and of 500 m. A square's figure is the sum of its pieces and
is withheld where one of them is, an empty one among withheld siblings, too. So nothing is shown
that is not a function of that tree, and what the tree withholds no sum or difference gives back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from gridwarden.maps.cells import COUNTED, MOST_CELLS, NO_DATA, WITHHELD, Cell, measured, side_of
from gridwarden.maps.cells import Q as CELLS
from gridwarden.maps.told import Q, Tally, told_by_district, weights_of
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

SYSTEMS: Final = ("square-500", "square-1000", "districts")


class Piece(NamedTuple):
    """A district (`size` 0) or its part in a square of `size` metres."""

    district: int
    size: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Node:
    """What is told of a piece: None where it is withheld; `whole`: its empty parts are, too."""

    n: int | None
    weight: float | None
    hidden: bool
    whole: bool


Tree = Mapping[Piece, Node]


@dataclass(frozen=True, slots=True)
class Told:
    """The cells of one measure, whether that is tied to mains, and what the city withheld."""

    cells: tuple[Cell, ...]
    tied: bool
    held: tuple[Mapping[str, Any], ...]
    too_many: bool


async def told(
    c: AsyncConnection[Any],
    system: str,
    measure: str,
    district: int | None,
    settings: Settings,
    judged: Sequence[str],
) -> Told:
    """Read what may be shown. `judged`: families of the rules in force, found or not.

    Raises Problem for a measure that there is not, and for a family of findings near mains by
    square: those are told by district.
    """
    by_district, hidden = await told_by_district(c, settings)
    tallies = [one for some in by_district.values() for one in some]
    tied = {t.family for t in tallies if not t.severity} | set().union(*hidden.values(), ())
    tied |= {"count", "weighted"}
    tied -= {""}
    known = tied | {t.family for t in tallies if t.family} | set(judged)
    if measure not in known:
        offered = ", ".join(sorted(known))
        raise Problem("invalid_value", "maps.no_such_measure", field="measure", offered=offered)
    side = side_of(system)
    rows = await (await c.execute(Q["tree"], {"weights": weights_of(settings)})).fetchall()
    tree = {Piece(*row[:4]): Node(*row[4:]) for row in rows}
    if side is None:
        cells = await _districts(c, measure, district, settings, by_district, hidden)
    elif measure in tied - {"count", "weighted"}:
        raise Problem("refused", "embeds.family_by_districts", field="measure")
    else:
        cells = await _squares(c, side, measure, district, settings, tree)
    kept = sorted(cells, key=lambda one: (-one.count, one.key))[:MOST_CELLS]
    held = _held(tree, hidden) if measure in tied else ()
    return Told(tuple(kept), measure in tied, held, len(cells) > len(kept))


def _held(tree: Tree, hidden: Mapping[int, frozenset[str]]) -> tuple[Mapping[str, Any], ...]:
    """What the whole city withheld now, so that what is made later withholds it, too."""
    nodes = [
        _row(piece, None, itself=node.hidden, whole=node.whole)
        for piece, node in tree.items()
        if node.hidden or node.whole
    ]
    families = [
        _row(Piece(district, 0, 0, 0), family, itself=True, whole=False)
        for district, some in hidden.items()
        for family in sorted(some - {"count", "weighted"})
    ]
    return (*nodes, *families)


def _row(piece: Piece, family: str | None, *, itself: bool, whole: bool) -> Mapping[str, Any]:
    place = {"district_id": piece.district, "size": piece.size, "cx": piece.x, "cy": piece.y}
    return {**place, "family": family, "itself": itself, "whole": whole}


async def _districts(
    c: AsyncConnection[Any],
    measure: str,
    district: int | None,
    settings: Settings,
    tallies: Mapping[int, tuple[Tally, ...]],
    hidden: Mapping[int, frozenset[str]],
) -> list[Cell]:
    async with c.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(CELLS["district_shapes"])
        rows = await cursor.fetchall()
    found = []
    for row in rows:
        if district not in (None, row["id"]):
            continue
        own = tallies.get(row["id"], ())
        one = _one(measure, measured(own, measure, settings), _number(own, measure))
        withheld = measure in hidden.get(row["id"], ())
        found.append(_cell(f"district/{row['id']}", row, measure, None if withheld else one))
    return found


def _number(tallies: Sequence[Tally], measure: str) -> int:
    """So many findings stand behind a measure."""
    return sum(t.n for t in tallies if measure in ("count", "weighted", t.family))


async def _squares(
    c: AsyncConnection[Any],
    side: int,
    measure: str,
    district: int | None,
    settings: Settings,
    tree: Tree,
) -> list[Cell]:
    values = {"weights": weights_of(settings), "size": side}
    free: dict[Piece, Tally] = {}
    for row in await (await c.execute(Q["open"], values)).fetchall():
        piece, family, n, weight = Piece(row[0], side, row[1], row[2]), row[3], row[4], row[5]
        if measure in ("count", "weighted", family):
            before = free.get(piece, Tally("", "", "", 0, 0.0))
            free[piece] = Tally("", "", "", before.n + n, (before.weight or 0) + weight)
    tied = measure in ("count", "weighted")
    there: dict[tuple[int, int], set[int]] = {}
    for piece in (*free, *(p for p in tree if tied and p.size == side)):
        there.setdefault((piece.x, piece.y), set()).add(piece.district)
    parameters = {
        "size": side,
        "srid": settings.crs,
        "xs": [x for x, _ in there],
        "ys": [y for _, y in there],
        "most": MOST_CELLS,
    }
    async with c.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(CELLS["square_shapes"], parameters)
        rows = await cursor.fetchall()
    cells = [(row["cell_x"], row["cell_y"]) for row in rows]
    parameters |= {"xs": [x for x, _ in cells], "ys": [y for _, y in cells]}
    for x, y, districts in await (await c.execute(Q["touched"], parameters)).fetchall():
        there.setdefault((x, y), set()).update(districts)
    found = []
    for row, cell in zip(rows, cells, strict=True):
        touched = there.get(cell, set())
        if district is not None and district not in touched:
            continue
        shown = touched if district is None else {district}
        pieces = [Piece(one, side, *cell) for one in sorted(shown)]
        key = f"square-{side}/{cell[0]}/{cell[1]}"
        found.append(_cell(key, row, measure, _sum(pieces, measure, free, tree if tied else None)))
    return found


def _sum(
    pieces: Sequence[Piece], measure: str, free: Mapping[Piece, Tally], tree: Tree | None
) -> Tally | None:
    """The figure of a square, or None where one of its pieces is withheld."""
    nodes = [] if tree is None else [tree[piece] for piece in pieces if piece in tree]
    if any(node.hidden for node in nodes):
        return None
    if tree is not None and any(_hides_empty(tree, p) for p in pieces if p not in tree):
        return None
    some = [free[piece] for piece in pieces if piece in free]
    n = sum(t.n for t in some) + sum(node.n or 0 for node in nodes)
    weight = sum(t.weight or 0 for t in some) + sum(node.weight or 0 for node in nodes)
    return _one(measure, weight if measure == "weighted" else n, n)


def _hides_empty(tree: Tree, piece: Piece) -> bool:
    """Whether a piece with nothing in it is withheld, for its siblings' sake."""
    district = tree.get(Piece(piece.district, 0, 0, 0))
    above = tree.get(Piece(piece.district, 1000, piece.x >> 1, piece.y >> 1))
    if piece.size == 500 and above is not None:
        return above.whole
    return district is not None and district.whole


def _one(measure: str, value: float, n: int) -> Tally:
    """A figure as a tally of its own, so that a map of it is drawn like any other."""
    return Tally(measure if measure not in ("count", "weighted") else "", "", "", n, value)


def _cell(key: str, row: Mapping[str, Any], measure: str, one: Tally | None) -> Cell:
    state = NO_DATA if row["surveyed"] < 0.5 else COUNTED
    return Cell(
        key,
        row["shape"],
        row["surveyed"],
        WITHHELD if one is None else state,
        row["name"],
        () if one is None else (one,),
        surveyed_on=row["surveyed_on"],
        due_on=row["due_on"],
        hidden=frozenset({measure}) if one is None else frozenset(),
    )
