"""The plain form of a permit check, read as the same question as the JSON."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from gridwarden.database import Caller, Pool
from gridwarden.intake.bodies import FULL_WIDTH, NUMBER, Sent
from gridwarden.intake.located import known_for
from gridwarden.intake.places import place_of_form
from gridwarden.permits.question import Question, read_question
from gridwarden.settings import Settings

FIELDS: Final = (
    *("area", "crs", "from_layer", "method", "depth_m", "buffer_m", "starts_on", "ends_on"),
)


async def question_of_form(
    values: Mapping[str, str], sent: Sent | None, pool: Pool, caller: Caller, settings: Settings
) -> Question:
    """The question of a filled-in form; a file wins over a text. Raises Problem naming the field.

    Files, and shapes, are read beside the loop that serves everybody else.
    """
    place = await asyncio.to_thread(
        place_of_form, values, sent, "area", "permits.problem.no_area", settings
    )
    document: dict[str, Any] = {
        "method": values.get("method") or None,
        "depth_m": _number(values, "depth_m"),
        "buffer_m": _number(values, "buffer_m"),
        "starts_on": values.get("starts_on") or None,
        "ends_on": values.get("ends_on") or None,
    }
    crs = values.get("crs") or None
    city = await known_for(place, crs, pool, caller, settings)
    return await asyncio.to_thread(read_question, document, crs, settings, place, city)


def _number(values: Mapping[str, str], field: str) -> object:
    text = values.get(field, "").strip().translate(FULL_WIDTH)
    if not text:
        return None
    return float(text) if NUMBER.fullmatch(text) else text
