"""A drawing as rows: one for each entity of its model space, blocks exploded."""

import math
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from ezdxf import recover
from ezdxf.document import Drawing
from ezdxf.filemanagement import readfile
from ezdxf.lldxf.const import DXFError
from shapely.geometry.base import BaseGeometry

from gridwarden.intake.formats import curves
from gridwarden.intake.formats.batch import OUTLINE, ROWS_A_BATCH, Batch, Trouble, bounded, shown
from gridwarden.intake.formats.claim import PLANE, Claim
from gridwarden.intake.formats.dxf_blocks import ERRORS, Exploder, Piece, is_xref, tags_of
from gridwarden.intake.formats.dxf_letters import BINARY, encoding_of, undecoded, unescaped
from gridwarden.intake.formats.dxf_shapes import Shape
from gridwarden.intake.formats.format import Part
from gridwarden.intake.formats.rowwise import Row, batches_of
from gridwarden.intake.formats.systems import in_degrees, stated
from gridwarden.words.problems import Problem

MOST_BYTES: Final = 100 << 20
"""A drawing stands in memory as a whole, at some twelve times its size."""
FIELDS: Final = ("layer", "type", "block", "text", "color", "linetype", "handle")
METRES: Final = {
    1: (0.0254, "in"),
    2: (0.3048, "ft"),
    4: (0.001, "mm"),
    5: (0.01, "cm"),
    6: (1.0, "m"),
    7: (1000.0, "km"),
    14: (0.1, "dm"),
    21: (1200 / 3937, "US ft"),
}
"""$INSUNITS: metres in a unit, and its name."""
NORTHINGS: Final = (2_000_000, 6_000_000)
EASTINGS: Final = ((200_000, 800_000), (13_000_000, 46_000_000))
SAMPLED: Final = 3_000
_AS_DRAWN: Final = ((1.0, 0.0), (0.0, 1.0), (0.0, 0.0))
_GEO_NAME: Final = re.compile(r"<(?:Projected|Geographic)CoordinateSystem\s+id=\"([^\"<&]{1,80})\"")
_NEAR_LINE: Final = re.compile(r"near line: (\d+)")


