"""The cases that a filter means, by number and version, for one act on all of them."""

from urllib.parse import parse_qsl

from psycopg import sql

from gridwarden.database import Caller
from gridwarden.hazards.bulk.acting import MOST, Connection, Q
from gridwarden.hazards.bulk.saved import canonical
from gridwarden.hazards.cases.listing import cases_query, chosen_by
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem


async def of_filter(
    c: Connection, caller: Caller, query: str, settings: Settings
) -> list[tuple[int, int | None]]:
    """The cases of a filter, with the versions that they have now. Raises Problem."""
    asked = cases_query(parse_qsl(canonical(query, settings.time_zone)), settings.time_zone)
    chosen, values = await chosen_by(c, caller, asked)
    statement = sql.SQL(Q["versions"]).format(chosen=chosen)
    rows = await (await c.execute(statement, {**values, "most": MOST})).fetchall()
    if len(rows) > MOST:
        raise Problem("too_large", "bulk.too_many", field="filter", n=MOST)
    return [(row[0], row[1]) for row in rows]
