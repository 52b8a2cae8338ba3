"""Plain forms of the ledger's pages: their fields by name, no others, and whole numbers in them."""

from typing import Any, Final

from starlette.requests import Request

from gridwarden.intake.bodies import form_of
from gridwarden.words.problems import Problem

FORM_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}},
    }
}


async def form_values(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """The fields of a posted form, trimmed. Raises Problem for one that is not `known`, or that
    holds what no text has.
    """
    values, _ = await form_of(request)
    for name, value in values.items():
        if name not in known:
            raise Problem("unknown_parameter", field=name[:100])
        if "\x00" in value or any("\ud800" <= one <= "\udfff" for one in value):
            raise Problem("invalid_value", field=name)
    return {name: value.strip() for name, value in values.items()}


def whole_in(values: dict[str, str], name: str) -> int:
    """A number among them. Raises Problem."""
    text = values.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Problem("invalid_value", "asked.bad_number", field=name, least=1)
    return int(text)
