"""A place as people give it: pasted or uploaded in any way that is read, with its claim.

`place_of` reads a text, `place_of_file` a file; both give the shape in its own numbers and what it
says of whose coordinates they are. `located.py` decides that, and turns it into metres.
"""

import io
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import shapely
from shapely.geometry.base import BaseGeometry

from gridwarden.intake import outlines
from gridwarden.intake.apart import open_apart
from gridwarden.intake.area import DEPTHS, MAX_POSITIONS
from gridwarden.intake.bodies import Sent, parse_json
from gridwarden.intake.formats import point_line
from gridwarden.intake.formats.batch import Source
from gridwarden.intake.formats.claim import Claim
from gridwarden.intake.formats.crs_member import crs_claim, crs_members
from gridwarden.intake.formats.map_links import link_in, place_of_link
from gridwarden.intake.typed import is_wkt, outline, typed
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from gridwarden.words.refused import no_file, spoken

PASTED: Final = "pasted.txt"
MAX_FILE_BYTES: Final = 32 << 20
"""A file that holds one place is small; a register belongs to an import."""
UNPACKED_AT_MOST: Final = 4
LONGEST_LINE: Final = 20_000
"""Characters of a row of a pasted table."""
_NUMBERS: Final = re.compile(r"\d[^\d]+\d")


@dataclass(frozen=True)
class Place:
    """One shape of one family and its claim; `document` is GeoJSON, kept to be read strictly.

    `properties` are those of a GeoJSON feature.
    """

    claim: Claim
    shape: BaseGeometry | None = None
    document: object = None
    properties: Mapping[str, Any] = field(default_factory=dict)


def place_of(text: str, field_name: str, settings: Settings) -> Place:
    """The place of a pasted text: GeoJSON, typed positions, WKT, a link, KML, or a table.

    Raises Problem, naming `field_name`.
    """
    plain = text.strip().removeprefix("\ufeff").strip()
    if plain.startswith("{"):
        return of_geojson(parse_json(plain, field_name), field_name)
    found = typed(plain)
    if found is not None:
        return Place(found.claim, together(list(found.shapes), field_name))
    linked = None if plain.startswith("<") else _linked(plain, field_name)
    if linked is not None:
        return linked
    if not plain.startswith("<") and (is_wkt(plain) or not _may_be_table(plain)):
        raise _nothing(field_name)
    return _read(plain.encode("utf-8", "replace"), PASTED, field_name, settings, None, pasted=True)


def _may_be_table(text: str) -> bool:
    """Whether a pasted text holds numbers, and no line that no table has."""
    return bool(_NUMBERS.search(text)) and max(map(len, text.splitlines())) <= LONGEST_LINE


def _linked(text: str, field_name: str) -> Place | None:
    """The marked place of the one map link in a text; None without a link, or with several."""
    lines = [line for line in text.splitlines()[:MAX_POSITIONS] if link_in(line)]
    if len(lines) != 1:
        return None
    found = place_of_link(lines[0], field_name)
    if found is None:
        return None
    if not found.marked:
        raise Problem("invalid_geometry", "places.problem.no_marker", field=field_name)
    return Place(found.claim, shapely.Point(found.lon, found.lat))


def place_of_file(
    body: bytes, name: str, field_name: str, settings: Settings, layer: str | None = None
) -> Place:
    """The place of an uploaded file; `layer` chooses where the file holds several.

    Raises Problem, naming `field_name` (or `from_layer`).
    """
    if len(body) > MAX_FILE_BYTES:
        raise Problem("too_large", "intake.too_large", field=field_name, mb=MAX_FILE_BYTES >> 20)
    if not body.strip():
        raise Problem("missing_value", "places.problem.empty", field=field_name)
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        text = ""
    if text.startswith("{"):
        return of_geojson(parse_json(text, field_name), field_name)
    suffix = Path(name).suffix.lower()
    if text and suffix in (".geojson", ".json"):
        raise _nothing(field_name)
    if text and suffix in ("", ".txt", ".wkt", ".csv", ".tsv"):
        found = typed(text)
        if found is not None:
            return Place(found.claim, together(list(found.shapes), field_name))
    return _read(body, Path(name).name or PASTED, field_name, settings, layer)


def place_of_form(
    values: Mapping[str, str], sent: Sent | None, field_name: str, missing: str, settings: Settings
) -> Place:
    """The place of a form: of the file, where one was chosen, else of the text of `field_name`.

    Raises Problem, `missing` (a key of words) where there is neither.
    """
    if sent is not None:
        layer = values.get("from_layer", "").strip() or None
        return place_of_file(sent.body, sent.name, field_name, settings, layer)
    text = values.get(field_name, "").strip()
    if not text:
        raise Problem("missing_value", missing, field=field_name)
    return place_of(text, field_name, settings)


def read_place(path: Path, field_name: str, settings: Settings, layer: str | None = None) -> Place:
    """The place of a file of this machine, of a Shapefile with its parts, or of `-`, stdin.

    Raises Problem, naming `field_name`.
    """
    from gridwarden.intake.formats.files import with_siblings  # and every format with it

    limit = MAX_FILE_BYTES + 1
    if str(path) == "-":
        body = sys.stdin.buffer.read(limit)
        return place_of_file(body, PASTED, field_name, settings, layer)
    try:
        parts = with_siblings(path)
        if len(parts) > 1:
            return place_of_file(_zipped(parts), f"{path.stem}.zip", field_name, settings, layer)
        with path.open("rb") as file:
            return place_of_file(file.read(limit), path.name, field_name, settings, layer)
    except OSError as error:
        raise Problem("unreadable_file", no_file(error, spoken()), field=field_name) from None


