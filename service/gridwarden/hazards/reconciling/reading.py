"""A list as a district keeps it: its columns found by their headers, its words understood.

Their file is read by the readers of imports (workbooks, CSV in UTF-8 or GBK, titles above the
header, totals below), in a process of its own.
"""

import re
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from gridwarden.geodesy import CrsRefusedError, WorkingCrs, reading_of
from gridwarden.intake.apart import open_apart
from gridwarden.intake.bodies import Sent
from gridwarden.intake.dates import day
from gridwarden.intake.formats.batch import Batch, Source
from gridwarden.intake.formats.claim import DEGREES
from gridwarden.intake.formats.headers import JOINT, is_serial, spellings
from gridwarden.intake.spelling import BadValueError, plain, says_nothing
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

MAX_ROWS: Final = 20_000
MAX_TEXT: Final = 2_000
"""Characters that are kept of one text of a row."""
UNPACKED_AT_MOST: Final = 8
GUESSED: Final = "EPSG:4490"
"""As what plain degrees are read where nobody says whose they are."""

_GRADES: Final = (
    ("major", re.compile(r"重大|特大|major|^红|^i级|^一级")),
    ("serious", re.compile(r"较大|serious|^橙|^ii级|^二级")),
    ("general", re.compile(r"一般|低|较小|general|minor|^黄|^蓝|^i{3}级|^三级|^四级")),
)
_OPEN: Final = re.compile(
    r"未|没有|正在|整改中|逾期|超期|进行|推进|待|否|^no?$|open|pending|progress"
)
_CLOSED: Final = re.compile(
    r"销号|已整改|整改完|完成|合格|办结|已改|已处理|已清|消除|归档|^是$|^√$|^y(es)?$|closed|done|fixed"
)


@cache
def headers() -> Mapping[str, frozenset[str]]:
    """The headers that are known, by the field that they name (`headers.toml`)."""
    text = (files(__package__) / "headers.toml").read_text("utf-8")
    return {field: frozenset(known) for field, known in tomllib.loads(text).items()}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of their list. `at` is metres of the working CRS; `state` is open, closed or None.

    `unread`: by field what was written there and the reason for which it was not taken.
    """

    number: int
    external_no: str | None
    place_words: str | None
    category: str | None
    description: str | None
    grade: str | None
    state: str | None
    found_on: date | None
    closed_on: date | None
    responsible: str | None
    person: str | None
    at: tuple[float, float] | None
    unread: Mapping[str, Mapping[str, str]]

    def document(self) -> dict[str, Any]:
        """The row as the database takes it."""
        told = {name: getattr(self, name) for name in self.__slots__ if name != "at"}
        days = {name: told[name].isoformat() for name in ("found_on", "closed_on") if told[name]}
        x, y = self.at or (None, None)
        return told | days | {"x": x, "y": y}


@dataclass(frozen=True, slots=True)
class TheirList:
    """What was read: the rows, which header was taken for which field, and what to know of it.

    `notes` are codes: `crs:NAME` (as what places were read), `bad_date:N` and `bad_place:N` (in
    how many rows), `no_words` (rows without any, which were left out).
    """

    rows: tuple[Row, ...]
    columns: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]
    encoding: str


def read_list(sent: Sent, settings: Settings, sheet: str | None, crs: str | None) -> TheirList:
    """Their list, read apart. `crs` says whose coordinates it has, where somebody knows.

    Raises Problem: what the readers refuse, a list without a place or a description, one with more
    than `MAX_ROWS` rows, and a `crs` that nobody can turn into the city's.
    """
    settings.files.mkdir(parents=True, mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=settings.files) as folder:
        room = Path(folder)
        path = room / f"source{Path(sent.name).suffix.lower()[:12]}"
        path.write_bytes(sent.body)
        limit = (settings.upload_mb << 20) * UNPACKED_AT_MOST
        with open_apart(path, sent.name, room, limit, from_layer=sheet or None) as source:
            return _read(source, settings.crs, crs or None)


def _read(source: Source, working: int, crs: str | None) -> TheirList:
    columns = columns_of([f for f in source.fields if f not in source.places])
    if "place_words" not in columns and "description" not in columns:
        known = "、".join(source.fields[:40])
        raise Problem("refused", "reconciling.no_words", field="file", known=known)
    metres = _Metres(source, working, crs)
    rows: list[Row] = []
    counted = {"bad_date": 0, "bad_place": 0, "no_words": 0}
    for batch in source.batches():
        places = metres.of(batch)
        for i, number in enumerate(batch.numbers):
            row = _row(number, i, batch, columns, places[i], counted)
            if row is not None:
                rows.append(row)
        if len(rows) > MAX_ROWS:
            raise Problem("too_large", "reconciling.too_many", field="file", n=MAX_ROWS)
    if not rows:
        raise Problem("refused", "reconciling.no_rows", field="file")
    counted["bad_place"] += metres.outside
    notes = [f"crs:{metres.name}"] if metres.name else []
    notes += [f"{name}:{n}" for name, n in counted.items() if n]
    return TheirList(tuple(rows), columns, tuple(notes), source.encoding)


def columns_of(fields: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which headers are which field; of all but the place the first, of the place all."""
    found: dict[str, list[str]] = {}
    for name in fields:
        if is_serial(name):
            continue
        for spelt in spellings(name):
            what = next((field for field, known in headers().items() if spelt in known), None)
            if what is not None:
                found.setdefault(what, []).append(name)
                break
    return {
        what: tuple(names if what == "place_words" else names[:1]) for what, names in found.items()
    }


