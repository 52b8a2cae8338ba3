"""补录: what only their list had becomes a case of ours, with their number and their day."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.hazards.cases.moving import move, report
from gridwarden.hazards.reconciling.comparing import Connection, Q, refusal, unread_words
from gridwarden.words.problems import Problem


async def register(
    c: Connection, number: int, row: int, category: str, zone: str, lang: str
) -> dict[str, Any]:
    """Make a case of a row and register it; its id, number and version.

    It was found on their day and entered today; what of the row could not be read stands in the
    note. Raises Problem: no category; no such row, or it is somebody's already; a place outside the
    caller's districts.
    """
    if not category:
        raise Problem("missing_value", "reconciling.choose_category", field="category")
    if category not in CATEGORIES:
        known = ", ".join(CATEGORIES)
        raise Problem("invalid_value", "asked.bad_choice", field="category", choices=known)
    values = {"id": number, "row": row}
    async with c.cursor(row_factory=dict_row) as cursor:
        found = await (await cursor.execute(Q["row"], values)).fetchone()
    if found is None or found["standing"] not in ("only", "proposed"):
        raise Problem("not_found", "reconciling.no_such_row", field="row")
    told = {name: found[name] for name in ("place_words", "description", "grade", "x", "y")}
    told |= {"category": category, "source": "self_check", "external_no": found["external_no"]}
    told["district_id"] = found["district_id"]
    if found["found_on"] is not None:
        noon = datetime.combine(found["found_on"], time(12), ZoneInfo(zone))
        told["found_at"] = noon.isoformat()
    made = await report(c, told)
    try:
        await c.execute(Q["registered"], {"list": number, "row": row, "case": made["id"]})
    except psycopg.Error as error:
        raise refusal(error) from error
    if made.get("joined"):
        return made
    told_of = (
        f"{found['sender']} {found['file_name']} #{row}",
        *unread_words(found["unread"], lang),
    )
    said = {"note": " ".join(told_of)}
    if found["found_on"] is not None:
        said["happened_on"] = found["found_on"].isoformat()
    return await move(c, made["id"], "register", expected=[made["version"]], said=said)
