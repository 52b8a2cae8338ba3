"""Reads a TOML table value by value and remembers what is wrong, key by key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, TypeVar

from gridwarden.words import say

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at a key of the file, as a catalogue key with what fills it."""

    where: str
    key: str
    params: Mapping[str, object]

    def said(self, lang: str) -> str:
        return f"{self.where}: {say(self.key, lang, **self.params)}"


class Reader:
    """One table. What it gives back after a mistake fits the type and is of no other use."""

    def __init__(self, table: Mapping[str, Any], where: str, found: list[Mistake]) -> None:
        self.table, self.where, self.found = table, where, found
        self.asked: set[str] = set()

    def wrong(self, name: str, key: str, **params: object) -> None:
        self.found.append(Mistake(f"{self.where}{name}", f"board.mistake.{key}", params))

    def number(self, name: str, least: float, most: float, default: float = 0.0) -> float:
        """A number within its bounds."""
        self.asked.add(name)
        value = self.table.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(name, "missing" if value is None else "number")
            return default
        if not least <= value <= most:
            self.wrong(name, "between", least=f"{least:g}", most=f"{most:g}", value=f"{value:g}")
            return default
        return float(value)

    def whole(self, name: str, least: int, most: int) -> int:
        value = self.number(name, least, most)
        if value != int(value):
            self.wrong(name, "whole")
        return int(value)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        self.asked.add(name)
        value = self.table.get(name)
        if value not in choices:
            missing = "missing" if value is None else "choice"
            self.wrong(name, missing, value=str(value)[:60], choices=", ".join(choices))
            return choices[0] if choices else ""
        return str(value)

    def text(self, name: str) -> str:
        self.asked.add(name)
        value = self.table.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > 60:
            self.wrong(name, "missing" if value is None else "text")
            return name
        return value

    def words(self) -> dict[str, str]:
        """`en` and `zh` of this table."""
        return {"en": self.text("en"), "zh": self.text("zh")}

    def clock(self, name: str) -> time:
        text = self.text(name)
        try:
            return time.fromisoformat(text)
        except ValueError:
            self.wrong(name, "clock")
            return time()

    def tables(self, name: str) -> list["Reader"]:
        """The tables of a list of them; none where it is not there."""
        self.asked.add(name)
        value = self.table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
            self.wrong(name, "tables")
            return []
        return [
            Reader(one, f"{self.where}{name}[{at + 1}].", self.found)
            for at, one in enumerate(value)
        ]

    def each(self, name: str, one: Callable[["Reader"], T]) -> tuple[T, ...]:
        """Every table of a list, read by `one`."""
        made = []
        for table in self.tables(name):
            made.append(one(table))
            table.done()
        return tuple(made)

    def table_of(self, name: str) -> "Reader":
        self.asked.add(name)
        value = self.table.get(name)
        if not isinstance(value, Mapping):
            self.wrong(name, "missing")
            value = {}
        return Reader(value, f"{self.where}{name}.", self.found)

    def only_once(self, name: str, codes: list[str]) -> None:
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            self.wrong(name, "twice", code=code)

    def done(self) -> None:
        """Nothing else may stand here: a key that nobody reads is a key that was misspelt."""
        for name in sorted(self.table.keys() - self.asked):
            self.wrong(name, "unknown", choices=", ".join(sorted(self.asked)))
