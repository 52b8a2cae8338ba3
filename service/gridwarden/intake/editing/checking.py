"""What an edit says, checked as the row of a file is: by the same mapping and checker."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from shapely.geometry.base import BaseGeometry

from gridwarden.geodesy import Reading
from gridwarden.intake.ask import Ask
from gridwarden.intake.editing.bodies import ABSENT, Said
from gridwarden.intake.formats.batch import Batch, shown
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.mapping import Fields, mapping_of
from gridwarden.intake.rows import MAX_EXTRA, Checker, unpacked
from gridwarden.intake.values import storable
from gridwarden.layers.catalogue import Layer
from gridwarden.words import say
from gridwarden.words.problems import Problem

MENDED: Final = "made_valid"


class UnfitError(Problem):
    """A property or shape that the layer cannot take: which one, and the reason that a file's row
    would be rejected for."""

    def __init__(self, reason: str, column: str | None, value: str | None) -> None:
        kind = "invalid_geometry" if column is None else "invalid_value"
        place = "geometry" if column is None else f"properties.{column}"
        super().__init__(kind, "editing.unfit", field=place[:200])
        self.reason, self.value = reason, value

    def said(self, lang: str) -> str:
        """The field, what was sent there, and why it cannot be taken."""
        key = "editing.unfit" if self.value is None else "editing.unfit_value"
        why = say(f"intake.reason.{self.reason}", lang)
        return say(key, lang, field=self.field, value=(self.value or "")[:80], why=why)


@dataclass
class One:
    """One feature as a source of one row."""

    fields: tuple[str, ...]
    kind: str = "geojson"
    layer: str = ""
    claim: Claim = field(default_factory=lambda: Claim(None, "geojson"))
    encoding: str = "utf-8"
    rows: int | None = 1
    notes: list[str] = field(default_factory=list)

    @property
    def places(self) -> set[str]:
        """No property holds the position."""
        return set()

    def batches(self, size: int = 1) -> Iterator[Batch]:
        """Nothing is read from here."""
        return iter(())


def whole_row(
    layer: Layer,
    said: Said,
    shape: BaseGeometry | None,
    reading: Reading | None,
    zone: str,
    *,
    identity: str | None = None,
) -> dict[str, Any]:
    """All columns of a feature that is made or replaced, as JSON; `source_id` last of all: what it
    says, else `identity`, else (a new one) what an import would call it.

    Raises Problem (400) for what the layer cannot take.
    """
    given = {name: value for name, value in said.properties.items() if value is not None}
    fields = _fields(layer, given, zone)
    names = said.source_id or identity
    if names is not None:
        fields = _renamed(fields, given, names)
        given |= {"source_id": names}
    if isinstance(said.extra, Mapping):
        fields = replace(fields, packed="extra")
        given["extra"] = _packed(said.extra)
    return _checked(layer, fields, given, shape, reading)


def changed_row(
    layer: Layer,
    said: Said,
    shape: BaseGeometry | None,
    reading: Reading | None,
    zone: str,
    extra: Mapping[str, Any],
) -> dict[str, Any]:
    """The columns that a patch changes, as JSON; `extra` is the feature's own, which it may change
    in part. A null takes a value away. Raises Problem (400)."""
    given = {name: value for name, value in said.properties.items() if value is not None}
    gone = [name for name, value in said.properties.items() if value is None]
    fields = _fields(layer, said.properties, zone)
    if said.source_id is not None:
        given |= {"source_id": said.source_id}
    fields = _renamed(fields, said.properties, said.source_id)
    kept = {c: used for c, used in fields.converters.items() if used[0] in given}
    row = _checked(
        layer,
        replace(
            fields, converters=kept, extra=tuple(name for name in fields.extra if name in given)
        ),
        given,
        shape,
        reading,
    )
    columns = {c for c, (_, how) in kept.items() if how.part is None or row[c] is not None}
    change = {c: row[c] for c in columns}
    change |= {
        c: None for c, (name, how) in fields.converters.items() if name in gone and how.part is None
    }
    if said.source_id is not None:
        change["source_id"] = row["source_id"]
    if shape is not None:
        change |= {"geom": row["geom"], "repair": row["repair"]}
        if reading is not None and reading.accuracy_m:
            change["accuracy_m"] = row["accuracy_m"]
    mine = {name for name in gone if name in fields.extra}
    if row["extra"] or mine or said.extra is not ABSENT:
        packed = _packed(merged(extra, {} if said.extra is ABSENT else said.extra))
        left = {name: value for name, value in packed.items() if name not in mine}
        change["extra"] = left | row["extra"]
    return change


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396) applied; null takes members away."""
    if not isinstance(patch, Mapping):
        return {} if patch is None else patch
    out = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merged(out.get(name), value)
    return out


def _packed(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Other attributes, as JSON that can be kept. Raises Problem (400)."""
    said = json.dumps(extra, ensure_ascii=False)
    if unpacked(said) != extra:
        raise Problem(
            "invalid_value", "editing.bad_extra", field="properties.extra", most=MAX_EXTRA
        )
    return dict(extra)


def _fields(layer: Layer, given: Mapping[str, Any], zone: str) -> Fields:
    source = One(tuple(given))
    return mapping_of(layer, source, Ask(layer.id, ""), ZoneInfo(zone))


def _renamed(fields: Fields, given: Mapping[str, Any], identity: str | None) -> Fields:
    """As the feature has a name already, a property that names rows of files is one like others;
    where it says that very name it is not kept twice."""
    name = fields.source_id
    extra = fields.extra
    if name is not None and name not in {used for used, _ in fields.converters.values()}:
        same = identity is not None and str(given.get(name)) == identity
        extra = extra if same else (*extra, name)
    return replace(fields, source_id=None if identity is None else "source_id", extra=extra)


def _checked(
    layer: Layer,
    fields: Fields,
    given: Mapping[str, Any],
    shape: BaseGeometry | None,
    reading: Reading | None,
) -> dict[str, Any]:
    """One row through the checker of imports, as JSON. Raises UnfitError."""
    for name, value in given.items():
        nested = isinstance(value, (dict, list)) and name != fields.packed
        if nested and (name == fields.source_id or name not in fields.extra):
            raise UnfitError("bad_text", name, shown(_text(value)))
    columns = {
        name: [_plain(value) if name != fields.packed else value] for name, value in given.items()
    }
    shapes = np.array([shape], dtype=object)
    if shape is not None and reading is None:
        raise UnfitError("wrong_type", None, shape.geom_type)
    checker = Checker(layer, fields, Ask(layer.id, ""), reading)
    done = checker.batch(Batch(1, 1, columns, shapes))
    if done.rejects:
        _, reason, column, value, *_ = done.rejects[0]
        raise UnfitError(reason, column, value)
    _, *values = done.good[0]
    row = dict(zip(checker.columns, map(_json, values), strict=True))
    if str(row["repair"] or "").startswith(MENDED):
        raise UnfitError("not_valid", None, str(row["repair"]).partition(": ")[2])
    return row


def _plain(value: Any) -> Any:
    return _text(value) if isinstance(value, (dict, list)) else value


def _text(value: Any) -> str:
    said = json.dumps(value, ensure_ascii=False)
    return said if storable(said) else json.dumps(value)


def _json(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return getattr(value, "obj", value)
