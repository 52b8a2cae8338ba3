"""Rows that a reader makes one by one, handed on as batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gridwarden.intake.formats.batch import Batch, Shapes, Trouble

CORNERS_A_BATCH: Final = 1_000_000
"""Positions after which a batch is full, however few its rows: it is held in memory."""


@dataclass(slots=True)
class Row:
    """One row: the number that its sender knows it by, its values in the order of the fields, its
    shape, and what is wrong with it or was mended."""

    number: int
    values: Sequence[Any]
    shape: BaseGeometry | None = None
    trouble: Trouble | None = None
    mark: str | None = None


def batches_of(rows: Iterator[Row], fields: Sequence[str], size: int) -> Iterator[Batch]:
    """The rows in batches of at most `size`, and of little more than `CORNERS_A_BATCH`."""
    held: list[Row] = []
    first, corners = 1, 0
    for row in rows:
        held.append(row)
        corners += 0 if row.shape is None else int(shapely.get_num_coordinates(row.shape))
        if len(held) == size or corners >= CORNERS_A_BATCH:
            yield _batch(held, fields, first)
            first += len(held)
            held, corners = [], 0
    if held:
        yield _batch(held, fields, first)


def _batch(rows: list[Row], fields: Sequence[str], first: int) -> Batch:
    shapes: Shapes = np.full(len(rows), None, dtype=object)
    for i, row in enumerate(rows):
        shapes[i] = row.shape
    return Batch(
        first,
        len(rows),
        {name: [row.values[k] for row in rows] for k, name in enumerate(fields)},
        shapes,
        {i: row.trouble for i, row in enumerate(rows) if row.trouble is not None},
        {i: row.mark for i, row in enumerate(rows) if row.mark is not None},
        [row.number for row in rows],
    )
