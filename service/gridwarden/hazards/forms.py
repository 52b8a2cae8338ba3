"""Plain forms of the ledger's pages: their fields in order, none lost; or by name, no others."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from gridwarden.hazards.cases.moving import Refusal
from gridwarden.intake.bodies import limited_body
from gridwarden.words.problems import Problem

FORM_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
    }
}
MOST_FIELDS: Final = 12_000
Fields = list[tuple[str, str]]
Body = TypeVar("Body", bound=BaseModel)


async def fields_of(request: Request) -> Fields:
    """The fields of a posted form (urlencoded, at most 1 MB), trimmed, many of one name in order.

    Raises Problem (400, 413) for what is no form, and for a field that holds what no text has.
    """
    body = await limited_body(request)
    try:
        found = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise Problem("bad_request", "areas.problem.form") from None
    for name, value in found:
        if "\x00" in value:
            raise Problem("invalid_value", field=name[:100])
    return [(name, value.strip()) for name, value in found]


async def form_values(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """The same by name. Raises Problem for one that is not `known`."""
    values = dict(await fields_of(request))
    for name in values:
        if name not in known:
            raise Problem("unknown_parameter", field=name[:100])
    return values


def first(fields: Iterable[tuple[str, str]], name: str) -> str:
    """The first value of a field; empty where it is not there."""
    return next((value for key, value in fields if key == name), "")


def pairs(fields: Iterable[tuple[str, str]], name: str) -> list[tuple[int, int]]:
    """The values of a field that are two whole numbers with a colon. Raises Problem (400)."""
    found = []
    for key, value in fields:
        if key != name:
            continue
        one, _, other = value.partition(":")
        if not (_whole(one) and _whole(other)):
            raise Problem("bad_request", "areas.problem.form", field=name)
        found.append((int(one), int(other)))
    return found


def whole_in(values: dict[str, str], name: str) -> int:
    """A number among them. Raises Problem."""
    text = values.get(name, "")
    if not _whole(text):
        raise Problem("invalid_value", "asked.bad_number", field=name, least=1)
    return int(text)


def body_of(model: type[Body], values: dict[str, str]) -> Body:
    """A form as a body of the API; empty fields say nothing.

    Raises Problem naming the first field that does not fit.
    """
    try:
        return model.model_validate({name: value for name, value in values.items() if value})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "set"
        raise too_long(first, name) or Refusal(
            "invalid_value", "hazards.bad_value", field=name, column=name
        ) from None


def too_long(error: Mapping[str, Any], field: str) -> Problem | None:
    """What is said of a text that is too long, with how long it may be; None for other faults."""
    if error["type"] != "string_too_long":
        return None
    column, most = field.rpartition(".")[2], error["ctx"]["max_length"]
    return Refusal("invalid_value", "hazards.too_long", field=field, column=column, most=most)


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
