"""Request bodies of bounded size, and plain forms with a file."""

import json
import re
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from gridwarden.words.bounds import demand_shallow
from gridwarden.words.problems import Problem

MAX_BYTES: Final = 1_000_000
NUMBER: Final = re.compile(r"[-+]?\d+(?:\.\d*)?|[-+]?\.\d+")
# Full-width forms (U+FF01 to U+FF5E) are what a Chinese keyboard types; they mean the ASCII ones.
FULL_WIDTH: Final = {0xFF01 + i: 0x21 + i for i in range(94)} | {
    ord("、"): ord(","),
    ord("。"): ord("."),
    0x3000: ord(" "),
}


async def limited_body(request: Request, limit: int = MAX_BYTES) -> bytes:
    """The body, read up to `limit` bytes (1 MB is several times what `area.MAX_POSITIONS`
    positions take).

    Raises Problem `too_large`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Problem("too_large", field="body")
    return bytes(body)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that came with a form, under the name its sender gave it."""

    name: str
    body: bytes


async def form_of(request: Request, limit: int = MAX_BYTES) -> tuple[dict[str, str], Sent | None]:
    """The fields of a posted form, and the file that was chosen in its field `file`.

    Raises Problem for a body that is no form, or larger than `limit` bytes.
    """
    body = await limited_body(request, limit)

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        form: FormData = await Request(request.scope, again).form(max_files=1, max_fields=40)
    except (MultiPartException, ValueError):
        raise Problem("bad_request", "areas.problem.form") from None
    values = {name: value for name, value in form.items() if isinstance(value, str)}
    file = form.get("file")
    sent = None
    if isinstance(file, UploadFile) and file.filename:
        sent = Sent(file.filename, await file.read())
    await form.close()
    return values, sent


async def limited_form(request: Request, file_is: str = "area") -> dict[str, str]:
    """The fields of a posted form; a chosen file takes the place of the text of `file_is`.

    Raises Problem for a body that is no form, or not UTF-8 in its file.
    """
    values, sent = await form_of(request)
    if sent is not None:
        try:
            values[file_is] = sent.body.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Problem("invalid_geometry", "areas.problem.not_geojson", field=file_is) from None
    return values


def parse_json(body: bytes | str, field: str | None = None) -> object:
    """Strict JSON: no NaN, no Infinity, not too deep. Raises Problem `bad_request`."""
    demand_shallow(body if isinstance(body, bytes) else body.encode("utf-8", "replace"))
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Problem("bad_request", "areas.problem.json", field=field) from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
