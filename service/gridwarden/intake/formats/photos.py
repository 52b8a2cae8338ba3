"""Photos whose camera wrote down where it stood: one JPEG or HEIC, or a zip of them; points.

EXIF has a tag for the datum, and phones leave it out more often than not. The standard names none
for that case, some Chinese camera programs write GCJ-02, and no photo says which program wrote it:
so a photo without datum is asked about, once per sender, and not taken for WGS 84. Of a phone's
position that does not state its error ± 10 m is assumed: the usual 1 m would be far too little.
"""

import io
import logging
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import exifread
import shapely
from exifread.core.heic import Box

from gridwarden.intake.formats.batch import ROWS_A_BATCH, Batch, Trouble, shown
from gridwarden.intake.formats.claim import DEGREES, Claim
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.kml import BROKEN
from gridwarden.intake.formats.kml_makers import same_place
from gridwarden.intake.formats.rowwise import Row, batches_of
from gridwarden.words.problems import Problem

SUFFIXES: Final = (".jpg", ".jpeg", ".heic", ".heif")
ASSUMED_M: Final = 10.0
"""Metres, 95 %: a phone's position that does not state its own error."""
MOST: Final = 2_000
READ: Final = {"jpeg": 2 << 20, "heic": 48 << 20}
"""Bytes of a photo that are read: a JPEG has its EXIF in front, a HEIC anywhere."""
READS: Final = 100_000
"""Reads after which a photo leads in circles."""
FIELDS: Final = (
    "name",
    "taken_at",
    "direction_deg",
    "altitude_m",
    "accuracy_m",
    "make",
    "model",
)
DATUMS: Final = {
    "WGS84": "EPSG:4326",
    "CGCS2000": "EPSG:4490",
    "GCJ02": "gcj02",
    "BD09": "bd09",
}
_HEIC: Final = re.compile(rb"....ftyp(?:heic|heix|hevc|mif1|msf1|heim|heis)", re.S)
_JPEG: Final = b"\xff\xd8\xff"
_TAKEN: Final = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
_ERROR: Final = ("GPS GPSHPositioningError", "GPS Tag 0x001F")

Tags = Mapping[str, Any]
logging.getLogger("exifread").setLevel(logging.CRITICAL)


class Photos:
    """The photos of a file, in the order of the archive."""

    kind = "photos"

    def __init__(self, part: Part) -> None:
        self.layer = part.name
        self.encoding = "utf-8"
        self.fields: tuple[str, ...] = FIELDS
        self.notes: list[str] = []
        self._path, self._name = part.path, f"{part.name}{part.path.suffix}"
        self._album = zipfile.is_zipfile(part.path)
        self.rows: int | None = 0
        datums: Counter[str] = Counter()
        assumed = 0
        for _, tags in self._photos():
            self.rows += 1
            if tags and _position(tags) is not None:
                datums[_text(tags, "GPS GPSMapDatum") or ""] += 1
                assumed += _accuracy(tags) is None
        self._datum = datums.most_common(1)[0][0] if datums else ""
        system = _system(self._datum)
        because = "photo_datum" if system else "photo_no_datum"
        self.claim = Claim(system or DEGREES, because, detail=self._datum)
        if assumed:
            self.notes.append(f"photo_accuracy:{assumed}")

    @property
    def places(self) -> set[str]:
        """None: the position is no field here."""
        return set()

    def batches(self, size: int = ROWS_A_BATCH) -> Iterator[Batch]:
        """A row a photo."""
        numbered = enumerate(self._photos(), 1)
        return batches_of((self._row(n, name, t) for n, (name, t) in numbered), self.fields, size)

    def _row(self, number: int, name: str, tags: Tags | None) -> Row:
        if tags is None:
            return Row(number, _values(name, {}), None, Trouble("unreadable_photo", "name", name))
        values = _values(name, tags)
        at = _position(tags)
        if at is None:
            return Row(number, values, None, Trouble("no_position", "name", name))
        datum = _text(tags, "GPS GPSMapDatum") or ""
        trouble = None
        if datum != self._datum and not same_place(_system(datum) or datum, self.claim.system):
            trouble = Trouble("other_coordinates", "GPSMapDatum", shown(datum or "-"))
        return Row(number, values, shapely.Point(at), trouble)

    def _photos(self) -> Iterator[tuple[str, Tags | None]]:
        if not self._album:
            with self._path.open("rb") as file:
                yield self._name, _tags(file.read(READ["heic"]))
            return
        with zipfile.ZipFile(self._path) as archive:
            for member in photos_in(archive):
                try:
                    with archive.open(member) as file:
                        data = file.read(READ["jpeg"])
                        if not data.startswith(_JPEG):
                            data += file.read(READ["heic"] - len(data))
                except BROKEN:
                    data = b""
                yield PurePosixPath(member.filename).name, _tags(data)


@dataclass(frozen=True, slots=True)
class Shot:
    """What a camera wrote of one photo: longitude and latitude in `system` (None: it names none),
    its error in metres, the time in ISO 8601 with the offset where it has one."""

    position: tuple[float, float] | None
    system: str | None
    accuracy_m: float
    taken_at: str | None


