"""GeoJSON, in any encoding and with the old `crs` member."""

import json
import re
import struct
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.batch import Shapes, Trouble
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.crs_member import crs_name
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.systems import stated
from gridwarden.intake.formats.vector import Vector
from gridwarden.words.problems import Problem

CRS_MEMBER: Final = re.compile(rb'"crs"\s*:\s*\{[^{}]*\{[^{}]*\}[^{}]*\}')
ANY_CRS: Final = re.compile(rb'"crs"\s*:')
"""A member of any kind, such as null or a text; beside the features, whose fields may be so called.
"""
SHIFTED: Final = ("gcj02", "bd09")
"""What files for Chinese maps are marked with, our own exports among them."""
LOOKED_THROUGH: Final = 1 << 16
"""Bytes at either end of a GeoJSON in which its old `crs` member is looked for."""


class GeoJson(Vector):
    """A GeoJSON: one layer, WGS 84 unless its `crs` member says otherwise."""

    driver = "GeoJSON"

    def _file(self, part: Part, encoding: str | None) -> Path:
        found = encoding or letters.of_text(letters.chunks_of(part.path))
        if found == "utf-8":
            return part.path
        return as_utf8(part.path, found, self._folder() / "as-utf-8.geojson")

    def _layer_name(self, _part: Part, _layer: str) -> str | None:
        return None

    def _claimed(self, system: str | None) -> Claim:
        said = _named_crs(self.path)
        if said is None:
            return Claim(system, "geojson_default")
        name = _name_in(said)
        if name.lower().replace("-", "") in SHIFTED:
            return Claim(name, "file")
        if name and not _is_known(name):
            return stated(name, "file")
        return super()._claimed(system if name else None)

    def _shapes(self, wkb: list[bytes | None], troubles: dict[int, Trouble]) -> Shapes:
        shapes = super()._shapes(wkb, troubles)
        # An empty point has no WKB here, so a point of NaN is what the file really said.
        for i in np.flatnonzero(shapely.is_empty(shapes)):
            raw = wkb[i]
            if raw is not None and raw[1:5] == struct.pack("<I", 1):
                troubles.setdefault(int(i), Trouble("not_finite"))
        return shapes


def as_utf8(path: Path, encoding: str, copy: Path) -> Path:
    """A text copied as UTF-8. Raises Problem `unreadable_file` where it is not in that encoding."""
    try:
        with (
            path.open(encoding=encoding, newline="") as source,
            copy.open("w", encoding="utf-8") as target,
        ):
            while text := source.read(1 << 20):
                target.write(text)
    except UnicodeDecodeError as error:
        raise Problem("unreadable_file", "intake.wrong_encoding", field="encoding") from error
    return copy


def _named_crs(path: Path) -> bytes | None:
    """The old `crs` member of a GeoJSON; None where it has none, and is WGS 84 by RFC 7946."""
    with path.open("rb") as file:
        head = file.read(LOOKED_THROUGH)
        file.seek(max(0, path.stat().st_size - LOOKED_THROUGH))
        tail = file.read()
    found = CRS_MEMBER.search(head + b"\n" + tail)
    if found:
        return found[0]
    beside = head.partition(b'"features"')[0] + b"\n" + tail.rpartition(b"]")[2]
    return b'"crs":null' if ANY_CRS.search(beside) else None


def _name_in(member: bytes) -> str:
    """The name that a `crs` member gives; "" for one that cannot be understood."""
    try:
        return crs_name(json.loads(b"{" + member + b"}")["crs"]) or ""
    except ValueError:
        return ""


def _is_known(name: str) -> bool:
    """Whether what a GeoJSON says of its CRS can be understood.

    GDAL reads degrees of WGS 84 into one that it does not know, without a word.
    """
    try:
        CRS.from_user_input(name)
    except CRSError:
        return False
    return True


GEOJSON = Format(
    "geojson",
    (".geojson", ".json"),
    lambda head, suffix: head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"),
    GeoJson,
)
