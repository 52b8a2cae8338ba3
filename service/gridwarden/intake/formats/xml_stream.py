"""XML read as it streams by: nothing is expanded, nothing outside is fetched, nothing is kept.

The parser is handed text, not bytes, so a file whose declaration lies about its letters (GBK that
says UTF-8) is read all the same. Prefixes are not resolved: files whose `gx:` or `xsi:` was never
declared are common, and every map program opens them.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from typing import IO, Final, Generic, TypeVar
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

from gridwarden.intake.formats.encoding import CHINESE, codec
from gridwarden.words.problems import Problem

Opener = Callable[[], IO[bytes]]
Thing = TypeVar("Thing")

CHUNK: Final = 1 << 18
LOOKED_AT: Final = 1 << 14
DEEP: Final = 200
"""Elements inside each other; deeper is no map but an attempt."""
RAW: Final = 0xF780
"""Where a byte that is no letter is put: private letters that GB18030 leaves free."""
_DECLARED: Final = re.compile(
    rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})"""
)
_ROOT: Final = re.compile(rb"(?:<!--.*?-->|<[?!][^>]*>|\s)*<(?:\w+:)?([A-Za-z]\w*)", re.S)
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ESCAPED: Final = {0xDC80 + i: RAW + i for i in range(128)}
_RAW: Final = re.compile(f"[{chr(RAW)}-{chr(RAW + 127)}]")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Gatherer(ContentHandler, Generic[Thing]):
    """A SAX handler that gathers things: those that are whole wait in `_ready`; `_path` is where it
    stands, without prefixes, and `_text` the letters of an element that is kept."""

    def __init__(self) -> None:
        super().__init__()
        self._ready: list[Thing] = []
        self._path: list[str] = []
        self._text: list[str] | None = None

    def taken(self) -> list[Thing]:
        """What has become whole since the last call."""
        ready, self._ready = self._ready, []
        return ready

    def characters(self, content: str) -> None:
        if self._text is not None:
            self._text.append(content)

    def _into(self, name: str) -> tuple[str, str]:
        """Step into an element: its name and its parent's, without prefixes."""
        local = name.rpartition(":")[2]
        parent = self._path[-1] if self._path else ""
        self._path.append(local)
        too_deep(len(self._path))
        return local, parent

    def _out(self) -> tuple[str, str]:
        """Step out of the element: its name and its parent's, without prefixes."""
        local = self._path.pop()
        return local, self._path[-1] if self._path else ""


def encoding_of(opener: Opener, asked: str | None) -> str:
    """The encoding of an XML file: as asked, by its mark, UTF-8 if it really is (other letters
    seldom look so by chance), then as declared, then GB18030: what leaves the fewest bytes unread.
    """
    if asked:
        return asked
    with opener() as file:
        head = file.read(400)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    found = _DECLARED.match(head)
    declared = codec(found[1].decode("ascii")) if found else None
    tried = dict.fromkeys(name for name in ("utf-8", declared, CHINESE) if name)
    unread: dict[str, int] = {}
    for name in tried:
        unread[name] = _unread(opener, name)
        if not unread[name]:
            return name
    return min(unread, key=lambda name: unread[name])


def texts(opener: Opener, encoding: str) -> Iterator[str]:
    """The file's text in portions. Letters that XML forbids are left out; bytes that are no
    letters become private ones, from which `raw_bytes` finds them again."""
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    with opener() as file:
        while chunk := file.read(CHUNK):
            yield _clean(decoder.decode(chunk))
    yield _clean(decoder.decode(b"", final=True))


def raw_bytes(text: str) -> bytes | None:
    """The bytes in a text that were no letters; None when all were."""
    found = "".join(_RAW.findall(text))
    return bytes(ord(c) - RAW + 0x80 for c in found) if found else None


def harvested(handler: Gatherer[Thing], opener: Opener, encoding: str) -> Iterator[list[Thing]]:
    """Feed the file to a handler and give the rows it gathered, portion by portion.

    Raises Problem: `refused` for a file with entities, `unreadable_file` where the XML breaks off.
    """
    parser = create_parser()
    parser.setContentHandler(handler)
    rows = 0
    try:
        for text in texts(opener, encoding):
            parser.feed(text)
            ready = handler.taken()
            rows += len(ready)
            yield ready
        parser.close()
        yield handler.taken()
    except DefusedXmlException as refused:
        raise Problem("refused", "phone.entities", field="file") from refused
    except SAXParseException as broken:
        raise Problem(
            "unreadable_file",
            "phone.broken_xml",
            field="file",
            line=broken.getLineNumber() or 0,
            row=rows + len(handler.taken()),
        ) from broken


def root_of(head: bytes) -> str | None:
    """The name of the first element, without prefix; None for what is no XML."""
    plain = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:LOOKED_AT]
    if not plain.startswith(b"<"):
        return None
    found = _ROOT.match(plain)
    return found[1].decode("ascii") if found else ""


def too_deep(depth: int) -> None:
    """Raises Problem `unreadable_file` for elements nested beyond any map."""
    if depth > DEEP:
        raise Problem("unreadable_file", "intake.unreadable", field="file")


def _clean(text: str) -> str:
    if text.isascii():
        return _FORBIDDEN.sub("", text)
    return _FORBIDDEN.sub("", text.translate(_ESCAPED) if _escaped(text) else text)


def _escaped(text: str) -> bool:
    return any("\udc80" <= c <= "\udcff" for c in text)


def _unread(opener: Opener, name: str) -> int:
    """How many bytes of the file are no letters of an encoding."""
    decoder = codecs.getincrementaldecoder(name)("surrogateescape")
    count = 0
    with opener() as file:
        while chunk := file.read(CHUNK):
            text = decoder.decode(chunk)
            count += 0 if text.isascii() else len(re.findall("[\udc80-\udcff]", text))
        text = decoder.decode(b"", final=True)
    return count + len(re.findall("[\udc80-\udcff]", text))
