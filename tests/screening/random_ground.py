"""Cases drawn by chance, many judged at once: each lies a kilometre from all others.

Variants of one case lie north of each other, near the middle meridian of the zone, where a metre
of the plane is the same for all of them.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
import shapely
from hypothesis import strategies as st
from psycopg import sql
from psycopg.rows import dict_row
from shapely.affinity import translate

X, Y = 500_000.0, 3_400_000.0
APART = 1000.0
PRESSURES = {
    "L": 0.005, "MB": 0.2, "MA": 0.4, "SHB": 0.8, "SHA": 1.6, "HB": 2.5, "HA": 4.0, "XH": 6.3
}  # fmt: skip
CLASSES = tuple(PRESSURES)
SUBJECTS = ("buildings", "charging_sheds", "construction_sites")
Found = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A main and what lies near it, in metres around the case's own middle."""

    main: shapely.Geometry
    subject: shapely.Geometry
    layer: str = "buildings"
    record: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] = field(default_factory=dict)
    """The subject's record."""
    more_mains: tuple[shapely.Geometry, ...] = ()

    def but(self, **changed: Any) -> "Case":
        """The same, with something else."""
        return replace(self, **changed)

    def classed(self, name: str) -> "Case":
        """The same main in another pressure class."""
        at = {"pressure_class": name, "p_mop_mpa": PRESSURES[name]}
        return replace(self, record={**self.record, **at})


def judged(connection: psycopg.Connection[Any], table: Sequence[Sequence[Case]]) -> list[Any]:
    """Findings of every case, row by row as they were given; nothing is left in the database.

    The connection may be inside a transaction that has changed the rules: it is taken back, too.
    """
    with connection.transaction(force_rollback=True):
        place(connection, table)
        found = findings(connection)
    return [
        [found.get(f"{column}.{row}", []) for row in range(len(cases))]
        for column, cases in enumerate(table)
    ]


def place(connection: psycopg.Connection[Any], table: Sequence[Sequence[Case]]) -> None:
    """Put the cases into the layers: columns go east, the variants of a column go north."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for column, cases in enumerate(table):
        for row, case in enumerate(cases):
            east, north, name = X + column * APART, Y + row * APART, f"{column}.{row}"
            for main in (case.main, *case.more_mains):
                moved = translate(main, east, north)
                rows.setdefault("gas_pipelines", []).append(
                    {"code": name, "shape": moved.wkb_hex, **case.record}
                )
            moved = translate(case.subject, east, north)
            rows.setdefault(case.layer, []).append(
                {"code": name, "shape": moved.wkb_hex, **case.own}
            )
    for layer, records in rows.items():
        _insert(connection, layer, records)


def _insert(connection: psycopg.Connection[Any], layer: str, records: list[dict[str, Any]]) -> None:
    names = sorted({name for record in records for name in record} - {"shape"})
    connection.execute(
        "insert into data.dataset (layer, name, version) values (%s, 'by chance', 1)"
        " on conflict do nothing",
        (layer,),
    )
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    connection.execute(
        sql.SQL(
            "insert into {table} (dataset_id, source_id, geom, {columns})"
            " select d.id, gen_random_uuid()::text, case when {multi} then st_multi(g) else g end,"
            " {values} from jsonb_array_elements(%s) one"
            " cross join lateral jsonb_populate_record(null::{table}, one - 'shape') r"
            " cross join lateral st_setsrid((one ->> 'shape')::geometry, data.working_srid()) g"
            " join data.dataset d on d.layer = {layer} and d.name = 'by chance'"
        ).format(
            table=sql.Identifier("data", layer),
            columns=columns,
            values=sql.SQL(", ").join(sql.Identifier("r", name) for name in names),
            layer=sql.Literal(layer),
            multi=sql.SQL(
                "exists (select from geometry_columns where f_table_schema = 'data'"
                " and f_table_name = {} and type like 'MULTI%%')"
            ).format(sql.Literal(layer)),
        ),
        (json.dumps(records),),
    )


def findings(connection: psycopg.Connection[Any]) -> dict[str, list[Found]]:
    """What the compiled statements find, by the subject's code; sorted, without numbers of rows."""
    found: dict[str, list[Found]] = {}
    statements = connection.execute("select layer, sql from data.statements()").fetchall()
    with connection.cursor(row_factory=dict_row) as cursor:
        for layer, statement in statements:
            cursor.execute(
                sql.SQL("select s.code, j.* from ({}) j join {} s on s.id = j.subject_id").format(
                    sql.SQL(statement), sql.Identifier("data", layer)
                )
            )
            for one in cursor.fetchall():
                found.setdefault(one["code"], []).append(one)
    return {code: sorted(ones, key=_order) for code, ones in found.items()}


