"""Which field of a file is which column of a layer, and how that was found."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, Final, Literal

from gridwarden.intake.ask import Ask
from gridwarden.intake.formats.batch import Source
from gridwarden.intake.formats.headers import (
    JOINT,
    conversion,
    header,
    is_serial,
    loose,
    spellings,
    with_unit,
)
from gridwarden.intake.measures import DIAMETERS
from gridwarden.intake.sent_back.ours import theirs
from gridwarden.intake.values import BadValueError, Converter
from gridwarden.layers.catalogue import Column, Layer
from gridwarden.words.problems import Problem

SOURCE_ID = ("source_id", "id", "osm_id", "uuid", "guid", "globalid", "gml_id", "handle")
DBF_NAME = 10
"""Bytes of a field name in a DBF; longer headers arrive cut."""
TABLES: Final = ("csv", "xlsx")
DBF: Final = ("shapefile", "dbf")
How = Literal["asked", "remembered", "synonym", "unit", "cut_name", "size"]

OWN: Final = frozenset({"source_id", "dataset", "version"})
"""What only our own exports have side by side: their rows are known by `source_id`, `extra` is a
JSON object of what no column holds, `repair` what was mended before, and the others are left."""
OURS: Final = OWN | {"repair", "extra", "copy_mark"}


@dataclass(frozen=True)
class Fields:
    """How the fields of one source become the columns of one layer.

    `converters` are by column: the source field and how its values are read; `constants` hold
    one value for every row; `source_id` is the field that names a row for good, or None;
    `extra` are the fields that no column wants, kept as they are; `serial` those that only count
    the rows of a table, and are not kept. `how` tells how each column (and `source_id`) found its
    field: somebody asked for it, it was so last time, the header says it, the header says it with
    a unit, the header was cut by a DBF, or the size of a pipe (Φ219×6) tells it. Of an export of
    our own, `packed` is the field of other attributes as JSON, `repair` what was mended.
    """

    converters: Mapping[str, tuple[str, Converter]]
    constants: Mapping[str, Any]
    source_id: str | None
    extra: tuple[str, ...]
    serial: tuple[str, ...] = ()
    how: Mapping[str, How] = field(default_factory=dict)
    packed: str | None = None
    repair: str | None = None


def mapping_of(
    layer: Layer, source: Source, ask: Ask, zone: tzinfo, remembered: frozenset[str] = frozenset()
) -> Fields:
    """Work the mapping out; `remembered` are the columns of `ask.mapping` that nobody asked for
    this time.

    Raises Problem `invalid_value` for a column or field that is not there, and for a constant that
    its column cannot take.
    """
    columns = {c.name: c for c in layer.all_columns}
    _check(ask, columns, source)
    asked = {name: _field(field, source) or field for name, field in ask.mapping.items()}
    free = [f for f in theirs(source.fields) if f not in source.places]
    serial = tuple(f for f in free if source.kind in TABLES and is_serial(f))
    finder = _Finder([f for f in free if f not in serial], source.kind in DBF)
    used: dict[str, tuple[str, Converter]] = {}
    how: dict[str, How] = {}
    for name, column in columns.items():
        if name in ask.constants:
            continue
        found = _asked(column, asked.get(name), name in remembered) or finder.found(column)
        if found:
            field, factor, how[name] = found
            used[name] = (field, Converter(column, factor, source.kind in DBF, zone))
    _sizes(columns, ask, used, how, zone)
    ours = _ours(free)
    names = SOURCE_ID[:1] if ours else (*layer.synonyms_of_source_id, *SOURCE_ID)
    source_id = asked.get("source_id") or finder.first(names)
    if source_id is not None:
        given: How = "remembered" if "source_id" in remembered else "asked"
        how["source_id"] = given if "source_id" in asked else "synonym"
    taken = {field for field, _ in used.values()} | set(ours.values())
    extra = tuple(f for f in free if f not in taken and f != source_id and f not in serial)
    left = tuple(f for f in serial if f not in taken and f != source_id)
    constants = _constants(columns, ask, zone)
    packed, repair = ours.get("extra"), ours.get("repair")
    return Fields(used, constants, source_id, extra, left, how, packed, repair)


def _ours(free: list[str]) -> dict[str, str]:
    """The fields that an export of our own has beside the layer's columns; none of another file."""
    found = {spelt: name for name in free if (spelt := header(name)) in OURS}
    return found if found.keys() >= OWN else {}


