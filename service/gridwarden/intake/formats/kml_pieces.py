"""A KML that is not well-formed, placemark by placemark: one broken place loses only itself.

Hand-made files have a bare `&` in a name, or a tag that nobody closed. Each placemark is cut out of
the text and read on its own; a `&` that begins no entity means itself. What does not parse even so
becomes a row with its reason. A placemark in a comment is taken for one here.
"""

import re
from collections.abc import Iterator
from typing import Final
from xml.sax import SAXParseException

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

from gridwarden.intake.formats.batch import Trouble, shown
from gridwarden.intake.formats.kml_rows import Placemark, Placemarks
from gridwarden.intake.formats.xml_stream import Opener, texts
from gridwarden.words.problems import Problem

LONGEST: Final = 8 << 20
"""Characters of one placemark, beyond which the file is none of ours."""
TAIL: Final = 4_096
_BEGIN: Final = re.compile(r"<(?:\w+:)?Placemark\b")
_END: Final = re.compile(r"</(?:\w+:)?Placemark\s*>")
_AROUND: Final = re.compile(
    r"<(?:\w+:)?(Folder)\b[^>]*>(?:\s*<(?:\w+:)?name>([^<]*)</)?|</(?:\w+:)?(Folder)\s*>"
)
_NAME: Final = re.compile(r"<(?:\w+:)?name>\s*(?:<!\[CDATA\[)?([^<\]]*)")
_BARE: Final = re.compile(
    r"(<!\[CDATA\[.*?\]\]>)|&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);)", re.S
)


def is_whole(opener: Opener, encoding: str) -> bool:
    """Whether the text goes on to its end: what is cut off is not read piece by piece."""
    tail = ""
    for text in texts(opener, encoding):
        tail = (tail + text)[-TAIL:]
    return bool(re.search(r"</(?:\w+:)?kml\s*>", tail))


def pieces(opener: Opener, encoding: str, shapes: bool) -> Iterator[list[Placemark]]:
    """The placemarks of the text, portion by portion. Raises Problem `unreadable_file`."""
    held = ""
    folders: list[str] = []
    for text in texts(opener, encoding):
        held += text
        ready: list[Placemark] = []
        at = 0
        for end in _END.finditer(held):
            begin = _BEGIN.search(held, at, end.start())
            if begin is not None:
                _walk(held[at : begin.start()], folders)
                folder = "/".join(filter(None, folders))
                ready += _whole(held[begin.start() : end.end()], folder, shapes)
            at = end.end()
        held = held[at:]
        if len(held) > LONGEST:
            raise Problem("unreadable_file", "intake.unreadable", field="file")
        yield ready
    begin = _BEGIN.search(held)
    yield [_broken(held[begin.start() :], "")] if begin else []


def _walk(text: str, folders: list[str]) -> None:
    """Into and out of the folders that begin and end between two placemarks."""
    for found in _AROUND.finditer(text):
        if found[1]:
            folders.append((found[2] or "").strip())
        elif folders:
            folders.pop()


def _whole(text: str, folder: str, shapes: bool) -> list[Placemark]:
    """The placemark in a text. One that was never closed holds the next one as well."""
    last = list(_BEGIN.finditer(text))[-1].start()
    lost = [_broken(text[:last], folder)] if last else []
    for spelt in (text[last:], _BARE.sub(lambda found: found[1] or "&amp;", text[last:])):
        handler = Placemarks(shapes)
        parser = create_parser()
        parser.setContentHandler(handler)
        try:
            parser.feed(f"<kml>{spelt}</kml>")
            parser.close()
        except (SAXParseException, DefusedXmlException):
            continue
        found = handler.taken()
        for placemark in found:
            placemark.folder = folder
        return lost + found
    return [*lost, _broken(text[last:], folder)]


def _broken(text: str, folder: str) -> Placemark:
    placemark = Placemark(folder)
    name = _NAME.search(text)
    if name:
        placemark.texts["name"] = name[1].strip()
    placemark.trouble = Trouble("broken_placemark", None, shown(text))
    return placemark
