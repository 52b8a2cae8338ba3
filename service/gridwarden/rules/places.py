"""Where each key of a TOML text stands: the line for every path, as far as an author cares.

`tomllib` gives no positions. The text has passed it, so this walk may trust the syntax.
"""

import re
from collections.abc import Mapping, Sequence

Path = tuple[str | int, ...]
BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
SPACES = re.compile(r"[ \t]*")
BARE = re.compile(r"[A-Za-z0-9_-]+")
STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL
)
PLAIN = re.compile(r"[^,\]}\n#]*")


def places(text: str) -> dict[Path, int]:
    """The line (from 1) of every table, key and array item of a text that is good TOML."""
    return _Walk(text).document()


def line_of(found: Mapping[Path, int], place: Sequence[str | int]) -> int | None:
    """The line of the nearest part of a place that is written: a missing key has its table's."""
    for length in range(len(place), 0, -1):
        line = found.get(tuple(place[:length]))
        if line is not None:
            return line
    return None


class _Walk:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.found: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}

    def document(self) -> dict[Path, int]:
        prefix: Path = ()
        self._take(BLANK)
        while self.at < len(self.text):
            if self._is("[["):
                prefix = self._header("]]", array=True)
            elif self._is("["):
                prefix = self._header("]", array=False)
            else:
                self._pair(prefix)
            self._take(BLANK)
        return self.found

    def _is(self, sign: str) -> bool:
        """Step over a sign if it stands here."""
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:  # pragma: no cover - tomllib refuses such a text
            raise ValueError(f"not TOML at {self.at}")
        self.at = match.end()
        return match[0]

    def _here(self, path: Path) -> None:
        self.found.setdefault(path, self.text.count("\n", 0, self.at) + 1)

    def _keys(self, end: str) -> list[str]:
        keys = []
        while not self._is(end):
            quoted = self.text[self.at] in "\"'"
            key = self._take(STRING if quoted else BARE)
            keys.append(key[1:-1] if quoted else key)
            self._take(SPACES)
            self._is(".")
            self._take(SPACES)
        return keys

    def _header(self, end: str, *, array: bool) -> Path:
        start = self.at
        self._take(SPACES)
        keys = self._keys(end)
        after, self.at = self.at, start
        path: Path = ()
        for number, key in enumerate(keys):
            path += (key,)
            self._here(path)
            last = number == len(keys) - 1
            if array and last:
                self.counts[path] = self.counts.get(path, 0) + 1
            if path in self.counts:
                path += (self.counts[path] - 1,)
                self._here(path)
        self.at = after
        return path

    def _pair(self, prefix: Path) -> None:
        start = self.at
        keys = self._keys("=")
        after, self.at = self.at, start
        for key in keys:
            prefix += (key,)
            self._here(prefix)
        self.at = after
        self._take(SPACES)
        self._value(prefix)

    def _value(self, path: Path) -> None:
        if self.text[self.at] in "\"'":
            self._take(STRING)
        elif self._is("["):
            self._items(path)
        elif self._is("{"):
            self._take(BLANK)
            while not self._is("}"):
                self._pair(path)
                self._take(BLANK)
                self._is(",")
                self._take(BLANK)
        else:
            self._take(PLAIN)

    def _items(self, path: Path) -> None:
        number = 0
        self._take(BLANK)
        while not self._is("]"):
            self._here((*path, number))
            self._value((*path, number))
            number += 1
            self._take(BLANK)
            self._is(",")
            self._take(BLANK)
