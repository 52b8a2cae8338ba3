"""What is written to a file: its columns, its places, and the statement that gives its rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pyarrow as pa
from psycopg import sql

from gridwarden.access.audit.seeing import MAINS
from gridwarden.database import Caller, queries
from gridwarden.layers.catalogue import Layer, Words
from gridwarden.layers.catalogue.model import ColumnType, Geometry
from gridwarden.layers.export.target import Target
from gridwarden.layers.features.items import in_windows, view_of
from gridwarden.layers.features.parameters import Window

Q = queries(__package__ or "gridwarden.layers.export", "export.sql")
FieldType = ColumnType | Literal["json", "bigint"]
ARROW: Final[Mapping[FieldType, pa.DataType]] = {
    "text": pa.string(),
    "real": pa.float64(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "json": pa.string(),
}


Mains = Callable[[int, Sequence[Any]], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a file; `json` is a text that holds a JSON object."""

    name: str
    type: FieldType
    title: Words


@dataclass(frozen=True, slots=True)
class Content:
    """One export. The statement gives id, then the fields in order, then the shape as WKB or null.

    `secret` exports are written to the audit trail, and `colour` (#rrggbb) is a drawing's. `mains`
    gives, of the id and fields of one row, the mains whose exact places it tells.
    """

    name: str
    title: Words
    fields: tuple[Field, ...]
    geometry: Geometry
    secret: bool
    statement: Callable[[Target], sql.Composed]
    values: Mapping[str, Any] = field(default_factory=dict)
    colour: str = "#5B6770"
    mains: Mains | None = None
    length: sql.Composed | None = None
    """The statement that gives how many kilometres it is, where that matters."""

    @property
    def kinds(self) -> str:
        """The type of the shapes as GDAL calls it."""
        return {"line": "MultiLineString", "polygon": "MultiPolygon"}.get(self.geometry, "Unknown")

    @property
    def schema(self) -> pa.Schema:
        """The fields as Arrow has them."""
        return pa.schema([(f.name, ARROW[f.type]) for f in self.fields])


IDENTITY: Final = (
    Field("source_id", "text", Words("id in its source", "来源编号")),
    Field("dataset", "text", Words("dataset", "数据集")),
    Field("version", "integer", Words("version of the row", "记录版本")),
)
REST: Final = (
    Field("repair", "text", Words("what was mended", "导入时的修复")),
    Field("extra", "json", Words("what no column holds", "其他属性")),
)


def of_layer(
    layer: Layer, working: int, windows: tuple[Window, ...] | None = None, *, past: bool = False
) -> Content:
    """A layer, or of it what touches one of the windows; as known at the transaction's moment."""
    values: dict[str, Any] = {}
    where: sql.Composable = sql.SQL("")
    if windows is not None:
        where = sql.SQL("where {}").format(in_windows(windows, working, values))

    def statement(target: Target) -> sql.Composed:
        return sql.SQL(Q["features"]).format(
            columns=sql.SQL(", ").join(
                sql.SQL("f.") + sql.Identifier(c.name) for c in layer.all_columns
            ),
            place=place(sql.SQL("f.geom"), target, working),
            view=view_of(layer, past=past),
            where=where,
        )

    own = tuple(Field(c.name, c.type, c.title) for c in layer.all_columns)
    return Content(
        layer.id,
        layer.title,
        (*IDENTITY, *own, *REST),
        layer.geometry,
        layer.secret,
        statement,
        values,
        layer.style.stroke,
        _itself if layer.id == MAINS else None,
        sql.SQL(Q["length"]).format(view=view_of(layer, past=past), where=where)
        if layer.id == MAINS
        else None,
    )


def _itself(number: int, row: Sequence[Any]) -> Iterable[int]:
    """The row is a main."""
    return (number,)


def place(shape: sql.Composable, target: Target, working: int) -> sql.Composed:
    """The expression that gives a shape of the working CRS as WKB in the target's numbers."""
    if target.srid == working:
        return sql.SQL("st_asbinary({})").format(shape)
    return sql.SQL("st_asbinary(st_transform({}, {}))").format(shape, sql.Literal(target.srid))


def recorded(content: Content, caller: Caller, kind: str, target: Target) -> dict[str, Any]:
    """What the audit trail keeps of an export, beside who, when and how many rows."""
    return {
        "format": kind,
        "crs": target.name,
        "organisations": caller.orgs_setting,
        "districts": caller.districts_setting,
    }
