"""Benches: a main, and beside it pairs of subjects 5 mm inside and outside of what rules ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import shapely

from gridwarden.layers.catalogue import layer
from gridwarden.sample.plants.book import BASE_OD_MM, Book, Json, Look
from gridwarden.sample.plants.field import STEP_M, Lot, Planted, stretch
from gridwarden.sample.plants.looks import looks, outside
from gridwarden.sample.plants.records import either_side, meeting, quiet

SIDES = (("below", -STEP_M), ("above", STEP_M))
SIZES = {"buildings": (9.0, 7.0), "estates": (60.0, 40.0), "construction_sites": (8.0, 6.0)}
SIZE = (4.0, 3.0)
LINE_M = 4.0
MOST_ON_A_BENCH = 40
OWN_OD_M = 0.1
"""The outer diameter of a planted line that is no main."""


@dataclass
class Beside:
    """A subject beside a main: how far on the ground, and measured how."""

    layer: str
    key: str
    away_m: float
    rule: Json
    columns: Json
    point: bool = False
    crossing: bool = False


@dataclass
class Bench:
    """A main of one look, with subjects beside (or across) it."""

    name: str
    look: Look
    operator: str
    radius_m: float
    reach: dict[str, float]
    beside: list[Beside] = field(default_factory=list)

    def lot(self, layers: Sequence[str]) -> Lot:
        """The rectangle that it takes."""
        wide = max(_room(of)[0] for of in layers)
        deep = max(_room(of)[1] for of in layers)
        farthest = max((one.away_m for one in self.beside), default=0.0) + self.radius_m + deep
        return Lot(
            len(self.beside) * wide,
            farthest + 2.0,
            max(self.reach.get(of, 0.0) for of in layers) + BASE_OD_MM / 1000 + 3.0,
            lambda east, north: self._draw(east, north, wide),
            self.reach,
            frozenset(layers),
        )

    def _draw(self, east: float, north: float, wide: float) -> Iterator[Planted]:
        line = shapely.LineString([(east, north), (east + len(self.beside) * wide, north)])
        yield main(self.name, line, self.operator, **self.look.columns(), depth_top_m=1.2)
        for at, one in enumerate(self.beside):
            middle = east + (at + 0.5) * wide
            yield Planted(one.layer, one.key, self._shape(one, middle, north), one.columns)

    def _shape(self, one: Beside, east: float, north: float) -> shapely.Geometry:
        """The subject's shape; metres on the ground become metres of the plane here."""
        if one.crossing:
            return shapely.LineString([(east, north - 2.0), (east, north + 2.0)])
        away = one.away_m
        part = one.rule["measured_to"]
        if one.rule["measured_from"] == "outer_edge":
            away += BASE_OD_MM / 2000
        if part == "outer_edge" and one.layer == "underground_lines":
            away += OWN_OD_M / 2
        if one.point and part != "centre":
            away += self.radius_m
        top = north + away * stretch(east)
        if one.point:
            return shapely.Point(east, top)
        if layer(one.layer).geometry == "line":
            return shapely.LineString([(east - LINE_M / 2, top), (east + LINE_M / 2, top)])
        width, height = SIZES.get(one.layer, SIZE)
        if part == "centre":
            top -= height / 2
        return shapely.box(east - width / 2, top, east + width / 2, top + height)


def main(name: str, line: shapely.LineString, operator: str, **columns: object) -> Planted:
    """A main of the test field."""
    given: dict[str, object] = {
        "pipe_id": name, "operator": operator, "medium": "natural_gas", "status": "in_use",
    }  # fmt: skip
    return Planted("gas_pipelines", name, line, given | columns)


def _room(of: str) -> tuple[float, float]:
    width, depth = SIZES.get(of, SIZE)
    gap = 10.0 if of in ("buildings", "charging_sheds") else 4.0
    return width + gap, depth


