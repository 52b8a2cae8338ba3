"""Which letters the bytes of a file mean: `.cpg`, then the DBF's own byte, then the text itself.

Chinese files are UTF-8 or GBK and often do not say so, or say it wrongly. GB18030 is read for
GBK, of which it is a superset.
"""

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gridwarden.words.problems import Problem

CHINESE = "gb18030"
MAX_RAW: Final = 4_000
"""Bytes of a field that are kept whole when they are no letters: a DBF's has at most 254."""
_LDID = {
    0x4D: CHINESE,
    0x13: "cp932",
    0x4E: "cp949",
    0x4F: "cp950",
    0x01: "cp437",
    0x02: "cp850",
    0x03: "cp1252",
    0x64: "cp852",
    0x65: "cp866",
    0xC8: "cp1250",
    0xC9: "cp1251",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def codec(name: str) -> str | None:
    """Python's name for an encoding as people and `.cpg` files write it; None when unknown."""
    text = name.strip().lower().replace("ansi ", "cp")
    if text.isdigit():
        text = f"cp{text}"
    if text in ("gbk", "gb2312", "cp936", "936", "cpgbk"):
        return CHINESE
    if text in ("cp65001", "utf8"):
        return "utf-8"
    try:
        found = codecs.lookup(text)
    except (LookupError, UnicodeError):
        return None
    # Only encodings of text: Python also "decodes" rot13, zlib and base64.
    return found.name if found._is_text_encoding else None


def asked(name: str | None) -> str | None:
    """The encoding a person named. Raises Problem `invalid_value` for one that is unknown."""
    if not name:
        return None
    found = codec(name)
    if found is None:
        raise Problem("invalid_value", "intake.unknown_encoding", field="encoding", value=name[:40])
    return found


def of_dbf(samples: Iterable[bytes], ldid: int, cpg: str | None) -> str:
    """The encoding of a DBF, from what it says of itself and from fields and names of it.

    What `.cpg` or the LDID byte says is passed over when the samples are not even that.
    """
    fields = list(samples)
    for said in (codec(cpg) if cpg else None, _LDID.get(ldid)):
        if said and decodes(fields, said):
            return said
    return "utf-8" if decodes(fields, "utf-8") else CHINESE


def decodes(fields: Iterable[bytes], name: str) -> bool:
    """Whether every field makes sense in this encoding, a character cut at its end aside."""
    try:
        for raw in fields:
            text_of(raw, name)
    except UnicodeDecodeError:
        return False
    return True


def of_text(chunks: Iterable[bytes]) -> str:
    """The encoding of a text file: its mark, else strict UTF-8, else GB18030."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    first = True
    try:
        for chunk in chunks:
            if first:
                for mark, name in _MARKS:
                    if chunk.startswith(mark):
                        return name
                first = False
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return CHINESE
    return "utf-8"


def chunks_of(path: Path, size: int = 1 << 20) -> Iterable[bytes]:
    """A file's bytes, a megabyte at a time."""
    with path.open("rb") as file:
        while chunk := file.read(size):
            yield chunk


def lines_of(path: Path, name: str, longest: int) -> Iterator[tuple[int, str]]:
    """The lines of a text that are not empty, with their numbers; a longer one is cut in two."""
    with path.open(encoding=name, errors="replace") as file:
        number = 0
        while line := file.readline(longest):
            number += 1
            if line.strip():
                yield number, line.strip()


def text_of(raw: bytes, name: str) -> tuple[str, bool]:
    """Decode one field: the text, and whether a character cut in half was dropped from its end.

    DBF fields are so many bytes wide, not letters, and writers cut. Raises UnicodeDecodeError
    for bytes that are wrong elsewhere.
    """
    decoder = codecs.getincrementaldecoder(name)("strict")
    text = decoder.decode(raw)
    pending = decoder.getstate()[0]
    return text, bool(pending)


def kept(raw: bytes) -> str:
    """The bytes of a field that cannot be decoded, as they are kept beside the rejected row: whole,
    in hexadecimal; of a longer one the first `MAX_RAW`, and how many are left out."""
    left_out = len(raw) - MAX_RAW
    return raw[:MAX_RAW].hex() + (f"…+{left_out}" if left_out > 0 else "")
