"""What the service found, in the oracle's words: the other side of the comparison."""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from gridwarden.rules.compiler import Q, Statement, compile_statement

from .oracle import TENTH_MM, Finding

Key = tuple[str, str, str, str | None]
STORED = sql.SQL(
    "select f.family, f.layer, s.source_id, m.source_id, e.rule, f.severity, f.certainty,"
    " e.distance_m, e.required_m, e.missing, e.pressure_class"
    " from data.finding f join data.finding_exact e on e.finding_id = f.id"
    " join {subject} s on s.id = f.subject_id and f.layer = {layer}"
    " left join data.gas_pipelines m on m.id = f.main_id"
)
JUDGED = sql.SQL(
    "select j.family, j.layer, s.source_id, m.source_id, j.rule, j.severity, j.certainty,"
    " j.distance_m, j.required_m, j.missing, j.pressure_class"
    " from ({statement}) j join {subject} s on s.id = j.subject_id"
    " left join data.gas_pipelines m on m.id = j.main_id"
)


def stored(connection: psycopg.Connection[Any]) -> dict[Key, Finding]:
    """Every finding that the last screen wrote."""
    layers = connection.execute("select distinct layer from data.finding").fetchall()
    found: dict[Key, Finding] = {}
    for (layer,) in layers:
        names = {"subject": sql.Identifier("data", layer), "layer": sql.Literal(layer)}
        found |= _read(connection.execute(STORED.format(**names)))
    total = connection.execute("select count(*) from data.finding").fetchone()
    assert total == (len(found),)
    return found


def statements(connection: psycopg.Connection[Any]) -> list[Statement]:
    """The compiled statements of the rules in force, as the screener gets them."""
    rows = connection.execute(Q["compiled"]).fetchall()
    return [
        compile_statement(family, subject, kind, pack, rule, test or {})
        for family, subject, kind, pack, rule, test, _ in rows
    ]


def judged(
    connection: psycopg.Connection[Any], compiled: Iterable[Statement]
) -> dict[Key, Finding]:
    """What these statements find now, in the connection's transaction."""
    found: dict[Key, Finding] = {}
    for one in compiled:
        names = {"statement": one.sql, "subject": sql.Identifier("data", one.layer)}
        found |= _read(connection.execute(JUDGED.format(**names)))
    return found


def _read(cursor: psycopg.Cursor[Any]) -> dict[Key, Finding]:
    found = {}
    for *names, distance, required, missing, pressure_class in cursor:
        near = names[3] is not None
        one = Finding(
            *names,
            None if distance is None else round(distance * TENTH_MM),
            None if required is None else round(required * TENTH_MM),
            frozenset(missing),
            pressure_class if near else None,
        )
        found[one.key] = one
    return found


def differences(
    ours: dict[Key, Finding], oracles: dict[Key, Finding], within: int = 1
) -> list[str]:
    """Where two sets of findings disagree; distances may differ by `within` 0.1 mm."""
    told = [f"only the service: {ours[key]}" for key in ours.keys() - oracles.keys()]
    told += [f"only the oracle: {oracles[key]}" for key in oracles.keys() - ours.keys()]
    for key in ours.keys() & oracles.keys():
        if not _alike(ours[key], oracles[key], within):
            told.append(f"service {ours[key]}, oracle {oracles[key]}")
    return told


def _alike(one: Finding, other: Finding, within: int) -> bool:
    plain = (one.rule, one.severity, one.certainty, one.required, one.missing, one.pressure_class)
    if plain != (
        other.rule,
        other.severity,
        other.certainty,
        other.required,
        other.missing,
        other.pressure_class,
    ):
        return False
    if one.distance is None or other.distance is None:
        return one.distance is other.distance
    return abs(one.distance - other.distance) <= within
