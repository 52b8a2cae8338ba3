"""Rows as the readers hand them on: columns of raw values, shapes, and what could not be read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.claim import Claim
from gridwarden.words.problems import Problem

Shapes = NDArray[np.object_]
ROWS_A_BATCH = 20_000
MAX_COLUMNS = 2_000
OUTLINE = "outline"
"""The mark of a polygon that was drawn as a closed line: on a layer of lines it is that line."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a row cannot be taken: a stable code, and the column and raw value it is about."""

    reason: str
    column: str | None = None
    value: str | None = None


@dataclass
class Batch:
    """Some consecutive rows of a source. `first_row` counts from 1.

    `rows` are the rows' own numbers where the file shows people other ones, with gaps: those of a
    table (workbook or CSV) are the sheet's row numbers as a spreadsheet shows them, so a title, a
    header and blank rows count, too. What is said of a row (quarantine) goes by `numbers`. In a
    workbook the sheet is the source's `layer`.

    `shapes` are shapely geometries in the file's own coordinates, None where there is none;
    `troubles` are by index in the batch, what the reader itself could not make sense of.
    """

    first_row: int
    size: int
    columns: Mapping[str, Sequence[Any]]
    shapes: Shapes
    troubles: dict[int, Trouble] = field(default_factory=dict)
    marks: dict[int, str] = field(default_factory=dict)
    """What was mended while reading (a character cut in half), by index in the batch."""
    rows: Sequence[int] | None = None
    passed_over: dict[int, str] = field(default_factory=dict)
    """What stood between the rows and is none, by number: `total_row`, `foot_row`, `heading_row`,
    `header_again`; and `hidden_row` for rows that the sheet hides, which are read."""

    @property
    def numbers(self) -> Sequence[int]:
        """The number by which each row is known to the sender, in order; none twice."""
        if self.rows is not None:
            return self.rows
        return range(self.first_row, self.first_row + self.size)


class Source(Protocol):
    """One layer of one file, ready to be read."""

    kind: str
    layer: str
    fields: tuple[str, ...]
    claim: Claim
    """Whose coordinates these are, as far as the file or its maker says it."""
    encoding: str
    rows: int | None
    notes: list[str]

    @property
    def places(self) -> set[str]:
        """The fields that hold the position, not properties."""
        ...

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The rows in order. Raises Problem `unreadable_file` when the file breaks off."""
        ...


def bounded(columns: int) -> None:
    """Raises Problem `refused` for a file that is wider than any register is."""
    if columns > MAX_COLUMNS:
        raise Problem(
            "refused", "intake.too_many_columns", field="file", n=columns, limit=MAX_COLUMNS
        )


def shown(value: object) -> str:
    """A raw value as it is kept beside a rejected row: a text cut to 200 characters; bytes whole,
    see `encoding.kept`."""
    if isinstance(value, bytes):
        return letters.kept(value)
    text = str(value)
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "␀")[:200]
