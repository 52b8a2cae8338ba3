"""An attacker on published figures: whoever adds, subtracts and bounds all that is told.

The unknowns are atoms: a district's piece of a 500 m cell. What is told is a list of sums of atoms.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

Atom = tuple[int, int, int]
"""District, column and row of the 500 m cell."""


@dataclass
class Published:
    """Sums that are told, and sets of atoms whose sum is withheld."""

    atoms: list[Atom]
    told: list[tuple[frozenset[Atom], int]] = field(default_factory=list)
    withheld: list[frozenset[Atom]] = field(default_factory=list)

    def add(self, atoms: Iterable[Atom], n: int | None) -> None:
        """One cell of one map."""
        some = frozenset(atoms)
        if n is None:
            self.withheld.append(some)
        else:
            self.told.append((some, n))

    def recovered(self) -> list[frozenset[Atom]]:
        """Withheld sums that some sum or difference of told ones gives exactly."""
        place = {atom: n for n, atom in enumerate(self.atoms)}
        told = np.zeros((len(self.told), len(self.atoms)))
        for row, (some, _) in enumerate(self.told):
            told[row, [place[a] for a in some]] = 1
        # what is told to be nothing holds nothing in any part of it
        empty = {a for some, n in self.told if n == 0 for a in some}
        told[:, [place[a] for a in empty]] = 0
        basis = _rows(told)
        found = []
        for some in self.withheld:
            wanted = np.zeros(len(self.atoms))
            wanted[[place[a] for a in some - empty]] = 1
            rest = wanted - basis.T @ (basis @ wanted)
            if np.abs(rest).max(initial=0) < 1e-8:
                found.append(some)
        return found

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


def _rows(
    matrix: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """An orthonormal basis of the rows."""
    _, sizes, rows = np.linalg.svd(matrix, full_matrices=False)
    kept: np.ndarray[tuple[int, int], np.dtype[np.float64]] = rows[sizes > 1e-9]
    return kept
