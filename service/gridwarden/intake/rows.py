"""Rows of a source, checked against a layer: those that fit, and those that go to quarantine."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from gridwarden.geodesy import Reading
from gridwarden.intake.ask import Ask
from gridwarden.intake.by_column import KINDS
from gridwarden.intake.copying import RAW, as_jsonb, copied
from gridwarden.intake.formats.batch import Batch, Shapes, Source, Trouble, shown
from gridwarden.intake.formats.packed import TEXT, Packed, there
from gridwarden.intake.geometry import Shaper, ewkb, multi
from gridwarden.intake.mapping import Fields
from gridwarden.intake.values import names_of_rows, storable
from gridwarden.layers.catalogue import Layer

CONTENT = "content:"
"""Begins the identity of a row that its source does not name: a hash of what it says. How such a
row is known again when it changes, `identity` says."""
MAX_EXTRA = 100_000
MAX_REPAIR = 200


@dataclass(frozen=True, eq=False)
class Good(Sequence[tuple[Any, ...]]):
    """The rows of a batch that fit, column by column. As a sequence they are tuples: the row's
    number, then what `columns` of the checker names, shapes as EWKB in hexadecimal digits."""

    which: NDArray[np.int64]
    """Their indices in the batch; what follows is of the whole batch."""
    numbers: Sequence[int]
    ids: Sequence[str | None]
    values: list[Packed]
    extras: Mapping[int, dict[str, Any]]
    marks: Mapping[int, str]
    stored: Callable[[Shapes], pa.Array]
    """Shapes as the layer's column takes them, in EWKB."""
    shapes: Shapes

    def __len__(self) -> int:
        return len(self.which)

    def __getitem__(self, at: Any) -> Any:
        rows = self._rows(self.which[at] if isinstance(at, slice) else self.which[[at]])
        return rows if isinstance(at, slice) else rows[0]

    def copied(self) -> memoryview:
        """The rows as `copying.copied` makes them, in the same order of columns."""
        which, n = self.which, len(self.which)
        ids = self.ids.array if isinstance(self.ids, Packed) else pa.array(self.ids, TEXT)
        arrays = [ids, *(column.array for column in self.values)]
        if n < len(self.ids):
            arrays = [array.take(pa.array(which)) for array in arrays]
        none: dict[str, Any] = {}
        return copied(
            [
                pa.array(np.asarray(self.numbers, dtype=np.int64)[which]),
                *arrays,
                as_jsonb([json.dumps(self.extras.get(i, none)) for i in which])
                if self.extras
                else pa.repeat(as_jsonb(["{}"])[0], n),
                pa.array([self.marks.get(i) for i in which] if self.marks else pa.nulls(n), TEXT),
                self.stored(self.shapes[which]),
            ]
        )

    def _rows(self, which: NDArray[np.int64]) -> list[tuple[Any, ...]]:
        geoms = self.stored(self.shapes[which]).to_pylist()
        return [
            (
                self.numbers[i],
                self.ids[i],
                *(column[i] for column in self.values),
                Jsonb(self.extras.get(i, {})),
                self.marks.get(i),
                None if geom is None else geom.hex().upper(),
            )
            for i, geom in zip(which.tolist(), geoms, strict=True)
        ]


@dataclass
class Checked:
    """What became of one batch."""

    read: int
    left_out: int
    good: Good
    rejects: list[tuple[int, str, str | None, str | None, str | None, Jsonb]]
    nameless: list[tuple[int, str]] = field(default_factory=list)
    """Shapes (EWKB) of rejected rows that name no identity, by row number."""
    passed_over: Mapping[int, str] = field(default_factory=dict)
    """What stood between the rows and was none (a total), by number."""


