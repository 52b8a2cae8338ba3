"""KML, KMZ, and Ovital's `.ovkml` and `.ovkmz`.

An `.ovkml` is KML with elements of Ovital's own (`OvAttr`, `OvStyle`…); an `.ovkmz` is the KMZ of
it. Ovital 9.3 and later write no plain `.kml` any more. What is certain, from Ovital's help and
from published files: the order is longitude, latitude, height as in KML; placemarks of later
versions (10.x seen) name their system in `<OvCoordType>`, `GCJ-02` or `CGCS2000` or `WGS84`. Since
when that element is written is not known: an `.ovkml` without it is taken for GCJ-02, which 9.3
introduced together with the suffix. Renaming to `.kml` is common advice, so the elements count,
not the suffix.

The file is read twice as it streams by: once for its fields and marks, once for its rows.
"""

import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Shapes, Trouble, bounded, shown
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.kml_makers import claim_of, same_place, system_of
from gridwarden.intake.formats.kml_pieces import is_whole, pieces
from gridwarden.intake.formats.kml_rows import Placemark, Placemarks
from gridwarden.intake.formats.kml_tables import fields_of
from gridwarden.intake.formats.xml_stream import (
    Opener,
    encoding_of,
    harvested,
    raw_bytes,
    root_of,
    texts,
)
from gridwarden.words.problems import Problem

OWN: Final = (
    "name",
    "description",
    "folder",
    "when",
    "begin",
    "end",
    "address",
    "phoneNumber",
)
FULL: Final = 32 << 20
"""About how many bytes of texts and positions make a batch full, however few its rows."""
UNPACKED: Final = 1 << 29
"""Bytes that the document of a KMZ may unpack to: 10^6 placemarks are about half of it."""
SAMPLED: Final = 3
"""Descriptions in which a maker's template is looked for."""
BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
)
"""What Python's reader makes of archives that are damaged, encrypted or packed in odd ways."""
ARCHIVE: Final = b"PK\x03\x04"
_COMMENT: Final = re.compile(r"<!--(.{0,4000}?)-->", re.S)


class Kml:
    """One KML document."""

    def __init__(self, part: Part, opener: Opener, layer: str, encoding: str | None) -> None:
        self.kind: str = part.kind
        self.layer = layer
        self.notes: list[str] = []
        self._opener = opener
        self.encoding = encoding_of(opener, encoding)
        self._pieces = False
        look = Placemarks(shapes=False)
        seen = self._looked_through(look)
        self.rows: int | None = seen.rows
        self._own = tuple(name for name in OWN if name in seen.own)
        self._more = {name: _free(name, self._own, seen.more) for name in seen.more}
        self.fields: tuple[str, ...] = (*self._own, *self._more.values())
        types = [name for name, _ in seen.types.most_common()]
        self._type = types[0] if types else None
        suffix = part.path.suffix.lower()
        self.claim: Claim = claim_of(look.header, self._comments(), seen.tables, suffix, types)
        self.notes += [f"{note}:{n}" for note, n in sorted(look.header.counts.items())]

    @property
    def places(self) -> set[str]:
        """None: shapes are not fields here."""
        return set()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The placemarks in order. Raises Problem `unreadable_file` when the file breaks off."""
        first = 1
        held: list[Placemark] = []
        weight = 0
        for ready in self._placemarks(shapes=True):
            for placemark in ready:
                held.append(placemark)
                weight += placemark.weight
                if len(held) == size or weight >= FULL:
                    yield self._batch(first, held)
                    first, held, weight = first + len(held), [], 0
        if held:
            yield self._batch(first, held)

    def _batch(self, first: int, held: list[Placemark]) -> Batch:
        columns: dict[str, list[Any]] = {name: [None] * len(held) for name in self.fields}
        shapes: Shapes = np.full(len(held), None, dtype=object)
        troubles: dict[int, Trouble] = {}
        for i, placemark in enumerate(held):
            own, more = _values(placemark)
            for name, value in own.items():
                columns[name][i] = value or None
            for name, value in more.items():
                columns[self._more[name]][i] = value or None
            shapes[i] = placemark.shape
            trouble = placemark.trouble or self._trouble(placemark, own | more)
            if trouble is not None:
                troubles[i] = trouble
        return Batch(first, len(held), columns, shapes, troubles)

    def _trouble(self, placemark: Placemark, values: dict[str, str]) -> Trouble | None:
        """A system other than the file's, or bytes that are no letters."""
        said = placemark.system
        if self._type is not None and said != self._type:
            found = system_of(said)
            if found is None or not same_place(found, self.claim.system):
                return Trouble("other_coordinates", "OvCoordType", said)
        for name, value in values.items():
            raw = None if value.isascii() else raw_bytes(value)
            if raw:
                return Trouble("undecodable_text", name, shown(raw))
        return None

    def _placemarks(self, shapes: bool) -> Iterator[list[Placemark]]:
        if self._pieces:
            return pieces(self._opener, self.encoding, shapes)
        return harvested(Placemarks(shapes), self._opener, self.encoding)

    def _looked_through(self, look: Placemarks) -> "_Seen":
        """The first reading. What is not well-formed, but goes to its end, is read by pieces.

        Raises Problem `unreadable_file` for a file that is cut off.
        """
        try:
            return _Seen().of(harvested(look, self._opener, self.encoding))
        except Problem as broken:
            line = broken.params.get("line")
            if not line or not is_whole(self._opener, self.encoding):
                raise
            self._pieces = True
            self.notes.append(f"broken_xml:{line}")
        return _Seen().of(self._placemarks(shapes=False))

    def _comments(self) -> list[str]:
        head = next(texts(self._opener, self.encoding), "")
        return _COMMENT.findall(re.split(r"<(?:\w+:)?Placemark\b", head, maxsplit=1)[0])


