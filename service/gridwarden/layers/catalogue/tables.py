"""The layers as tables: SQLAlchemy metadata for Alembic, and frozen SQL for the rest."""

from importlib.resources import files
from string import Template
from typing import Any

from geoalchemy2 import Geometry as GeometryType
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from gridwarden.layers.catalogue.model import (
    AREA_SCOPES,
    GEOMETRY_TYPES,
    SECRET_SCOPES,
    SQL_TYPES,
    ColumnType,
    Geometry,
    Layer,
    Scope,
)
from gridwarden.layers.catalogue.registry import layers

TYPES: dict[ColumnType, TypeEngine[Any]] = {
    "text": Text(),
    "real": Double(),
    "integer": Integer(),
    "date": Date(),
    "boolean": Boolean(),
    "timestamp": DateTime(timezone=True),
}


def metadata() -> MetaData:
    """Every layer's table, as declared; SRIDs are the deployment's and not compared."""
    together = MetaData(schema="data")
    Table("dataset", together, Column("id", BigInteger, primary_key=True))
    for one in layers().values():
        Table(
            one.id,
            together,
            Column("id", BigInteger, Identity(always=True), primary_key=True),
            Column("dataset_id", BigInteger, ForeignKey("data.dataset.id"), nullable=False),
            Column("source_id", Text, nullable=False),
            Column("version", Integer, nullable=False),
            Column("org_id", BigInteger),
            *(Column(c.name, TYPES[c.type]) for c in one.all_columns),
            Column("extra", JSONB, nullable=False),
            Column("repair", Text),
            Column("geom", GeometryType(GEOMETRY_TYPES[one.geometry], spatial_index=False)),
            UniqueConstraint("dataset_id", "source_id"),
        )
    return together


READ_COLUMNS = ("id", "dataset_id", "source_id", "version", "org_id")
SCOPES: dict[Scope, str] = {
    "own": "api.my_org(t.org_id)",
    "look": "api.may_look() and (api.my_district(null) or exists (\n"
    "        select from data.districts d\n"
    "        where api.my_district(d.id) and st_intersects(d.geom, t.geom)))",
}
IN_MY_AREA = (
    " where (select coalesce(api.role(), '') <> all ('{{{roles}}}'))\n    or api.in_my_area(t.geom)"
)
"""For the rest what stands in their districts, or in their grids."""
KNOWN = "case when api.knows('{{{roles}}}', t.geom) then t.{name}{other} end as {name}"
"""What only some roles know of a row, each where it works."""
NOT_EMPTY = "geom is not null and not st_isempty(geom)"
CHECKS: dict[Geometry, str] = {
    "line": NOT_EMPTY,
    "polygon": NOT_EMPTY,
    "any": NOT_EMPTY + " and geometrytype(geom) <> 'GEOMETRYCOLLECTION'",
    "none": "geom is null",
}


def layer_sql(one: Layer) -> str:
    """The statements that make a layer: table, index, triggers, view, grants and row."""
    template = files(__package__).joinpath("layer_table.sql").read_text(encoding="utf-8")
    return Template(template).substitute(
        layer=one.id,
        title=f"{one.title.en} {one.title.zh}",
        columns="\n".join(f"    {c.name} {SQL_TYPES[c.type]}," for c in one.all_columns),
        geometry=GEOMETRY_TYPES[one.geometry],
        check=CHECKS[one.geometry],
        selected=", ".join(_selected(one)),
        where=_where(one),
        readers=", ".join(f"gridwarden_{r}" for r in one.readers),
        secret=str(one.secret).lower(),
        importers=",".join(one.importers),
    )


def _selected(one: Layer) -> list[str]:
    """The view's columns. What only some roles know is null for the rest, and so is what no column
    took of a layer that has such columns: a sender's own column may hold a phone, too."""
    kept = {c.name: c.known_to for c in one.columns if c.known_to}
    names = [*READ_COLUMNS, *(c.name for c in one.all_columns), "extra", "repair", "geom"]
    if not kept:
        return [f"t.{name}" for name in names]
    told = {name: KNOWN.format(name=name, roles=",".join(r), other="") for name, r in kept.items()}
    told["extra"] = KNOWN.format(
        name="extra", roles=",".join(one.known_to), other=" else '{}'::jsonb"
    )
    return [told.get(name, f"t.{name}") for name in names]


def _where(one: Layer) -> str:
    """Which rows the view gives: a condition of each scope that is not everything."""
    scopes = sorted({s for s in one.readers.values() if s in SECRET_SCOPES}, reverse=True)
    if scopes:
        return " where " + "\n    or ".join(SCOPES[s] for s in scopes)
    roles = [role for role, scope in one.readers.items() if scope in AREA_SCOPES]
    return IN_MY_AREA.format(roles=",".join(sorted(roles))) if roles else ""


def layer_grants(one: Layer) -> dict[str, dict[str, list[str]]]:
    """What `layer_sql` and the view's twin grant, as relation → role → privileges: the declared
    side of the walk."""
    return {
        f"data.{one.id}": {
            "import": ["select", "insert", "update", "delete"],
            "screen": ["select"],
        },
        f"api.{one.id}": {role: ["select"] for role in one.readers},
        f"data.{one.id}_at": {},
        f"api.{one.id}_at": {role: ["select"] for role in one.readers},
    }
