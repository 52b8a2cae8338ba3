"""A small dense ground on which rules meet, and what people do to it, drawn by chance.

Metres from a corner of the working plane. Everything lies within 60 m, or some kilometres away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from hypothesis import strategies as st
from psycopg import sql
from psycopg.types.json import Jsonb

X, Y = 500_000.0, 3_400_000.0
FAR = 4_000
MULTI = frozenset(
    ["gas_pipelines", "buildings", "estates", "fire_lanes", "underground_lines", "districts"]
)
"""Layers of which every shape is a collection."""
Connection = psycopg.Connection[Any]
Columns = Mapping[str, Any]
Point = tuple[float, float]


# ---------------------------------------------------------------------------- shapes
def _said(points: tuple[Point, ...]) -> str:
    return ", ".join(f"{X + x:.3f} {Y + y:.3f}" for x, y in points)


def line(*points: Point) -> str:
    """A line through these points, as WKT."""
    return f"LINESTRING({_said(points)})"


def box(west: float, south: float, wide: float, high: float) -> str:
    """A rectangle by its corner and size, as WKT."""
    east, north = west + wide, south + high
    ring = ((west, south), (east, south), (east, north), (west, north), (west, south))
    return f"POLYGON(({_said(ring)}))"


def hook(west: float, south: float, size: float) -> str:
    """A thin U, whose middle is far from it, as WKT."""
    ring = ((0, 0), (1, 0), (1, 0.9), (0.9, 0.9), (0.9, 0.1), (0.1, 0.1), (0.1, 0.9), (0, 0.9))
    points = tuple((west + x * size, south + y * size) for x, y in (*ring, ring[0]))
    return f"POLYGON(({_said(points)}))"


def dot(x: float, y: float) -> str:
    """A point, as WKT."""
    return f"POINT({X + x:.3f} {Y + y:.3f})"


METRES = st.integers(0, 120).map(lambda n: n / 2)
SIZES = st.integers(1, 24).map(lambda n: n / 2)
AT = st.tuples(METRES, METRES)
DOTS = st.builds(lambda at: dot(*at), AT)
BOXES = st.builds(lambda at, wide, high: box(*at, wide, high), AT, SIZES, SIZES)
STRIPS = st.builds(lambda at, n: box(*at, 4, n) if n > 12 else box(*at, 4 * n, 4), AT, SIZES)
HOOKS = st.builds(lambda at, size: hook(*at, size), AT, st.sampled_from([2, 5, 30]))
ROWS = st.builds(lambda a, b: line(a, (b[0] + 0.5, b[1] + 0.5)), AT, AT)
ACROSS = st.one_of(
    st.builds(lambda y, z: line((-5, y), (65, z)), METRES, METRES),
    st.builds(lambda x, y, z: line((x, -5), (x, y), (z, y), (z, 65)), METRES, METRES, METRES),
    ROWS,
)
LONG = st.builds(lambda y: line(*((x * 50.0, y + x % 2) for x in range(-20, 21))), METRES)
QUARTERS = st.builds(
    lambda at, n: box(at[0] - 60, at[1] - 60, n, n), AT, st.sampled_from([60, 100, 400])
)


# ---------------------------------------------------------------------------- what is on record
def _some(**choices: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values) for name, values in choices.items()}
    )


ACCURACY: list[float | None] = [0.0, 0.0, 0.3, 1.0, 2.0, 2.5, 6.0, 60.0, None]
PIPES = [
    {"pressure_class": "MA", "p_mop_mpa": 0.4, "material": "steel", "od_mm": 219.0},
    {"pressure_class": "MB", "p_mop_mpa": 0.2, "material": "pe", "dn": 110.0},
    {"pressure_class": "L", "p_mop_mpa": 0.005, "material": "pe", "dn": 400.0},
    {"pressure_class": "SHA", "p_mop_mpa": 1.6, "material": "steel", "dn": 300.0},
    {"pressure_class": "HA", "p_mop_mpa": 4.0, "material": "steel", "od_mm": 1016.0,
     "wall_mm": 12.0, "area_class": "3"},
    {"pressure_class": "HB", "p_mop_mpa": 2.5, "material": "steel", "dn": 500.0, "area_class": "1"},
    {"pressure_class": None, "p_mop_mpa": None, "material": None, "dn": None, "od_mm": None},
]  # fmt: skip
CLASSES = st.sampled_from(PIPES)
MAIN = st.builds(
    lambda pipe, more: {**pipe, **more},
    CLASSES,
    _some(
        accuracy_m=ACCURACY,
        status=["in_use", "planned", None],
        depth_top_m=[0.8, 1.5, None],
        org_id=[1, 2],
        operator=["A", "B"],
    ),
)
RECORDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "gas_pipelines": MAIN,
    "buildings": _some(
        accuracy_m=ACCURACY,
        height_m=[10.0, 22.0, 40.0, None],
        storeys=[3, 7, 9, 20],
        use=["residential", "school", None],
        water_system_state=["good", "fault", None],
        households=[1, 40, 200],
    ),
    "estates": _some(accuracy_m=ACCURACY, households=[10, 500, None]),
    "charging_sheds": _some(accuracy_m=ACCURACY, status=["open", "closed", None]),
    "fire_lanes": _some(
        accuracy_m=ACCURACY,
        kind=["lane", "lane", "climbing_area", "turning_place", None],
        state=["free", "occupied", "blocked", None],
        width_m=[3.0, 6.0, 15.0],
        length_m=[30.0, 50.0, None],
        dead_end=[True, False, None],
    ),
    "underground_lines": _some(
        accuracy_m=ACCURACY,
        kind=["water", "sewer", "power", "comms", "heat", None],
        laying=["direct", "duct", "trench", None],
        dn=[200.0, 800.0, None],
        od_mm=[110.0, None],
        depth_top_m=[0.7, 1.2, None],
    ),
    "street_objects": _some(
        accuracy_m=ACCURACY,
        kind=["tree", "tree", "pole", "lighting_pole", "stockpile", "wall", None],
        deep_rooted=[True, False, None],
        voltage_kv=[10.0, 110.0, None],
    ),
    "construction_sites": _some(accuracy_m=ACCURACY),
    "excavations": _some(
        accuracy_m=ACCURACY,
        method=["hand", "mechanical", "trenchless", "piling", "dewatering", None],
        depth_m=[0.5, 2.5, 9.0, 40.0, None],
    ),
    "enclosed_spaces": _some(accuracy_m=ACCURACY, kind=["basement", "manhole", "chamber", None]),
    "rented_dwellings": _some(
        accuracy_m=ACCURACY, partition_added=[True, False, None], let_room=["kitchen", None]
    ),
    "districts": st.just({}),
}
SHAPES: dict[str, st.SearchStrategy[str]] = {
    "gas_pipelines": st.one_of(ACROSS, ACROSS, LONG),
    "buildings": BOXES,
    "estates": BOXES,
    "charging_sheds": st.one_of(DOTS, BOXES),
    "fire_lanes": STRIPS,
    "underground_lines": ACROSS,
    # some are measured to the centre, which may lie far outside
    "street_objects": st.one_of(DOTS, ROWS, BOXES, HOOKS),
    "construction_sites": st.one_of(DOTS, BOXES),
    "excavations": st.one_of(DOTS, BOXES, ACROSS),
    "enclosed_spaces": st.one_of(DOTS, BOXES),
    "rented_dwellings": DOTS,
    "districts": QUARTERS,
}
LAYERS = st.sampled_from(["gas_pipelines"] * 4 + ["buildings", "charging_sheds"] + list(SHAPES))
DATASETS = ("drawn", "another")
"""Of each layer: the second is read as Baidu's at times."""


