"""The entities of a drawing as flat pieces: blocks exploded, layers and colours inherited.

A block is flattened once for each size it is drawn at and then only moved, so turned, stretched
and mirrored inserts are exact. Nothing outside the file is ever opened: XREFs stay out.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.lldxf.const import DXFError
from ezdxf.math import Vec3

from gridwarden.intake.formats.curves import BadCurveError
from gridwarden.intake.formats.dxf_letters import text_of, unescaped
from gridwarden.intake.formats.dxf_shapes import Points, Shape, known, shape_of
from gridwarden.words.problems import Problem

MOST_PIECES: Final = 500_000
"""Pieces that the blocks of one drawing may explode into."""
MOST_POSITIONS: Final = 20_000_000
DEEPEST: Final = 40
BY_BLOCK: Final = 0
BY_LAYER: Final = 256
ERRORS: Final = (
    BadCurveError,
    DXFError,
    ArithmeticError,
    AttributeError,
    IndexError,
    KeyError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What an entity that makes no sense may raise."""
PLACED: Final = frozenset({"INSERT"})
SILENT: Final = frozenset({"ATTDEF", "VIEWPORT", "SEQEND"})
"""Not worth a word: definitions, and windows of paper space."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One row to be: a shape in the layout's axes (None where it makes no sense) and what its
    entity says. `color` is AutoCAD's number or `#rrggbb`."""

    type: str
    shape: Shape | None
    layer: str
    color: int | str
    linetype: str
    handle: str = ""
    text: str | None = None
    block: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)


class Exploder:
    """Takes one drawing apart. `sagitta` is how far a chord may leave its arc, in its units."""

    def __init__(self, document: Drawing, sagitta: float) -> None:
        self.document = document
        self.sagitta = sagitta
        self.left_out: Counter[str] = Counter()
        self._blocks: dict[tuple[str, int], list[Piece]] = {}
        self._counts: dict[str, int] = {}
        self._positions = 0

    def all(self, only: str | None = None) -> Iterator[Piece]:
        """The pieces of the model space in order, or those of one layer.

        Raises Problem `refused` for blocks that explode into more than any drawing is.
        """
        self.left_out.clear()
        self._positions = 0
        for entity in self.document.modelspace():
            for piece in self._safely(entity):
                if only is None or piece.layer == only:
                    yield self._counted(replace(piece, **self._resolved(piece)))

    def _safely(self, entity: DXFEntity) -> Iterator[Piece]:
        """The pieces of an entity; what makes no sense at all is a piece without a shape."""
        try:
            yield from self._pieces(entity, 1.0, 0)
        except ERRORS:
            yield Piece(entity.dxftype(), None, "0", BY_LAYER, "BYLAYER")

    def check(self) -> None:
        """Raises Problem `refused` where the blocks explode into too much; nothing is drawn."""
        total = sum(self._count(e, ()) for e in self.document.modelspace().query("INSERT"))
        if total > MOST_PIECES:
            raise Problem("refused", "intake.drawing_explodes", field="file", n=MOST_PIECES)

    def _count(self, insert: Any, within: tuple[str, ...]) -> int:
        name = str(insert.dxf.get("name", ""))
        if name in within or len(within) > DEEPEST:
            return 0
        if name not in self._counts:
            block = self.document.blocks.get(name)
            inner = [] if block is None else block
            self._counts[name] = 1 + sum(
                self._count(e, (*within, name)) if e.dxftype() == "INSERT" else 1 for e in inner
            )
        return self._counts[name] * _grid_size(insert)

    def _counted(self, piece: Piece) -> Piece:
        self._positions += piece.shape.points if piece.shape else 0
        if self._positions > MOST_POSITIONS:
            raise Problem("refused", "intake.drawing_explodes", field="file", n=MOST_PIECES)
        return piece

    def _pieces(self, entity: DXFEntity, scale: float, depth: int) -> Iterator[Piece]:
        """One entity, or the pieces of an insert, in the axes it stands in."""
        kind = entity.dxftype()
        if kind in PLACED:
            yield from self._inserted(entity, scale, depth)
            return
        if not known(kind):
            if kind not in SILENT:
                self.left_out[kind] += 1
            return
        try:
            shape = shape_of(entity, self.sagitta / scale)
        except ERRORS:
            shape = None
        yield replace(_named(entity), shape=shape, text=_text(entity))

    def _inserted(self, insert: Any, scale: float, depth: int) -> Iterator[Piece]:
        own = _named(insert)
        name = str(insert.dxf.get("name", ""))
        said = unescaped(name)
        block = self.document.blocks.get(name)
        if block is None or depth > DEEPEST or is_xref(block):
            self.left_out["INSERT" if block is None or depth > DEEPEST else "XREF"] += 1
            return
        try:
            matrices = list(_grid(insert))
            size = max(float(np.abs(np.linalg.norm(matrices[0][:2, :3], axis=1)).max()), 1e-9)
        except ERRORS:
            yield replace(own, block=said)
            return
        attributes = _attributes(insert, block)
        if attributes:
            at = Shape("point", [_array_of(insert.ocs().to_wcs(Vec3(insert.dxf.insert)))])
            yield replace(own, shape=at, block=said, attributes=attributes)
        pieces = self._block(name, scale * size, depth + 1)
        number = 0
        for matrix in matrices:
            for piece in pieces:
                number += 1
                yield replace(
                    piece,
                    shape=_moved(piece.shape, matrix),
                    layer=own.layer if piece.layer == "0" else piece.layer,
                    color=own.color if piece.color == BY_BLOCK else piece.color,
                    linetype=own.linetype if piece.linetype == "BYBLOCK" else piece.linetype,
                    handle=f"{own.handle}.{number}",
                    block=said if piece.block is None else f"{said}/{piece.block}",
                    attributes={**attributes, **piece.attributes},
                )

    def _block(self, name: str, scale: float, depth: int) -> list[Piece]:
        """A block's pieces in its own axes, drawn finely enough for this scale."""
        step = math.ceil(math.log2(scale)) if math.isfinite(scale) and scale > 0 else 0
        key = (name, step)
        if key not in self._blocks:
            self._blocks[key] = []  # what a block finds of itself within itself is nothing
            block: Iterable[DXFEntity] = self.document.blocks.get(name) or ()
            self._blocks[key] = [
                self._counted(piece)
                for entity in block
                for piece in self._pieces(entity, 2.0**step, depth)
            ]
        return self._blocks[key]

    def _resolved(self, piece: Piece) -> dict[str, Any]:
        """What stands for the layer's own colour and line, looked up."""
        layer = self._layers.get(piece.layer.casefold())
        out: dict[str, Any] = {}
        if piece.color == BY_LAYER:
            out["color"] = layer[0] if layer else 7
        elif piece.color == BY_BLOCK:
            out["color"] = 7
        if piece.linetype in ("BYLAYER", "BYBLOCK"):
            out["linetype"] = layer[1] if layer else "Continuous"
        return out

    @cached_property
    def _layers(self) -> dict[str, tuple[int | str, str]]:
        return {
            unescaped(str(one.dxf.name)).casefold(): (
                abs(one.dxf.get("color", 7)),
                unescaped(str(one.dxf.get("linetype", "Continuous"))),
            )
            for one in self.document.layers
        }