class Troubles(dict[int, Trouble]):
    """The first trouble of each row; what is found besides goes into `more`.

    A row whose place could not be read has no shape either: that is not told twice.
    """

    def __init__(self, first: Mapping[int, Trouble]) -> None:
        super().__init__(first)
        self.more: dict[int, list[dict[str, str | None]]] = {}

    def setdefault(self, row: int, trouble: Trouble, /) -> Trouble:
        """The row's first trouble; this one when it had none."""
        first = super().setdefault(row, trouble)
        if first is not trouble and trouble.reason != "no_geometry" and first != trouble:
            told = {"reason": trouble.reason, "column": trouble.column, "value": trouble.value}
            if told not in (kept := self.more.setdefault(row, [])):
                kept.append(told)
        return first


@dataclass
class Checker:
    """Checks the rows of one source for one layer; keeps no row."""

    layer: Layer
    fields: Fields
    ask: Ask
    reading: Reading | None
    columns: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.columns = columns_of(self.layer)
        placed = bool(self.layer.placed_by)
        self._shaper = Shaper(self.layer.geometry, self.reading, placed) if self.reading else None

    def all(self, source: Source) -> Iterator[Checked]:
        """Check batch after batch. Raises Problem when the file breaks off."""
        for batch in source.batches():
            yield self.batch(batch)

    def batch(self, batch: Batch) -> Checked:
        """Check one batch, column by column and all shapes at once."""
        wanted = self._wanted(batch)
        troubles, marks = Troubles(batch.troubles), dict(batch.marks)
        shapes = self._shapes(batch, troubles, marks)
        values = self._values(batch, troubles)
        ids = self._ids(batch, troubles)
        extras = self._extras(batch, troubles)
        self._before(batch, extras, marks)
        fits = np.zeros(batch.size, dtype=bool)
        fits[wanted] = True
        refused = [i for i in sorted(troubles) if fits[i]]
        fits[refused] = False
        which = np.flatnonzero(fits)
        named = self._named(ids, which, shapes, values, extras)
        good = Good(which, batch.numbers, named, values, extras, marks, self._stored, shapes)
        out = Checked(batch.size, batch.size - len(wanted), good, [], [], batch.passed_over)
        for i in refused:
            number, trouble = batch.numbers[i], troubles[i]
            first = (trouble.reason, trouble.column, trouble.value)
            out.rejects.append((number, *first, ids[i], Jsonb(troubles.more.get(i, []))))
            if ids[i] is None and shapes[i] is not None:
                out.nameless.append((number, self._stored(shapes[[i]])[0].as_py().hex()))
        return out

    def _wanted(self, batch: Batch) -> Sequence[int]:
        if self.ask.where is None:
            return range(batch.size)
        name, value = self.ask.where
        return [
            i
            for i, v in enumerate(batch.columns.get(name, []))
            if v is not None and value in (str(v), _whole(v))
        ]

    def _shapes(self, batch: Batch, troubles: dict[int, Trouble], marks: dict[int, str]) -> Shapes:
        if self._shaper is None or self.reading is None:
            return np.full(batch.size, None, dtype=object)
        return self._shaper.checked(batch.shapes, troubles, marks)

    def _stored(self, shapes: Shapes) -> pa.Array:
        if self.reading is None:
            return pa.nulls(len(shapes), RAW)
        return ewkb(shapes, self.layer.geometry, self.reading.working.epsg)

    def _values(self, batch: Batch, troubles: dict[int, Trouble]) -> list[Packed]:
        out: list[Packed] = []
        for column in self.layer.all_columns:
            constant = self.fields.constants.get(column.name)
            used = self.fields.converters.get(column.name)
            if used is None:
                out.append(Packed.of([constant] * batch.size, KINDS[column.type]))
                continue
            name, converter = used
            values = converter.all(batch.columns[name], name, troubles)
            if column.refusal == "not_gas":
                # The file tells what flows; where it does not, nobody knows that it is gas.
                for i in np.flatnonzero(~there(values.array)):
                    troubles.setdefault(int(i), Trouble("no_medium", name))
            out.append(values)
        return self._accurate(out)

    def _accurate(self, values: list[Packed]) -> list[Packed]:
        """A change of datum adds its own uncertainty; a position without one counts 1 m."""
        added = self.reading.accuracy_m if self.reading else 0.0
        if added:
            at = [c.name for c in self.layer.all_columns].index("accuracy_m")
            more = [round(float(np.hypot(1.0 if v is None else v, added)), 4) for v in values[at]]
            values[at] = Packed.of(more, KINDS["real"])
        return values

    def _ids(self, batch: Batch, troubles: dict[int, Trouble]) -> Packed:
        if self.fields.source_id is None:
            return Packed(pa.nulls(batch.size, TEXT))
        name = self.fields.source_id
        return names_of_rows(batch.columns[name], name, troubles)

    def _extras(self, batch: Batch, troubles: dict[int, Trouble]) -> dict[int, dict[str, Any]]:
        out: dict[int, dict[str, Any]] = {}
        for name in self.fields.extra:
            key = name.replace("\x00", "")
            for i, value in enumerate(batch.columns[name]):
                if value is None or value == "":
                    continue
                kept = plain_value(value)
                if isinstance(kept, str) and (
                    "\x00" in kept or len(kept) > MAX_EXTRA or not storable(kept)
                ):
                    troubles.setdefault(i, Trouble("bad_text", name, shown(kept)))
                    continue
                if kept is not None:
                    out.setdefault(i, {})[key] = kept
        return out

    def _before(
        self, batch: Batch, extras: dict[int, dict[str, Any]], marks: dict[int, str]
    ) -> None:
        """What an export of our own tells of its rows: their other attributes, what was mended."""
        if self.fields.packed is not None:
            for i, value in enumerate(batch.columns[self.fields.packed]):
                if value is not None and value != "":
                    extras[i] = unpacked(value) | extras.get(i, {})
        if self.fields.repair is not None:
            for i, value in enumerate(batch.columns[self.fields.repair]):
                if isinstance(value, str) and value and storable(value):
                    marks.setdefault(i, value[:MAX_REPAIR])

    def _named(
        self,
        ids: Packed,
        which: NDArray[np.int64],
        shapes: Shapes,
        values: list[Packed],
        extras: Mapping[int, dict[str, Any]],
    ) -> Sequence[str | None]:
        """The identities; of those of `which` that say none, made from what they say."""
        nameless = which[~there(ids.array)[which]]
        if not len(nameless):
            return ids
        out = list(ids)
        # To the millimetre, as bytes.
        near = shapely.transform(shapes[nameless], lambda coordinates: np.round(coordinates, 3))
        rounded = shapely.to_wkb(multi(near, self.layer.geometry))
        for i, shape in zip(nameless.tolist(), rounded, strict=True):
            out[i] = _identity(shape, tuple(column[i] for column in values), extras.get(i, {}))
        return out


