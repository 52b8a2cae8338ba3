"""Who saw which exact main: one row a request, in the transaction that read them.

Every way on which the exact place of a main leaves (its line, a point on it, a distance measured
to it) ends here, or in `api.saw` within the statement itself. Only roles that may read mains may
say that they saw some: for any other the database refuses, and nothing leaves.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from psycopg import AsyncConnection

from gridwarden.access.audit.chain import multirange
from gridwarden.database import queries

Q = queries(__package__ or "gridwarden.access.audit", "seeing.sql")
MAINS: Final = "gas_pipelines"


async def saw(c: AsyncConnection[Any], route: str, mains: Iterable[int]) -> None:
    """Record that these mains' exact places are told, in the reader's open transaction.

    `route` says by which way, without anything that a caller sent. No mains: no row.
    """
    told = multirange(mains)
    if told != "{}":
        await c.execute(Q["saw"], {"route": route, "mains": told})


def mains_of(findings: Iterable[Mapping[str, Any]]) -> Iterator[int]:
    """The mains that findings are told to their reader with exact evidence of."""
    for one in findings:
        if one.get("distance_m") is None and one.get("geometry") is None:
            continue
        for layer, feature in (("layer", "subject_id"), ("counterpart_layer", "counterpart_id")):
            if one.get(layer) == MAINS and one.get(feature) is not None:
                yield int(one[feature])