def _zipped(parts: list[Path]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for part in parts:
            archive.write(part, part.name)
    return made.getvalue()


def of_geojson(document: object, field_name: str) -> Place:
    """GeoJSON: longitude and latitude of WGS 84 by its standard, or what its `crs` member says.

    Several features of one family become one multi-part geometry. Raises Problem.
    """
    features = _features(document)
    properties: Mapping[str, Any] = {}
    if len(features) == 1 and isinstance(features[0].get("properties"), Mapping):
        properties = features[0]["properties"]
    given: object = document
    if len(features) > 1:
        joined: dict[str, Any] = _joined([f.get("geometry") for f in features], field_name)
        members = crs_members(document)
        if members:
            joined["crs"] = members[0] if len(members) == 1 else members
        given = joined
    return Place(crs_claim(document), None, given, properties)


def _features(document: object) -> list[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        return []
    if document.get("type") == "Feature":
        return [document]
    features = document.get("features")
    if document.get("type") != "FeatureCollection" or not isinstance(features, list):
        return []
    return [one for one in features if isinstance(one, Mapping)]


def _joined(geometries: list[Any], field_name: str) -> dict[str, Any]:
    """One Multi geometry of GeoJSON geometries; what is wrong within them is found later."""
    kinds: dict[str, int] = {}
    parts: list[Any] = []
    for one in geometries:
        kind = one.get("type") if isinstance(one, Mapping) else None
        if not isinstance(kind, str) or kind not in DEPTHS:
            raise Problem(
                "invalid_geometry", "areas.problem.kind", field=field_name, found=str(kind)[:60]
            )
        single = kind.removeprefix("Multi")
        kinds[single] = kinds.get(single, 0) + 1
        coordinates = one.get("coordinates")
        parts += coordinates if kind != single and isinstance(coordinates, list) else [coordinates]
    if len(kinds) > 1:
        raise _mixed(kinds, field_name)
    return {"type": f"Multi{next(iter(kinds))}", "coordinates": parts}


def _read(
    body: bytes,
    name: str,
    field_name: str,
    settings: Settings,
    layer: str | None,
    *,
    pasted: bool = False,
) -> Place:
    """The place of bytes that a reader understands, in a process of its own."""
    settings.files.mkdir(parents=True, mode=0o700, exist_ok=True)
    # what a process that died has left is swept by this name
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=settings.files) as folder:
        room = Path(folder)
        path = room / f"source{Path(name).suffix.lower()[:12]}"
        path.write_bytes(body)
        limit = min(MAX_FILE_BYTES, settings.upload_mb << 20) * UNPACKED_AT_MOST
        try:
            with open_apart(path, name, room, limit, from_layer=layer) as source:
                return _of_source(source, field_name)
        except Problem as problem:
            if (
                pasted
                and problem.kind in ("refused", "unreadable_file")
                and problem.field == "file"
            ):
                raise _nothing(field_name) from None
            if problem.field == "file":
                problem.field = field_name
            raise


def _of_source(source: Source, field_name: str) -> Place:
    """The shapes of a small file as one shape. A list of positions is read as a typed one is."""
    holes = outlines.is_of_holes(source)
    listed = source.kind in outlines.TABLES and not holes
    corners = outlines.Columns.of(source.fields) if listed else None
    reader = source
    if point_line.is_of_both(source):
        reader, corners = point_line.OneTable(source), None
    elif corners and (corners.plot or corners.ring or outlines.is_of_corners(source)):
        reader = outlines.Outlines(source)
    every = corners is not None and reader is source
    shapes, wrong, positions = outlines.all_shapes(reader, MAX_POSITIONS, every=every)
    if wrong is not None:
        row, trouble = wrong
        value = trouble.value or trouble.column or "–"
        raise Problem(
            "invalid_geometry", "places.problem.row", field=field_name, row=row, value=value
        )
    if positions > MAX_POSITIONS:
        raise Problem(
            "invalid_geometry", "areas.problem.too_many", field=field_name, limit=MAX_POSITIONS
        )
    if not len(shapes):
        raise _nothing(field_name)
    if corners and (shapely.get_type_id(shapes) == 0).all():
        places = [(float(x), float(y)) for x, y in shapely.get_coordinates(shapes)]
        return Place(source.claim, outline(places))
    return Place(source.claim, together(list(shapes), field_name))


def together(shapes: list[BaseGeometry], field_name: str) -> BaseGeometry:
    """Several shapes of one family as one. Raises Problem for shapes of several families."""
    parts: list[BaseGeometry] = [
        part
        for shape in shapes
        for part in shapely.get_parts(shapely.get_parts(shapely.force_2d(shape)))
        if not part.is_empty
    ]
    kinds: dict[str, int] = {}
    for part in parts:
        kind = "LineString" if part.geom_type == "LinearRing" else part.geom_type
        kinds[kind] = kinds.get(kind, 0) + 1
    if not parts:
        raise _nothing(field_name)
    if len(kinds) > 1 or next(iter(kinds)) not in _MULTI:
        raise _mixed(kinds, field_name)
    if len(parts) == 1:
        return parts[0]
    made: BaseGeometry = _MULTI[next(iter(kinds))](parts)
    if not made.is_valid and all(part.is_valid for part in parts):
        made = shapely.union_all(parts)  # parts that overlap cover the same ground once
    return made


_MULTI: Final[Mapping[str, Callable[..., BaseGeometry]]] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}


def _mixed(kinds: Mapping[str, int], field_name: str) -> Problem:
    found = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
    return Problem("invalid_geometry", "places.problem.mixed", field=field_name, found=found)


def _nothing(field_name: str) -> Problem:
    return Problem("invalid_geometry", "areas.problem.not_geojson", field=field_name)