class _Finder:
    """Finds the field for a column by what the headers say."""

    def __init__(self, free: list[str], cut: bool) -> None:
        self._exact = {header(name): name for name in reversed(free)}
        self._loose = _only_one(free)
        self._united: dict[str, list[tuple[str, str]]] = {}
        for name in free:
            for spelt in spellings(name):
                parted = with_unit(spelt)
                if parted is not None:
                    self._united.setdefault(parted[0], []).append((name, parted[1]))
        self._cut_names = cut

    def found(self, column: Column) -> tuple[str, float, How] | None:
        """The field, the factor to the column's unit, and how it was found."""
        for wanted, factor in column.headers.items():
            spelt = header(wanted)
            field = self._exact.get(spelt) or self._loose.get(spelt)
            if field is not None:
                return field, factor, "synonym"
            field = self._cut(wanted) if self._cut_names else None
            if field is not None:
                return field, factor, "cut_name"
        for wanted, factor in column.headers.items():
            for field, unit in self._united.get(header(wanted), ()) if factor == 1.0 else ():
                own = conversion(unit, column.name)
                if own is not None and (own == 1.0 or column.type in ("real", "integer")):
                    return field, own, "unit"
        return None

    def first(self, wanted: tuple[str, ...]) -> str | None:
        """The first field that is called one of these."""
        return next((self._loose[header(w)] for w in wanted if header(w) in self._loose), None)

    def _cut(self, wanted: str) -> str | None:
        """The field whose name is this header cut to a DBF's width, in UTF-8 or GBK."""
        for encoding in ("utf-8", "gb18030"):
            raw = wanted.encode(encoding)
            if len(raw) > DBF_NAME:
                field = self._exact.get(header(raw[:DBF_NAME].decode(encoding, "ignore")))
                if field is not None:
                    return field
        return None


def _only_one(free: list[str]) -> dict[str, str]:
    """What means one field alone; 埋深 of both 起点·埋深 and 终点·埋深 means none."""
    named: dict[str, list[str]] = {}
    for name in free:
        for spelt in spellings(name):
            named.setdefault(spelt, []).append(name)
    return {
        spelt: names[0]
        for spelt, names in named.items()
        if len(names) == 1 or header(names[0]) == spelt
    }


def _asked(column: Column, field: str | None, again: bool) -> tuple[str, float, How] | None:
    if field is None:
        return None
    return field, _factor(column, field), "remembered" if again else "asked"


def _sizes(
    columns: Mapping[str, Column],
    ask: Ask,
    used: dict[str, tuple[str, Converter]],
    how: dict[str, How],
    zone: tzinfo,
) -> None:
    """Outer diameter and wall from the field of diameters, where nothing else tells them."""
    diameter = used.get(DIAMETERS[0])
    if diameter is None or diameter[1].factor != 1.0:
        return
    for name in DIAMETERS[1:]:
        if name in columns and name not in used and name not in ask.constants:
            used[name] = (diameter[0], Converter(columns[name], zone=zone, part=name))
            how[name] = "size"


def _constants(columns: Mapping[str, Column], ask: Ask, zone: tzinfo) -> dict[str, Any]:
    return {n: _constant(Converter(columns[n], zone=zone), v) for n, v in ask.constants.items()}


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
    for said in ask.mapping.values():
        found = _field(said, source)
        if found is None:
            raise _no_field("mapping", said, source)
        if found in source.places:
            raise Problem(
                "invalid_value", "intake.field_is_place", field="mapping", name=found[:80]
            )
    if ask.where and ask.where[0] not in source.fields:
        raise _no_field("where", ask.where[0], source)


def _no_field(what: str, field: str, source: Source) -> Problem:
    known = ", ".join(source.fields[:60])
    return Problem(
        "invalid_value", "intake.no_such_field", field=what, name=field[:80], known=known
    )


def _field(said: str, source: Source) -> str | None:
    """The field that somebody means: by its name, by the name without frills and joints, or by
    the lower part of a header over two rows, where only one field is called so."""
    if said in source.fields:
        return said
    wanted = _squeezed(said)
    whole = [name for name in source.fields if _squeezed(name) == wanted]
    parts = [name for name in source.fields if wanted in map(_squeezed, spellings(name))]
    return next((names[0] for names in (whole, parts) if len(names) == 1), None)


def _squeezed(name: str) -> str:
    return "".join(loose(name).replace(JOINT, "").split())


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


def _factor(column: Column, field: str) -> float:
    """The factor from a named field's unit, as its header tells it."""
    headers = {header(h): f for h, f in column.headers.items()}
    if header(field) in headers:
        return headers[header(field)]
    return next(_units_in(field, column.name), 1.0)


def _units_in(field: str, column: str) -> Iterator[float]:
    for spelt in spellings(field):
        parted = with_unit(spelt)
        factor = conversion(parted[1], column) if parted else None
        if factor is not None:
            yield factor
