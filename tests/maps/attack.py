"""An attacker on published figures: whoever adds, subtracts and bounds all that is told.

The unknowns are atoms: a district's piece of a 500 m cell. What is told is a list of sums of atoms.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

Atom = tuple[int, int, int]
"""District, column and row of the 500 m cell."""
Row = dict[int, int]
"""A sum: how often it counts which atom."""


@dataclass
class Published:
    """Sums that are told, and sets of atoms whose sum is withheld."""

    atoms: list[Atom]
    told: list[tuple[frozenset[Atom], int]] = field(default_factory=list)
    withheld: list[frozenset[Atom]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._place = {atom: n for n, atom in enumerate(self.atoms)}

    def add(self, atoms: Iterable[Atom], n: int | None) -> None:
        """One cell of one map."""
        some = frozenset(atoms)
        if n is None:
            self.withheld.append(some)
        else:
            self.told.append((some, n))

    def recovered(self) -> list[frozenset[Atom]]:
        """Withheld sums that some sum or difference of told ones gives exactly."""
        # what is told to be nothing holds nothing in any part of it
        empty = {a for some, n in self.told if n == 0 for a in some}
        span = Span()
        for some, _ in self.told:
            span.take(self._row(some - empty))
        return [some for some in self.withheld if span.holds(self._row(some - empty))]

    def _row(self, some: Iterable[Atom]) -> Row:
        return {self._place[atom]: 1 for atom in some}

    def bounds(self) -> list[tuple[int, int]]:
        """Of each withheld sum, the least and the most that tightening bounds leaves open."""
        low = dict.fromkeys(self.atoms, 0)
        high = dict.fromkeys(self.atoms, 10**9)
        changed = True
        while changed:
            changed = False
            for some, n in self.told:
                least, most = sum(low[a] for a in some), sum(high[a] for a in some)
                for a in some:
                    up, down = n - (least - low[a]), n - (most - high[a])
                    if up < high[a] or down > low[a]:
                        high[a], low[a] = min(high[a], up), max(low[a], down)
                        changed = True
                        least, most = sum(low[a] for a in some), sum(high[a] for a in some)
        return [(sum(low[a] for a in some), sum(high[a] for a in some)) for some in self.withheld]

    def room(self, truth: Mapping[Atom, int]) -> list[int]:
        """Of each withheld sum, by how much it may differ between cities that publish the same.

        Findings may move between atoms that every told sum holds together or not at all: so many
        can be in the withheld cell, all or none of them, and no told sum changes.
        """
        inside: dict[Atom, set[int]] = {atom: set() for atom in self.atoms}
        for number, (some, _) in enumerate(self.told):
            for atom in some:
                inside[atom].add(number)
        alike: dict[frozenset[int], set[Atom]] = {}
        for atom, numbers in inside.items():
            alike.setdefault(frozenset(numbers), set()).add(atom)
        rooms = []
        for some in self.withheld:
            groups = [g for g in alike.values() if g & some and g - some]
            rooms.append(sum(truth.get(a, 0) for g in groups for a in g))
        return rooms


class Span:
    """What sums and differences of rows give: exact elimination over the integers modulo a prime.

    A row that rational factors give is found for certain, unless the prime divides a denominator;
    another one by a chance of one in 10^18.
    """

    PRIME: Final = 2**61 - 1

    def __init__(self) -> None:
        self.pivots: dict[int, Row] = {}

    def take(self, row: Row) -> None:
        """Add a row."""
        rest = self._rest(row)
        if rest:
            pivot = min(rest)
            inverse = pow(rest[pivot], -1, self.PRIME)
            self.pivots[pivot] = {at: n * inverse % self.PRIME for at, n in rest.items()}

    def holds(self, row: Row) -> bool:
        """Whether the rows give this one."""
        return not self._rest(row)

    def _rest(self, row: Row) -> Row:
        rest, at = dict(row), -1
        while (at := min((n for n in rest if n > at), default=-1)) >= 0:
            if at not in self.pivots:
                continue
            factor = rest[at]
            for place, n in self.pivots[at].items():
                left = (rest.get(place, 0) - factor * n) % self.PRIME
                if left:
                    rest[place] = left
                else:
                    rest.pop(place, None)
        return rest
