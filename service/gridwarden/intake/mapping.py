"""Which field of a file is which column of a layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from gridwarden.intake.ask import Ask
from gridwarden.intake.formats.batch import Source
from gridwarden.intake.formats.table import header
from gridwarden.intake.values import BadValueError, Converter
from gridwarden.layers.catalogue import Layer
from gridwarden.words.problems import Problem

SOURCE_ID = ("source_id", "id", "osm_id", "uuid", "guid", "globalid", "gml_id")
DBF_NAME = 10
"""Bytes of a field name in a DBF; longer headers arrive cut."""


@dataclass(frozen=True)
class Fields:
    """How the fields of one source become the columns of one layer.

    `converters` are by column: the source field and how its values are read; `constants` hold
    one value for every row; `source_id` is the field that names a row for good, or None;
    `extra` are the fields that no column wants, kept as they are.
    """

    converters: Mapping[str, tuple[str, Converter]]
    constants: Mapping[str, Any]
    source_id: str | None
    extra: tuple[str, ...]


def mapping_of(layer: Layer, source: Source, ask: Ask, zone: tzinfo) -> Fields:
    """Work the mapping out. Raises Problem `invalid_value` for a column or field that is not there,
    and for a constant that its column cannot take."""
    columns = {c.name: c for c in layer.all_columns}
    _check(ask, columns, source)
    free = [f for f in source.fields if f not in source.places]
    by_header = {header(name): name for name in reversed(free)}
    used: dict[str, tuple[str, Converter]] = {}
    for name, column in columns.items():
        if name in ask.constants:
            continue
        found = (
            (ask.mapping[name], _factor(column.headers, ask.mapping[name]))
            if name in ask.mapping
            else _found(column.headers, by_header, source.kind in ("shapefile", "dbf"))
        )
        if found:
            field, factor = found
            used[name] = (
                field,
                Converter(column, factor, source.kind in ("shapefile", "dbf"), zone),
            )
    constants = {
        n: _constant(Converter(columns[n], zone=zone), v) for n, v in ask.constants.items()
    }
    source_id = ask.mapping.get("source_id") or _first(
        (*layer.synonyms_of_source_id, *SOURCE_ID), by_header
    )
    taken = {field for field, _ in used.values()}
    extra = tuple(f for f in free if f not in taken and f != source_id)
    return Fields(used, constants, source_id, extra)


def _check(ask: Ask, columns: Mapping[str, object], source: Source) -> None:
    for what, names in (("mapping", ask.mapping), ("set", ask.constants)):
        for name in names:
            if name not in columns and not (what == "mapping" and name == "source_id"):
                known = ", ".join(columns)
                raise Problem(
                    "invalid_value",
                    "intake.no_such_column",
                    field=what,
                    name=name[:80],
                    known=known,
                )
    fields = [*ask.mapping.values(), *([ask.where[0]] if ask.where else [])]
    for field in fields:
        if field not in source.fields:
            raise Problem(
                "invalid_value",
                "intake.no_such_field",
                field="mapping" if field in ask.mapping.values() else "where",
                name=field[:80],
                known=", ".join(source.fields[:60]),
            )


def _constant(converter: Converter, value: str) -> Any:
    try:
        return converter.one(value)
    except BadValueError as bad:
        raise Problem(
            "invalid_value",
            "intake.bad_constant",
            field="set",
            column=converter.column.name,
            value=value[:80],
            reason=bad.reason,
        ) from bad


def _found(
    headers: Mapping[str, float], by_header: Mapping[str, str], cut: bool
) -> tuple[str, float] | None:
    for wanted, factor in headers.items():
        field = by_header.get(header(wanted))
        if field is None and cut:
            field = _cut(wanted, by_header)
        if field is not None:
            return field, factor
    return None


def _cut(wanted: str, by_header: Mapping[str, str]) -> str | None:
    """The field whose name is this header cut to a DBF's width, in UTF-8 or GBK."""
    for encoding in ("utf-8", "gb18030"):
        raw = wanted.encode(encoding)
        if len(raw) > DBF_NAME:
            field = by_header.get(header(raw[:DBF_NAME].decode(encoding, "ignore")))
            if field is not None:
                return field
    return None


def _first(wanted: tuple[str, ...], by_header: Mapping[str, str]) -> str | None:
    return next((by_header[header(w)] for w in wanted if header(w) in by_header), None)


def _factor(headers: Mapping[str, float], field: str) -> float:
    return {header(h): f for h, f in headers.items()}.get(header(field), 1.0)
