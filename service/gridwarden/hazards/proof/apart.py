"""Looks at one photo or document in a process of its own, behind the walls that imports have.

`python -m gridwarden.hazards.proof.apart ROOM NAME` reads the file from its input and answers with
one line of JSON, then the preview: a JPEG without any of what the camera wrote.
"""

import io
import json
import sys
import zipfile
from pathlib import Path, PurePath
from typing import Any, Final

from PIL import Image, ImageOps

from gridwarden.intake.apart import walls
from gridwarden.intake.apart.limits import MB, Limits
from gridwarden.intake.formats.photos import shot_of

LIMITS: Final = Limits(memory_mb=1024, seconds=20)
MOST_PIXELS: Final = 120_000_000
"""Pixels of a photo; phones have up to 108 million. Whatever says more is a bomb or no photo."""
PREVIEW: Final = 1280
"""Pixels of the longer side of a preview."""
NOT_SHUT: Final = 83
ZIPPED: Final = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "OFD.xml": "application/ofd",
}
"""What kind of document an archive is that holds this member."""


def main(room: str) -> None:
    """Look at what comes in; nothing of it leaves but the answer."""
    data = sys.stdin.buffer.read()
    try:
        walls.shut(LIMITS, Path(room), (), 64 * MB)
    except OSError:
        raise SystemExit(NOT_SHUT) from None
    told, preview = look(data)
    sys.stdout.buffer.write(json.dumps(told).encode("ascii") + b"\n" + preview)


def look(data: bytes) -> tuple[dict[str, Any], bytes]:
    """What a file is (`media`, or `refused` with a reason), what its camera said, its preview."""
    media = media_of(data)
    if media is None:
        return {"refused": "kind"}, b""
    if not media.startswith("image/"):
        return {"media": media}, b""
    told: dict[str, Any] = {"media": media, **_shot(data)}
    if media == "image/heic":  # kept and checked; nothing here draws it
        return told, b""
    try:
        size, preview = _preview(data, media)
    except Image.DecompressionBombError:
        return {"refused": "pixels"}, b""
    except Exception:  # whatever a broken photo makes the library do
        return {"refused": "broken"}, b""
    return told | {"width": size[0], "height": size[1]}, preview


def media_of(data: bytes) -> str | None:
    """The kind of file by its own first bytes, never by its name; None for one not taken here."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"heim", b"heis"):
        return "image/heic"
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                names = {PurePath(name).as_posix() for name in archive.namelist()}
        except Exception:  # no archive after all
            return None
        return next((kind for member, kind in ZIPPED.items() if member in names), None)
    return None


def _shot(data: bytes) -> dict[str, Any]:
    shot = shot_of(data)
    if shot is None:
        return {}
    return {
        "taken": shot.taken_at,
        "position": shot.position,
        "system": shot.system,
        "accuracy_m": shot.accuracy_m,
    }


def _preview(data: bytes, media: str) -> tuple[tuple[int, int], bytes]:
    """The size, and a small copy upright, of pixels alone: no EXIF, no comment, no profile."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # from twice as many on it is an error there
    with Image.open(io.BytesIO(data), formats=[media.removeprefix("image/").upper()]) as image:
        size = image.size
        if size[0] * size[1] > MOST_PIXELS:
            raise Image.DecompressionBombError
        image.draft("RGB", (PREVIEW, PREVIEW))
        image.thumbnail((PREVIEW, PREVIEW))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=80)
    return size, out.getvalue()


if __name__ == "__main__":
    main(sys.argv[1])