# ---------------------------------------------------------------------------- what is done
@dataclass(frozen=True)
class Act:
    """Something done to one layer by one statement (or several); `at` picks a feature."""

    what: str
    layer: str
    at: int = 0
    shape: str = ""
    columns: Columns = field(default_factory=dict)
    by: Point = (0, 0)

    def do(self, c: Connection) -> None:
        """Do it on this connection. A feature that somebody else has hold of is passed over."""
        DONE[self.what](c, self)


def _run(c: Connection, act: Act, statement: str, *values: Any) -> list[Any]:
    composed = sql.SQL(statement).format(  # type: ignore[arg-type]
        t=sql.Identifier("data", act.layer), layer=sql.Literal(act.layer)
    )
    cursor = c.execute(composed, values)
    return cursor.fetchall() if cursor.description else []


def _shape(act: Act) -> str:
    shape = "st_geomfromtext(%s, data.working_srid())"
    return f"st_multi({shape})" if act.layer in MULTI else shape


def _one(c: Connection, act: Act) -> int | None:
    """A feature that was not imported."""
    rows = _run(
        c,
        act,
        "select t.id from {t} t join data.dataset d on d.id = t.dataset_id and d.name <> 'brought'"
        " order by t.id for update of t skip locked",
    )
    return int(rows[act.at % len(rows)][0]) if rows else None


def _set(act: Act) -> str:
    return "".join(f", {name} = %s" for name in sorted(act.columns))


def _values(act: Act) -> list[Any]:
    return [act.columns[name] for name in sorted(act.columns)]


def _insert(c: Connection, act: Act) -> None:
    names = "".join(f", {name}" for name in sorted(act.columns))
    given = ", %s" * len(act.columns)
    _run(
        c,
        act,
        f"insert into {{t}} (dataset_id, source_id, geom{names})"
        f" select d.id, gen_random_uuid()::text, {_shape(act)}{given} from data.dataset d"
        " where d.layer = {layer} and d.name = %s",
        act.shape,
        *_values(act),
        DATASETS[act.at % len(DATASETS)],
    )


def _change(said: str) -> Callable[[Connection, Act], None]:
    def change(c: Connection, act: Act) -> None:
        one = _one(c, act)
        if one is not None:
            values = {"at": act.at, "x": act.by[0], "y": act.by[1], "shape": act.shape, "id": one}
            composed = sql.SQL(f"update {{t}} set {said} where id = %(id)s").format(  # type: ignore[arg-type]
                t=sql.Identifier("data", act.layer)
            )
            c.execute(composed, values)

    return change


