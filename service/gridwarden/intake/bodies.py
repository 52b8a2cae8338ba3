"""Request bodies of bounded size, plain forms, and places as people type them."""

import json
import re
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from gridwarden.words.problems import Problem

MAX_BYTES: Final = 1_000_000
NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d*)?|[-+]?\.\d+")
# Full-width forms (U+FF01 to U+FF5E) are what a Chinese keyboard types; they mean the ASCII ones.
FULL_WIDTH: Final = {0xFF01 + i: 0x21 + i for i in range(94)} | {
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


async def limited_form(request: Request, file_is: str = "area") -> dict[str, str]:
    """The fields of a posted form; a chosen file takes the place of the text of `file_is`.

    Raises Problem for a body that is no form, or not UTF-8 in its file.
    """
    body = await limited_body(request)

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        form: FormData = await Request(request.scope, again).form(max_files=1, max_fields=40)
    except (MultiPartException, ValueError):
        raise Problem("bad_request", "areas.problem.form") from None
    values = {name: value for name, value in form.items() if isinstance(value, str)}
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        try:
            values[file_is] = (await file.read()).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Problem("invalid_geometry", "areas.problem.not_geojson", field=file_is) from None
    await form.close()
    return values


def parse_json(body: bytes | str, field: str | None = None) -> object:
    """Strict JSON: no NaN, no Infinity. Raises Problem `bad_request`."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Problem("bad_request", "areas.problem.json", field=field) from None


def place_of_text(text: str, field: str = "area") -> object:
    """GeoJSON, or `114.12,30.93; 114.13,30.93; …`: one pair is a point, two are a line, three or
    more the corners of an outline, closed here because nobody types the first one twice.

    Full-width digits and marks are read as their plain forms. Raises Problem.
    """
    if text.startswith("{"):
        return parse_json(text, field)
    places = []
    for part in re.split(r"[;\n]+", text.translate(FULL_WIDTH)):
        if not part.strip():
            continue
        numbers = re.split(r"[,\s]+", part.strip().strip("()[]").strip())
        if len(numbers) != 2 or not all(NUMBER.fullmatch(number) for number in numbers):
            raise Problem("invalid_geometry", "areas.problem.not_geojson", field=field)
        places.append([float(number) for number in numbers])
    if not places:
        raise Problem("invalid_geometry", "areas.problem.not_geojson", field=field)
    if len(places) < 3:
        kind, coordinates = ("Point", places[0]) if len(places) == 1 else ("LineString", places)
        return {"type": kind, "coordinates": coordinates}
    if places[0] != places[-1]:
        places.append(places[0])
    return {"type": "Polygon", "coordinates": [places]}


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
