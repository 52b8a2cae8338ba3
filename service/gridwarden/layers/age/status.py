"""What `gridwarden status` says of the records: who is late."""

import psycopg

from gridwarden.database.cluster import connect_owner
from gridwarden.database.doctor import line
from gridwarden.database.sentences import trouble
from gridwarden.layers.age.ages import Q
from gridwarden.settings import Settings
from gridwarden.words import say

NAMED = 3


@line("records")
def late_records(settings: Settings) -> str:
    """The late suppliers by name, the latest first; what to do where the tables are old."""
    with connect_owner(settings) as c:
        c.execute("select set_config('gridwarden.zone', %s, false)", (settings.time_zone,))
        try:
            rows = c.execute(Q["status"]).fetchall()
        except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName):
            return str(trouble(settings, "old_tables"))
    if not rows:
        return say("status.nobody_late", settings.language)
    names = list(dict.fromkeys(str(who or "–") for who, _ in rows))
    more = len(names) - NAMED
    key = "status.late_and_more" if more > 0 else "status.late"
    told = {"names": ", ".join(names[:NAMED]), "more": more, "days": rows[0][1]}
    return say(key, settings.language, **told)
