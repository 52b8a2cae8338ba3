"""Tables in the HTML of a description, as ArcGIS writes a feature's fields into its balloon."""

from html.parser import HTMLParser
from typing import Final

MAX_FIELDS: Final = 200
MAX_NAME: Final = 80
NULL: Final = "<null>"
"""What ArcGIS writes for no value."""


def fields_of(html: str) -> tuple[dict[str, str], str]:
    """The fields of the tables' rows of two cells, and the text outside of tables.

    Where there is no such row the fields are empty and the text is the whole description. Rows
    of one cell are titles; a table with wider rows is no list of fields and stays text.
    """
    if "<table" not in html.lower():
        return {}, html
    reader = _Rows()
    reader.feed(html)
    reader.close()
    fields: dict[str, str] = {}
    for row in reader.rows:
        if len(row) > 2:
            return {}, html
        if len(row) == 2 and row[0] and len(row[0]) <= MAX_NAME:
            value = "" if row[1].lower() == NULL else row[1]
            fields.setdefault(row[0].rstrip(":："), value)
    if not fields or len(fields) > MAX_FIELDS:
        return {}, html
    return fields, " ".join("".join(reader.outside).split())


class _Rows(HTMLParser):
    """Rows of cells; a cell that holds a table is that table's frame, not a value."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.outside: list[str] = []
        self._open: list[list[str]] = []
        self._cell: list[str] | None = None
        self._tables = 0
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._tables += 1
            self._cell = None
        elif tag == "tr":
            self._open.append([])
        elif tag in ("td", "th"):
            self._cell = []
        elif tag in ("style", "script", "title"):
            self._silent += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._tables = max(0, self._tables - 1)
        elif tag == "tr" and self._open:
            self.rows.append(self._open.pop())
        elif tag in ("td", "th") and self._cell is not None:
            if self._open:
                self._open[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        elif tag in ("style", "script", "title"):
            self._silent = max(0, self._silent - 1)

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._cell is not None:
            self._cell.append(data)
        elif not self._tables:
            self.outside.append(data)
