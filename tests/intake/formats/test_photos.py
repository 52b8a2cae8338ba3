"""Photos with a position: what the camera wrote, whose coordinates, and what it left out."""

import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gridwarden.intake.formats import photos
from gridwarden.intake.formats.source import open_source

Tag = tuple[int, int, Any]
ASCII, SHORT, LONG, RATIO, BYTE = 2, 3, 4, 5, 1


def _value(kind: int, value: Any) -> tuple[int, bytes]:
    if kind == ASCII:
        raw = value.encode("utf-8") + b"\0"
        return len(raw), raw
    if kind == RATIO:
        return len(value), b"".join(struct.pack("<LL", *one) for one in value)
    return 1, {SHORT: struct.pack("<H", value), LONG: struct.pack("<L", value)}.get(
        kind, bytes([value & 255])
    )


def _directory(tags: list[Tag], at: int) -> bytes:
    """A TIFF directory that begins at `at`, with its values behind it."""
    out, behind = struct.pack("<H", len(tags)), b""
    end = at + 2 + 12 * len(tags) + 4
    for tag, kind, value in sorted(tags, key=lambda one: one[0]):
        count, raw = _value(kind, value)
        if len(raw) > 4:
            field, behind = struct.pack("<L", end + len(behind)), behind + raw
        else:
            field = raw.ljust(4, b"\0")
        out += struct.pack("<HHL", tag, kind, count) + field
    return out + struct.pack("<L", 0) + behind


def tiff(gps: list[Tag], exif: list[Tag], image: list[Tag]) -> bytes:
    exif_at = 8 + len(_directory([*image, (0x8769, LONG, 0), (0x8825, LONG, 0)], 8))
    gps_at = exif_at + len(_directory(exif, exif_at))
    main = _directory([*image, (0x8769, LONG, exif_at), (0x8825, LONG, gps_at)], 8)
    return b"II*\0\x08\0\0\0" + main + _directory(exif, exif_at) + _directory(gps, gps_at)


def dms(value: float) -> list[tuple[int, int]]:
    whole = round(value * 3600 * 10_000)
    return [(whole // 36_000_000, 1), (whole // 600_000 % 60, 1), (whole % 600_000, 10_000)]


def gps(lon: float = 114.3, lat: float = 30.5, **more: Tag) -> list[Tag]:
    at: list[Tag] = [
        (1, ASCII, "N" if lat >= 0 else "S"),
        (2, RATIO, dms(abs(lat))),
        (3, ASCII, "E" if lon >= 0 else "W"),
        (4, RATIO, dms(abs(lon))),
    ]
    return [*at, *more.values()]


WGS: Tag = (0x12, ASCII, "WGS-84")
PHONE: list[Tag] = [(0x10F, ASCII, "HUAWEI"), (0x110, ASCII, "P60")]
TAKEN: list[Tag] = [(0x9003, ASCII, "2026:11:20 17:03:05"), (0x9011, ASCII, "+08:00")]


def jpeg(
    where: list[Tag] | None, exif: list[Tag] | None = None, image: list[Tag] | None = None
) -> bytes:
    if where is None:
        return b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9"
    body = b"Exif\0\0" + tiff(where, TAKEN if exif is None else exif, image or PHONE)
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(body) + 2) + body + b"\xff\xd9"


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">L", len(body) + 8) + name + body


def heic(where: list[Tag], listed: bool = True) -> bytes:
    """A HEIC of nothing but EXIF; not `listed`, nothing in it says where that is."""
    item = tiff(where, TAKEN, PHONE)
    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    infe = box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 1, 0) + b"Exif\0")
    iinf = box(b"iinf", b"\0\0\0\0" + struct.pack(">H", 1) + infe)

    def meta(at: int) -> bytes:
        extent = struct.pack(">HHHLL", 1, 0, 1, at, len(item) + 10)
        iloc = box(b"iloc", b"\0\0\0\0" + b"\x44\x00" + struct.pack(">H", 1) + extent)
        return box(b"meta", b"\0\0\0\0" + (iinf if listed else b"") + iloc)

    at = len(head) + len(meta(0)) + 8
    return head + meta(at) + box(b"mdat", struct.pack(">L", 6) + b"Exif\0\0" + item)


def opened(folder: Path, data: bytes, name: str) -> Any:
    made = folder / name
    made.write_bytes(data)
    room = folder / "room"
    room.mkdir(exist_ok=True)
    return open_source(made, name, room, 50 << 20)


