"""Planted pairs: for every number of the rule packs, a record 5 mm inside it and one 5 mm outside.

They lie in the test field east of the city. What is judged beside mains stands along benches, one
for each way in which a main can look to the rules; a distance is one on the ground, from where the
rule measures. All accuracies are 0, so that the answers are certain. Lots keep so much room that no
rule reaches from one into another.

Source ids read `plant:<rule>:<row or test>:below|above[:point]`, mains
`plant:main:<layer>:<class>:<number>`.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridwarden.rules.format import MAINS
from gridwarden.rules.normal import normal
from gridwarden.rules.reading import load_built_in
from gridwarden.sample.plan import PLANTED
from gridwarden.sample.plants import alone, mains
from gridwarden.sample.plants.benches import benches
from gridwarden.sample.plants.book import Book, Json
from gridwarden.sample.plants.field import STEP_M, Lot, Planted, lay_out

__all__ = ["STEP_M", "Planted", "built_in", "plant"]


def built_in(*names: str) -> list[Json]:
    """Packs that come with Gridwarden, in their published form."""
    return [normal(load_built_in(name)) for name in names]


def plant(packs: Sequence[Json], corner: tuple[float, float], operator: str) -> list[Planted]:
    """Every planted feature; `corner` is the field's south-west corner in the working CRS."""
    book = Book(packs)
    zones: list[list[Lot]] = [
        [*mains.boundaries(book, operator), *mains.diameters(book, operator)],
        mains.pairs_of_mains(book, operator),
        *(benches(book, layers, operator) for layers in _together(book)),
        mains.locations(book, operator),
        alone.neighbours(book),
        alone.attributes(book),
        alone.absences(book),
    ]
    return list(lay_out([zone for zone in zones if zone], corner, float(PLANTED[0])))


def _together(book: Book) -> list[tuple[str, ...]]:
    """Layers that share their benches: sheds stand where houses do, judged much alike."""
    every = [of for of in mains.layers_judged(book) if of != MAINS]
    shared = tuple(of for of in ("buildings", "charging_sheds") if of in every)
    others: list[tuple[str, ...]] = [(of,) for of in every if of not in shared]
    return [shared, *others] if shared else others
