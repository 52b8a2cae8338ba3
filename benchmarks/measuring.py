"""Runs side by side, and the one table that tells what they cost."""

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

Figures = dict[str, float]
"""What one run came to: a few named numbers."""
Way = Callable[[], Awaitable[Figures]]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `cost` is time relative to Gridwarden's own way (1), so that less
    than 1 is cheaper than Gridwarden and more is dearer; None where there is nothing to compare.
    `amount` is the median as a number, where cities of two sizes are compared.
    """

    part: str
    way: str
    median: str
    spread: str
    cost: float | None
    beside: str = ""
    amount: float | None = None


async def interleaved(ways: Mapping[str, Way], rounds: int) -> dict[str, list[Figures]]:
    """Run every way once a round, in turn, so that a busy minute falls on all of them.

    One round before the first is thrown away: caches, plans and imports are then warm for all.
    """
    for way in ways.values():
        await way()
    found: dict[str, list[Figures]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds):
        # another one begins each time, so that none always comes after the same neighbour
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            found[name].append(await ways[name]())
    return found


def median(runs: Sequence[Figures], name: str) -> float:
    """The middle of one figure over the runs."""
    return statistics.median(run[name] for run in runs)


def spread(runs: Sequence[Figures], name: str) -> str:
    """Least to greatest of one figure."""
    values = [run[name] for run in runs]
    return f"{number(min(values))} – {number(max(values))}"


def number(value: float) -> str:
    """Three digits that matter, thousands with a comma."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.095 else f"{value:.2g}"


def waits(part: str, runs: Mapping[str, Sequence[Figures]]) -> list[Row]:
    """What each way waits, p50 in ms; the first way is the base."""
    base = median(next(iter(runs.values())), "p50_ms")
    return [
        Row(
            part,
            way,
            number(median(figures, "p50_ms")),
            spread(figures, "p50_ms"),
            median(figures, "p50_ms") / base,
        )
        for way, figures in runs.items()
    ]


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown, aligned so that a terminal can show it, too."""
    head = ("what", "way", "median", "least – greatest", "cost, ours = 1", "beside")
    cells = [head] + [
        (
            row.part if at == 0 or rows[at - 1].part != row.part else "",
            row.way,
            row.median,
            row.spread,
            "" if row.cost is None else number(row.cost),
            row.beside,
        )
        for at, row in enumerate(rows)
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    lines = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]])
