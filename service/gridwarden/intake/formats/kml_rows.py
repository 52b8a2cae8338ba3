"""The placemarks of a KML as they stream by: texts, fields, shapes, and what is wrong with one.

Only what a file holds itself is read: links to other files, overlays and models are counted and
left alone. Heights are dropped, as everywhere here. A placemark that makes no sense keeps its
texts and says why; the others are not touched by it.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final
from xml.sax.xmlreader import AttributesImpl

import numpy as np
import shapely
from numpy.typing import NDArray

from gridwarden.intake.formats.batch import Trouble, shown
from gridwarden.intake.formats.xml_stream import Gatherer

SHAPES: Final = frozenset(
    {"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack"}
)
OUTSIDE: Final = {
    "NetworkLink": "network_links",
    "GroundOverlay": "overlays",
    "ScreenOverlay": "overlays",
    "PhotoOverlay": "overlays",
    "Model": "models",
}
"""What points to other files; counted under the note of this name, never followed."""
STYLES: Final = frozenset({"Style", "StyleMap", "CascadingStyle", "Document", "Folder", "Schema"})
SAYS: Final = frozenset({"name", "description", "generator", "author", "Snippet"})
TEXTS: Final = frozenset({"name", "description", "address", "phoneNumber", "OvCoordType"})
TIMES: Final = frozenset({"TimeStamp", "TimeSpan"})
KEPT_IDS: Final = 200
KEPT_TEXT: Final = 4_000

Positions = NDArray[np.float64]


@dataclass(slots=True)
class Placemark:
    """One placemark. `system` is what Ovital says of its coordinates."""

    folder: str
    texts: dict[str, str] = field(default_factory=dict)
    data: dict[str, str] = field(default_factory=dict)
    parts: list[Any] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    system: str | None = None
    trouble: Trouble | None = None

    @property
    def weight(self) -> int:
        """About how many bytes it takes: its texts and its positions."""
        letters = sum(map(len, (*self.texts.values(), *self.data.values())))
        return letters + 16 * int(shapely.get_num_coordinates(self.parts).sum())

    @property
    def shape(self) -> Any | None:
        """The shapes as one: itself, a multi, or a collection."""
        return together(self.parts)


@dataclass(slots=True)
class Header:
    """What a KML says of itself before and around its placemarks: where its maker shows."""

    namespaces: set[str] = field(default_factory=set)
    says: list[str] = field(default_factory=list)
    """Name, description and author of the document; no placemark's text."""
    ids: set[str] = field(default_factory=set)
    """Identifiers of documents, folders, styles and schemas."""
    elements: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Open:
    """A shape whose end has not come yet."""

    kind: str
    positions: Positions | None = None
    shell: Positions | None = None
    holes: list[Positions] = field(default_factory=list)
    parts: list[Any] = field(default_factory=list)
    track: list[Positions] = field(default_factory=list)


class Placemarks(Gatherer[Placemark]):
    """Gathers placemarks; `shapes=False` leaves the coordinates unread, for a first look."""

    def __init__(self, shapes: bool = True) -> None:
        super().__init__()
        self.header = Header()
        self._shapes = shapes
        self._folders: list[str] = []
        self._row: Placemark | None = None
        self._open: list[_Open] = []
        self._until = 0
        self._field = ""

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        local, parent = self._into(name)
        if self._text is not None:
            return
        if self._row is not None:
            self._inside(self._row, local, parent, attrs)
        else:
            self._around(local, parent, attrs)

    def endElement(self, name: str) -> None:  # noqa: N802
        local, parent = self._out()
        if self._text is not None:
            if len(self._path) >= self._until:
                return
            text, self._text = "".join(self._text).strip(), None
            if self._row is not None:
                self._told(self._row, local, parent, text)
            else:
                self._said(local, parent, text)
        elif self._row is None:
            if local == "Folder" and self._folders:
                self._folders.pop()
        elif local == "Placemark":
            self._ready.append(self._row)
            self._row, self._open = None, []
        elif local in SHAPES and self._open:
            self._closed(self._row, self._open.pop(), parent)

    def _listen(self) -> None:
        """Take the text until the element that has just begun ends."""
        self._text, self._until = [], len(self._path)

    def _around(self, local: str, parent: str, attrs: AttributesImpl) -> None:
        header = self.header
        if local == "Placemark":
            self._row = Placemark("/".join(name for name in self._folders if name))
        elif local == "kml":
            header.namespaces = {n.partition(":")[2] for n in attrs.getNames() if ":" in n}
        elif local == "Folder":
            self._folders.append("")
        elif (local in SAYS and parent in ("Document", "kml", "Folder")) or parent == "author":
            self._listen()
        elif local in OUTSIDE:
            header.counts[OUTSIDE[local]] += 1
        if len(header.ids) < KEPT_IDS and local in STYLES:
            header.ids |= {v for k, v in attrs.items() if k.rpartition(":")[2] == "id"}
        if local == "CascadingStyle" or local.startswith("Ov"):
            header.elements.add(local)

    def _said(self, local: str, parent: str, text: str) -> None:
        if local == "name" and parent == "Folder":
            if self._folders:
                self._folders[-1] = text
        elif parent != "Folder" and text:
            self.header.says.append(text[:KEPT_TEXT])

    def _inside(self, row: Placemark, local: str, parent: str, attrs: AttributesImpl) -> None:
        if local in SHAPES:
            self._open.append(_Open(local))
        elif local in ("coordinates", "coord"):
            if self._shapes:
                self._listen()
        elif _is_text(local, parent):
            self._listen()
        elif local == "Data":
            self._field = attrs.get("name", "")
        elif local == "SimpleData" or (parent == "ExtendedData" and local != "SchemaData"):
            self._field = attrs.get("name", "") or local
            self._listen()
        elif local in OUTSIDE:
            self.header.counts[OUTSIDE[local]] += 1
        if local.startswith("Ov"):
            self.header.elements.add(local)

    def _told(self, row: Placemark, local: str, parent: str, text: str) -> None:
        if local == "coordinates" and self._open:
            self._placed(row, self._open[-1], text, ",")
        elif local == "coord" and self._open:
            self._placed(row, self._open[-1], text, " ")
        elif local == "OvCoordType":
            row.system = text
        elif local == "when" and parent == "Track":
            row.times = [row.times[0], text] if row.times else [text]
        elif parent == "Placemark" or parent in TIMES:
            row.texts[local] = text
        elif self._field:
            row.data[self._field] = text

    def _placed(self, row: Placemark, shape: _Open, text: str, between: str) -> None:
        try:
            found = positions(text, between)
        except ValueError:
            row.trouble = row.trouble or Trouble("unreadable_geometry", None, shown(text))
            return
        if between == " ":
            shape.track.append(found)
        else:
            shape.positions = found

    def _closed(self, row: Placemark, shape: _Open, parent: str) -> None:
        """A shape has ended: it becomes part of the one around it, or of the placemark."""
        around = self._open[-1] if self._open else None
        if shape.kind == "LinearRing" and around is not None and around.kind == "Polygon":
            ring = shape.positions if shape.positions is not None else np.empty((0, 2))
            if parent == "innerBoundaryIs":
                around.holes.append(ring)
            elif around.shell is None:
                around.shell = ring
            else:
                row.trouble = row.trouble or Trouble("unreadable_geometry", None, "2 × outer")
            return
        if not self._shapes or row.trouble is not None:
            return
        try:
            made = _made(shape)
        except _Wrong as wrong:
            row.trouble = Trouble(wrong.args[0], None, wrong.args[1])
            return
        if made is not None:
            (around.parts if around is not None else row.parts).append(made)


