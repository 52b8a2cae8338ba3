"""Who rows are that their source does not name: known again by shape, attributes, or key.

Such a row is named by what it says (`content:` and a hash), so one that changes looks like one row
gone and another come. Before a version is compared, the rows of either side that the other lacks
are looked at together. A row of the dataset and one of the file are one thing when

1. `shape`: their shapes are the same to 1 mm, or
2. `attributes`: everything else that they say is the same, or
3. `key`: code and name are the same (one of them given),

in this sequence; for 2 and 3 the shapes must be within `NEAR_M` of each other (Hausdorff: no point
of one is farther from the other), and polygons share at least half of the ground that they cover.
Only a pair that has nobody else on either side counts: of two candidates none is taken. Each match
is recorded in `data.identity_match`, with its rule and its distance.
"""

from math import hypot
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import queries
from gridwarden.intake.outcome import Target

Q = queries(__package__ or "gridwarden.intake", "compare.sql")
NEAR_M: Final = 2.0
REACH_M: Final = hypot(NEAR_M, NEAR_M)
"""No side of two shapes' boxes is farther apart than the shapes, so their middles are within it."""
CROWD: Final = 64
"""Shapes that near to one; where there are more, none of them is compared."""
RULES: Final = ("shape", "attributes", "key")


async def known_again(
    c: AsyncConnection[TupleRow], target: Target, dataset_id: int, columns: list[str]
) -> int:
    """Give staged rows without an identity the one that they have in the dataset; how many.

    `columns` are all that a row says besides its shape. Runs inside the import's transaction,
    after everything is staged; a rejected row keeps what stands in its place from being removed.
    """
    values = {"layer": target.layer.id, "dataset_id": dataset_id, "columns": columns}
    row = await (await c.execute(Q["matching"], values)).fetchone()
    if row is None or not row[0]:
        return 0
    if target.layer.geometry == "none":
        await c.execute(Q["pairs_without_places"])
    else:
        near = {"reach": REACH_M, "near": NEAR_M, "crowd": CROWD}
        await c.execute(Q["pairs"], near)
    for rule in RULES:
        await c.execute(Q["match"], {"by": rule})
    await c.execute(Q["known_again"])
    await c.execute(Q["refused_known_again"], {"id": target.import_id})
    return (await c.execute(Q["keep_matches"], {"id": target.import_id})).rowcount