def _named(entity: Any) -> Piece:
    """What an entity says of itself, without its shape."""
    dxf = entity.dxf
    color: int | str = dxf.get("color", BY_LAYER)
    if dxf.hasattr("true_color"):
        color = f"#{dxf.true_color & 0xFFFFFF:06x}"
    linetype = unescaped(str(dxf.get("linetype", "BYLAYER")))
    return Piece(
        entity.dxftype(),
        None,
        unescaped(str(dxf.get("layer", "0"))),
        color,
        linetype.upper() if linetype.upper() in ("BYLAYER", "BYBLOCK") else linetype,
        str(dxf.get("handle") or ""),
    )


def _text(entity: Any) -> str | None:
    kind = entity.dxftype()
    if kind == "MTEXT":
        return text_of(str(entity.text), formatted=True) or None
    return text_of(str(entity.dxf.get("text", ""))) or None if kind == "TEXT" else None


def _attributes(insert: Any, block: Any) -> dict[str, str]:
    """An insert's attributes: those of its own, and the constant ones of its block."""
    out = {
        unescaped(str(one.dxf.tag)).strip(): text_of(str(one.dxf.get("text", "")))
        for one in block.query("ATTDEF")
        if one.is_const
    }
    for one in insert.attribs:
        said = one.plain_mtext() if one.has_embedded_mtext_entity else str(one.dxf.get("text", ""))
        out[unescaped(str(one.dxf.tag)).strip()] = text_of(said)
    return {tag: value for tag, value in out.items() if tag}


def tags_of(document: Drawing) -> list[str]:
    """The tags of all attributes in a drawing, in the order in which they come."""
    found: dict[str, None] = {}
    for layout in (document.modelspace(), *document.blocks):
        for insert in layout.query("INSERT"):
            block = document.blocks.get(str(insert.dxf.get("name", "")))
            if block is not None:
                found.update(dict.fromkeys(_attributes(insert, block)))
    return list(found)


def is_xref(block: Any) -> bool:
    """Whether a block stands for another drawing."""
    return bool(block.block and (block.block.is_xref or block.block.is_xref_overlay))


def _grid_size(insert: Any) -> int:
    dxf = insert.dxf
    rows, columns = max(int(dxf.get("row_count", 1)), 1), max(int(dxf.get("column_count", 1)), 1)
    if not dxf.get("row_spacing", 0):
        rows = 1
    if not dxf.get("column_spacing", 0):
        columns = 1
    return rows * columns


def _grid(insert: Any) -> Iterator[Points]:
    """Where each copy of an insert stands: 4 × 3 matrices, the last row the shift."""
    dxf = insert.dxf
    matrix = np.array(list(insert.matrix44().rows()), dtype=np.float64)[:, :3]
    rows = max(int(dxf.get("row_count", 1)), 1) if dxf.get("row_spacing", 0) else 1
    columns = max(int(dxf.get("column_count", 1)), 1) if dxf.get("column_spacing", 0) else 1
    ocs = insert.ocs()
    for row in range(rows):
        for column in range(columns):
            step = Vec3(column * dxf.get("column_spacing", 0), row * dxf.get("row_spacing", 0))
            moved = matrix.copy()
            moved[3] += np.array(ocs.to_wcs(step.rotate_deg(dxf.get("rotation", 0))).xyz)
            yield moved


def _array_of(point: Vec3) -> Points:
    return np.array([point.xyz], dtype=np.float64)


def _moved(shape: Shape | None, matrix: Points) -> Shape | None:
    if shape is None:
        return None
    return Shape(shape.kind, [part @ matrix[:3] + matrix[3] for part in shape.parts])