def benches(book: Book, layers: Sequence[str], operator: str) -> list[Lot]:
    """The benches that prove every number that the layers' distance to mains is judged by."""
    found: dict[tuple[Look, int], Bench] = {}
    for look, one in (pair for of in layers for pair in _pairs(book, of)):
        key = (look, next(at for at in range(99) if _free(found, (look, at))))
        if key not in found:
            reach = {name: book.reach(name, look) for name in _judged(book)}
            name = f"plant:main:{layers[0]}:{_short(book, look)}:{len(found)}"
            found[key] = Bench(name, look, operator, book.point_radius_m, reach)
        found[key].beside.append(one)
    return [bench.lot(layers) for bench in found.values()]


def _free(found: dict[tuple[Look, int], Bench], key: tuple[Look, int]) -> bool:
    return key not in found or len(found[key].beside) < MOST_ON_A_BENCH


def _short(book: Book, look: Look) -> str:
    return book.class_of(book.shown, look) or "unknown"


def _judged(book: Book) -> list[str]:
    return sorted({name for rule in book.beside_mains() for name in rule["subjects"]})


def _pairs(book: Book, of: str) -> Iterator[tuple[Look, Beside]]:
    for rule in book.beside_mains(of):
        columns = quiet(book, of, meeting(book, of, rule["test"]["where"]))
        pointed = False
        if rule["test"]["people"]:
            columns |= {rule["test"]["people"]["column"]: 100}
            row = rule["rows"][0]
            look = book.look(rule, row)
            key = f"plant:{rule['name']}:people"
            yield look, Beside(of, key, book.limit(row, look) / 3, rule, columns)
        for row in rule["rows"]:
            for tag, look in outside(book, rule, row):
                key = f"plant:{rule['name']}:{row['row_no']}{tag}:below"
                away = book.limit(row, look) - STEP_M
                yield look, Beside(of, key, away, rule, columns | _digging(of, row))
            for tag, look in looks(book, rule, row):
                yield from _row_pairs(book, of, rule, row, (f"{row['row_no']}{tag}", look), columns)
                if not pointed and _has_points(of, rule):
                    pointed = True
                    depth = _deep(book, row, look) if row["per_depth"] else None
                    given = columns | _digging(of, row, depth)
                    limit = book.limit(row, look, depth or 0.0)
                    for side, shift in SIDES:
                        key = f"plant:{rule['name']}:{row['row_no']}:{side}:point"
                        yield look, Beside(of, key, limit + shift, rule, given, True)
        yield from _of_nothing_known(book, of, rule, columns)
        yield from _thresholds(book, of, rule, columns)


def _has_points(of: str, rule: Json) -> bool:
    return (
        layer(of).geometry == "any"
        and rule["plane"] == "horizontal"
        and (rule["measured_to"] != "centre")
    )


def _digging(of: str, row: Json, depth_m: float | None = None) -> Json:
    """Method and depth of work that a row is for."""
    if of != "excavations":
        return {}
    if depth_m is None:
        over, upto = row["depth_over_m"], row["depth_upto_m"]
        depth_m = 0.3 if (over or 0) < 0.3 <= (upto or 99) else (upto or over + 0.5)
    return {"method": row["method"] or "mechanical", "depth_m": depth_m}


def _deep(book: Book, row: Json, look: Look) -> float:
    """A depth at which what is added for it decides."""
    return max(8.0, 2 * book.limit(row, look) / float(row["per_depth"]))


