"""What costs how much more in a city of twice the size, from the same ways in two cities."""

import math
from collections.abc import Sequence

from benchmarks.ground import City
from benchmarks.measuring import Row, number


def growth(found: Sequence[tuple[City, list[Row]]]) -> list[Row]:
    """From the smallest city to the greatest; nothing where there is only one.

    2 is in step with the city, 1 is flat; the doublings are those of its buildings.
    """
    if len(found) < 2:
        return []
    (small, before), (big, after) = (
        pick(found, key=lambda one: one[0].buildings) for pick in (min, max)
    )
    doublings = math.log2(big.buildings / small.buildings)
    was = {(row.part.partition(",")[0], row.way): row.amount for row in before}
    rows = []
    for row in after:
        what = row.part.partition(",")[0]
        first = was.get((what, row.way))
        if first and row.amount:
            times = row.amount / first
            rows.append(
                Row(
                    f"{what}, {small.size} to {big.size} (times)",
                    row.way,
                    number(times),
                    "",
                    None,
                    f"{number(times ** (1 / doublings))} a doubling of the city",
                )
            )
    return rows
