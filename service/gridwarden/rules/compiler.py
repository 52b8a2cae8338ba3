"""Rules to SQL: one set-based statement for each family of distance rules and each other rule.

The numbers stay in `data.rule_row`, which the statements join; only names are composed in here,
as identifiers that the layer registry declares. A new layer in a rule's `subjects` needs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from gridwarden.database import queries
from gridwarden.layers.catalogue import Layer, layer

PACKAGE = __package__ or "gridwarden.rules"
Q = queries(PACKAGE, "rules.sql")
TEMPLATES = queries(PACKAGE, "compiled.sql")


@dataclass(frozen=True, slots=True)
class Statement:
    """A compiled rule (or family of rules): a SELECT that gives one row a finding."""

    family: str
    layer: str
    kind: str
    rule: str | None
    sql: sql.Composed

    @property
    def name(self) -> str:
        """What progress and tables call it."""
        return f"{self.rule or self.family} · {self.layer}"


async def compiled(connection: AsyncConnection[TupleRow]) -> list[Statement]:
    """Every statement that the published rules need, in a steady order (role screen)."""
    rows = await (await connection.execute(Q["compiled"])).fetchall()
    return [
        compile_statement(family, subject, kind, pack, rule, test or {})
        for family, subject, kind, pack, rule, test, _ in rows
    ]


def compile_statement(
    family: str,
    subject: str,
    kind: str,
    pack: str | None = None,
    rule: str | None = None,
    test: Mapping[str, Any] | None = None,
) -> Statement:
    """One statement. Raises KeyError for a layer or column that is not declared any more."""
    declared = layer(subject)
    names: dict[str, sql.Composable] = {
        "subject": sql.Identifier("data", declared.id),
        "layer": sql.Literal(declared.id),
        "family": sql.Literal(family),
        "pack": sql.Literal(pack),
        "rule": sql.Literal(rule),
        "place": sql.SQL(TEMPLATES["place"]),
        # A layer of polygons alone has no points to give a radius to.
        "radius": sql.SQL(
            "data.point_radius()" if declared.geometry == "any" else "0::double precision"
        ),
    }
    own = {"absence": _absence, "attribute": _attribute}
    if kind in own:
        names |= own[kind](declared, test or {})
    return Statement(family, subject, kind, rule, sql.SQL(TEMPLATES[kind]).format(**names))


def _absence(declared: Layer, test: Mapping[str, Any]) -> dict[str, sql.Composable]:
    counterpart = layer(test["counterpart"])
    ignore = test.get("ignore")
    counted: sql.Composable = sql.SQL("true")
    if ignore:
        counted = sql.SQL("c.{} is null or not c.{} = any ({})").format(
            _column(counterpart, ignore["column"]),
            _column(counterpart, ignore["column"]),
            sql.Literal(list(ignore["values"])),
        )
    return {
        "counterpart": sql.Identifier("data", counterpart.id),
        "counterpart_layer": sql.Literal(counterpart.id),
        "counted": counted,
    }


def _attribute(declared: Layer, test: Mapping[str, Any]) -> dict[str, sql.Composable]:
    over, unless = test["over"], test["unless"]
    return {
        "over": _column(declared, over["column"]),
        "over_name": sql.Literal(over["column"]),
        "instead": _column(declared, over["instead"]),
        "factor": sql.Literal(over["factor"]),
        "certain_over": sql.Literal(over["certain_over"]),
        "possible_from": sql.Literal(over["possible_from"]),
        "unless": _column(declared, unless["column"]),
        "unless_name": sql.Literal(unless["column"]),
        "equals": sql.Literal(unless["equals"]),
    }


def _column(declared: Layer, name: str) -> sql.Identifier:
    """A column's identifier. Raises KeyError for one that the layer does not declare."""
    if name not in {c.name for c in declared.all_columns}:
        raise KeyError(f"{declared.id}.{name}")
    return sql.Identifier(name)