def shot_of(data: bytes) -> Shot | None:
    """The same of a photo in memory; None for what is no photo."""
    tags = _tags(data)
    if tags is None:
        return None
    error = _accuracy(tags)
    system = _system(_text(tags, "GPS GPSMapDatum") or "")
    return Shot(_position(tags), system, error if error is not None else ASSUMED_M, _taken_at(tags))


def is_album(path: Path, others: Collection[str]) -> bool:
    """Whether a zip holds photos and nothing else that can be read (`others`: its suffixes)."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(n).suffix.lower() for n in archive.namelist()]
            return any(s in SUFFIXES for s in names) and not any(s in others for s in names)
    except BROKEN:
        return False


def photos_in(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The photos of an archive. Raises Problem `refused` for more than anybody looks through."""
    found = [
        m
        for m in archive.infolist()
        if PurePosixPath(m.filename).suffix.lower() in SUFFIXES
        and not PurePosixPath(m.filename).name.startswith("._")
    ]
    if len(found) > MOST:
        raise Problem("refused", "intake.too_many_members", field="file", n=MOST)
    return found


class _Bounded(io.BytesIO):
    """Bytes that may be read so many times: a box that points to itself is read for ever."""

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > READS:
            raise EOFError
        return super().read(size)


def _tags(data: bytes) -> Tags | None:
    """The EXIF of a photo, empty where there is none; None for what is no photo."""
    if not (data.startswith(_JPEG) or _HEIC.match(data)):
        return None
    # The library keeps the boxes of a HEIC on the class: the last photo's would speak for this.
    Box.subs.clear()
    try:
        return exifread.process_file(_Bounded(data), details=False, extract_thumbnail=False)
    except Exception:  # whatever a hostile photo makes the library do, it is that photo's trouble
        return None


def _values(name: str, tags: Tags) -> tuple[Any, ...]:
    error = _accuracy(tags)
    return (
        name,
        _taken_at(tags),
        _number(tags, "GPS GPSImgDirection"),
        _altitude(tags),
        error if error is not None else ASSUMED_M,
        _text(tags, "Image Make"),
        _text(tags, "Image Model"),
    )


def _position(tags: Tags) -> tuple[float, float] | None:
    """Longitude and latitude; None where there is none, or the 0, 0 of a phone without a fix."""
    lat = _degrees(tags, "GPS GPSLatitude", "S")
    lon = _degrees(tags, "GPS GPSLongitude", "W")
    if lat is None or lon is None or (lat == 0 and lon == 0):
        return None
    return lon, lat


def _degrees(tags: Tags, name: str, negative: str) -> float | None:
    numbers = _numbers(tags, name)
    if not numbers or len(numbers) > 3:
        return None
    found = sum(value / 60.0**i for i, value in enumerate(numbers))
    side = (_text(tags, f"{name}Ref") or "").upper()[:1]
    return -found if side == negative else found


def _altitude(tags: Tags) -> float | None:
    """Metres above the sea, below where the reference says so."""
    found = _number(tags, "GPS GPSAltitude")
    below = _numbers(tags, "GPS GPSAltitudeRef") == [1.0]
    return -found if found is not None and below else found


def _accuracy(tags: Tags) -> float | None:
    """What the phone says of its own error, metres; None where it says nothing or 0."""
    found = next((v for name in _ERROR if (v := _number(tags, name)) is not None), None)
    return found if found else None


def _taken_at(tags: Tags) -> str | None:
    """ISO 8601, with the offset where the camera wrote it."""
    for kind in ("Original", "Digitized"):
        found = _TAKEN.match(_text(tags, f"EXIF DateTime{kind}") or "")
        if found:
            offset = _text(tags, f"EXIF OffsetTime{kind}") or ""
            kept = offset if re.fullmatch(r"[+-]\d\d:\d\d", offset) else ""
            return f"{found[1]}-{found[2]}-{found[3]}T{found[4]}{kept}"
    return None


def _number(tags: Tags, name: str) -> float | None:
    numbers = _numbers(tags, name)
    return round(numbers[0], 4) if numbers and len(numbers) == 1 else None


def _numbers(tags: Tags, name: str) -> list[float] | None:
    """The values of a tag; None where it is missing or holds 0/0."""
    values = getattr(tags.get(name), "values", None)
    if not isinstance(values, list) or not values:
        return None
    try:
        return [float(v) for v in values]
    except (ZeroDivisionError, TypeError, ValueError, OverflowError):
        return None


def _text(tags: Tags, name: str) -> str | None:
    found = tags.get(name)
    return (str(found.values).replace("\x00", "").strip()[:200] or None) if found else None


def _system(datum: str) -> str | None:
    return DATUMS.get(re.sub(r"[-_\s]", "", datum).upper())


def _is_photo(head: bytes, suffix: str) -> bool:
    return head.startswith(_JPEG) or bool(_HEIC.match(head))


PHOTOS: Final = Format("photos", (), _is_photo, lambda part, layer, encoding: Photos(part))
