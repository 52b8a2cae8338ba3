"""A text table as it was, with a reason at the end of each rejected row."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from gridwarden.intake.formats.table import FIELD_LIMIT, delimiter_of
from gridwarden.intake.sent_back.telling import Table
from gridwarden.words.sheets import safe


def mark(source: Path, target: Path, encoding: str, table: Table) -> None:
    """Copy a table, letter by letter, and append the reasons; title rows and quotes stay.

    A column of ours from an earlier time is written anew.
    """
    delimiter = delimiter_of(source, encoding)
    at = len(table.fields) if table.at is None else table.at
    with (
        source.open(encoding=encoding, errors="surrogateescape", newline="") as file,
        target.open("w", encoding=encoding, errors="surrogateescape", newline="") as out,
    ):
        for number, (raw, cells) in enumerate(_records(file, delimiter), start=1):
            words = table.reason if number == table.header_row else ""
            if number in table.rejects:
                words = safe(table.rejects[number].words)
            if table.at is not None and number >= table.header_row and len(cells) > at:
                raw = _line(cells[:at], delimiter) + _ending(raw)
                cells = cells[:at]
            if words:
                raw = _appended(raw, words, at - len(cells), delimiter)
            out.write(_kept(raw, encoding))


def _records(file: IO[str], delimiter: str) -> Iterator[tuple[str, list[str]]]:
    """Each record with the very text that it was read from: a quoted value may hold line ends."""
    read: list[str] = []

    def tapped() -> Iterator[str]:
        for line in file:
            read.append(line)
            yield line if len(read) > 1 else line.removeprefix("\ufeff")

    csv.field_size_limit(FIELD_LIMIT)
    for cells in csv.reader(tapped(), delimiter=delimiter):
        yield "".join(read), cells
        read.clear()


def _appended(raw: str, words: str, missing: int, delimiter: str) -> str:
    end = _ending(raw)
    body = raw[: len(raw) - len(end)]
    return body + delimiter * (max(missing, 0) + 1) + _line([words], delimiter) + end


def _ending(raw: str) -> str:
    return raw[len(raw.rstrip("\r\n")) :]


def _line(cells: list[str], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(cells)
    return out.getvalue()


def _kept(text: str, encoding: str) -> str:
    """What the file's encoding cannot write of our words becomes a question mark."""
    try:
        text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        return "".join(c if "\udc80" <= c <= "\udcff" else
                       c.encode(encoding, "replace").decode(encoding) for c in text)  # fmt: skip
    return text
