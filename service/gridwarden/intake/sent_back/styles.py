"""The styles of a workbook, with a fill added to some of them."""

import re
from typing import Final

ROW: Final = "FFFFF4D6"
CELL: Final = "FFF4B6AE"
HEAD: Final = "FFE7EBEF"
_OURS: Final = (ROW, CELL, HEAD)
_FILLS: Final = re.compile(rb"(<(\w+:)?fills\b[^>]*>)(.*?)(</(?:\w+:)?fills>)", re.DOTALL)
_XFS: Final = re.compile(rb"(<(\w+:)?cellXfs\b[^>]*>)(.*?)(</(?:\w+:)?cellXfs>)", re.DOTALL)
_FILL: Final = re.compile(rb"<(?:\w+:)?fill\b(?:[^>]*/>|.*?</(?:\w+:)?fill>)", re.DOTALL)
_XF: Final = re.compile(rb"<(?:\w+:)?xf\b(?:[^>]*?/>|.*?</(?:\w+:)?xf>)", re.DOTALL)


class Styles:
    """The `styles.xml` of a workbook. Without one, or with one of another form, nothing is
    coloured and every style stays what it is."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        fills, xfs = _FILLS.search(raw), _XFS.search(raw)
        self._fills = _FILL.findall(fills[3]) if fills else []
        self._xfs = _XF.findall(xfs[3]) if xfs else []
        self._can = bool(self._fills and self._xfs)
        self._fill_at = {
            colour: i
            for i, fill in enumerate(self._fills)
            for colour in _OURS
            if colour.encode() in fill
        }
        self._made: dict[tuple[int, int], int] = {}

    def filled(self, style: int, colour: str) -> int:
        """The style that is this one with that fill."""
        if not self._can or not 0 <= style < len(self._xfs):
            return style
        if colour not in self._fill_at:
            prefix = (_FILLS.search(self._raw) or [b"", b"", b""])[2] or b""
            self._fill_at[colour] = len(self._fills)
            self._fills.append(
                b'<%bfill><%bpatternFill patternType="solid"><%bfgColor rgb="%b"/>'
                b'<%bbgColor indexed="64"/></%bpatternFill></%bfill>'
                % (prefix, prefix, prefix, colour.encode(), prefix, prefix, prefix)
            )
        return self._with(style, self._fill_at[colour])

    def bare(self, style: int) -> int:
        """The style without a fill of ours, if it has one."""
        if not self._can or not 0 <= style < len(self._xfs):
            return style
        found = re.search(rb'fillId="(\d+)"', self._xfs[style])
        if found is None or int(found[1]) not in self._fill_at.values():
            return style
        return self._with(style, 0)

    def _with(self, style: int, fill: int) -> int:
        key = (style, fill)
        if key not in self._made:
            tag, rest = re.match(rb"([^>]*?)(/?>.*)$", self._xfs[style], re.DOTALL).groups()  # type: ignore[union-attr]
            tag = re.sub(rb'\s(?:fillId|applyFill)="[^"]*"', b"", tag)
            self._made[key] = len(self._xfs)
            self._xfs.append(tag.rstrip() + b' fillId="%d" applyFill="1"' % fill + rest)
        return self._made[key]

    def written(self) -> bytes:
        """The whole part, with what was added."""
        if not self._can:
            return self._raw
        text = _FILLS.sub(lambda m: _list(m[1], self._fills, m[4]), self._raw, count=1)
        return _XFS.sub(lambda m: _list(m[1], self._xfs, m[4]), text, count=1)


def _list(start: bytes, items: list[bytes], end: bytes) -> bytes:
    count = b'count="%d"' % len(items)
    return re.sub(rb'count="\d*"', count, start) + b"".join(items) + end