def grade_of(text: str | None) -> str | None:
    """The grade that a word means; None where it means none."""
    spelt = plain(text or "")
    return next((grade for grade, known in _GRADES if known.search(spelt)), None)


def state_of(text: str | None) -> str | None:
    """`open` or `closed`; 未整改 is open though it holds 整改."""
    spelt = plain(text or "")
    if not spelt:
        return None
    if _OPEN.search(spelt):
        return "open"
    return "closed" if _CLOSED.search(spelt) else None


def _row(
    number: int,
    i: int,
    batch: Batch,
    columns: Mapping[str, tuple[str, ...]],
    at: tuple[float, float] | None,
    counted: dict[str, int],
) -> Row | None:
    def text(what: str) -> str | None:
        values = (_text(batch.columns[name][i]) for name in columns.get(what, ()))
        joined: dict[str, None] = dict.fromkeys(v for v in values if v)
        return " ".join(joined)[:MAX_TEXT] or None

    unread: dict[str, dict[str, str]] = {}

    def on(what: str) -> date | None:
        value = next((batch.columns[name][i] for name in columns.get(what, ())), None)
        try:
            return None if value is None else day(value)
        except BadValueError as error:
            counted["bad_date"] += 1
            unread[what] = {"said": _text(value)[:80], "reason": error.reason}
            return None

    place, told = text("place_words"), text("description")
    if place is None and told is None and at is None:
        counted["no_words"] += 1
        return None
    closed_on = on("closed_on")
    state = state_of(text("state")) or ("closed" if closed_on else None)
    return Row(
        number,
        text("external_no"),
        place,
        text("category"),
        told,
        grade_of(text("grade")),
        state,
        on("found_on"),
        closed_on,
        text("responsible"),
        text("person"),
        at,
        unread,
    )


def _text(value: Any) -> str:
    """A cell as text; nothing for what people write where there is nothing."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = " ".join(str(value).replace("\x00", " ").split())
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "" if says_nothing(plain(text)) else text


class _Metres:
    """Points of the file in metres of the working CRS. `name` is None while there were none."""

    def __init__(self, source: Source, working: int, crs: str | None) -> None:
        self._working = WorkingCrs(working)
        told = source.claim.system if source.claim.told else None
        plane = f"EPSG:{working}" if source.claim.system != DEGREES else GUESSED
        wanted = crs or told or plane
        try:
            self._reading = reading_of(wanted, self._working)
        except CrsRefusedError:
            raise Problem(
                "invalid_value", "reconciling.bad_crs", field="crs", crs=wanted[:60]
            ) from None
        self._turned = bool(source.claim.north_first)
        self._has = bool(source.places)
        self.name: str | None = None
        self.outside = 0

    def of(self, batch: Batch) -> list[tuple[float, float] | None]:
        """By row; None where there is no place, or one outside the city's system."""
        out: list[tuple[float, float] | None] = [None] * batch.size
        if not self._has:
            return out
        there = np.flatnonzero(~(shapely.is_missing(batch.shapes) | shapely.is_empty(batch.shapes)))
        if not len(there):
            return out
        numbers = shapely.get_coordinates(shapely.point_on_surface(batch.shapes[there]))
        x, y = (numbers[:, 1], numbers[:, 0]) if self._turned else (numbers[:, 0], numbers[:, 1])
        east, north = self._reading.to_working(x, y)
        self.name = self._reading.name
        inside = np.isfinite(east) & np.isfinite(north)
        inside[inside] = self._working.holds(east[inside], north[inside])
        self.outside += int((~inside).sum())
        for i, e, n, good in zip(there, east, north, inside, strict=True):
            if good:
                out[int(i)] = (round(float(e), 3), round(float(n), 3))
        return out


def told_columns(columns: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """Field and the headers that were taken for it, for people."""
    return [
        (what, " + ".join(n.replace(JOINT, " ") for n in names)) for what, names in columns.items()
    ]