class Dxf:
    """One drawing, or one layer of it."""

    kind = "dxf"

    def __init__(self, part: Part, layer: str, encoding: str | None) -> None:
        self.layer = layer
        self.notes: list[str] = []
        self.document, self.encoding = _loaded(part.path, encoding, self.notes)
        self._only = None if layer == part.name else layer
        self.rows: int | None = None
        try:
            self._understand(part)
        except ERRORS as error:
            raise _unreadable() from error

    def _understand(self, part: Part) -> None:
        """All that is to be known before the first row."""
        self._check_layer(part)
        self._handles = _has_handles(part.path, self.document)
        Exploder(self.document, 1.0).check()
        self._tags = tags_of(self.document)
        bounded(len(FIELDS) + len(self._tags))
        self.fields = (*FIELDS, *_unique(self._tags))
        self._matrix, self.claim = self._placed()
        self._exploder = Exploder(self.document, self._sagitta())
        self._describe()

    @property
    def places(self) -> set[str]:
        """None: shapes are not fields here."""
        return set()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The rows in order. Raises Problem `refused` for what explodes beyond measure."""
        try:
            yield from batches_of(self._rows(), self.fields, size)
        except ERRORS as error:
            raise _unreadable() from error
        left = self._exploder.left_out
        if left and not any(note.startswith("drawing_left_out:") for note in self.notes):
            said = ", ".join(f"{kind} {n}" for kind, n in left.most_common(12))
            self.notes.append(f"drawing_left_out:{said}")

    def _rows(self) -> Iterator[Row]:
        for number, piece in enumerate(self._exploder.all(self._only), 1):
            yield self._row(number, piece)

    def _row(self, number: int, piece: Piece) -> Row:
        values: list[Any] = [
            piece.layer,
            piece.type,
            piece.block,
            piece.text,
            piece.color,
            piece.linetype,
            piece.handle if self._handles else None,
            *(piece.attributes.get(tag) or None for tag in self._tags),
        ]
        trouble = None
        for i, value in enumerate(values):
            if isinstance(value, str) and undecoded(value):
                raw = value.encode(self.encoding, "surrogateescape")
                trouble = trouble or Trouble("undecodable_text", self.fields[i], shown(raw))
                values[i] = None
        shape = None
        if piece.shape is not None:
            try:
                shape = self._drawn(piece.shape)
            except (ValueError, ArithmeticError, shapely.GEOSException):
                shape = None
        if shape is None:
            trouble = trouble or Trouble("unreadable_geometry", "type", piece.type)
        outline = piece.shape is not None and piece.shape.kind == "outline"
        return Row(number, values, shape, trouble, OUTLINE if outline else None)

    def _drawn(self, shape: Shape) -> BaseGeometry:
        """The shape in the drawing's plane, in metres where it says its unit."""
        flat = [part[:, :2] @ self._matrix[:2] + self._matrix[2] for part in shape.parts]
        if shape.kind == "point":
            return shapely.Point(flat[0][0])
        if shape.kind == "line":
            return shapely.LineString(flat[0])
        if shape.kind == "outline":
            return shapely.Polygon(flat[0])
        return _filled(flat)

    def _check_layer(self, part: Part) -> None:
        """Raises Problem `not_found` for a layer that the drawing does not have."""
        if self._only is None:
            return
        there = {unescaped(str(one.dxf.name)) for one in self.document.layers}
        there |= {unescaped(str(e.dxf.get("layer", "0"))) for e in self.document.modelspace()}
        if self._only not in there:
            names = ", ".join(sorted(there)[:30])
            raise Problem(
                "not_found",
                "intake.no_such_layer",
                field="from_layer",
                layer=self._only[:80],
                layers=names,
            )

    def _placed(self) -> tuple[np.ndarray[Any, Any], Claim]:
        """From the drawing's axes to its system's, and which that is: by its GEODATA, by a property
        of the drawing called CRS, else metres of a plane that it does not name."""
        georeferenced = self._by_geodata()
        if georeferenced is not None:
            return georeferenced
        factor, unit = METRES.get(int(self.document.header.get("$INSUNITS", 0) or 0), (1.0, ""))
        if factor != 1.0:
            if self._is_metres_already():
                self.notes.append(f"drawing_unit_not_believed:{unit}")
                factor = 1.0
            else:
                self.notes.append(f"drawing_unit:{unit}")
        matrix = np.array([[factor, 0.0], [0.0, factor], [0.0, 0.0]])
        system = (self.document.header.custom_vars.get("CRS") or "").strip()
        if system:
            claim = stated(system, "dxf_property")
            return (np.array(_AS_DRAWN) if in_degrees(system) else matrix), claim
        named = self._geodata_name()
        if named:
            return matrix, stated(named, "dxf_geodata")
        return matrix, Claim(PLANE, "dxf_says_nothing", north_first=False)

    def _geodata_name(self) -> str:
        """What GEODATA that could not be read calls its system; "" without."""
        try:
            geodata = self.document.modelspace().get_geodata()
            found = _GEO_NAME.search(geodata.coordinate_system_definition) if geodata else None
        except ERRORS:
            return ""
        return found[1].strip() if found else ""

    def _by_geodata(self) -> tuple[np.ndarray[Any, Any], Claim] | None:
        try:
            geodata = self.document.modelspace().get_geodata()
            if geodata is None:
                return None
            fromstring(geodata.coordinate_system_definition)  # nothing that expands or is fetched
            moving, epsg = geodata.get_crs_transformation()
        except (*ERRORS, DefusedXmlException, SyntaxError):
            self.notes.append("drawing_geodata")
            return None
        rows = np.array(list(moving.rows()), dtype=np.float64)
        system = f"EPSG:{epsg}"
        return rows[[0, 1, 3], :2], Claim(system, "dxf_geodata", north_first=False, detail=system)

    def _is_metres_already(self) -> bool:
        """Whether the numbers are a survey's metres: most templates say millimetres whatever is
        drawn on them."""
        exploder = Exploder(self.document, math.inf)
        points = [
            piece.shape.parts[0][0, :2]
            for piece in islice(exploder.all(), SAMPLED)
            if piece.shape is not None and piece.shape.points
        ]
        if not points:
            return False
        east, north = np.median(np.array(points), axis=0)
        return NORTHINGS[0] <= north <= NORTHINGS[1] and any(a <= east <= b for a, b in EASTINGS)

    def _sagitta(self) -> float:
        """A millimetre, in the drawing's own unit."""
        factor = math.hypot(*self._matrix[0])
        return curves.SAGITTA_M / factor if factor > 0 else curves.SAGITTA_M

    def _describe(self) -> None:
        """What a person should know before the rows: hidden layers, paper, other drawings."""
        document = self.document
        hidden = [one for one in document.layers if one.is_off() or one.is_frozen()]
        paper = sum(len(layout) for layout in document.layouts if not layout.is_modelspace)
        xrefs = [unescaped(b.name) for b in document.blocks if is_xref(b)]
        if hidden:
            names = ", ".join(unescaped(str(one.dxf.name)) for one in hidden[:12])
            self.notes.append(f"drawing_hidden:{names}")
        if paper:
            self.notes.append(f"drawing_paper:{paper}")
        if xrefs:
            self.notes.append(f"drawing_xref:{', '.join(xrefs[:12])}")


