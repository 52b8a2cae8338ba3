"""The cases behind a figure, as far as the asker sees them; the others are counted as withheld."""

from typing import Any

from gridwarden.hazards.board.asked import Connection, Q, RowsQuery
from gridwarden.hazards.board.definitions import Definitions


async def rows_of(
    c: Connection, definitions: Definitions, asked: RowsQuery, path: str, *, ledger: bool
) -> dict[str, Any]:
    """The figure of the board or of a day's ledger, its rows on this page, how many of all are
    withheld. `path` is where the next page is.
    """
    values = asked.values | {"recurrence": definitions.recurrence_days}
    values |= {"work_from": definitions.hours[0], "work_to": definitions.hours[1]}
    values |= {"kind": "ledger" if ledger else "board"}
    row = await (await c.execute(Q["rows"], values)).fetchone()
    assert row is not None
    number, cases, items, withheld = row
    following = None
    if len(items) > asked.limit:
        items = items[: asked.limit]
        following = asked.address(path, limit=asked.limit, cursor=items[-1]["id"])
    return {
        "day": asked.day.isoformat(),
        "by": asked.by,
        "key": asked.key,
        "grade": asked.grade,
        "figure": asked.figure,
        "number": int(number),
        "cases": cases,
        "withheld": withheld,
        "items": [{**one, "href": f"/hazards/{one['id']}"} for one in items],
        "next": following,
    }