def unpacked(value: Any) -> dict[str, Any]:
    """The attributes in a JSON object; what is none is kept as the text that it is."""
    try:
        found = json.loads(value) if isinstance(value, (str, bytes)) else value
        said = json.dumps(found, ensure_ascii=False, allow_nan=False)
        fits = len(said) <= MAX_EXTRA and "\\u0000" not in said and storable(said)
        if isinstance(found, dict) and fits:
            return found
    except (ValueError, TypeError, RecursionError):
        pass
    return {"extra": shown(value)}


def columns_of(layer: Layer) -> tuple[str, ...]:
    """The columns of a layer's table that come from a row, in the order of `Checked.good`."""
    return ("source_id", *(c.name for c in layer.all_columns), "extra", "repair", "geom")


def _identity(shape: bytes | None, row: tuple[Any, ...], extra: dict[str, Any]) -> str:
    """A name for a row from its shape and its values."""
    said = json.dumps([*(plain_value(v) for v in row), extra], sort_keys=True, ensure_ascii=False)
    return CONTENT + hashlib.sha256(said.encode() + (shape or b"")).hexdigest()[:32]


def _whole(value: Any) -> str | None:
    """A whole number as people write it, without the `.0` of a real field."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else None


def plain_value(value: Any) -> Any:
    """A value as JSON keeps it; None for one that JSON cannot say."""
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
