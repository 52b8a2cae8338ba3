"""Plain forms with many ticked boxes: their fields, in order, none lost."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.requests import Request

from gridwarden.intake.bodies import limited_body
from gridwarden.words.problems import Problem

MOST_FIELDS = 12_000


async def fields_of(request: Request) -> list[tuple[str, str]]:
    """The fields of a posted form (urlencoded, at most 1 MB). Raises Problem (400, 413)."""
    body = await limited_body(request)
    try:
        return parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise Problem("bad_request", "areas.problem.form") from None


def first(fields: Iterable[tuple[str, str]], name: str) -> str:
    """The first value of a field, without spaces at its ends; empty where it is not there."""
    return next((value.strip() for key, value in fields if key == name), "")


def pairs(fields: Iterable[tuple[str, str]], name: str) -> list[tuple[int, int]]:
    """The values of a field that are two whole numbers with a colon. Raises Problem (400)."""
    found = []
    for key, value in fields:
        if key != name:
            continue
        one, _, other = value.partition(":")
        if not (one.isascii() and one.isdigit() and other.isascii() and other.isdigit()):
            raise Problem("bad_request", "areas.problem.form", field=name)
        if len(one) > 18 or len(other) > 18:
            raise Problem("bad_request", "areas.problem.form", field=name)
        found.append((int(one), int(other)))
    return found
