"""A zip that is sent while it is made: no file of it is held longer than it takes to write it."""

import hashlib
import re
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

LIST: Final = "SHA256SUMS.txt"
_BESIDE: Final = re.compile(r"[^\w.\-()（）]+")
_PACKED: Final = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".zip", ".docx", ".xlsx", ".pdf")
"""Files that would not get smaller."""


class _Sink:
    """What a zip is written to: takes bytes, and gives them on."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits anywhere else."""

    def taken(self) -> bytes:
        """What was written since it was last taken."""
        out = bytes(self._held)
        self._held.clear()
        return out


def safe_name(number: int, kind: str, name: str) -> str:
    """A file's name in the folder: numbered, without what systems refuse in names."""
    plain = _BESIDE.sub("_", name.strip()).strip("._") or "file"
    return f"{number:03}_{kind}_{plain[-80:]}"


async def zipped(parts: AsyncIterator[tuple[str, bytes]], at: datetime) -> AsyncIterator[bytes]:
    """The zip of these files, in portions; last in it the list of their SHA-256, as sha256sum
    checks it.
    """
    sink = _Sink()
    sums: list[str] = []
    with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[call-overload]
        async for name, body in parts:
            sums.append(f"{hashlib.sha256(body).hexdigest()}  {name}\n")
            _add(archive, name, body, at)
            yield sink.taken()
        _add(archive, LIST, "".join(sums).encode("utf-8"), at)
    yield sink.taken()


def _add(archive: zipfile.ZipFile, name: str, body: bytes, at: datetime) -> None:
    info = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    info.external_attr = 0o644 << 16
    stored = name.lower().endswith(_PACKED)
    info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    archive.writestr(info, body)
