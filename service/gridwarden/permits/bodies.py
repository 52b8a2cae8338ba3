"""The plain form of a permit check, read as the same question as the JSON."""

from collections.abc import Mapping
from typing import Any, Final

from gridwarden.intake.bodies import FULL_WIDTH, NUMBER, place_of_text
from gridwarden.permits.question import Question, read_question
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

FIELDS: Final = ("area", "crs", "method", "depth_m", "buffer_m", "starts_on", "ends_on")


def question_of_form(values: Mapping[str, str], settings: Settings) -> Question:
    """The question of a filled-in form. Raises Problem naming the field."""
    text = values.get("area", "").strip()
    if not text:
        raise Problem("missing_value", "permits.problem.no_area", field="area")
    document: dict[str, Any] = {
        "area": place_of_text(text),
        "method": values.get("method") or None,
        "depth_m": _number(values, "depth_m"),
        "buffer_m": _number(values, "buffer_m"),
        "starts_on": values.get("starts_on") or None,
        "ends_on": values.get("ends_on") or None,
    }
    return read_question(document, values.get("crs") or None, settings)


def _number(values: Mapping[str, str], field: str) -> object:
    text = values.get(field, "").strip().translate(FULL_WIDTH)
    if not text:
        return None
    return float(text) if NUMBER.fullmatch(text) else text
