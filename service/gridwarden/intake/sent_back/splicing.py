"""An XML text copied byte by byte, some of its tags replaced on the way, in little memory."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Final
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from gridwarden.words.problems import Problem

CHUNK: Final = 1 << 16
MOST_HELD: Final = 64 << 20
_END: Final = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")


@dataclass
class Tag:
    """A tag as it stands in the text. `prefix` is its namespace's, with the colon."""

    name: str
    raw: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False

    @property
    def local(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(":")[2]

    @property
    def prefix(self) -> str:
        """The prefix with its colon; nothing when there is none."""
        before, colon, _ = self.name.rpartition(":")
        return before + colon

    @property
    def empty(self) -> bool:
        """Whether the element ends with this tag."""
        return self.raw.endswith(b"/>")

    def drop(self) -> None:
        """Leave out all that follows, to the end of this element."""
        self.dropped = True

    def with_attribute(self, name: str, value: str) -> bytes:
        """The tag with one attribute set."""
        said = f" {name}={quoteattr(value)}".encode()
        raw, n = re.subn(rb"\s" + name.encode() + rb"\s*=\s*(\"[^\"]*\"|'[^']*')", said, self.raw)
        if n:
            return raw
        end = b"/>" if self.empty else b">"
        return self.raw[: -len(end)].rstrip() + said + end


Change = Callable[[Tag], bytes | None]


class Splicer:
    """Copies `source` to `target`; what `start` and `end` give stands where a tag stood.

    Raises Problem `refused` for a text that is not UTF-8 or declares a document type.
    """

    def __init__(self, source: IO[bytes], target: IO[bytes], start: Change, end: Change) -> None:
        self._source, self._target = source, target
        self._on = {True: start, False: end}
        self._seen: list[tuple[int, bool, str, Mapping[str, str]]] = []
        self._held = b""
        self._base = 0
        self._depth = 0
        self._skips = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._starts
        self._parser.EndElementHandler = self._ends
        self._parser.StartDoctypeDeclHandler = _refused
        self._parser.XmlDeclHandler = _declared

    def run(self) -> None:
        """Copy to the end."""
        while chunk := self._source.read(CHUNK):
            self._held += chunk
            self._parse(chunk, False)
            self._flush()
        self._parse(b"", True)
        self._flush()
        self._target.write(self._held)

    def _parse(self, chunk: bytes, last: bool) -> None:
        try:
            self._parser.Parse(chunk, last)
        except expat.ExpatError as error:
            raise Problem("refused", "sent_back.failed", field="file") from error

    def _starts(self, name: str, attributes: Mapping[str, str]) -> None:
        self._seen.append((self._parser.CurrentByteIndex, True, name, attributes))

    def _ends(self, name: str) -> None:
        self._seen.append((self._parser.CurrentByteIndex, False, name, {}))

    def _flush(self) -> None:
        done = 0
        ended = False
        for where, starts, name, attributes in self._seen:
            if ended:  # the end of an element that is one tag
                ended = False
                continue
            at = where - self._base
            if not self._skips:
                self._target.write(self._held[done:at])
            found = _END.match(self._held, at)
            if found is None:
                _refused()
                return
            done = found.end()
            tag = Tag(name, found[0], attributes)
            ended = starts and tag.empty
            if self._skips:
                self._skip(tag, starts)
                continue
            changed = self._on[starts](tag)
            self._target.write(tag.raw if changed is None else changed)
            if tag.dropped:
                self._skips, self._depth = True, 1
        self._seen.clear()
        # The parser may be behind what it was given: only what it has told of is done with.
        self._held, self._base = self._held[done:], self._base + done
        if len(self._held) > MOST_HELD:
            _refused()

    def _skip(self, tag: Tag, starts: bool) -> None:
        """Inside an element that is left out: it ends with its own end tag."""
        self._depth += 0 if tag.empty else 1 if starts else -1
        if self._depth == 0:
            self._skips = False
            self._target.write(self._on[False](tag) or b"")


def _refused(*_: object) -> None:
    raise Problem("refused", "sent_back.failed", field="file")


def _declared(version: str, encoding: str | None, standalone: int) -> None:
    if (encoding or "utf-8").casefold() not in ("utf-8", "utf8", "us-ascii"):
        _refused()
