"""补录: what only their list had becomes a case of ours, with their number and their day."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

from gridwarden.hazards.cases.categories import CATEGORIES, OF_FAMILY
from gridwarden.hazards.cases.moving import move, report
from gridwarden.hazards.reconciling.comparing import Connection, Q, family_words, refusal
from gridwarden.intake.spelling import plain
from gridwarden.words.language import LANGUAGES
from gridwarden.words.problems import Problem


def category_of(said: str | None) -> str:
    """The category that their words mean: the one whose own words share most letters with them."""
    theirs = _pairs(said or "")
    best, most = "other", 0.0
    for code in CATEGORIES:
        families = [family for family, category in OF_FAMILY.items() if category == code]
        for name in (code, *families):
            for lang in LANGUAGES:
                ours = _pairs(family_words(lang).get(name, ""))
                alike = len(theirs & ours) / len(theirs) if theirs else 0.0
                if alike > most:
                    best, most = code, alike
    return best


def _pairs(text: str) -> set[str]:
    spelt = "".join(c for c in plain(text) if c.isalnum())
    return {spelt[i : i + 2] for i in range(len(spelt) - 1)}


async def register(
    c: Connection, number: int, row: int, category: str, zone: str
) -> dict[str, Any]:
    """Make a case of a row and register it; its id, number and version.

    It was found on their day and entered today. Raises Problem: no such row, or it is somebody's
    already; a place outside the caller's districts.
    """
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
    said = {"note": f"{found['sender']} {found['file_name']} #{row}"}
    if found["found_on"] is not None:
        said["happened_on"] = found["found_on"].isoformat()
    return await move(c, made["id"], "register", expected=[made["version"]], said=said)