def _is_text(local: str, parent: str) -> bool:
    """Whether an element in a placemark holds a text of its own."""
    if parent == "Placemark":
        return local in TEXTS
    return parent in TIMES or (local, parent) in (("when", "Track"), ("value", "Data"))


class _Wrong(ValueError):  # noqa: N818  (becomes a Trouble)
    """Why a shape cannot be made: a reason, and what was found."""


def positions(text: str, between: str = ",") -> Positions:
    """The longitudes and latitudes of a `<coordinates>` (or, with a space, a `<gx:coord>`).

    Raises ValueError for what is not two or three numbers a position.
    """
    tuples = [text] if between == " " else text.split()
    if between == "," and any(t.endswith(",") or t.startswith(",") for t in tuples):
        # "116.39, 39.91, 0" as people type it; the standard has no space there.
        parts = [t for t in text.replace(",", " , ").split() if t]
        tuples = " ".join(parts).replace(" , ", ",").strip(" ,").split()
    flat = [t.replace(between, " ").split() for t in tuples]
    if any(len(numbers) not in (2, 3) for numbers in flat):
        raise ValueError(text[:80])
    return np.array([(float(n[0]), float(n[1])) for n in flat], dtype=float).reshape(-1, 2)


def together(parts: list[Any]) -> Any | None:
    """Shapes as one: itself, a multi of one family, or a collection."""
    if len(parts) < 2:
        return parts[0] if parts else None
    kinds = {part.geom_type for part in parts}
    single = [p for part in parts for p in shapely.get_parts(part)]
    if kinds <= {"Point", "MultiPoint"}:
        return shapely.multipoints(single)
    if kinds <= {"LineString", "MultiLineString"}:
        return shapely.multilinestrings(single)
    if kinds <= {"Polygon", "MultiPolygon"}:
        return shapely.multipolygons(single)
    return shapely.geometrycollections(parts)


def _made(shape: _Open) -> Any | None:
    if shape.kind in ("MultiGeometry", "MultiTrack"):
        return together(shape.parts)
    if shape.kind == "Polygon":
        return _polygon(shape)
    if shape.kind == "Track":
        found = np.concatenate(shape.track) if shape.track else np.empty((0, 2))
        return shapely.Point(found[0]) if len(found) == 1 else _line(found)
    found = shape.positions if shape.positions is not None else np.empty((0, 2))
    if shape.kind == "Point":
        if len(found) > 1:
            raise _Wrong("unreadable_geometry", f"Point × {len(found)}")
        return shapely.Point(found[0]) if len(found) else None
    return _line(found)


def _line(found: Positions) -> Any | None:
    if len(found) == 1:
        raise _Wrong("unreadable_geometry", "LineString × 1")
    return shapely.linestrings(found) if len(found) else None


def _polygon(shape: _Open) -> Any | None:
    if shape.shell is None or not len(shape.shell):
        return None
    rings = [shape.shell, *shape.holes]
    for ring in rings:
        if len(ring) < 3:
            raise _Wrong("unreadable_geometry", f"LinearRing × {len(ring)}")
        if np.isfinite(ring).all() and not np.array_equal(ring[0], ring[-1]):
            raise _Wrong("ring_not_closed", f"{ring[0].tolist()} {ring[-1].tolist()}")
    if min(map(len, rings)) < 4:
        raise _Wrong("unreadable_geometry", "LinearRing × 3")
    if not all(np.isfinite(ring).all() for ring in rings):
        raise _Wrong("not_finite", "NaN")
    return shapely.Polygon(rings[0], rings[1:])