def _row_pairs(
    book: Book, of: str, rule: Json, row: Json, named: tuple[str, Look], columns: Json
) -> Iterator[tuple[Look, Beside]]:
    tag, look = named
    name = f"plant:{rule['name']}:{tag}"
    depths: list[tuple[str, float | None]] = [("", None)]
    if row["per_depth"]:
        depths = [(":deep", _deep(book, row, look))]
    if row["depth_upto_m"]:
        depths.append((":upto", row["depth_upto_m"]))
    if row["depth_over_m"]:
        depths.append((":over", row["depth_over_m"] + 0.005))
    for word, depth in depths:
        limit = book.limit(row, look, depth or 0.0)
        given = columns | _digging(of, row, depth)
        if rule["plane"] == "vertical":
            yield from _crossings(name, limit, of, rule, look, given)
            continue
        point = rule["measured_to"] == "centre" and layer(of).geometry == "any"
        for side, shift in SIDES:
            yield look, Beside(of, f"{name}{word}:{side}", limit + shift, rule, given, point)
        for one in rule["relaxations"] if not word else ():
            if row["pressure_class"] in (one["classes"] or [None]) and one["limit_m"] < limit:
                for side, shift in SIDES:
                    key = f"{name}:relaxed-{one['id']}:{side}"
                    yield look, Beside(of, key, one["limit_m"] + shift, rule, given, point)
        if row["over_m"] is not None:
            for side, shift in SIDES:
                key, deep = f"{name}:over_m:{side}", dict(given)
                if "depth_top_m" in deep:  # so far below that no rule on crossings minds
                    deep["depth_top_m"] = 6.0
                yield look, Beside(of, key, row["over_m"] + shift, rule, deep, point)


def _crossings(
    name: str, limit: float, of: str, rule: Json, look: Look, columns: Json
) -> Iterator[tuple[Look, Beside]]:
    """Lines below the main, whose top lies 1.2 m deep."""
    for side, shift in SIDES:
        deep: dict[str, Any] = {"depth_top_m": round(1.2 + BASE_OD_MM / 1000 + limit + shift, 4)}
        key = f"{name}:{side}"
        yield look, Beside(of, key, 0.0, rule, columns | deep, crossing=True)
    if not name.endswith(":1"):  # once for each rule
        return
    deep = {"depth_top_m": round(1.2 - OWN_OD_M - limit + STEP_M, 4)}
    yield look, Beside(of, f"{name}:above-it", 0.0, rule, columns | deep, crossing=True)
    unknown = columns | {"depth_top_m": None}
    yield look, Beside(of, f"{name}:no-depth", 0.0, rule, unknown, crossing=True)


def _of_nothing_known(
    book: Book, of: str, rule: Json, columns: Json
) -> Iterator[tuple[Look, Beside]]:
    """A main of which nothing is known, by the strictest row; work of an unknown method."""
    look = Look(network=(rule["rows"][0]["networks"] or ["city"])[0])
    row = max(rule["rows"], key=lambda one: book.limit(one, look))
    limit = book.limit(row, look)
    if rule["plane"] == "horizontal":
        point = rule["measured_to"] == "centre" and layer(of).geometry == "any"
        for side, shift in SIDES:
            key = f"plant:{rule['name']}:unknown:{side}"
            given = columns | _digging(of, row)
            yield look, Beside(of, key, limit + shift, rule, given, point)
    if of == "excavations":
        row = rule["rows"][0]
        known = book.look(rule, row)
        away = max(book.limit(one, known) for one in rule["rows"] if book.fits(rule, one, known))
        for side, shift in SIDES:
            key = f"plant:{rule['name']}:no-method:{side}"
            given = columns | _digging(of, row) | {"method": None}
            yield known, Beside(of, key, away + shift, rule, given)


def _thresholds(book: Book, of: str, rule: Json, columns: Json) -> Iterator[tuple[Look, Beside]]:
    """Records just short of and just past each number that the subject must meet."""
    row = rule["rows"][0]
    look = book.look(rule, row)
    for condition in rule["test"]["where"]:
        for tag, given in either_side(book, of, condition):
            key = f"plant:{rule['name']}:where:{tag}"
            away = book.limit(row, look) - STEP_M
            point = rule["measured_to"] == "centre" and layer(of).geometry == "any"
            one = Beside(of, key, away, rule, columns | given, point)
            yield look, replace(one, crossing=rule["plane"] == "vertical")
