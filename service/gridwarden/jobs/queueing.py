"""Putting work into the queue, in the transaction that is its cause."""

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import queries

Q = queries(__package__ or "gridwarden.jobs", "jobs.sql")


async def queue(
    connection: AsyncConnection[TupleRow],
    *,
    kind: str,
    subject_id: int | None = None,
    one_at_a_time: str | None = None,
) -> int:
    """Queue a job inside the caller's open transaction; returns the job's id.

    Jobs of the same `one_at_a_time` word never run together.
    """
    cursor = await connection.execute(
        Q["queue"], {"kind": kind, "subject_id": subject_id, "one_at_a_time": one_at_a_time}
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def queue_screen(connection: AsyncConnection[TupleRow]) -> int:
    """The full screen that will see what the caller's open transaction wrote; returns its id.

    One of the same asker that waits already serves; what is asked often is done once.
    """
    row = await (await connection.execute(Q["queue_screen"])).fetchone()
    assert row is not None
    return int(row[0])
