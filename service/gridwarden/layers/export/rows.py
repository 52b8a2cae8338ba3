"""Rows on their way to a file, and the values of one as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import shapely

from gridwarden.layers.export.content import Content
from gridwarden.layers.export.copies import Copy
from gridwarden.layers.export.target import Shapes, Target


@dataclass(frozen=True, slots=True)
class Rows:
    """Some consecutive rows, by column. `shapes` are in the target's numbers, None where none."""

    ids: Sequence[int]
    columns: Sequence[Sequence[Any]]
    shapes: Shapes


@dataclass(frozen=True, slots=True)
class Asked:
    """What a file is to hold and how: `zone` is the office's, for moments written as text;
    `encoding` is that of formats which leave it open.
    """

    content: Content
    target: Target
    zone: ZoneInfo
    encoding: str = "utf-8"
    copy: Copy | None = None
    """The numbered copy that this is, of what is handed out so."""


def batches(asked: Asked, rows: Iterator[Rows], shape: str | None) -> Iterator[pa.RecordBatch]:
    """The rows as Arrow batches, the shapes last as WKB under the name `shape` (None: left out)."""
    schema = arrow_schema(asked, shape)
    for some in rows:
        arrays = [
            pa.array(values, field.type)
            for values, field in zip(some.columns, asked.content.schema, strict=True)
        ]
        if shape is not None:
            arrays.append(pa.array(shapely.to_wkb(some.shapes), pa.binary()))
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def arrow_schema(asked: Asked, shape: str | None) -> pa.Schema:
    """The schema of `batches`."""
    schema = asked.content.schema
    return schema if shape is None else schema.append(pa.field(shape, pa.binary()))


def said(value: Any, zone: ZoneInfo) -> str | None:
    """A value as text that reads back as itself; moments in the office's time with their offset."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, datetime):
        try:
            return value.astimezone(zone).isoformat()
        except OverflowError:  # the calendar's first and last day
            return value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def number(value: float, target: Target) -> str:
    """One coordinate as text: every digit of metres, 0.1 mm of degrees."""
    if target.digits is None:
        return repr(float(value)).removesuffix(".0")
    return f"{value:.{target.digits}f}"


def points(shapes: Shapes, target: Target) -> list[tuple[str, str] | None]:
    """A point of each shape, for people and for programs that know only points."""
    found = shapely.get_coordinates(shapely.point_on_surface(shapes))
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    out: list[tuple[str, str] | None] = [None] * len(shapes)
    for i, (x, y) in zip(there.nonzero()[0], found, strict=True):
        out[int(i)] = number(x, target), number(y, target)
    return out


def texts(shapes: Shapes, target: Target) -> list[str | None]:
    """The shapes as WKT."""
    digits = -1 if target.digits is None else target.digits
    found: list[str | None] = shapely.to_wkt(shapes, rounding_precision=digits).tolist()
    return found