def _retell(c: Connection, act: Act) -> None:
    one = _one(c, act)
    if one is not None:
        _run(c, act, f"update {{t}} set version = version{_set(act)} where id = %s",
             *_values(act), one)  # fmt: skip


def _redraw(c: Connection, act: Act) -> None:
    one = _one(c, act)
    if one is not None:
        _run(c, act, f"update {{t}} set geom = {_shape(act)} where id = %s", act.shape, one)


def _delete(c: Connection, act: Act) -> None:
    one = _one(c, act)
    if one is not None:
        _run(c, act, "delete from {t} where id = %s", one)


def _far_and_back(c: Connection, act: Act) -> None:
    one = _one(c, act)
    for by in (FAR, -FAR):
        _run(c, act, "update {t} set geom = st_translate(geom, %s, 0) where id = %s", by, one)


def _anew(c: Connection, act: Act) -> None:
    """Deleted and made again in one transaction."""
    one = _one(c, act)
    if one is None:
        return
    was = "delete from {t} t where id = %s"
    was += " returning to_jsonb(t) || jsonb_build_object('geom', t.geom::text)"
    row = _run(c, act, was, one)[0][0]
    names = ", ".join(name for name in sorted(row) if name not in ("id", "version"))
    _run(
        c,
        act,
        f"insert into {{t}} ({names}) select {names} from jsonb_populate_record(null::{{t}}, %s)",
        Jsonb(row),
    )


def _split(c: Connection, act: Act) -> None:
    """A line becomes two, which meet."""
    one = _one(c, act)
    if one is None:
        return
    names = "org_id, accuracy_m, dn, od_mm, depth_top_m, operator, material"
    if act.layer == "gas_pipelines":
        names += ", pressure_class, p_mop_mpa, wall_mm, area_class, status"
    part = "st_multi(st_linesubstring(st_geometryn(geom, 1), {}, {}))"
    _run(
        c,
        act,
        f"insert into {{t}} (dataset_id, source_id, geom, {names}) select dataset_id,"
        f" gen_random_uuid()::text, {part.format(0.4, 1)}, {names}"
        " from {t} where id = %s",
        one,
    )
    _run(c, act, f"update {{t}} set geom = {part.format(0, 0.4)} where id = %s", one)


def _all_move(c: Connection, act: Act) -> None:
    """One statement of many rows: a line for all of them waits in the queue."""
    _run(
        c,
        act,
        "update {t} set geom = st_translate(geom, %s, %s) where id in (select t.id from {t} t"
        " join data.dataset d on d.id = t.dataset_id and d.name <> 'brought'"
        " for update of t skip locked)",
        *act.by,
    )


def _many(c: Connection, act: Act) -> None:
    """Copies of one, in a row, by one statement."""
    one = _one(c, act)
    _run(
        c,
        act,
        "insert into {t} (dataset_id, source_id, accuracy_m, geom)"
        " select dataset_id, gen_random_uuid()::text, accuracy_m,"
        " st_translate(geom, n * %s, n * %s) from {t}, generate_series(1, 5) n where id = %s",
        *act.by,
        one,
    )


def _half_go(c: Connection, act: Act) -> None:
    _run(
        c,
        act,
        "delete from {t} where id in (select t.id from {t} t"
        " join data.dataset d on d.id = t.dataset_id and d.name <> 'brought'"
        " where t.id %% 2 = %s for update of t skip locked)",
        act.at % 2,
    )


DONE: dict[str, Callable[[Connection, Act], None]] = {
    "insert": _insert,
    "move": _change("geom = st_translate(geom, %(x)s, %(y)s)"),
    "touch": _change("name = name"),
    "retell": _retell,
    "redraw": _redraw,
    "delete": _delete,
    "far_and_back": _far_and_back,
    "anew": _anew,
    "split": _split,
    "all_move": _all_move,
    "many": _many,
    "half_go": _half_go,
}
PICKS = st.integers(0, 40)
STEPS = st.sampled_from([-FAR, -40, -5, -1.5, -0.5, 0, 0, 0.25, 1, 3, 20, FAR])
MOVES = st.tuples(STEPS, STEPS)


@st.composite
def acts(draw: st.DrawFn) -> Act:
    """Anything that people do to features."""
    layer = draw(LAYERS)
    whats = ["insert"] * 4 + ["move"] * 3 + ["retell"] * 3 + ["delete"] * 2
    whats += ["redraw", "touch", "far_and_back", "anew", "all_move", "many", "half_go"]
    if layer in ("gas_pipelines", "underground_lines"):
        whats += ["split"] * 2
    what = draw(st.sampled_from(whats))
    at = draw(PICKS)
    if what in ("insert", "redraw"):
        shape = draw(SHAPES[layer])
        return Act(what, layer, at, shape, draw(RECORDS[layer]) if what == "insert" else {})
    if what == "retell":
        return Act(what, layer, at, columns=draw(RECORDS[layer]))
    if what in ("move", "all_move", "many"):
        return Act(what, layer, at, by=draw(MOVES))
    return Act(what, layer, at)
