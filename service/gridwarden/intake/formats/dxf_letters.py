"""Which letters a drawing is written in, and what its texts say without their formatting.

A drawing names a code page (`$DWGCODEPAGE`) that is often wrong: since R2007 the text is UTF-8
whatever it says, and Chinese drawings made on a Western Windows say ANSI_1252 and are GBK.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ezdxf.lldxf.encoding import decode_dxf_unicode, decode_mif_to_unicode
from ezdxf.tools.text import plain_mtext, plain_text

from gridwarden.intake.formats import encoding as letters

BINARY: Final = b"AutoCAD Binary DXF\r\n\x1a\x00"
LOOKED_AT: Final = 1 << 20
_HEADER: Final = re.compile(rb"\$(ACADVER|DWGCODEPAGE)\s+\d+\s+([^\r\n]+)")
_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_UNICODE_SINCE: Final = "AC1021"
_WESTERN: Final = frozenset({"cp1250", "cp1252", "cp1254", "cp1257", "cp437", "cp850"})
_PAIRS_AT_LEAST: Final = 0.9
"""Runs of bytes above 127 that have an even length: nearly all in GBK, few in Western text."""


def encoding_of(path: Path) -> tuple[str, str | None]:
    """The encoding of a drawing's text, and the code page that it names wrongly, if it does.

    Strict UTF-8 comes first, then the code page it names; bytes in pairs are GBK even where a
    Western page is named.
    """
    version, said = _said(path)
    runs = pairs = broken = 0
    for chunk in _lines(path):
        for run in _HIGH.findall(chunk):
            runs += 1
            pairs += len(run) % 2 == 0
            broken += not letters.decodes([run], "utf-8")
    declared = _codec(said)
    if not runs:
        return declared or "utf-8", None
    if not broken or (version >= _UNICODE_SINCE and broken * 10 <= runs):
        return "utf-8", said if declared not in (None, "utf-8") and version < "AC1021" else None
    if declared in _WESTERN and pairs >= runs * _PAIRS_AT_LEAST:
        return letters.CHINESE, said
    return declared or letters.CHINESE, None


def text_of(raw: str, formatted: bool = False) -> str:
    """A text as it is read: escapes such as `\\U+71C3` and `%%c` decoded, formatting codes gone.

    `formatted` tells that it is an MTEXT, whose codes are others.
    """
    said = unescaped(raw)
    return str(plain_mtext(said) if formatted else plain_text(said)).strip()


def unescaped(raw: str) -> str:
    """A name or text with its `\\U+XXXX` and `\\M+nXXXX` as letters."""
    if "\\" not in raw:
        return raw
    said = decode_mif_to_unicode(decode_dxf_unicode(raw))
    return _PAIR.sub(lambda m: m[0].encode("utf-16", "surrogatepass").decode("utf-16"), said)


def undecoded(text: str) -> bool:
    """Whether bytes that are no letters were kept in a text."""
    return not text.isascii() and any("\udc80" <= c <= "\udcff" for c in text)


def _said(path: Path) -> tuple[str, str | None]:
    """The version (`AC1015`) and the code page that a drawing's header names."""
    with path.open("rb") as file:
        found = {key: value.strip() for key, value in _HEADER.findall(file.read(LOOKED_AT))}
    page = found.get(b"DWGCODEPAGE")
    version = found.get(b"ACADVER", b"AC1009").decode("ascii", "replace")
    return version, page.decode("ascii", "replace") if page else None


def _codec(page: str | None) -> str | None:
    if page is None:
        return None
    return letters.codec(re.sub(r"^(?:ansi|dos)[_ ]?", "cp", page.strip().lower()))


def _lines(path: Path) -> Iterator[bytes]:
    """The file in pieces that end with a line, so that no letter is cut."""
    with path.open("rb") as file:
        while lines := file.readlines(LOOKED_AT):
            yield b"".join(lines)
