"""Plants that prove how a main is read: classes, diameters, other mains, and what lies along it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import shapely

from gridwarden.layers.catalogue import layer
from gridwarden.rules.format import MAINS
from gridwarden.sample.plants.benches import SIDES, SIZE, SIZES, main
from gridwarden.sample.plants.book import BASE_OD_MM, Book, Json, Look
from gridwarden.sample.plants.field import Lot, Planted, stretch
from gridwarden.sample.plants.looks import looks
from gridwarden.sample.plants.records import meeting, quiet

PASCAL = 1e-6


def boundaries(book: Book, operator: str) -> list[Lot]:
    """Mains whose class follows from the pressure: on each boundary, and 1 Pa beyond it.

    Beside each stands one subject that a rule of that class system judges, so that the finding
    says which class it was.
    """
    found = []
    for system, levels in book.levels.items():
        for weaker, stronger in pairwise(levels):
            closed = stronger["closed_below"]
            for word, shift in (
                ("under" if closed else "over", -PASCAL if closed else PASCAL),
                ("at", 0.0),
            ):
                p = float(weaker["upto_mpa"]) + shift
                look = Look(None, p, 200.0, 5.0, "1", "steel", "city")
                names = (weaker["class"], stronger["class"])
                seen = _seen(book, system, names, look)
                if seen:
                    key = f"plant:class:{system}:{weaker['class']}:{word}"
                    found.append(_beside(book, key, operator, look, *seen))
    return found


def _seen(
    book: Book, system: str, names: tuple[str, str], look: Look
) -> tuple[str, Json, float] | None:
    """A layer, a rule of this system and a gap where it makes the finding in either class."""
    looks = [replace(look, p_mpa=book.pressure_in(system, name)) for name in names]
    best = None
    for rule in book.beside_mains():
        if book.system(rule) != system or rule["plane"] != "horizontal":
            continue
        if rule["kind"] == "consequence":  # reaches too far to be planted among others
            continue
        for of in rule["subjects"]:
            if of == MAINS or not any(row["pressure_class"] for row in rule["rows"]):
                continue
            method = first_method(rule)
            stronger = [
                book.asked(other, one, method)
                for other in book.beside_mains(of)
                if other["family"] == rule["family"] and other["strength"] > rule["strength"]
                for one in looks
            ]
            mine = [book.asked(rule, one, method) for one in looks]
            gap = max([0.0, *stronger]) + 0.1
            seen = sum(limit > gap for limit in mine)
            if seen and (best is None or seen > best[0]):
                best = (seen, of, rule, gap)
    return best and best[1:]


def first_method(rule: Json) -> str | None:
    """The work that a rule on works is about first."""
    return next((row["method"] for row in rule["rows"] if row["method"]), None)


def _beside(
    book: Book,
    key: str,
    operator: str,
    look: Look,
    of: str,
    rule: Json,
    gap: float,
    **columns: object,
) -> Lot:
    """A short main with one subject, `gap` from the edge of a main of the usual diameter."""
    mine = quiet(book, of, meeting(book, of, rule["test"]["where"]))
    if of == "excavations":
        mine |= {"method": first_method(rule) or "mechanical", "depth_m": 0.3}
    reach = {name: book.reach(name, look) for name in layers_judged(book)}
    width, height = SIZES.get(of, SIZE)

    def draw(east: float, north: float) -> Iterator[Planted]:
        line = shapely.LineString([(east, north), (east + width + 4, north)])
        yield main(key, line, operator, **(look.columns() | columns), depth_top_m=1.2)
        foot = north + (gap + BASE_OD_MM / 2000) * stretch(east)
        middle = east + width / 2 + 2
        shape: shapely.Geometry
        if rule["measured_to"] == "centre" and layer(of).geometry == "any":
            shape = shapely.Point(middle, foot)
        elif layer(of).geometry == "line":
            shape = shapely.LineString([(middle - 2, foot), (middle + 2, foot)])
        else:
            shape = shapely.box(middle - width / 2, foot, middle + width / 2, foot + height)
        yield Planted(of, key, shape, mine)

    room = reach.get(of, 0.0) + 1.5
    return Lot(width + 4, gap + height + 2, room, draw, reach, frozenset([of]))


def layers_judged(book: Book) -> list[str]:
    """The layers that any rule judges by their distance to mains."""
    return sorted({name for rule in book.beside_mains() for name in rule["subjects"]})


def diameters(book: Book, operator: str) -> list[Lot]:
    """Mains with a nominal diameter only, one for every line of the tables, and one with none."""
    chosen = _measured_from_edges(book)
    if chosen is None:
        return []
    of, rule, row = chosen
    sizes: list[tuple[str, float | None]] = [("steel", None), ("pe", 63.0), ("steel", 333.0)]
    sizes += [(one["material"], float(one["dn"])) for one in book.base["outer_diameters"]]
    found = []
    for material, dn in sizes:
        key = f"plant:od:{material}:{'missing' if dn is None else f'{dn:g}'}"
        look = replace(book.look(rule, row), material=material, dn=dn)
        gap = 0.6 - BASE_OD_MM / 2000  # 0.6 m from the centreline
        found.append(_beside(book, key, operator, look, of, rule, gap, od_mm=None))
    return found


def _measured_from_edges(book: Book) -> tuple[str, Json, Json] | None:
    """The rule, of those from the outer edge, that reaches farthest from a main of the least."""
    best = None
    for rule in book.beside_mains():
        if rule["measured_from"] != "outer_edge" or rule["plane"] != "horizontal":
            continue
        for row in rule["rows"]:
            limit = book.limit(row, book.look(rule, row))
            for of in rule["subjects"]:
                enough = of != MAINS and limit > 0.6 and not row["points"] and not row["formula"]
                if enough and rule["kind"] != "consequence" and (best is None or limit < best[0]):
                    best = (limit, of, rule, row)
    return best and best[1:]


def pairs_of_mains(book: Book, operator: str) -> list[Lot]:
    """Mains beside and above one another, and two whose ends are nearly joined."""
    found = []
    for rule in book.rules:
        if rule["counterpart"] != MAINS or MAINS not in rule["subjects"]:
            continue
        for row in rule["rows"]:
            for tag, look in looks(book, rule, row):
                limit = book.limit(row, look)
                for side, shift in SIDES:
                    key = f"plant:{rule['name']}:{row['row_no']}{tag}:{side}"
                    found.append(_two_mains(book, key, operator, look, rule, limit + shift))
                    if row["over_m"] is not None:
                        key = f"plant:{rule['name']}:{row['row_no']}{tag}:over_m:{side}"
                        gap = row["over_m"] + shift
                        found.append(_two_mains(book, key, operator, look, rule, gap))
        limit = book.limit(rule["rows"][0], book.look(rule, rule["rows"][0]))
        look = book.look(rule, rule["rows"][0])
        if rule["plane"] == "horizontal":
            for word, ends in (("joined", 0.495), ("nearly-joined", 0.505)):
                key = f"plant:{rule['name']}:{word}"
                gap = ends - BASE_OD_MM / 1000
                found.append(_two_mains(book, key, operator, look, rule, gap, in_line=True))
    return found


def _two_mains(
    book: Book,
    key: str,
    operator: str,
    look: Look,
    rule: Json,
    gap: float,
    *,
    in_line: bool = False,
) -> Lot:
    reach = {name: book.reach(name, look) for name in layers_judged(book)}

    def draw(east: float, north: float) -> Iterator[Planted]:
        line = shapely.LineString([(east, north), (east + 8, north)])
        yield main(key, line, operator, **look.columns(), depth_top_m=1.2)
        deep = 1.2
        if rule["plane"] == "vertical":
            other = shapely.LineString([(east + 4, north - 1), (east + 4, north + 4)])
            deep = round(1.2 + BASE_OD_MM / 1000 + gap, 4)
        elif in_line:
            start = east + 8 + (gap + BASE_OD_MM / 1000) * stretch(east)
            other = shapely.LineString([(start, north), (start + 4, north)])
        else:
            # not beside the ends, or they would count as joined
            top = north + (gap + BASE_OD_MM / 1000) * stretch(east)
            other = shapely.LineString(
                [(east + 1, top + 1), (east + 2, top), (east + 6, top), (east + 7, top + 1)]
            )
        yield main(f"{key}:other", other, operator, **look.columns(), depth_top_m=deep)

    return Lot(13, 5, reach.get(MAINS, 0.0) + 4.0, draw, reach, frozenset([MAINS]))


def locations(book: Book, operator: str) -> list[Lot]:
    """Mains along which as many households live as a class holds, and one more; and its strip."""
    found = []
    for rule in book.rules:
        said = rule["test"]["location"]
        if not said:
            continue
        row = rule["rows"][0]
        steps = said["classes"]
        for below in steps[:-1]:
            for word, more in (("upto", 0), ("over", 1)):
                key = f"plant:{rule['name']}:{below['id']}:{word}"
                look = book.look(rule, row, area_class=below["id"])
                homes = [(60.0, 20.0, int(below["upto"]) + more)]
                found.append(_along(book, key, operator, look, said, homes))
            if below is steps[0]:
                look = book.look(rule, row, area_class=below["id"])
                many = int(below["upto"]) + 1
                for side, shift in SIDES:
                    key = f"plant:{rule['name']}:each_side_m:{side}"
                    homes = [(60.0, said["each_side_m"] + shift, many)]
                    found.append(_along(book, key, operator, look, said, homes))
                    key = f"plant:{rule['name']}:along_m:{side}"
                    homes = [(20.0, 20.0, many - 1), (20.0 + said["along_m"] + shift, 20.0, 1)]
                    found.append(_along(book, key, operator, look, said, homes))
    return found


def _along(
    book: Book,
    key: str,
    operator: str,
    look: Look,
    said: Json,
    homes: list[tuple[float, float, int]],
) -> Lot:
    """A main with houses beside it: metres along, metres aside, households.

    The houses stand on a corner, so that each has one nearest point.
    """
    reach = {name: book.reach(name, look) for name in layers_judged(book)}
    reach[said["layer"]] = max(reach.get(said["layer"], 0.0), said["each_side_m"])
    length = max(along for along, _, _ in homes) + 40.0

    def draw(east: float, north: float) -> Iterator[Planted]:
        k = stretch(east + length / 2)
        line = shapely.LineString([(east, north), (east + length * k, north)])
        yield main(key, line, operator, **look.columns(), depth_top_m=1.2)
        for at, (along, aside, count) in enumerate(homes):
            x, y = east + along * k, north + aside * stretch(east + along)
            shape = shapely.Polygon([(x, y), (x + 5, y + 5), (x, y + 10), (x - 5, y + 5)])
            columns = quiet(book, said["layer"], meeting(book, said["layer"], []))
            if said["units"]:
                columns |= {said["units"]: count}
            yield Planted(said["layer"], f"{key}:{at}", shape, columns)

    high = max(aside for _, aside, _ in homes) + 12.0
    room = reach[said["layer"]] + 5.0
    return Lot(length, high, room, draw, reach, frozenset([said["layer"]]))
