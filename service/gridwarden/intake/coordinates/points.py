"""Common points as people send them: a pasted table or a CSV, with a head or without one."""

import csv
import io
import re
import unicodedata
from typing import Final

from gridwarden.intake.coordinates.local import MOST, Common
from gridwarden.words.problems import Problem

WIDTH: Final = 5
_BREAK: Final = re.compile(r"[ \t]+")


def points_of_text(text: str) -> list[Common]:
    """Rows of name, two local numbers, two true ones, in this order; commas, semicolons, tabs or
    blanks between them, full-width characters as well. A first row without numbers is a head.

    Raises Problem `invalid_value` naming the row.
    """
    points: list[Common] = []
    for number, cells in enumerate(_rows(text), start=1):
        values = [_number(cell) for cell in cells[1:WIDTH]]
        if number == 1 and not any(value is not None for value in values):
            continue
        if len(cells) < WIDTH or None in values or any(c.strip() for c in cells[WIDTH:]):
            raise Problem(
                "invalid_value",
                "coordinates.local.line",
                field="points",
                row=number,
                text=" ".join(cells)[:80],
            )
        a, b, c, d = (value or 0.0 for value in values)
        points.append(Common(cells[0][:100], (a, b), (c, d)))
        if len(points) > MOST:
            break
    return points


def _rows(text: str) -> list[list[str]]:
    lines = [unicodedata.normalize("NFKC", line) for line in text.lstrip("\ufeff").splitlines()]
    lines = [line.replace("、", ",").strip("\x00 \r") for line in lines]
    lines = [line for line in lines if line.strip()][: MOST + 2]
    if not lines:
        return []
    for delimiter in ("\t", ";", ","):
        if all(delimiter in line for line in lines):
            reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
            try:
                return [[cell.strip() for cell in row] for row in reader]
            except csv.Error:
                break
    return [_BREAK.split(line.strip()) for line in lines]


def _number(text: str) -> float | None:
    try:
        return float(text.strip().removesuffix("m")) if "_" not in text else None
    except ValueError:
        return None