def _order(one: Found) -> tuple[Any, ...]:
    return one["family"], one["layer"], one["rule"], one["distance_m"] or 0, one["subject_id"]


# ---------------------------------------------------------------------------- by chance
CENTIMETRES = st.integers(-4000, 4000).map(lambda n: n / 100)
ACCURACIES = st.sampled_from([0.0, 0.0, 0.05, 0.3, 1.0, 3.0, None])
PIPES = st.sampled_from(
    [
        {"material": "pe", "dn": 110.0},
        {"material": "steel", "od_mm": 219.0},
        {"material": "steel", "dn": 300.0, "wall_mm": 8.0},
        {"material": "steel", "od_mm": 508.0, "wall_mm": 12.0, "area_class": "3"},
        {"material": "steel", "dn": 900.0, "area_class": "1"},
        {},
    ]
)
PIPES_FOR_ALL = st.sampled_from(
    [{"material": "steel", "dn": dn, "wall_mm": 8.0, "area_class": "1"} for dn in (200.0, 500.0)]
)
"""Pipes whose distances rise with every class. The codes' own tables do not always: sub-high
pressure A asks for 13.5 m, high pressure for 11 m at DN 150 and for 3 m through a thick wall."""


@st.composite
def lines(draw: st.DrawFn, least: int = 2) -> shapely.LineString:
    """A line from west to east with bends, that may turn back."""
    bends = draw(st.lists(st.tuples(CENTIMETRES, CENTIMETRES), min_size=least - 2, max_size=5))
    inner = bends if draw(st.booleans()) else sorted(bends)
    west, east = draw(CENTIMETRES), draw(CENTIMETRES)
    return shapely.LineString([(-60, west), *inner, (60, east)])


@st.composite
def polygons(draw: st.DrawFn) -> shapely.Polygon:
    """A star around a middle near the line, at times with a court inside."""
    middle = draw(st.tuples(CENTIMETRES, CENTIMETRES))
    radii = draw(st.lists(st.integers(200, 2500), min_size=4, max_size=9))
    turn = 360 / len(radii)
    corners = [_polar(middle, r / 100, n * turn) for n, r in enumerate(radii)]
    hole = draw(st.booleans())
    court = [_polar(middle, min(radii) / 400, n * 120) for n in range(3)]
    return shapely.Polygon(corners, [court] if hole else None)


def _polar(middle: tuple[float, float], radius: float, degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)


@st.composite
def cases(
    draw: st.DrawFn,
    layers: Sequence[str] = SUBJECTS,
    pipes: st.SearchStrategy[dict[str, Any]] = PIPES,
) -> Case:
    """A main of any kind and something near it."""
    record = {**draw(pipes), "accuracy_m": draw(ACCURACIES)}
    record["pressure_class"] = draw(st.sampled_from([*CLASSES, None]))
    return Case(
        draw(lines()),
        draw(polygons()),
        draw(st.sampled_from(layers)),
        record,
        {"accuracy_m": draw(ACCURACIES)},
    )


@st.composite
def crossings(draw: st.DrawFn) -> Case:
    """A main with a vertex to cut it at, and a house that stands on it, mostly."""
    record = {"material": "steel", "od_mm": 219.0, "accuracy_m": 0.0, "pressure_class": "MA"}
    return Case(draw(lines(3)), draw(polygons()), "buildings", record, {"accuracy_m": 0.0})


def said(found: Iterable[Found], *names: str) -> list[tuple[Any, ...]]:
    """The named columns of findings."""
    return [tuple(one[name] for name in names) for one in found]