def _filled(rings: list[Any]) -> BaseGeometry:
    """What rings enclose, filled and empty by turns from the outside in."""
    whole = shapely.Polygon(rings[0], rings[1:]) if rings else shapely.Polygon()
    if whole.is_valid:
        return whole
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(whole, method="linework")))
    areas = parts[shapely.get_dimensions(parts) == 2]
    return areas[0] if len(areas) == 1 else shapely.MultiPolygon(list(areas))


def _loaded(path: Path, encoding: str | None, notes: list[str]) -> tuple[Drawing, str]:
    """The drawing and the encoding it was read in. Raises Problem."""
    if path.stat().st_size > MOST_BYTES:
        raise Problem("too_large", "intake.drawing_too_large", field="file", mb=MOST_BYTES >> 20)
    with path.open("rb") as file:
        binary = file.read(len(BINARY)) == BINARY
        file.seek(max(0, path.stat().st_size - 4096))
        ended = binary or file.read().rstrip(b"\x00\x1a\r\n\t ").endswith(b"EOF")
    if not ended:
        raise Problem("unreadable_file", "intake.drawing_cut", field="file")
    found, wrong = (encoding, None) if encoding else encoding_of(path)
    if wrong:
        notes.append(f"drawing_code_page:{wrong} → {found}")
    assert found is not None
    try:
        return readfile(path, encoding=None if binary else found), found
    except ERRORS:
        pass
    except (DXFError, OSError, UnicodeError) as error:
        raise _unreadable() from error
    try:
        document, auditor = recover.readfile(path)
    except (*ERRORS, OSError) as error:
        found_at = _NEAR_LINE.search(str(error))
        if found_at is None:
            raise _unreadable() from error
        line = int(found_at[1])
        raise Problem(
            "unreadable_file", "intake.drawing_broken", field="file", line=line
        ) from error
    notes.append(f"drawing_mended:{len(auditor.errors) + len(auditor.fixes)}")
    return document, document.encoding


def _has_handles(path: Path, document: Drawing) -> bool:
    """Whether entities have names of their own. Before R13 they need not; ezdxf makes some up."""
    if document.dxfversion > "AC1009":
        return True
    with path.open("rb") as file:
        if file.read(len(BINARY)) == BINARY:
            return False
        file.seek(0)
        started = entities = 0
        lines = iter(file)
        for code, value in zip(lines, lines, strict=False):
            if value.strip() == b"ENTITIES" and code.strip() == b"2":
                started = 1
            elif started and code.strip() == b"5":
                return True
            elif started and code.strip() == b"0":
                entities += 1
                if entities > 100:
                    break
    return False


def _unique(tags: list[str]) -> list[str]:
    """Field names for the tags, none of them twice and none of them one of the drawing's own."""
    used = {name.casefold() for name in FIELDS}
    out: list[str] = []
    for tag in tags:
        name, n = tag, 2
        while name.casefold() in used:
            name, n = f"{tag}_{n}", n + 1
        used.add(name.casefold())
        out.append(name)
    return out


def _unreadable() -> Problem:
    return Problem("unreadable_file", "intake.unreadable", field="file")
