"""Request bodies of bounded size, and the plain form read as the same question as the JSON."""

import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from gridwarden.permits.question import Question, parse_json, read_question
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

MAX_BYTES: Final = 1_000_000
FIELDS: Final = ("area", "crs", "method", "depth_m", "buffer_m", "starts_on", "ends_on")
_PAIR: Final = re.compile(r"[-+]?\d+(?:\.\d*)?|[-+]?\.\d+")
# Full-width forms (U+FF01 to U+FF5E) are what a Chinese keyboard types; they mean the ASCII ones.
_FULL_WIDTH: Final = {0xFF01 + i: 0x21 + i for i in range(94)} | {
    ord("、"): ord(","),
    ord("。"): ord("."),
    0x3000: ord(" "),
}


async def limited_body(request: Request) -> bytes:
    """The body, read up to 1 MB: several times what `area.MAX_POSITIONS` positions take.

    Raises Problem `too_large`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise Problem("too_large", field="body")
    return bytes(body)


async def limited_form(request: Request) -> dict[str, str]:
    """The fields of a posted form; a chosen file takes the place of the area's text.

    Raises Problem for a body that is no form, or not UTF-8 in its file.
    """
    body = await limited_body(request)

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        form: FormData = await Request(request.scope, again).form(max_files=1, max_fields=20)
    except (MultiPartException, ValueError):
        raise Problem("bad_request", "permits.problem.body") from None
    values = {name: value for name, value in form.items() if isinstance(value, str)}
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        try:
            values["area"] = (await file.read()).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Problem("invalid_geometry", "permits.problem.not_geojson", field="area") from None
    await form.close()
    return values


def question_of_form(values: Mapping[str, str], settings: Settings) -> Question:
    """The question of a filled-in form. Raises Problem naming the field."""
    text = values.get("area", "").strip()
    if not text:
        raise Problem("missing_value", "permits.problem.no_area", field="area")
    document: dict[str, Any] = {
        "area": area_of_text(text),
        "method": values.get("method") or None,
        "depth_m": _number(values, "depth_m"),
        "buffer_m": _number(values, "buffer_m"),
        "starts_on": values.get("starts_on") or None,
        "ends_on": values.get("ends_on") or None,
    }
    return read_question(document, values.get("crs") or None, settings)


def area_of_text(text: str) -> object:
    """GeoJSON, or `114.12,30.93; 114.13,30.93; …`: one pair is a point, two are a line, three or
    more the corners of an outline, closed here because nobody types the first one twice.

    Full-width digits and marks are read as their plain forms. Raises Problem.
    """
    if text.startswith("{"):
        return parse_json(text, "area")
    places = []
    for part in re.split(r"[;\n]+", text.translate(_FULL_WIDTH)):
        if not part.strip():
            continue
        numbers = re.split(r"[,\s]+", part.strip().strip("()[]").strip())
        if len(numbers) != 2 or not all(_PAIR.fullmatch(number) for number in numbers):
            raise Problem("invalid_geometry", "permits.problem.not_geojson", field="area")
        places.append([float(number) for number in numbers])
    if len(places) < 3:
        kind, coordinates = ("Point", places[0]) if len(places) == 1 else ("LineString", places)
        return {"type": kind, "coordinates": coordinates}
    if places[0] != places[-1]:
        places.append(places[0])
    return {"type": "Polygon", "coordinates": [places]}


def _number(values: Mapping[str, str], field: str) -> object:
    text = values.get(field, "").strip().translate(_FULL_WIDTH)
    if not text:
        return None
    return float(text) if _PAIR.fullmatch(text) else text
