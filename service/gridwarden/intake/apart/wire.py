"""How rows and refusals cross the pipe: JSON, numbers and letters as they are, and WKB.

Nothing that comes from a reader is ever run, unpickled or trusted: a frame that makes no sense
raises BrokenFrameError. Values come out as they went in, by type and to the last bit, those of
`_SPOKEN` and all that JSON has; anything else arrives as its text.
"""

import base64
import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gridwarden.intake.apart.limits import MAX_FRAME
from gridwarden.intake.formats import packed
from gridwarden.intake.formats.batch import Batch, Shapes, Source, Trouble
from gridwarden.intake.formats.claim import Claim
from gridwarden.words.problems import KINDS, Problem

Head = dict[str, Any]
_LENGTHS: Final = struct.Struct("<QQ")
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_NAN_POINT: Final = 0xFFFFFFFF
"""Stands for the length of a point of two NaN, which WKB cannot tell from an empty one."""
_SPOKEN: Final[dict[type, tuple[str, Callable[[Any], Any]]]] = {
    date: ("date", date.isoformat),
    datetime: ("datetime", datetime.isoformat),
    time: ("time", time.isoformat),
    timedelta: ("timedelta", lambda v: [v.days, v.seconds, v.microseconds]),
    Decimal: ("decimal", str),
    bytes: ("bytes", lambda v: base64.b64encode(v).decode()),
}
_HEARD: Final[dict[str, Callable[[Any], Any]]] = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda v: timedelta(*v),
    "decimal": Decimal,
    "bytes": base64.b64decode,
    "list": lambda v: [_heard(one) for one in v],
    "dict": lambda v: {key: _heard(one) for key, one in v},
    "text": str,
}


class BrokenFrameError(Exception):
    """What came over the pipe is no answer of a reader."""


def write_frame(out: BinaryIO, head: Head, blobs: Sequence[bytes] = ()) -> int:
    """Send one frame; gives its bytes. Raises OSError when nobody listens any more."""
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":"))
    raw = text.encode("utf-8", "surrogatepass")
    of_blobs = sum(map(len, blobs))
    out.write(_LENGTHS.pack(len(raw), of_blobs))
    out.write(raw)
    for blob in blobs:
        out.write(blob)
    out.flush()
    return len(raw) + of_blobs


