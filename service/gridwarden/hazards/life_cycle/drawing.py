"""The life cycle as a picture (SVG), drawn from the table: states from top to bottom, ways on along
the right, ways back along the left; dashed is what the screening does by itself.

    python -m gridwarden.hazards.life_cycle.drawing docs
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from gridwarden.hazards.life_cycle.model import LIFE_CYCLE, SCREEN, LifeCycle
from gridwarden.words import LANGUAGES, say

ROW: Final = 92
"""Pixels from one state to the next."""
BOX: Final = (168, 38)
LANE: Final = 24
TOP: Final = 20
CLEAR: Final = (14, 84)
"""Pixels between a box and the first lane, on the left and (beside the words of what leads straight
on) on the right."""


@dataclass(frozen=True, slots=True)
class Way:
    """Acts that lead from one row to another, those of people or (`alone`) of the screening."""

    origin: int
    to: int
    label: str
    alone: bool

    @property
    def down(self) -> bool:
        """Whether it leads on."""
        return self.to > self.origin

    @property
    def span(self) -> tuple[int, int]:
        """The upper and the lower row."""
        return min(self.origin, self.to), max(self.origin, self.to)


def ways(cycle: LifeCycle, lang: str) -> list[Way]:
    """Every way that leads to another state, with the words of its acts."""
    found: dict[tuple[str, str, bool], list[str]] = {}
    for act in cycle.acts:
        for origin in act.origins:
            if act.leads_to(origin) != origin:
                way = origin, act.leads_to(origin), act.who == (SCREEN,)
                found.setdefault(way, []).append(say(f"hazards.act.{act.name}", lang))
    place = cycle.states.index
    return [
        Way(place(origin), place(to), " / ".join(names), alone)
        for (origin, to, alone), names in found.items()
    ]


def lanes(arcs: Sequence[Way]) -> list[tuple[int, Way]]:
    """Each arc with its lane, the short ones nearest: no two of a lane share a row."""
    taken: list[list[tuple[int, int]]] = []
    placed = []
    for arc in sorted(arcs, key=lambda one: (one.span[1] - one.span[0], one.span, one.label)):
        above, below = arc.span
        lane = 0
        while lane < len(taken) and any(a <= below and above <= b for a, b in taken[lane]):
            lane += 1
        if lane == len(taken):
            taken.append([])
        taken[lane].append((above, below))
        placed.append((lane, arc))
    return placed


def drawn(cycle: LifeCycle, lang: str) -> str:
    """The picture in one language."""
    every = ways(cycle, lang)
    straight = [one for one in every if one.to == one.origin + 1 and not one.alone]
    on = lanes([one for one in every if one.down and one not in straight])
    back = lanes([one for one in every if not one.down])
    left = CLEAR[0] + _wide(back)
    width = left + BOX[0] + CLEAR[1] + _wide(on)
    height = 2 * TOP + ROW * (len(cycle.states) - 1) + BOX[1]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" aria-label="{escape(say("hazards.cycle.title", lang))}"'
        ' font-family="system-ui, Microsoft YaHei, Noto Sans CJK SC, sans-serif">',
        f'<rect width="{width}" height="{height}" fill="#FFFFFF"/>',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto-start-reverse"><path d="M0 0 8 4 0 8z"'
        ' fill="#52606D"/></marker></defs>',
        *_arcs(on, left + BOX[0], 1),
        *_arcs(back, left, -1),
        *(_straight(one, left) for one in straight),
        *(_box(n, state, cycle, lang, left) for n, state in enumerate(cycle.states)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _wide(placed: Iterable[tuple[int, Way]]) -> int:
    return LANE * (1 + max((lane for lane, _ in placed), default=0)) + 16


def _top(row: int) -> int:
    return TOP + ROW * row


def _box(row: int, state: str, cycle: LifeCycle, lang: str, left: int) -> str:
    x, y, (wide, high) = left, _top(row), BOX
    ground = "#F5F7F9" if state in cycle.final else "#FFFFFF"
    weight = 2.5 if state == cycle.first else 1.2
    return (
        f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="4" fill="{ground}"'
        f' stroke="#1F2933" stroke-width="{weight}"/>'
        f'<text x="{x + wide // 2}" y="{y + 24}" text-anchor="middle" font-size="15"'
        f' fill="#1F2933">{escape(say(f"hazards.state.{state}", lang))}</text>'
    )


def _line(path: str, alone: bool) -> str:
    dashes = ' stroke-dasharray="4 3"' if alone else ""
    return f'<path d="{path}" fill="none" stroke="#52606D"{dashes} marker-end="url(#tip)"/>'


def _straight(one: Way, left: int) -> str:
    x, top = left + BOX[0] // 2, _top(one.origin) + BOX[1]
    words = (
        f'<text x="{x + 8}" y="{top + 31}" font-size="12" fill="#0B5CAD">{escape(one.label)}</text>'
    )
    return _line(f"M{x} {top}V{_top(one.to)}", one.alone) + words


def _arcs(placed: Iterable[tuple[int, Way]], edge: int, side: int) -> Iterable[str]:
    """Arcs on one side of the boxes; each leaves its state a little below where others arrive."""
    for lane, one in placed:
        x = edge + side * (CLEAR[side > 0] + LANE * lane + LANE // 2)
        begin = _top(one.origin) + (26 if one.down else 12)
        end = _top(one.to) + (12 if one.down else 26)
        middle = (begin + end) // 2
        yield _line(f"M{edge} {begin}H{x}V{end}H{edge}", one.alone)
        yield (
            f'<text transform="translate({x - 4} {middle}) rotate(-90)" text-anchor="middle"'
            f' font-size="12" fill="#0B5CAD">{escape(one.label)}</text>'
        )


def main(folder: str) -> None:
    """Write the picture in every language."""
    for lang in LANGUAGES:
        Path(folder, f"hazards.{lang}.svg").write_text(drawn(LIFE_CYCLE, lang), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
