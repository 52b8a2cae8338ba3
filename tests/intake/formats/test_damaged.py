"""Whatever is wrong with a file from a phone, it is read or refused with a sentence."""

import random
from pathlib import Path

import pytest

from gridwarden.intake.formats.source import open_source
from gridwarden.words.problems import Problem
from intake.formats.test_gpx import RTE, TRK, WPT
from intake.formats.test_kml import SHAPES, document, placed
from intake.formats.test_photos import WGS, gps, heic, jpeg
from intake.test_phone_files import made

KINDS = ("earth.kmz", "ovital.ovkml", "ovital.txt", "amap.txt", "photos.zip")
PUT_IN = (
    *(b"<![CDATA[", b"&x;", b"\x00", b"\xff", b"</Placemark>", b"<Placemark>", b"<Polygon>"),
    *(b"NaN", b"1e999", b"\xef\xbb\xbf", b"\xff\xff\xff\xff"),
)


def damaged(whole: bytes, chance: random.Random) -> bytes:
    out = bytearray(whole)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(out) + 1)
        how = chance.random()
        if how < 0.4 and at < len(out):
            out[at] = chance.randrange(256)
        elif how < 0.6:
            del out[at : at + chance.randint(1, 30)]
        elif how < 0.8:
            out[at:at] = out[-at:][: chance.randint(1, 60)]
        elif how < 0.9:
            del out[at:]
        else:
            out[at:at] = chance.choice(PUT_IN)
    return bytes(out)


@pytest.mark.parametrize("times", [30, pytest.param(2_000, marks=pytest.mark.deep)])
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, times: int) -> None:
    whole = {name: made(tmp_path, name).read_bytes() for name in KINDS} | {
        "a.kml": document("".join(map(placed, SHAPES))).encode(),
        "a.gpx": f"<gpx>{TRK}</gpx>".encode(),
        "b.gpx": f"<gpx>{WPT}{RTE}</gpx>".encode(),
        "a.heic": heic(gps(datum=WGS)),
        "a.jpg": jpeg(gps(datum=WGS)),
    }
    chance = random.Random(times)
    seen = {"read": 0, "refused": 0}
    for name, data in whole.items():
        for _ in range(times):
            (tmp_path / name).write_bytes(damaged(data, chance))
            try:
                source = open_source(tmp_path / name, name, tmp_path, 1 << 24)
                for batch in source.batches():
                    assert {len(c) for c in batch.columns.values()} <= {batch.size}
                    assert len(batch.shapes) == batch.size
                seen["read"] += 1
            except Problem as problem:
                assert problem.said("zh")
                seen["refused"] += 1
    assert min(seen.values()) > times