def album(folder: Path, members: dict[str, bytes], name: str = "照片.zip") -> Any:
    with zipfile.ZipFile(folder / "made", "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return opened(folder, (folder / "made").read_bytes(), name)


@pytest.mark.parametrize("kind", ["jpeg", "heic"])
def test_a_photo_is_a_point_with_what_the_camera_wrote(tmp_path: Path, kind: str) -> None:
    where = gps(
        datum=WGS,
        above=(5, BYTE, 1),
        height=(6, RATIO, [(125, 10)]),
        looks=(0x11, RATIO, [(2705, 10)]),
        error=(0x1F, RATIO, [(48, 10)]),
    )
    made = jpeg(where) if kind == "jpeg" else heic(where)
    source = opened(tmp_path, made, "IMG_1.jpg" if kind == "jpeg" else "IMG_1.heic")
    assert (source.kind, source.rows, source.notes) == ("photos", 1, [])
    assert (source.claim.system, source.claim.because) == ("EPSG:4326", "photo_datum")
    (batch,) = source.batches()
    assert {name: values[0] for name, values in batch.columns.items()} == {
        "name": f"IMG_1.{'jpg' if kind == 'jpeg' else 'heic'}",
        "taken_at": "2026-11-20T17:03:05+08:00",
        "direction_deg": 270.5,
        "altitude_m": -12.5,
        "accuracy_m": 4.8,
        "make": "HUAWEI",
        "model": "P60",
    }
    assert (batch.shapes[0].x, batch.shapes[0].y) == pytest.approx((114.3, 30.5), abs=1e-8)


def test_an_album_is_a_layer_and_what_lacks_a_place_says_so(tmp_path: Path) -> None:
    source = album(
        tmp_path,
        {
            "a/甲.jpg": jpeg(gps(), exif=[(0x9003, ASCII, "2026:11:20 17:03:05")]),
            "a/乙.JPG": jpeg(gps(-70.5, -33.25)),
            "无.jpg": jpeg(None),
            "零.jpg": jpeg(gps(0, 0)),
            "坏.jpg": b"\xff\xd8\xff\xe1\x00\x20Exif\0\0II*\0\xff\xff\xff\xff",
            "假.jpg": b"<html>",
            "除零.jpg": jpeg([*gps()[:3], (4, RATIO, [(1, 0), (0, 0), (0, 0)])]),
            "__MACOSX/._甲.jpg": b"x",
            "说明.docx": b"x",
        },
    )
    assert (source.layer, source.rows) == ("照片", 7)
    assert (source.claim.system, source.claim.because) == ("degrees", "photo_no_datum")
    assert source.notes == ["photo_accuracy:2"]
    (batch,) = source.batches()
    assert {i: t.reason for i, t in batch.troubles.items()} == {
        2: "no_position",
        3: "no_position",
        4: "no_position",
        5: "unreadable_photo",
        6: "no_position",
    }
    assert (batch.shapes[1].x, batch.shapes[1].y) == (-70.5, -33.25)
    assert batch.columns["name"][:2] == ["甲.jpg", "乙.JPG"]
    assert batch.columns["taken_at"][:2] == ["2026-11-20T17:03:05", "2026-11-20T17:03:05+08:00"]
    assert batch.columns["accuracy_m"][0] == 10.0


def test_photos_of_another_datum_than_most_are_left_out_with_a_reason(tmp_path: Path) -> None:
    gcj: Tag = (0x12, ASCII, "GCJ-02")
    datums = {"1": WGS, "2": gcj, "3": (0x12, ASCII, "WGS84"), "4": WGS}
    members = {f"{n}.jpg": jpeg(gps(datum=datum)) for n, datum in datums.items()}
    source = album(tmp_path, members | {"5.jpg": jpeg(gps())})
    assert source.claim.system == "EPSG:4326"
    (batch,) = source.batches()
    assert {i: (t.reason, t.value) for i, t in batch.troubles.items()} == {
        1: ("other_coordinates", "GCJ-02"),
        4: ("other_coordinates", "-"),
    }
    assert album(tmp_path, {"2.jpg": members["2.jpg"]}).claim.system == "gcj02"
    tokyo = album(tmp_path, {"t.jpg": jpeg(gps(datum=(0x12, ASCII, "TOKYO")))})
    assert tokyo.claim.system == "degrees"
    assert not next(tokyo.batches()).troubles


def test_one_photo_never_speaks_for_the_next(tmp_path: Path) -> None:
    source = album(tmp_path, {"1.heic": heic(gps()), "2.heic": heic(gps(), listed=False)})
    (batch,) = source.batches()
    assert batch.shapes[0] is not None
    assert batch.shapes[1] is None


def test_a_photo_that_leads_in_circles_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "READS", 1_000)
    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    circle = struct.pack(">L", 1) + b"free" + struct.pack(">Q", 0)
    (batch,) = opened(tmp_path, head + circle, "a.heic").batches()
    assert batch.troubles[0].reason == "unreadable_photo"


def test_photos_beside_a_layer_are_not_what_was_sent(tmp_path: Path) -> None:
    csv = b"id,lon,lat\n1,114.3,30.5\n"
    assert album(tmp_path, {"1.jpg": jpeg(gps()), "points.csv": csv}).kind == "csv"
