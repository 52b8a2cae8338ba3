"""From figures to a score, a place and a class: pure, and every step of it is published.

    score = 100 · Σ wᵢ·gᵢ ÷ Σ wᵢ − penalties        over the indicators that have a figure

gᵢ is 1 at best: a share's careful end of Wilson's interval (turned round where less is better), or
hours on the straight line from best to worst. Who has figures for less than `least_weight` of all
weights gets no score: a district that told nothing must not win.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Generic, TypeVar

from gridwarden.hazards.board.counted import Counted
from gridwarden.hazards.board.definitions import PER, Class, Definitions, Indicator, Penalty
from gridwarden.hazards.board.indicators import INDICATORS, Found, Share, wilson

CENTS: Final = Decimal("0.01")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figure:
    """One indicator of one group. `value` is the share (0 … 1) or the hours; `bound` is the careful
    end that counts; `good` is what it is worth, 1 at best. All are None where nothing was counted.
    """

    code: str
    found: Found
    value: float | None
    bound: float | None
    good: float | None
    low_n: bool

    @property
    def n(self) -> int:
        return self.found.n


@dataclass(frozen=True, slots=True)
class Taken:
    """A penalty of one group: how much of the count per its stock, and the points taken off."""

    penalty: Penalty
    per: str
    count: int
    rate: float | None
    points: float


@dataclass(frozen=True, slots=True)
class Scored:
    """All of one group. `score` is rounded to two decimals, as it is printed and compared."""

    figures: tuple[Figure, ...]
    taken: tuple[Taken, ...]
    weight: float
    score: Decimal | None


def figure(one: Indicator, counted: Counted) -> Figure:
    """An indicator of what was counted."""
    found = INDICATORS[one.code](counted)
    value = found.value
    if value is None:
        return Figure(one.code, found, None, None, None, low_n=True)
    bound = value
    if isinstance(found, Share):
        if one.confidence is not None:
            # more may be reported as surveyed than was known
            low, high = wilson(min(found.part, found.whole), found.whole, one.confidence)
            bound = low if one.up else high
        good = bound if one.up else 1 - bound
    else:
        line = (value - one.best) / (one.worst - one.best)
        good = 1 - min(1.0, max(0.0, line))
        good = good if not one.up else 1 - good
    return Figure(one.code, found, value, bound, good, low_n=found.n < one.least_n)


def taken(penalty: Penalty, counted: Counted, by: str) -> Taken:
    """The points that a penalty takes. Only districts have households and buildings: for others it
    is per 100 cases found. Without a stock nothing is taken, and the rate says that there is none.
    """
    per = penalty.per if by == "district" or penalty.per == "one" else "found"
    count = int(getattr(counted, penalty.of))
    stock = 1 if per == "one" else getattr(counted, per)
    if not stock:
        return Taken(penalty, per, count, None, 0.0)
    rate = count * PER[per] / stock
    return Taken(penalty, per, count, rate, min(penalty.at_most, rate * penalty.points))


def scored(definitions: Definitions, counted: Counted, by: str) -> Scored:
    """Figures, penalties and score of one group."""
    figures = tuple(figure(one, counted) for one in definitions.indicators)
    off = tuple(taken(one, counted, by) for one in definitions.penalties)
    pairs = list(zip(definitions.indicators, figures, strict=True))
    whole = sum(one.weight for one, _ in pairs)
    weight = sum(one.weight for one, f in pairs if f.good is not None)
    score = None
    if weight and weight >= definitions.least_weight * whole:
        points = sum(one.weight * f.good for one, f in pairs if f.good is not None)
        score = in_cents(100 * points / weight - sum(t.points for t in off))
    return Scored(figures, off, weight, score)


def in_cents(value: float) -> Decimal:
    """Two decimals, half up: what is printed is what is compared."""
    return Decimal(repr(value)).quantize(CENTS, ROUND_HALF_UP)


def class_of(definitions: Definitions, score: Decimal | None) -> Class | None:
    """The first class, the best first, whose least score is reached."""
    if score is None:
        return None
    return next((one for one in definitions.classes if score >= Decimal(str(one.least))), None)


@dataclass(frozen=True, slots=True)
class Place(Generic[T]):
    """A group's place; `tied` with a neighbour whom only the order of names sets apart."""

    group: T
    rank: int | None
    tied: bool


def ranked(
    groups: Iterable[T],
    score: Callable[[T], Decimal | None],
    overdue: Callable[[T], int],
    name_order: Callable[[T], int],
) -> list[Place[T]]:
    """The groups in their order: score, then fewer overdue, then names as the language sorts them.
    Those without a score come last and have no place.
    """

    def standing(one: T) -> tuple[Decimal, int]:
        return -(score(one) or Decimal(0)), overdue(one)

    groups = list(groups)
    with_score = [one for one in groups if score(one) is not None]
    without = [one for one in groups if score(one) is None]
    order: Sequence[T] = sorted(with_score, key=lambda one: (*standing(one), name_order(one)))
    places = []
    for at, one in enumerate(order):
        beside = [order[n] for n in (at - 1, at + 1) if 0 <= n < len(order)]
        tied = any(standing(other) == standing(one) for other in beside)
        places.append(Place(one, at + 1, tied))
    return places + [Place(one, None, False) for one in sorted(without, key=name_order)]
