"""Planted pairs: for every number of the rule pack, a subject 5 mm inside it and one 5 mm outside.

They lie in the test field east of the city. One straight main per pressure class runs west to
east, 150 m from the next; the subjects stand beside it, each 5 mm nearer or farther than a limit,
measured from the main's outer edge. All accuracies are 0, so that the answers are certain. Short
mains in a second column prove the class boundaries and the outer diameters; estates and their
sheds farther east prove the absence rule; houses in between the attribute rule's heights.

Source ids read `plant:<rule>:<class>:below|above[:point]`, mains `plant:main:<class>`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import shapely

STEP_M = 0.005
ROW_M = 150.0
PLACE_M = 20.0
DISTANCE_KINDS = ("on", "protection", "clearance", "control")
UNKNOWN = "unknown"
BASE_OD_MM = 200.0


@dataclass
class Planted:
    """One planted feature: its layer, source id, shape in the working CRS, and columns."""

    layer: str
    source_id: str
    shape: shapely.Geometry
    columns: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Limit:
    """One number of the pack that a pair must straddle."""

    rule: str
    subject: str
    pressure_class: str
    limit_m: float


def limits(pack: dict[str, Any]) -> list[Limit]:
    """Every distance row of the pack, and what each rule asks of a main of unknown class."""
    found = []
    for rule in pack["rule"]:
        if rule["kind"] not in DISTANCE_KINDS:
            continue
        for subject in rule["subjects"]:
            rows = [(str(row["class"]), float(row["limit_m"])) for row in rule["row"]]
            rows.append((UNKNOWN, max(limit for _, limit in rows)))
            found += [Limit(rule["id"], subject, name, limit) for name, limit in rows]
    return found


def plant(pack: dict[str, Any], corner: tuple[float, float], operator: str) -> list[Planted]:
    """Every planted feature; `corner` is the field's south-west corner in the working CRS."""
    east, north = corner
    classes = [str(row["id"]) for row in pack["class"]] + [UNKNOWN]
    by_class: dict[str, list[Limit]] = {name: [] for name in classes}
    for limit in limits(pack):
        by_class[limit.pressure_class].append(limit)
    planted: list[Planted] = []
    radius = float(pack["pack"]["point_radius_m"])
    for row, name in enumerate(classes):
        planted += _pairs(name, by_class[name], east, north + row * ROW_M, operator, radius)
    planted += _boundaries(pack, east + 800.0, north, operator)
    planted += _diameters(pack, east, north - ROW_M, operator)
    planted += _absences(pack, east + 1250.0, north)
    planted += _heights(pack, east + 950.0, north)
    return planted


def _main(name: str, line: shapely.LineString, operator: str, **columns: object) -> Planted:
    given: dict[str, object] = {
        "pipe_id": name, "operator": operator, "medium": "natural_gas", "pressure_class": None,
        "p_mop_mpa": None, "material": "steel", "dn": None, "od_mm": None, "status": "in_use",
    }  # fmt: skip
    return Planted("gas_pipelines", name, line, given | columns)


def _line(east: float, north: float, length: float) -> shapely.LineString:
    return shapely.LineString([(east, north), (east + length, north)])


def _pairs(
    name: str, limits: list[Limit], east: float, north: float, operator: str, radius_m: float
) -> Iterator[Planted]:
    places = sum(4 if limit.subject != "buildings" else 2 for limit in limits)
    line = _line(east - 15.0, north, PLACE_M * places + 20.0)
    given = None if name == UNKNOWN else name
    yield _main(f"plant:main:{name}", line, operator, pressure_class=given, od_mm=BASE_OD_MM)
    at = 0
    for limit in limits:
        for shape in ("area",) if limit.subject == "buildings" else ("area", "point"):
            for side, shift in (("below", -STEP_M), ("above", STEP_M)):
                gap = limit.limit_m + shift + BASE_OD_MM / 2000
                key = f"plant:{limit.rule}:{name}:{side}{':point' if shape == 'point' else ''}"
                where = east + at * PLACE_M
                if shape == "point":
                    at_m = shapely.Point(where, north + gap + radius_m)
                    yield Planted(limit.subject, key, at_m)
                else:
                    yield _subject(limit.subject, key, where, north, gap)
                at += 1


