"""Drawings: DXF is read, DWG is asked for as DXF. See `dxf_rows`, `dxf_blocks`, `dxf_shapes`."""

import re
from typing import Final, NoReturn

from gridwarden.intake.formats.batch import Source
from gridwarden.intake.formats.format import Format, Part
from gridwarden.words.problems import Problem

BINARY: Final = b"AutoCAD Binary DXF\r\n\x1a\x00"
_BEGINS: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s*999\r?\n[^\r\n]*\r?\n)*\s*0\s*\r?\n\s*SECTION\s*\r?\n", re.IGNORECASE
)
_DWG: Final = re.compile(rb"AC10\d\d|AC1\.\d|AC2\.\d|MC0\.0")


def _is_dxf(head: bytes, _suffix: str) -> bool:
    return head.startswith(BINARY) or _BEGINS.match(head) is not None


def _opened(part: Part, layer: str, encoding: str | None) -> Source:
    from gridwarden.intake.formats.dxf_rows import Dxf  # ezdxf takes most of a second to load

    return Dxf(part, layer, encoding)


def _refused(part: Part, layer: str, encoding: str | None) -> NoReturn:
    raise Problem("refused", "intake.dwg", field="file", name=part.name)


DXF = Format("dxf", (".dxf",), _is_dxf, _opened, layers_within=True)
DWG = Format("dwg", (".dwg",), lambda head, suffix: _DWG.match(head) is not None, _refused)