def read_frame(read: Callable[[int], bytes]) -> tuple[Head, bytes] | None:
    """The next frame by a function that gives exactly so many bytes, or fewer at the end.

    None at the end of the pipe. Raises BrokenFrameError.
    """
    lengths = read(_LENGTHS.size)
    if not lengths:
        return None
    if len(lengths) < _LENGTHS.size:
        raise BrokenFrameError("cut")
    of_head, of_blob = _LENGTHS.unpack(lengths)
    if of_head + of_blob > MAX_FRAME:
        raise BrokenFrameError("too large")
    raw, blob = read(of_head), read(of_blob)
    if len(raw) < of_head or len(blob) < of_blob:
        raise BrokenFrameError("cut")
    try:
        head = json.loads(raw.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise BrokenFrameError("no JSON") from error
    if not isinstance(head, dict):
        raise BrokenFrameError("no object")
    return head, blob


def problem_said(problem: Problem) -> Head:
    """A refusal as a frame's head."""
    params = {
        k: v if type(v) in _PLAIN or isinstance(v, (list, tuple)) else str(v)
        for k, v in problem.params.items()
    }
    return {
        "problem": [problem.kind, problem.detail, problem.field, params],
    }


def problem_heard(head: Head) -> Problem | None:
    """The refusal in a frame's head, if it is one. Raises BrokenFrameError."""
    if "problem" not in head:
        return None
    try:
        kind, detail, field, params = head["problem"]
        if kind not in KINDS or KINDS[kind] >= 500 or not isinstance(detail, str):
            raise BrokenFrameError("no such problem")
        return Problem(kind, detail, field=field, **dict(params))
    except (TypeError, ValueError) as error:
        raise BrokenFrameError("no problem") from error


def source_said(source: Source) -> Head:
    """What a source says of itself as a frame's head."""
    claim = source.claim
    return {
        "kind": source.kind,
        "layer": source.layer,
        "fields": list(source.fields),
        "claim": [claim.system, claim.because, claim.north_first, claim.detail],
        "encoding": source.encoding,
        "rows": source.rows,
        "notes": source.notes,
        "places": sorted(source.places),
    }


def source_heard(head: Head) -> Head:
    """The same as keywords: `kind`, `layer`, `fields`, … Raises BrokenFrameError."""
    try:
        system, because, north_first, detail = head["claim"]
        texts = [head["kind"], head["layer"], head["encoding"], because, detail]
        texts += [*head["fields"], *head["notes"], *head["places"]]
        if not all(isinstance(one, str) for one in texts):
            raise BrokenFrameError("no texts")
        return {
            "kind": head["kind"],
            "layer": head["layer"],
            "fields": tuple(head["fields"]),
            "claim": Claim(system, because, north_first, detail),
            "encoding": head["encoding"],
            "rows": None if head["rows"] is None else int(head["rows"]),
            "notes": list(head["notes"]),
            "places": set(head["places"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenFrameError("no source") from error


def batch_said(batch: Batch, notes: Sequence[str]) -> tuple[Head, list[bytes]]:
    """A batch, and the notes taken so far, as a head and what follows it."""
    columns: list[Any] = []
    blobs: list[bytes] = []
    for name, values in batch.columns.items():
        tag, said, blob = _column_said(values)
        columns.append([name, tag, said, len(blob)])
        blobs.append(blob)
    lengths, wkb = _shapes_said(batch.shapes)
    head = {
        "first": batch.first_row,
        "size": batch.size,
        "columns": columns,
        "troubles": [[i, t.reason, t.column, t.value] for i, t in batch.troubles.items()],
        "marks": list(batch.marks.items()),
        "rows": None if batch.rows is None else list(map(int, batch.rows)),
        "passed": list(batch.passed_over.items()),
        "notes": list(notes),
        "shapes": len(lengths),
    }
    return head, [*blobs, lengths, wkb]


def batch_heard(head: Head, blob: bytes) -> Batch:
    """The batch of a frame. Raises BrokenFrameError."""
    try:
        size, at = int(head["size"]), 0
        columns: dict[str, Sequence[Any]] = {}
        for name, tag, said, length in head["columns"]:
            values = _column_heard(tag, said, blob[at : at + length], size)
            if len(values) != size:
                raise BrokenFrameError("a column of another length")
            columns[str(name)] = values
            at += length
        shapes = _shapes_heard(blob[at:], int(head["shapes"]), size)
        troubles = {int(i): Trouble(*said) for i, *said in head["troubles"]}
        marks = {int(i): str(mark) for i, mark in head["marks"]}
        if any(not 0 <= i < size for i in (*troubles, *marks)):
            raise BrokenFrameError("a row of another batch")
        rows = None if head["rows"] is None else [int(row) for row in head["rows"]]
        if rows is not None and len(rows) != size:
            raise BrokenFrameError("row numbers of another batch")
        passed = {int(i): str(why) for i, why in head["passed"]}
        return Batch(int(head["first"]), size, columns, shapes, troubles, marks, rows, passed)
    except (KeyError, TypeError, ValueError, RecursionError, shapely.GEOSException) as error:
        raise BrokenFrameError("no batch") from error


def _column_said(values: Sequence[Any]) -> tuple[str, Any, bytes]:
    if isinstance(values, packed.Packed):
        kind, missing, raw = packed.said(values)
        return "packed", [kind, missing], raw
    kinds = set(map(type, values))
    if kinds == {float}:
        return "float", None, np.array(values, dtype="<f8").tobytes()
    if kinds == {float, type(None)}:
        there = [i for i, v in enumerate(values) if v is None]
        numbers = [0.0 if v is None else v for v in values]
        return "float", there, np.array(numbers, dtype="<f8").tobytes()
    if kinds <= _PLAIN:
        return "json", list(values), b""
    kinds.discard(type(None))
    only = kinds.pop() if len(kinds) == 1 else None
    if only in _SPOKEN:
        name, spoken = _SPOKEN[only]
        return name, [None if v is None else spoken(v) for v in values], b""
    return "mixed", [_said(v) for v in values], b""


def _column_heard(tag: str, said: Any, blob: bytes, size: int) -> Sequence[Any]:
    if tag == "packed":
        kind, missing = said
        return packed.heard(str(kind), bool(missing), blob, size)
    if tag == "json":
        return list(said)
    if tag == "float":
        numbers: list[Any] = np.frombuffer(blob, dtype="<f8", count=size).tolist()
        for i in said or ():
            numbers[i] = None
        return numbers
    if tag == "mixed":
        return [_heard(one) for one in said]
    heard = _HEARD[tag]
    return [None if one is None else heard(one) for one in said]


def _said(value: Any) -> Any:
    """One value: itself where JSON has it, else its kind and what it says."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in _SPOKEN:
        name, spoken = _SPOKEN[kind]
        return [name, spoken(value)]
    if isinstance(value, np.generic):
        return _said(value.item())
    if isinstance(value, Mapping):
        return ["dict", [[str(key), _said(one)] for key, one in value.items()]]
    if isinstance(value, (list, tuple, np.ndarray)):
        return ["list", [_said(one) for one in value]]
    return ["text", str(value)]


def _heard(said: Any) -> Any:
    if isinstance(said, list):
        kind, what = said
        return _HEARD[kind](what)
    return said


def _shapes_said(shapes: Shapes) -> tuple[bytes, bytes]:
    """The shapes as WKB, heights and all, after each one's length: 0 for none."""
    if shapely.is_missing(shapes).all():
        return b"", b""
    wkb = shapely.to_wkb(shapes)
    points = np.flatnonzero((shapely.get_type_id(shapes) == 0) & ~shapely.is_empty(shapes))
    places = shapely.get_coordinates(shapes[points])
    odd = points[np.isnan(places).all(axis=1)]
    wkb[odd] = None
    raw = pa.array(wkb, pa.large_binary())
    lengths = packed.numbers_of(pc.binary_length(raw)).astype("<u4")
    lengths[odd] = _NAN_POINT
    return lengths.tobytes(), raw.buffers()[2].to_pybytes()


def _shapes_heard(blob: bytes, of_lengths: int, size: int) -> Shapes:
    shapes: Shapes = np.full(size, None, dtype=object)
    if not of_lengths:
        return shapes
    lengths = np.frombuffer(blob[:of_lengths], dtype="<u4", count=size)
    odd = lengths == _NAN_POINT
    real = np.where(odd, 0, lengths).tolist()
    cuts: Iterator[tuple[int, int]] = pairwise(accumulate(real, initial=of_lengths))
    shapes[:] = [blob[a:b] or None for a, b in cuts]
    with np.errstate(invalid="ignore"):
        shapes = shapely.from_wkb(shapes)
    shapes[odd] = shapely.Point(np.nan, np.nan)
    return shapes