def _subject(layer: str, key: str, east: float, north: float, away: float) -> Planted:
    """A 9 × 7 m house, shed or site whose southern wall is `away` metres north of a line."""
    box = shapely.box(east - 4.5, north + away, east + 4.5, north + away + 7.0)
    return Planted(layer, key, box, _harmless(layer))


def _harmless(layer: str) -> dict[str, object]:
    """What keeps the other rules away from a planted subject."""
    if layer == "buildings":
        return {"height_m": 3.0, "storeys": 1.0, "use": "试验", "water_system_state": "ok"}
    return {}


def _boundaries(
    pack: dict[str, Any], east: float, north: float, operator: str
) -> Iterator[Planted]:
    """Mains whose class follows from the pressure: the upper end of each class, and 1 Pa over."""
    for row, level in enumerate(pack["class"][:-1]):
        for column, (side, extra) in enumerate((("at", 0.0), ("over", 1e-6))):
            key = f"plant:class:{level['id']}:{side}"
            place = east + column * 60.0
            line = _line(place, north + row * ROW_M, 24.0)
            pressure = float(level["upto_mpa"]) + extra
            yield _main(key, line, operator, p_mop_mpa=pressure, od_mm=BASE_OD_MM)
            yield _subject("buildings", key, place + 12, north + row * ROW_M, -1.0)


def _diameters(pack: dict[str, Any], east: float, north: float, operator: str) -> Iterator[Planted]:
    """Mains with a nominal diameter only, one for every line of the tables, and one with none."""
    sizes: list[tuple[str, float | None]] = [("steel", None), ("pe", 63.0), ("steel", 333.0)]
    for family, table in pack["outer_diameter"].items():
        sizes += [(str(family), float(dn)) for dn in table.get("dn", {})]
    for at, (material, dn) in enumerate(sizes):
        key = f"plant:od:{material}:{'missing' if dn is None else f'{dn:g}'}"
        up, right = divmod(at, 24)
        place, row = east + right * 30.0, north - up * 40.0
        line = _line(place, row, 20.0)
        yield _main(key, line, operator, pressure_class="MB", material=material, dn=dn)
        yield _subject("buildings", key, place + 10, row, 0.6)


def _absences(pack: dict[str, Any], east: float, north: float) -> Iterator[Planted]:
    """Estates whose only shed stands 5 mm within, and 5 mm beyond, the distance asked for."""
    for rule in pack["rule"]:
        if rule["kind"] != "absence":
            continue
        limit = float(rule["row"][0]["limit_m"])
        for side, shift in (("below", -STEP_M), ("above", STEP_M)):
            key = f"plant:{rule['id']}:{side}"
            yield Planted("estates", key, shapely.box(east, north, east + 60, north + 40))
            shed = north + 40 + limit + shift
            box = shapely.box(east + 26, shed, east + 34, shed + 3)
            yield Planted("charging_sheds", key, box, {"status": "working"})
            closed = shapely.Point(east + 30, north - 50)
            yield Planted("charging_sheds", f"{key}:closed", closed, {"status": "closed"})
            north = shed + 2.2 * limit


def _heights(pack: dict[str, Any], east: float, north: float) -> Iterator[Planted]:
    """Houses 5 mm below and above each height that the attribute rules ask about."""
    for rule in pack["rule"]:
        if rule["kind"] != "attribute":
            continue
        over = rule["attribute"]["over"]
        factor = float(over["factor"])
        tall = float(rule["row"][0]["limit_m"])
        cases: list[tuple[str, float | None, float | None]] = []
        for side, shift in (("below", -STEP_M), ("above", STEP_M)):
            cases.append((f"measured:{side}", tall + shift, None))
            for name in ("possible_from", "certain_over"):
                cases.append((f"{name}:{side}", None, (float(over[name]) + shift) / factor))
        for state_at, state in enumerate(("fault", None, "ok")):
            for at, (name, height, storeys) in enumerate(cases):
                key = f"plant:{rule['id']}:{name}:{state or 'missing'}"
                place = (east + at * 25.0, north + state_at * 25.0)
                box = shapely.box(*place, place[0] + 12, place[1] + 12)
                columns: dict[str, object] = {"height_m": height, "storeys": storeys}
                columns |= {"use": "住宅", "water_system_state": state}
                yield Planted("buildings", key, box, columns)
