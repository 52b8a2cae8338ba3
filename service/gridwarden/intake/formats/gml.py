"""GML of any application schema, by GDAL, read in a folder of its own.

GDAL would read a `.gfs` or `.xsd` that lies beside the file, and write a `.gfs` there: in an own
folder there is neither. No schema is fetched, no xlink followed, no entity of the file expanded
from elsewhere (`vector.OPTIONS`).
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, Final
from xml.parsers import expat

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.vector import Vector, gdal
from gridwarden.intake.formats.xml_stream import encoding_of
from gridwarden.words.problems import Problem

NAMESPACE: Final = b"http://www.opengis.net/gml"
_ROOT: Final = re.compile(
    rb"^\s*(?:<\?xml[^>]*\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>\s*)*<([\w.\-]+:)?([\w.\-]+)",
    re.DOTALL,
)
_DECLARED: Final = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.\-]+)["']""")
_SAID: Final = re.compile(r"""(<\?xml[^>]*?encoding\s*=\s*["'])[\w.\-]+""")
_SYSTEM: Final = re.compile(rb"""srsName\s*=\s*["']([^"'<>]{1,200})["']""")
_CODE: Final = re.compile(r"(\d{4,6})\s*$")
_ORDERED: Final = re.compile(r"^(?:urn:|https?://www\.opengis\.net/def/crs/)", re.IGNORECASE)
"""Names of systems whose axes come in the order that the system itself states; GDAL turns them
round. Where older names are used, writers differ."""
OTHERS: Final = frozenset({b"kml", b"gpx", b"Capabilities", b"schema", b"ExceptionReport"})
CITY: Final = frozenset({b"CityModel"})


class Gml(Vector):
    """One feature type of a GML."""

    driver = "GML"
    open_options: ClassVar[Mapping[str, str]] = {"WRITE_GFS": "NO"}

    def __init__(self, part: Part, layer: str, encoding: str | None) -> None:
        self._systems = _systems_of(part.path)
        super().__init__(part, layer, encoding)

    def _file(self, part: Part, encoding: str | None) -> Path:
        return _alone(part.path, self._folder(), encoding)

    def _claimed(self, system: str | None) -> Claim:
        names = sorted(self._systems)
        if system is None and len({_code(name) for name in names}) > 1:
            shown = ", ".join(names)[:200]
            raise Problem("refused", "intake.several_systems", field="file", names=shown)
        claim = super()._claimed(system)
        ordered = system is not None and all(map(_ORDERED.match, names))
        return Claim(claim.system, claim.because, False if ordered else None, claim.detail)


def layers_of(part: Part) -> list[str]:
    """The feature types in a GML. Raises Problem `unreadable_file` and `refused`."""
    import pyogrio

    with part.path.open("rb") as file:
        root = _root(file.read(1 << 16))
    if root in CITY:
        raise Problem("refused", "intake.city_model", field="file")
    with TemporaryDirectory(prefix="gridwarden-", ignore_cleanup_errors=True) as folder, gdal():
        alone = _alone(part.path, Path(folder), None)
        return [str(name) for name, _ in pyogrio.list_layers(alone)]


def _alone(path: Path, folder: Path, encoding: str | None) -> Path:
    """The file where nothing lies beside it, as UTF-8. Raises Problem for what is no whole XML."""
    alone = folder / "whole.gml"
    found = encoding_of(lambda: path.open("rb"), encoding)
    with path.open("rb") as file:
        declared = _DECLARED.match(file.read(1000).removeprefix(codecs.BOM_UTF8))
    said = letters.codec(declared[1].decode("ascii")) if declared else "utf-8"
    if found.startswith("utf-8") and said == "utf-8":
        alone.symlink_to(path.absolute())
    else:
        _copied(path, found, alone)
    _whole(alone)
    return alone


def _copied(path: Path, encoding: str, alone: Path) -> None:
    """A copy in UTF-8 that also says so."""
    try:
        with (
            path.open(encoding=encoding, newline="") as source,
            alone.open("w", encoding="utf-8") as to,
        ):
            head = source.read(1000)
            to.write(_SAID.sub(r"\1UTF-8", head, count=1))
            while text := source.read(1 << 20):
                to.write(text)
    except UnicodeDecodeError as error:
        raise Problem("unreadable_file", "intake.wrong_encoding", field="encoding") from error


def _whole(path: Path) -> None:
    """Read the XML through once: GDAL hands on no row of one that breaks off, without a word.

    Raises Problem `unreadable_file` with the line, and `refused` where entities are defined.
    """

    def declared(*_: object) -> None:
        raise Problem("refused", "phone.entities", field="file")

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = declared
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError as error:
        raise Problem(
            "unreadable_file", "intake.xml_broken", field="file", line=error.lineno
        ) from error


def _systems_of(path: Path) -> set[str]:
    """Every name of a system in the file."""
    return {
        name.decode("ascii", "replace")
        for chunk in _pieces(path)
        for name in _SYSTEM.findall(chunk)
    }


def _pieces(path: Path) -> Iterator[bytes]:
    """The file piece by piece, each beginning with the end of the one before."""
    before = b""
    for chunk in letters.chunks_of(path):
        yield before + chunk
        before = chunk[-300:]


def _code(name: str) -> str:
    found = _CODE.search(name)
    return found[1] if found else name


def _root(head: bytes) -> bytes | None:
    """The root element's name without its prefix."""
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if head.startswith(mark):
            head = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode()
    found = _ROOT.match(head.removeprefix(codecs.BOM_UTF8))
    return found[2] if found else None


def _is_gml(head: bytes, _suffix: str) -> bool:
    root = _root(head)
    if root is None or root in OTHERS:
        return False
    return NAMESPACE in head.replace(b"\x00", b"")


GML = Format("gml", (".gml",), _is_gml, Gml, layers_of)