@dataclass
class _Seen:
    """What a first reading found: fields of ours and of the file's, systems, some HTML."""

    rows: int = 0
    own: set[str] = field(default_factory=set)
    more: dict[str, None] = field(default_factory=dict)
    types: Counter[str] = field(default_factory=Counter)
    tables: str = ""

    def of(self, portions: Iterator[list[Placemark]]) -> "_Seen":
        """Gathered from all placemarks. Raises Problem `refused` for too many fields."""
        for ready in portions:
            for placemark in ready:
                self.rows += 1
                own, more = _values(placemark)
                self.own |= own.keys()
                self.more |= dict.fromkeys(more)
                if placemark.system:
                    self.types[placemark.system[:40]] += 1
                if self.rows <= SAMPLED:
                    self.tables += placemark.texts.get("description", "")[:2_000]
            bounded(len(self.own) + len(self.more))
        return self


def _values(placemark: Placemark) -> tuple[dict[str, str], dict[str, str]]:
    """The values of our own fields, and of the file's."""
    own = {name: text for name, text in placemark.texts.items() if text}
    more = dict(placemark.data)
    table, rest = fields_of(own.get("description", ""))
    if table:
        more = {**table, **more}
        own["description"] = rest
    if placemark.folder:
        own["folder"] = placemark.folder
    if placemark.times:
        own.setdefault("begin", placemark.times[0])
        own.setdefault("end", placemark.times[-1])
    return {name: text for name, text in own.items() if text}, more


def _free(name: str, own: tuple[str, ...], more: dict[str, None]) -> str:
    """A field's name that is not one of ours, so that no column is lost."""
    free, n = name, 2
    while free in own or (free != name and free in more):
        free, n = f"{name}_{n}", n + 1
    return free


def _opened(part: Part, layer: str, encoding: str | None) -> Kml:
    return Kml(part, lambda: part.path.open("rb"), layer, encoding)


def _unzipped(part: Part, layer: str, encoding: str | None) -> Kml:
    member, others = _document(part.path)
    source = Kml(part, lambda: _member(part.path, member), layer, encoding)
    if others:
        source.notes.append(f"other_documents:{others}")
    return source


def _document(path: Path) -> tuple[str, int]:
    """The document of a KMZ (`doc.kml`, else the first), and how many others there are."""
    with _archive(path) as archive:
        names = [n for n in archive.namelist() if n.lower().endswith((".kml", ".ovkml"))]
    names = [n for n in names if not n.rpartition("/")[2].startswith(".")]
    if not names:
        raise Problem("unreadable_file", "phone.no_document", field="file")
    return next((n for n in names if n.lower() == "doc.kml"), names[0]), len(names) - 1


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except BROKEN as error:
        raise Problem("unreadable_file", "intake.bad_archive", field="file") from error


def _member(path: Path, name: str) -> IO[bytes]:
    with _archive(path) as archive:
        try:
            return _Measured(archive.open(name))  # type: ignore[return-value]
        except (*BROKEN, KeyError) as error:
            raise Problem("unreadable_file", "intake.bad_archive", field="file") from error


class _Measured:
    """A member of an archive, counted as it comes out, whatever the archive's index says."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = UNPACKED

    def read(self, size: int) -> bytes:
        try:
            data = self._file.read(size)
        except BROKEN as error:
            raise Problem("unreadable_file", "intake.bad_archive", field="file") from error
        self._left -= len(data)
        if self._left < 0:
            raise Problem("too_large", "intake.archive_too_large", field="file")
        return data

    def __enter__(self) -> "_Measured":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _known(head: bytes, suffix: str) -> bool:
    if head.startswith(ARCHIVE):
        return False
    return suffix in (".kml", ".ovkml") or root_of(head) == "kml"


KML: Final = Format("kml", (".kml", ".ovkml"), _known, _opened)
KMZ: Final = Format(
    "kmz",
    (".kmz", ".ovkmz"),
    lambda head, suffix: suffix in (".kmz", ".ovkmz") and head.startswith(ARCHIVE),
    _unzipped,
)
