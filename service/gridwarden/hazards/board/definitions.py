"""How the board counts, as an office declares it: `board.toml`, or the file of GRIDWARDEN_BOARD.

All mistakes of a file are told at once, each with its key. `sha256` is of the text as it was read:
it stands on every board, so that two boards can be told to be counted alike.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import time
from functools import cache
from importlib.resources import files
from typing import Any, Final

from gridwarden.hazards.board.counted import Counted
from gridwarden.hazards.board.indicators import HOURS, INDICATORS
from gridwarden.hazards.board.reading import Mistake, Reader
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from gridwarden.words.refused import not_toml, spoken

PER: Final[Mapping[str, int]] = {"one": 1, "households": 10_000, "buildings": 100, "found": 100}
"""What a penalty is taken per, and of how many of it."""
UNITS: Final = ("count", "visits", "cny", "percent")
OF_BATCHES: Final = ("count", "cny")
"""Units of what batches tell: how many entries, and their money."""
SURVEYED: Final = ("known", "surveyed")
"""Measures that make R1, which are entered as records."""
COUNTS: Final = tuple(f.name for f in fields(Counted) if f.type is int)
MISTAKES_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Indicator:
    """One of the ten, and what it is worth. `best` and `worst` are hours and only R8 has them."""

    code: str
    weight: float
    up: bool
    least_n: int
    confidence: float | None = None
    best: float = 0.0
    worst: float = 0.0


@dataclass(frozen=True, slots=True)
class Penalty:
    """Points taken off for a count, per so much of a stock, and never more than `at_most`."""

    of: str
    points: float
    per: str
    at_most: float


@dataclass(frozen=True, slots=True)
class Class:
    """Scores from `least` on have this tint (1 blue … 4 red) and these words."""

    least: float
    colour: int
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Measure:
    """What is reported of a programme; `unit` is one of UNITS. `batch`: the kind of batches that it
    is read from, their entries or (cny) their money; None where people enter records of it.
    """

    code: str
    unit: str
    words: Mapping[str, str]
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """One measure of another; `reported` is a percentage told where nobody reported the whole."""

    code: str
    part: str
    whole: str
    reported: str | None
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Programme:
    """A task group of a campaign."""

    code: str
    words: Mapping[str, str]
    measures: tuple[Measure, ...]
    rates: tuple[Rate, ...]

    def measure(self, code: str) -> Measure | None:
        return next((one for one in self.measures if one.code == code), None)


@dataclass(frozen=True, slots=True)
class Definitions:
    """A whole file. `indicators` are in the order in which they are shown."""

    name: str
    sha256: str
    least_weight: float
    hours: tuple[time, time]
    recurrence_days: int
    indicators: tuple[Indicator, ...]
    penalties: tuple[Penalty, ...]
    classes: tuple[Class, ...]
    programmes: tuple[Programme, ...]

    def programme(self, code: str) -> Programme | None:
        return next((one for one in self.programmes if one.code == code), None)

    def document(self) -> dict[str, Any]:
        """What is published with every board."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "least_weight": self.least_weight,
            "hours": [f"{at:%H:%M}" for at in self.hours],
            "recurrence_days": self.recurrence_days,
            "indicators": [
                {
                    "code": one.code,
                    "weight": one.weight,
                    "direction": "up" if one.up else "down",
                    "least_n": one.least_n,
                    "confidence": one.confidence,
                    **({"best": one.best, "worst": one.worst} if one.code in HOURS else {}),
                }
                for one in self.indicators
            ],
            "penalties": [
                {"of": p.of, "points": p.points, "per": p.per, "at_most": p.at_most}
                for p in self.penalties
            ],
            "classes": [
                {"from": c.least, "colour": c.colour, "words": dict(c.words)} for c in self.classes
            ],
        }


def read(text: str) -> tuple[Definitions, list[Mistake]]:
    """The definitions of a file and what is wrong with it; with mistakes they are of no use."""
    found: list[Mistake] = []
    try:
        top = Reader(tomllib.loads(text), "", found)
    except tomllib.TOMLDecodeError as error:
        read_nothing = Reader({}, "", [])
        told = Mistake("TOML", "board.mistake.toml", {"said": not_toml(error, spoken())})
        return _made(read_nothing, text), [told]
    made = _made(top, text)
    top.done()
    _check_together(top, made)
    return made, found


