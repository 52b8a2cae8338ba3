"""CSV and other text tables: several spellings, encodings and delimiters."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.headers import header, known_words
from gridwarden.intake.formats.layout import HEADER_WITHIN, Line, vocabulary
from gridwarden.intake.formats.sheets import Sheet
from gridwarden.words.problems import Problem

__all__ = ["CSV", "delimiter_of", "header", "lines_of", "opened"]

DELIMITERS: Final = ",;\t|，"
FIELD_LIMIT: Final = 16 << 20
HEAD: Final = 1 << 20
"""Characters in which the delimiter is looked for."""


def opened(path: Path, name: str, encoding: str | None) -> Sheet:
    """A text table. Raises Problem `unreadable_file`, `refused`."""
    spelt = encoding or letters.of_text(letters.chunks_of(path))
    delimiter = delimiter_of(path, spelt)
    return Sheet(
        "csv",
        name,
        spelt,
        lambda: lines_of(path, spelt, delimiter),
        apostrophes=True,
        undecoded=lambda text: _raw(text, spelt),
    )


def lines_of(path: Path, encoding: str, delimiter: str) -> Iterator[Line]:
    """The lines of a text table, numbered as a spreadsheet shows them: an empty one counts, too.

    Bytes that are no letters of the encoding are kept as surrogates.
    """
    csv.field_size_limit(FIELD_LIMIT)
    number = 0
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        reader = csv.reader(_marked(file), delimiter=delimiter)
        try:
            for number, cells in enumerate(reader, start=1):
                if cells:
                    yield Line(number, cells)
        except csv.Error as error:
            raise Problem(
                "unreadable_file", "intake.broken_off", field="file", row=number
            ) from error


def delimiter_of(path: Path, encoding: str) -> str:
    """What stands between the values: what makes most headers that somebody knows, else what the
    first line has most of."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        text = file.read(HEAD).removeprefix("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=lambda one: (_known(text, one), _plain(first, one)))


def _plain(first: str, delimiter: str) -> int:
    """A full-width comma is a letter, too: it counts only where nothing else does."""
    return (
        0 if delimiter == "，" and any(one in first for one in ",;\t|") else first.count(delimiter)
    )


def _known(text: str, delimiter: str) -> int:
    """The most headers in one line when it is parted so."""
    try:
        rows = islice(
            csv.reader(text.splitlines(keepends=True), delimiter=delimiter), HEADER_WITHIN
        )
        most = max((known_words(row, vocabulary()) for row in rows if len(row) > 1), default=0)
    except csv.Error:
        return 0
    return most if most > 1 else 0


def _marked(file: Any) -> Iterator[str]:
    """The lines of a text without the mark that its encoding left at its beginning."""
    for first, line in enumerate(file):
        yield line if first else line.removeprefix("\ufeff")


def _raw(text: str, encoding: str) -> bytes | None:
    """The bytes of a text that holds what is no letter; None for any other text."""
    if not any("\udc80" <= c <= "\udcff" for c in text):
        return None
    return text.encode(encoding, "surrogateescape")


def _opened(part: Part, layer: str, encoding: str | None) -> Sheet:
    return opened(part.path, layer, encoding)


CSV = Format(
    "csv",
    (".csv",),
    lambda head, suffix: suffix in (".csv", ".txt", ".tsv"),
    _opened,
)
