"""The form of one feature, made of its layer's file; and what a posted one says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from starlette.requests import Request

from gridwarden.intake.bodies import FULL_WIDTH, NUMBER, form_of
from gridwarden.intake.editing.bodies import ABSENT, Said
from gridwarden.intake.values import storable
from gridwarden.layers.catalogue import Column, Layer
from gridwarden.words.problems import Problem

Kind = Literal["text", "number", "date", "choice", "yes_no"]
ABOUT_IT: Final = ("source_id", "version", "act", "crs")
PLACE: Final = ("lon", "lat", "shape")
KINDS: Final[Mapping[str, Kind]] = {
    "real": "number",
    "integer": "number",
    "date": "date",
    "boolean": "yes_no",
}
LONGEST: Final = 4_000
"""Characters of one field."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `options` are codes with their words; of a `kept` one only some roles know."""

    name: str
    title: str
    kind: Kind
    value: str
    options: tuple[tuple[str, str], ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    kept: bool = False


def fields_of(layer: Layer, values: Mapping[str, str], lang: str) -> tuple[Field, ...]:
    """The fields of a layer's form, what the layer itself says first."""
    own = tuple(c.name for c in layer.columns)
    ordered = sorted(layer.all_columns, key=lambda c: _place(c, own))
    return tuple(
        Field(
            column.name,
            column.title.in_(lang),
            "choice" if column.choices else KINDS.get(column.type, "text"),
            values.get(column.name, ""),
            tuple((code, column.said(code, lang)) for code in column.choices or ()),
            column.minimum,
            column.maximum,
            bool(column.known_to),
        )
        for column in ordered
    )


def _place(column: Column, own: tuple[str, ...]) -> int:
    """Name and code first, then the layer's own columns, then how good the record is."""
    if column.name in ("name", "code"):
        return -1
    return own.index(column.name) if column.name in own else len(own)


def text_of(value: object) -> str:
    """A property as a form's field holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def values_of(feature: Mapping[str, Any]) -> dict[str, str]:
    """A GeoJSON feature as the values of its form."""
    found = {name: text_of(value) for name, value in feature["properties"].items()}
    shape = feature["geometry"]
    if shape is not None and shape["type"] == "Point":
        lon, lat = shape["coordinates"][:2]
        return found | {"lon": text_of(lon), "lat": text_of(lat), "shape": ""}
    return found | {"lon": "", "lat": "", "shape": json.dumps(shape) if shape else ""}


async def posted(request: Request, layer: Layer) -> dict[str, str]:
    """The fields of a posted form, trimmed. Raises Problem (400) for one that the form lacks, and
    for what no text has."""
    values, _ = await form_of(request)
    known = {*ABOUT_IT, *PLACE, *(c.name for c in layer.all_columns)}
    for name, value in values.items():
        if name not in known:
            raise Problem("unknown_parameter", field=name[:100])
        long = len(value) > LONGEST and name != "shape"
        if long or "\x00" in value or not storable(value):
            raise Problem("invalid_value", field=name)
    return {name: value.strip() for name, value in values.items()}


def said_anew(layer: Layer, given: Mapping[str, str]) -> Said:
    """A new feature. Raises Problem (400)."""
    told = {c.name: given[c.name] for c in layer.all_columns if given.get(c.name)}
    return Said(_shape(given), told, ABSENT, given.get("source_id") or None, ABSENT, ())


def said_changed(layer: Layer, given: Mapping[str, str], before: Mapping[str, str]) -> Said:
    """What a form changes of the feature that it was filled with: the rest, and what its reader is
    not told, stays. Raises Problem (400)."""
    names = [c.name for c in layer.all_columns if c.name in given]
    differing = {n: given[n] or None for n in names if given[n] != before.get(n, "")}
    moved = any(given.get(name, "") != before.get(name, "") for name in PLACE if name in given)
    shape = _shape(given) if moved else ABSENT
    if shape is None:
        # it is placed by what it names
        named = [column for column, _ in layer.placed_by]
        differing |= {n: given.get(n) or before.get(n) or None for n in named}
    return Said(shape, differing, ABSENT, None, ABSENT, ())


def _shape(given: Mapping[str, str]) -> Any:
    """The place that a form says, as GeoJSON; None for none. Raises Problem (400)."""
    if given.get("shape"):
        try:
            return json.loads(given["shape"])
        except (ValueError, RecursionError):
            raise Problem("invalid_geometry", "editing.no_geometry", field="shape") from None
    lon, lat = (given.get(name, "").translate(FULL_WIDTH) for name in ("lon", "lat"))
    if not lon and not lat:
        return None
    if not (NUMBER.fullmatch(lon) and NUMBER.fullmatch(lat)):
        raise Problem("invalid_value", "registers.bad_position", field="lon")
    return {"type": "Point", "coordinates": [float(lon), float(lat)]}
