"""Plants that stand away from mains: neighbours, absences, records by themselves."""

from __future__ import annotations

from collections.abc import Iterator

import shapely

from gridwarden.layers.catalogue import layer
from gridwarden.rules.format import MAINS
from gridwarden.sample.plants.benches import SIDES, SIZE, SIZES
from gridwarden.sample.plants.book import Book, Json
from gridwarden.sample.plants.field import Lot, Planted, stretch
from gridwarden.sample.plants.records import either_side, meeting, quiet


def neighbours(book: Book) -> list[Lot]:
    """Pairs of features of two layers, 5 mm nearer and farther than a rule allows."""
    found = []
    for rule in book.rules:
        if rule["kind"] not in ("protection", "clearance", "control"):
            continue
        if rule["counterpart"] == MAINS:
            continue
        row = rule["rows"][0]
        limit = book.number(f"@{row['figure']}" if row["figure"] else row["limit_m"])
        for of in rule["subjects"]:
            for tag, away, mine, theirs in _meetings(book, of, rule, limit, row["over_m"]):
                key = f"plant:{rule['name']}:{tag}"
                found.append(_two(of, rule["counterpart"], key, away, mine, theirs))
    return found


def _meetings(
    book: Book, of: str, rule: Json, limit: float, over: float | None
) -> Iterator[tuple[str, float, Json, Json]]:
    where, other = rule["test"]["where"], rule["test"]["counterpart_where"]
    mine = quiet(book, of, meeting(book, of, where))
    theirs = quiet(book, rule["counterpart"], meeting(book, rule["counterpart"], other))
    for side, shift in SIDES:
        yield side, limit + shift, mine, theirs
        if over is not None:
            yield f"over_m:{side}", over + shift, mine, theirs
    near = max(limit - 0.005, -0.5)
    for condition in where:
        for tag, given in either_side(book, of, condition):
            yield f"where:{tag}", near, mine | given, theirs
    for condition in other:
        for tag, given in either_side(book, rule["counterpart"], condition):
            yield f"counterpart:{tag}", near, mine, theirs | given


def _two(of: str, other: str, key: str, away: float, mine: Json, theirs: Json) -> Lot:
    width, height = SIZES.get(of, SIZE)
    wide, deep = SIZES.get(other, SIZE)

    def draw(east: float, north: float) -> Iterator[Planted]:
        place = (east + max(width, wide) / 2, north)
        box = shapely.box(place[0] - width / 2, place[1], place[0] + width / 2, place[1] + height)
        yield Planted(of, key, box, mine)
        top = place[1] + height + away * stretch(east)
        box = shapely.box(place[0] - wide / 2, top, place[0] + wide / 2, top + deep)
        yield Planted(other, f"{key}:counterpart", box, theirs)

    room = max(away, 0.0) + 15.0
    reach = {of: room, other: room}
    return Lot(max(width, wide), height + deep + away, room, draw, reach, frozenset([of, other]))


def absences(book: Book) -> list[Lot]:
    """Features whose only counterpart stands 5 mm within, and 5 mm beyond, what is asked for."""
    found = []
    for rule in book.rules:
        if rule["kind"] != "absence":
            continue
        row, other = rule["rows"][0], rule["counterpart"]
        limit = book.number(f"@{row['figure']}" if row["figure"] else row["limit_m"])
        theirs = quiet(book, other, meeting(book, other, rule["test"]["counterpart_where"]))
        for of in rule["subjects"]:
            where = rule["test"]["where"]
            mine = quiet(book, of, meeting(book, of, where), rule)
            for side, shift in SIDES:
                key = f"plant:{rule['name']}:{side}"
                found.append(_absent(of, other, key, limit, limit + shift, mine, theirs))
            for condition in where:
                for tag, given in either_side(book, of, condition):
                    key = f"plant:{rule['name']}:where:{tag}"
                    found.append(_absent(of, other, key, limit, None, mine | given, theirs))
    return found


def _absent(
    of: str, other: str, key: str, limit: float, away: float | None, mine: Json, theirs: Json
) -> Lot:
    width, height = SIZES.get(of, SIZE)

    def draw(east: float, north: float) -> Iterator[Planted]:
        place = (east, north)
        yield Planted(of, key, shapely.box(*place, place[0] + width, place[1] + height), mine)
        if away is not None:
            foot = place[1] + height + away * stretch(east)
            at = place[0] + width / 2
            box = shapely.box(at - 2, foot, at + 2, foot + 3)
            yield Planted(other, f"{key}:counterpart", box, theirs)

    # nothing of another lot may stand in for what is absent
    room = 1.2 * limit + 10.0
    both = frozenset([of, other])
    return Lot(width, height + limit + 4, room, draw, {other: room}, both)


def attributes(book: Book) -> list[Lot]:
    """Records just short of and just past each number that an attribute rule tests."""
    found: list[Lot] = []
    for rule in book.rules:
        if rule["kind"] != "attribute":
            continue
        for of in rule["subjects"]:
            where = rule["test"]["where"]
            mine = meeting(book, of, where)
            if of == MAINS:
                continue
            found.append(_record(of, f"plant:{rule['name']}:all", quiet(book, of, mine, rule)))
            for condition in where:
                for tag, given in either_side(book, of, condition):
                    columns = quiet(book, of, mine | given, rule) | given
                    found.append(_record(of, f"plant:{rule['name']}:{tag}", columns))
                unknown = {condition["column"]: None}
                if not condition.get("estimate"):
                    columns = quiet(book, of, mine, rule) | unknown
                    key = f"plant:{rule['name']}:{condition['column']}:missing"
                    found.append(_record(of, key, columns))
    return found


def _record(of: str, key: str, columns: Json) -> Lot:
    width, height = SIZES.get(of, SIZE)

    def draw(east: float, north: float) -> Iterator[Planted]:
        place = (east, north)
        if layer(of).geometry == "line":
            shape: shapely.Geometry = shapely.LineString([place, (place[0] + width, place[1])])
        else:
            shape = shapely.box(*place, place[0] + width, place[1] + height)
        yield Planted(of, key, shape, columns)

    return Lot(width, height, 16.0, draw, {}, frozenset([of]))
