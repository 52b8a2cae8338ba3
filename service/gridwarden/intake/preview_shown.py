"""A preview on the terminal: which field is which column, the first rows, the first troubles."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from gridwarden.layers.catalogue import layers
from gridwarden.words import say

WIDE: Final = 8
"""Columns of the first rows that fit a terminal."""


def preview_tables(preview: Mapping[str, Any], layer: str, language: str) -> Iterator[Table | Text]:
    """What is printed of a preview, from top to bottom."""
    yield _columns(preview, layer, language)
    for name in ("unmapped", "serial"):
        if preview[name]:
            fields = ", ".join(preview[name])
            yield Text(say(f"intake.preview.{name}", language, fields=fields))
    if preview["rows"]:
        yield _rows(preview["rows"], language)
    if preview["troubles"]:
        yield _troubles(preview["troubles"], language)


def _columns(preview: Mapping[str, Any], layer: str, language: str) -> Table:
    titles = {c.name: c.title.in_(language) for c in layers()[layer].all_columns}
    table = Table(title=say("intake.preview.title", language), box=None, title_justify="left")
    for head in ("column", "field", "how"):
        table.add_column(say(f"intake.preview.{head}", language))
    if preview["place"]:
        place = say("intake.preview.place", language)
        table.add_row(Text(place), Text(", ".join(preview["place"])), "")
    if preview["source_id"]:
        one = preview["source_id"]
        name = say("intake.preview.source_id", language)
        table.add_row(Text(name), Text(one["field"]), _how(one["how"], 1.0, language))
    for column in preview["columns"]:
        name = f"{column['column']} {titles.get(column['column'], '')}"
        how = _how(column["how"], column["factor"], language)
        table.add_row(Text(name), Text(column["field"]), how)
    for name, value in preview["constants"].items():
        same = say("intake.preview.constant", language)
        table.add_row(Text(f"{name} {titles.get(name, '')}"), Text(f"= {value}"), same)
    return table


def _how(how: str, factor: float, language: str) -> Text:
    said = say(f"intake.preview.{how}", language)
    if factor != 1.0:
        said += ", " + say("intake.preview.times", language, factor=f"{factor:g}")
    return Text(said)


def _rows(rows: list[dict[str, Any]], language: str) -> Table:
    names = list(dict.fromkeys(name for row in rows for name in row["values"]))[:WIDE]
    table = Table(title=say("intake.preview.rows", language), box=None, title_justify="left")
    table.add_column(say("intake.column.row", language), justify="right")
    for name in names:
        table.add_column(name)
    for row in rows:
        values = ("" if row["values"].get(n) is None else str(row["values"][n]) for n in names)
        table.add_row(str(row["row"]), *map(Text, values))
    return table


def _troubles(troubles: list[dict[str, Any]], language: str) -> Table:
    table = Table(title=say("intake.preview.troubles", language), box=None, title_justify="left")
    for head in ("row", "words", "column", "value"):
        table.add_column(say(f"intake.column.{head}", language))
    for one in troubles:
        words = say(f"intake.reason.{one['reason']}", language)
        table.add_row(
            str(one["row"]), Text(words), Text(one["column"] or ""), Text(one["value"] or "")
        )
    return table
