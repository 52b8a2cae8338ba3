"""What a case's page sends back: one plain form for every act, as the API's body says it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from pydantic import ValidationError

from gridwarden.access.named import organisation_called
from gridwarden.hazards.cases.bodies import Report, Transition
from gridwarden.hazards.forms import too_long
from gridwarden.words.problems import Problem

PLAN: Final = ("measures", "fund_source", "amount_cny", "interim_measure")
TEXTS: Final = (
    *("grade", "category", "place_words", "description", "external_no", "duplicate_of"),
    *("person_responsible", "leader_in_charge", "closing_exception"),
    *("note", "happened_on", "no_photo_because", "until"),
)
ORGANISATIONS: Final = {"org": "org_id", "supervising_org": "supervising_org_id"}
"""Fields that take an organisation's name, code or number."""
FIELDS: Final = ("act", "version", "next", "due_at", *TEXTS, *ORGANISATIONS, *PLAN)
REPORTED: Final = (
    *("category", "source", "description", "place_words", "lon", "lat"),
    *("layer", "subject_id", "grade", "external_no"),
)


async def transition_of(
    c: AsyncConnection[TupleRow], values: Mapping[str, str], zone: str
) -> Transition:
    """The move that a posted form asks for; empty fields say nothing. Raises Problem."""
    told: dict[str, Any] = {name: values[name] for name in TEXTS if values.get(name)}
    told["act"] = values.get("act", "")
    if "duplicate_of" in told:
        told["duplicate_of"] = _whole(told["duplicate_of"], "duplicate_of")
    for field, column in ORGANISATIONS.items():
        if values.get(field):
            told[column] = await organisation_called(c, values[field], field)
    if values.get("due_at"):
        told["due_at"] = _moment(values["due_at"], zone)
    plan = {name: values[name] for name in PLAN if values.get(name)}
    if plan:
        told["plan"] = plan
    try:
        return Transition.model_validate(told)
    except ValidationError as error:
        raise refused(error) from None


def report_of(values: Mapping[str, str]) -> Report:
    """What a posted form enters. Raises Problem."""
    told: dict[str, Any] = {name: value for name, value in values.items() if value}
    if "subject_id" in told:
        told["subject_id"] = _whole(told["subject_id"], "subject_id")
    try:
        return Report.model_validate(told)
    except ValidationError as error:
        raise refused(error) from None


def refused(error: ValidationError) -> Problem:
    """The first field that a form's value does not fit."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"][:2]) or "form"
    kind = "missing_value" if first["type"] == "missing" else "invalid_value"
    return too_long(first, field) or Problem(kind, field=field)


def _whole(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Problem("invalid_value", "asked.bad_number", field=field, least=1)
    return int(text)


def _moment(text: str, zone: str) -> datetime:
    """A date and time as a form's field has it, in the office's time zone."""
    try:
        told = datetime.fromisoformat(text)
        return told if told.tzinfo else told.replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        raise Problem(
            "invalid_value", "hazards.bad_value", field="due_at", column="due_at"
        ) from None
