"""What the service found, in the oracle's words: the other side of the comparison."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from .judging import Finding, Key
from .packs import MAINS, SEVERITIES, TENTH_MM

COLUMNS = sql.SQL(
    " j.pack, j.rule, j.severity, j.certainty, j.distance_m, j.required_m, j.missing,"
    " j.pressure_class, j.counterpart_layer, j.counterpart_id, j.told"
)
STORED = sql.SQL(
    "select 0, j.family, j.layer, s.source_id, m.source_id, {columns}"
    " from (select f.*, e.* from data.finding f join data.finding_exact e on e.finding_id = f.id) j"
    " join {subject} s on s.id = j.subject_id and j.layer = {layer}"
    " left join data.gas_pipelines m on m.id = j.main_id"
)
JUDGED = sql.SQL(
    "select j.strength, j.family, j.layer, s.source_id, m.source_id, {columns}"
    " from ({statement}) j join {subject} s on s.id = j.subject_id"
    " left join data.gas_pipelines m on m.id = j.main_id"
)


class Statement(NamedTuple):
    """One compiled statement, as `data.statements()` gives it."""

    name: str
    family: str
    layer: str
    kind: str
    rule_ids: list[int]
    sql: str


def stored(connection: psycopg.Connection[Any]) -> dict[Key, Finding]:
    """Every finding that the last screen wrote."""
    layers = connection.execute("select distinct layer from data.finding").fetchall()
    found: dict[Key, Finding] = {}
    for (layer,) in layers:
        names = {
            "columns": COLUMNS,
            "subject": sql.Identifier("data", layer),
            "layer": sql.Literal(layer),
        }
        found |= _read(connection, connection.execute(STORED.format(**names)))
    total = connection.execute("select count(*) from data.finding").fetchone()
    assert total == (len(found),)
    return found


def statements(connection: psycopg.Connection[Any]) -> list[Statement]:
    """The compiled statements of the rules in force, as the screener gets them."""
    rows = connection.execute(
        "select name, family, layer, kind, rule_ids, sql from data.statements()"
    )
    return [Statement(*row) for row in rows]


def judged(
    connection: psycopg.Connection[Any], compiled: Iterable[Statement]
) -> dict[Key, Finding]:
    """What these statements find now, in the connection's transaction."""
    best: dict[Key, tuple[Any, ...]] = {}
    found: dict[Key, Finding] = {}
    for one in compiled:
        names = {
            "columns": COLUMNS,
            "statement": sql.SQL(one.sql),  # type: ignore[arg-type]
            "subject": sql.Identifier("data", one.layer),
        }
        rows = connection.execute(JUDGED.format(**names)).fetchall()
        for row in rows:
            (key, finding), *_ = _read(connection, [row]).items()
            margin = (
                (finding.distance - (finding.required or 0),)
                if finding.distance is not None
                else ()
            )
            severity = -SEVERITIES.index(finding.severity)
            order = (-row[0], severity, margin or (float("inf"),), finding.pack, finding.rule)
            if key not in best or order < best[key]:
                best[key], found[key] = order, finding
    return found


def _read(connection: psycopg.Connection[Any], rows: Iterable[Any]) -> dict[Key, Finding]:
    found = {}
    for row in rows:
        _, family, layer, subject, main, pack, rule, severity, certainty, *more = row
        distance, required, missing, pressure_class, other_layer, other_id, told = more
        if layer == MAINS:  # a pair has no order; a main alone is its own
            subject, main = (subject, None) if subject == main else sorted((subject, main))
        one = Finding(
            family, layer, subject, main, rule, severity, certainty,
            None if distance is None else round(distance * TENTH_MM),
            None if required is None else round(required * TENTH_MM),
            frozenset(missing),
            pressure_class if main is not None and layer != MAINS else None,
            pack,
            _name(connection, other_layer, other_id) if other_layer not in (None, MAINS) else None,
            tuple((it["id"], it.get("holds")) for it in told.get("relaxations") or ()),
            told.get("people"),
            told.get("verdict"),
            told.get("location_class"),
        )  # fmt: skip
        found[one.key] = one
    return found


_NAMES: dict[tuple[int, str], dict[int, str]] = {}


def _name(connection: psycopg.Connection[Any], layer: str, number: int) -> str:
    """The source id of a counterpart; each layer's are read once."""
    place = (id(connection), layer)
    if place not in _NAMES or number not in _NAMES[place]:
        query = sql.SQL("select id, source_id from {}").format(sql.Identifier("data", layer))
        _NAMES[place] = dict(connection.execute(query).fetchall())
    return _NAMES[place][number]


def changed(
    ours: dict[Key, Finding], oracles: dict[Key, Finding], within: int = 1
) -> dict[Key, tuple[Finding | None, Finding | None]]:
    """Where two sets of findings disagree; distances may differ by `within` 0.1 mm."""
    return {
        key: (ours.get(key), oracles.get(key))
        for key in ours.keys() | oracles.keys()
        if key not in ours or key not in oracles or not _alike(ours[key], oracles[key], within)
    }


def differences(
    ours: dict[Key, Finding], oracles: dict[Key, Finding], within: int = 1
) -> list[str]:
    """The same in sentences."""
    return [
        f"only the oracle: {his}" if mine is None
        else f"only the service: {mine}" if his is None
        else f"service {mine}, oracle {his}"
        for mine, his in changed(ours, oracles, within).values()
    ]  # fmt: skip


def _alike(one: Finding, other: Finding, within: int) -> bool:
    plain = (
        "pack", "rule", "severity", "certainty", "missing", "pressure_class", "counterpart",
        "relaxed", "verdict", "area_class",
    )  # fmt: skip
    if any(getattr(one, name) != getattr(other, name) for name in plain):
        return False
    near = (("distance", within), ("required", within if one.verdict else 0), ("people", 0))
    for name, by in near:
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine is None or theirs is None:
            if mine is not theirs:
                return False
        elif name == "people":
            if abs(float(mine) - float(theirs)) > 0.1 + 0.001 * float(theirs):
                return False
        elif abs(mine - theirs) > by:
            return False
    return True
