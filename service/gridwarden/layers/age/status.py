"""What `gridwarden status` says of the records: who is late."""

import psycopg

from gridwarden.database.cluster import connect_owner
from gridwarden.database.doctor import line
from gridwarden.layers.age.ages import Q
from gridwarden.settings import Settings

NAMED = 3


@line("records")
def late_records(settings: Settings) -> str:
    """The late suppliers by name, the latest first; what to do where the tables are old."""
    with connect_owner(settings) as c:
        c.execute("select set_config('gridwarden.zone', %s, false)", (settings.time_zone,))
        try:
            rows = c.execute(Q["status"]).fetchall()
        except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName):
            return "the tables are not up to date: run gridwarden up"
    if not rows:
        return "no supplier is late"
    names = list(dict.fromkeys(str(who or "–") for who, _ in rows))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"late: {', '.join(names[:NAMED])}{more}, by up to {rows[0][1]} days (layers late)"
