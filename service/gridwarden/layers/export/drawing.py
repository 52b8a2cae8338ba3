"""DXF (R2010, UTF-8, metres) for the programs that draughtsmen use, written entity by entity.

One drawing layer for the city's layer and one for its texts. Lines and outlines are lightweight
polylines, polygons with holes are hatches, and each carries as extended data of the application
GRIDWARDEN the feature's `source_id` and the number of the part. Other columns a drawing has no
place for. The system stands in the drawing's custom properties (`CRS`, `EPSG:n`).
"""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

import shapely
from ezdxf.colors import RGB
from ezdxf.filemanagement import new

from gridwarden.layers.export.rows import Asked, Rows

APPLICATION: Final = "GRIDWARDEN"
TEXT_HEIGHT_M: Final = 2.0
FIRST_HANDLE: Final = 0x10000
NEXT_HANDLE: Final = "100000000"
"""Where a program that edits the drawing goes on: behind every handle given here."""
LABELS: Final = ("name", "code", "source_id", "family")
_ENTITIES: Final = "  2\nENTITIES\n"
XDATA_LETTERS: Final = 255


def write_dxf(file: Path, asked: Asked, rows: Iterator[Rows]) -> None:
    """A drawing of all shapes, and of a text for each that has a name or code."""
    before, after, owner = _frame(asked)
    with file.open("w", encoding="utf-8", newline="\n", errors="replace") as out:
        out.write(before)
        pen = _Pen(out, owner, asked)
        for some in rows:
            pen.draw(some)
        out.write(after)


def _frame(asked: Asked) -> tuple[str, str, str]:
    """An empty drawing, cut where its entities go; and the handle of their owner."""
    drawing = new("R2010", setup=False)
    drawing.header["$INSUNITS"] = 6
    drawing.header.custom_vars.append("CRS", asked.target.name)
    if asked.copy is not None:
        drawing.header.custom_vars.append("COPY", _one_line(asked.copy.text))
    drawing.appids.add(APPLICATION)
    colour = RGB.from_hex(asked.content.colour)
    for name in _layers(asked):
        drawing.layers.add(name).rgb = colour.r, colour.g, colour.b
    text = io.StringIO()
    drawing.write(text)
    whole = text.getvalue()
    at = whole.index(_ENTITIES) + len(_ENTITIES)
    seed = whole.index("$HANDSEED\n  5\n") + len("$HANDSEED\n  5\n")
    before = whole[:seed] + NEXT_HANDLE + whole[whole.index("\n", seed) : at]
    return before, whole[at:], drawing.modelspace().layout_key


def _layers(asked: Asked) -> tuple[str, str]:
    return asked.content.name, f"{asked.content.name}_text"


class _Pen:
    """Writes entities one after the other."""

    def __init__(self, out: TextIO, owner: str, asked: Asked) -> None:
        self.out = out
        self.owner = owner
        self.layer, self.text_layer = _layers(asked)
        self.handle = FIRST_HANDLE
        names = [field.name for field in asked.content.fields]
        self.identity = names.index("source_id") if "source_id" in names else None
        self.labels = [names.index(name) for name in LABELS if name in names]

    def draw(self, some: Rows) -> None:
        """Some rows: each part of each shape, then its text."""
        middles = shapely.point_on_surface(some.shapes)
        for i, shape in enumerate(some.shapes):
            if shape is None:
                continue
            identity = str(some.ids[i])
            if self.identity is not None:
                identity = some.columns[self.identity][i]
            for number, part in enumerate(shapely.get_parts(shape)):
                self._part(part, _extended(identity, number))
            label = next((v for n in self.labels if (v := some.columns[n][i])), None)
            if label:
                self._text(middles[i], str(label))

    def _begin(self, kind: str, layer: str, *classes: str) -> list[str]:
        self.handle += 1
        lines = ["0", kind, "5", f"{self.handle:X}", "330", self.owner, "100", "AcDbEntity"]
        return [*lines, "8", layer, *(text for name in classes for text in ("100", name))]

    def _end(self, lines: list[str]) -> None:
        self.out.write("\n".join(lines))
        self.out.write("\n")

    def _part(self, part: Any, extended: list[str]) -> None:
        if part.geom_type == "Point":
            lines = [*self._begin("POINT", self.layer, "AcDbPoint"), *_corner(part.coords[0])]
            self._end([*lines, "30", "0.0", *extended])
        elif part.geom_type == "Polygon" and len(part.interiors):
            self._hatch(part, extended)
        else:
            closed = part.geom_type == "Polygon"
            corners = part.exterior.coords[:-1] if closed else part.coords
            lines = self._begin("LWPOLYLINE", self.layer, "AcDbPolyline")
            lines += ["90", str(len(corners)), "70", "1" if closed else "0"]
            lines += [text for corner in corners for text in _corner(corner)]
            self._end([*lines, *extended])

    def _hatch(self, part: Any, extended: list[str]) -> None:
        lines = self._begin("HATCH", self.layer, "AcDbHatch")
        lines += ["10", "0.0", "20", "0.0", "30", "0.0", "210", "0.0", "220", "0.0", "230", "1.0"]
        lines += ["2", "SOLID", "70", "1", "71", "0", "91", str(1 + len(part.interiors))]
        for ring in (part.exterior, *part.interiors):
            corners = ring.coords[:-1]
            lines += ["92", "3" if ring is part.exterior else "2", "72", "0", "73", "1"]
            lines += ["93", str(len(corners))]
            lines += [text for corner in corners for text in _corner(corner)]
            lines += ["97", "0"]
        self._end([*lines, "75", "0", "76", "1", "98", "0", *extended])

    def _text(self, middle: Any, label: str) -> None:
        lines = [*self._begin("TEXT", self.text_layer, "AcDbText"), *_corner(middle.coords[0])]
        lines += ["30", "0.0", "40", repr(TEXT_HEIGHT_M), "1", _one_line(label)]
        self._end([*lines, "100", "AcDbText"])


def _corner(place: Any) -> tuple[str, str, str, str]:
    return "10", repr(float(place[0])), "20", repr(float(place[1]))


def _extended(identity: str, number: int) -> list[str]:
    said = _one_line(identity)[:XDATA_LETTERS]
    return ["1001", APPLICATION, "1000", said, "1071", str(number)]


def _one_line(text: str) -> str:
    """A text as a drawing holds it: control characters as `^J`, a caret as `^ `."""
    return "".join("^ " if c == "^" else f"^{chr(ord(c) + 64)}" if c < " " else c for c in text)
