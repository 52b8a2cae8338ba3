"""GPX, as phones and GPS receivers send it: waypoints, tracks and routes, each a layer.

GPX 1.1 has one system by its schema, WGS 84; heights are dropped, times stay texts. Programs that
show shifted coordinates are asked about all the same, by the `creator` that they write: whether
they shift back when they export is not known for any of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from xml.sax.xmlreader import AttributesImpl

import shapely

from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Trouble, bounded, shown
from gridwarden.intake.formats.claim import DEGREES, Claim
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.kml_makers import maker_named
from gridwarden.intake.formats.rowwise import Row, batches_of
from gridwarden.intake.formats.xml_stream import (
    Gatherer,
    encoding_of,
    harvested,
    raw_bytes,
    root_of,
)

LAYERS: Final = {"wpt": "waypoints", "trk": "tracks", "rte": "routes"}
"""The elements that are rows, and the layer that each belongs to."""
POINTS: Final = {"trkpt": "trk", "rtept": "rte"}
OWN: Final = ("name", "desc", "cmt", "type", "sym", "src", "number", "time", "begin", "end", "ele")
Position = tuple[float, float]


@dataclass(slots=True)
class Thing:
    """A waypoint, a track or a route."""

    kind: str
    texts: dict[str, str] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    pieces: list[list[Position]] = field(default_factory=list)
    trouble: Trouble | None = None


class Things(Gatherer[Thing]):
    """Gathers waypoints, tracks and routes; `wanted` is the element of the one layer that is read,
    None for a first look at all of them without their points."""

    def __init__(self, wanted: str | None) -> None:
        super().__init__()
        self.creator = ""
        self._wanted = wanted
        self._thing: Thing | None = None

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        local, parent = self._into(name)
        thing = self._thing
        if local == "gpx":
            self.creator = attrs.get("creator", "")
        elif thing is None:
            if local in LAYERS and self._wanted in (None, local):
                self._thing = Thing(local)
                if local == "wpt":
                    self._thing.pieces.append([])
                    self._place(self._thing, attrs)
        elif local == "trkseg" or (local == "rtept" and not thing.pieces):
            thing.pieces.append([])
        if thing is not None and POINTS.get(local) == thing.kind:
            self._place(thing, attrs)
        elif thing is not None and self._said(thing, local, parent):
            self._text = []

    def endElement(self, name: str) -> None:  # noqa: N802
        local, parent = self._out()
        thing = self._thing
        if thing is None:
            return
        if self._text is not None:
            text, self._text = "".join(self._text).strip(), None
            if parent in POINTS:
                thing.texts.setdefault("begin", text)
                thing.texts["end"] = text
            elif parent == thing.kind:
                thing.texts[local] = text
            elif text:
                thing.more[local] = text
        elif local == thing.kind:
            self._ready.append(thing)
            self._thing = None

    def _said(self, thing: Thing, local: str, parent: str) -> bool:
        """Whether an element in a thing holds a text that is kept."""
        if parent in POINTS:
            return local == "time"
        if parent == thing.kind:
            return local in OWN
        return "extensions" in self._path[:-1] and not any(p in POINTS for p in self._path)

    def _place(self, thing: Thing, attrs: AttributesImpl) -> None:
        if self._wanted is None:
            return
        said = f"{attrs.get('lat', '')} {attrs.get('lon', '')}"
        try:
            place = float(attrs.get("lon", "")), float(attrs.get("lat", ""))
        except ValueError:
            thing.trouble = thing.trouble or Trouble("unreadable_geometry", None, shown(said))
            return
        if not thing.pieces:  # a track point outside of any segment
            thing.pieces.append([])
        thing.pieces[-1].append(place)


class Gpx:
    """One layer of a GPX."""

    kind = "gpx"

    def __init__(self, part: Part, layer: str, encoding: str | None) -> None:
        self.layer = layer
        self.notes: list[str] = []
        self._part = part
        self._wanted = next(kind for kind, name in LAYERS.items() if name == layer)
        self.encoding = encoding_of(self._open, encoding)
        look = Things(None)
        self.rows: int | None = 0
        own: set[str] = set()
        more: dict[str, None] = {}
        for ready in harvested(look, self._open, self.encoding):
            for thing in ready:
                if thing.kind == self._wanted:
                    self.rows += 1
                    own |= thing.texts.keys()
                    more |= dict.fromkeys(thing.more)
            bounded(len(own) + len(more))
        self._own = tuple(name for name in OWN if name in own)
        self._more = tuple(name for name in more if name not in self._own)
        self.fields: tuple[str, ...] = (*self._own, *self._more)
        self.claim = _claim(look.creator)

    @property
    def places(self) -> set[str]:
        """None: shapes are not fields here."""
        return set()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """The rows in order. Raises Problem `unreadable_file` when the file breaks off."""
        return batches_of(self._rows(), self.fields, size)

    def _rows(self) -> Iterator[Row]:
        number = 0
        for ready in harvested(Things(self._wanted), self._open, self.encoding):
            for thing in ready:
                number += 1
                yield self._row(number, thing)

    def _row(self, number: int, thing: Thing) -> Row:
        values: list[Any] = [thing.texts.get(name) or None for name in self._own]
        values += [thing.more.get(name) for name in self._more]
        trouble = thing.trouble or _undecoded(self.fields, values)
        if trouble is not None:
            return Row(number, values, None, trouble)
        if thing.kind == "wpt":
            return Row(number, values, shapely.Point(thing.pieces[0][0]))
        lines = [piece for piece in thing.pieces if len(piece) > 1]
        if len(lines) < sum(map(bool, thing.pieces)):
            single = f"single_points: {sum(len(piece) == 1 for piece in thing.pieces)}"
            if not lines:
                return Row(number, values, None, Trouble("no_geometry", None, single))
            return Row(number, values, _line(lines), None, single)
        return Row(number, values, _line(lines) if lines else None)

    def _open(self) -> Any:
        return self._part.path.open("rb")


def _line(lines: list[list[Position]]) -> Any:
    return shapely.LineString(lines[0]) if len(lines) == 1 else shapely.MultiLineString(lines)


def _undecoded(fields: tuple[str, ...], values: list[Any]) -> Trouble | None:
    for name, value in zip(fields, values, strict=True):
        raw = raw_bytes(value) if value and not value.isascii() else None
        if raw:
            return Trouble("undecodable_text", name, shown(raw))
    return None


def _claim(creator: str) -> Claim:
    product = maker_named(creator)
    if product:
        return Claim(DEGREES, "gpx_maker", detail=product)
    return Claim("EPSG:4326", "gpx_standard")


def layers_of(part: Part) -> list[str]:
    """The layers that have something in them; waypoints where nothing has."""
    opener = lambda: part.path.open("rb")  # noqa: E731
    there = {
        thing.kind
        for ready in harvested(Things(None), opener, encoding_of(opener, None))
        for thing in ready
    }
    return [name for kind, name in LAYERS.items() if kind in there] or ["waypoints"]


def _known(head: bytes, suffix: str) -> bool:
    return suffix == ".gpx" or root_of(head) == "gpx"


GPX: Final = Format(
    "gpx",
    (".gpx",),
    _known,
    lambda part, layer, encoding: Gpx(part, layer, encoding),
    layers_of,
)
