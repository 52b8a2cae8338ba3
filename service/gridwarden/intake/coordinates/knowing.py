"""What has to be known of the city and of the sender before a file's coordinates are decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import shapely
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from gridwarden.database import queries
from gridwarden.geodesy import Reading, WorkingCrs
from gridwarden.intake.coordinates.deciding import Before, Decision
from gridwarden.intake.coordinates.extent import Extent
from gridwarden.intake.coordinates.telling import asked
from gridwarden.intake.formats.batch import Source

Q = queries(__package__ or "gridwarden.intake.coordinates", "knowing.sql")
Connection = AsyncConnection[TupleRow]
CLAIM: Final = 300
"""Characters of a claim that are kept: a header may be long."""


@dataclass(frozen=True)
class Known:
    """Where the city is, what this sender was answered by claim, and the local system asked for."""

    extent: Extent
    before: Mapping[str, Before] = field(default_factory=dict)
    fitted: Reading | None = None


async def extent_of(connection: Connection, epsg: int, *, worker: bool = False) -> Extent:
    """Where the city is: its districts, 2 km wider; the area of the working CRS without any.

    As the caller may see them; `worker` for the work role `import`.
    """
    name = "districts" if worker else "districts_seen"
    row = await (await connection.execute(Q[name])).fetchone()
    districts = shapely.from_wkb(row[0]) if row and row[0] else None
    return Extent(WorkingCrs(epsg), districts)


async def before_of(connection: Connection, import_id: int) -> dict[str, Before]:
    """What the sender of this import was answered, by claim (worker)."""
    rows = await (await connection.execute(Q["before"], {"id": import_id})).fetchall()
    return {
        claim: Before(crs, f"{crs} (#{number}, {person})") for claim, crs, number, person in rows
    }


def claim_of(source: Source) -> str:
    """A kind of file and what it says of its coordinates: what the same sender repeats."""
    claim = source.claim
    return f"{source.kind} {claim.because} {claim.detail}".replace("\x00", "")[:CLAIM]


async def keep(
    connection: Connection, import_id: int, decision: Decision, source: Source
) -> dict[str, Any] | None:
    """Keep the reading and its reason; or hold the import with its question.

    Gives the sentence of the question in both languages, None for a reading (worker).
    """
    values: dict[str, Any] = {
        "id": import_id,
        "because": Jsonb(decision.reason()),
        "claim": claim_of(source),
    }
    if decision.question is None:
        assert decision.reading is not None
        await connection.execute(Q["read_as"], values | {"crs": decision.reading.name})
        return None
    said = asked(decision.question, import_id)
    values |= {
        "question": Jsonb(decision.question.document()),
        "say": Jsonb(said),
        "notes": Jsonb([*source.notes, *decision.notes]),
    }
    await connection.execute(Q["held_for"], values)
    return said


async def ask_removal(connection: Connection, import_id: int) -> None:
    """Note that a held import waits for a number of rows (worker)."""
    await connection.execute(Q["removal"], {"id": import_id})