def _made(top: Reader, text: str) -> Definitions:
    hours, recurrence = top.table_of("hours"), top.table_of("recurrence")
    worked = (hours.clock("from"), hours.clock("to"))
    if worked[0] >= worked[1]:
        hours.wrong("to", "turned")
    days = recurrence.whole("days", 1, 3650)
    hours.done()
    recurrence.done()
    return Definitions(
        top.text("name"),
        hashlib.sha256(text.encode()).hexdigest(),
        top.number("least_weight", 0, 1),
        worked,
        days,
        top.each("indicator", _indicator),
        top.each("penalty", _penalty),
        top.each("class", _class),
        top.each("programme", _programme),
    )


def _indicator(table: Reader) -> Indicator:
    code = table.choice("code", tuple(INDICATORS))
    timed = code in HOURS
    confidence = None
    if "confidence" in table.table and not timed:
        confidence = table.number("confidence", 0.5, 0.999, 0.95)
    best = table.number("best", 0, 100_000) if timed else 0.0
    worst = table.number("worst", 0, 100_000) if timed else 0.0
    if timed and best >= worst:
        table.wrong("worst", "turned")
    return Indicator(
        code,
        table.number("weight", 0, 1000),
        table.choice("direction", ("up", "down")) == "up",
        table.whole("least_n", 0, 1_000_000),
        confidence,
        best,
        worst,
    )


def _penalty(table: Reader) -> Penalty:
    return Penalty(
        table.choice("of", COUNTS),
        table.number("points", 0, 100),
        table.choice("per", tuple(PER)),
        table.number("at_most", 0, 100),
    )


def _class(table: Reader) -> Class:
    least, colour = table.number("from", -100_000, 100), table.whole("colour", 1, 4)
    return Class(least, colour, table.words())


def _programme(table: Reader) -> Programme:
    code, words = table.text("code"), table.words()
    measures = table.each("measures", _measure)
    table.only_once("measures", [one.code for one in measures])
    known = tuple(one.code for one in measures)

    def rate(inner: Reader) -> Rate:
        reported = inner.choice("reported", known) if "reported" in inner.table else None
        part, whole = inner.choice("part", known), inner.choice("whole", known)
        return Rate(inner.text("code"), part, whole, reported, inner.words())

    return Programme(code, words, measures, table.each("rates", rate))


def _measure(table: Reader) -> Measure:
    code, unit, words = table.text("code"), table.choice("unit", UNITS), table.words()
    batch = table.text("batch") if "batch" in table.table else None
    if batch is not None and (unit not in OF_BATCHES or code in SURVEYED):
        table.wrong("batch", "batch", choices=", ".join(OF_BATCHES))
    return Measure(code, unit, words, batch)


def _check_together(top: Reader, made: Definitions) -> None:
    top.only_once("indicator", [one.code for one in made.indicators])
    top.only_once("programme", [one.code for one in made.programmes])
    if made.indicators and not sum(one.weight for one in made.indicators):
        top.wrong("indicator", "no_weight")
    for name, there in (("indicator", made.indicators), ("class", made.classes)):
        if not there:
            top.wrong(name, "missing")
    steps = [one.least for one in made.classes]
    if steps != sorted(set(steps), reverse=True):
        top.wrong("class", "order")
    if steps and steps[-1] > -100:
        top.wrong("class", "no_last")


def definitions_of(settings: Settings) -> Definitions:
    """Those in force. Raises Problem `refused` with the mistakes of the office's own file."""
    if settings.board is None:
        return _shipped()
    try:
        text = settings.board.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        told = type(error).__name__
        raise Problem("unavailable", "board.unreadable", error=told) from error
    return _checked(text)


@cache
def _shipped() -> Definitions:
    return checked(files(__package__ or "").joinpath("board.toml").read_text(encoding="utf-8"))


def checked(text: str) -> Definitions:
    """Definitions without a mistake. Raises Problem `refused` telling each one."""
    made, mistakes = read(text)
    if mistakes:
        lines = "\n".join(one.said(spoken()) for one in mistakes[:MISTAKES_SHOWN])
        raise Problem("refused", "board.mistakes", field="GRIDWARDEN_BOARD", told=lines)
    return made


_checked = cache(checked)
"""By the text itself: a file that is changed is read anew, one that is not is parsed once."""
