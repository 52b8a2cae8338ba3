"""A file that arrives by HTTP with the form around it: counted, checked, put away, queued."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from gridwarden.database import Caller
from gridwarden.intake.ask import Ask, pair, promised_days, whole_number
from gridwarden.intake.imports import ask_for, check, discard, incoming
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

SLACK: Final = 1 << 20
"""Bytes that the other parts of the form may take."""
TEXTS: Final = (
    "layer",
    "dataset",
    "crs",
    "encoding",
    "mapping",
    "where",
    "from_layer",
    "set",
    "dry_run",
    "remove",
    "org",
    "north_first",
    "update_days",
)
FORM: Final = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file", "layer", "dataset"],
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    **{name: {"type": "string"} for name in TEXTS},
                },
            }
        }
    },
}


async def received(request: Request, caller: Caller) -> tuple[int, int]:
    """Read the form, put the file away and queue its import; returns the import's and the job's id.

    Raises Problem for what can be refused before a row is read.
    """
    settings: Settings = request.app.state.settings
    form = await _form(request, settings)
    try:
        ask = _ask(form)
        check(ask, caller, settings)
        upload = form.get("file")
        if not isinstance(upload, UploadFile) or not upload.filename:
            raise Problem("missing_value", "intake.no_file", field="file")
        name = Path(upload.filename.replace("\\", "/")).name
        folder = incoming(settings)
        try:
            await asyncio.to_thread(_put, upload, folder, name)
            return await ask_for(
                request.app.state.pool, caller, settings, ask, _text(form, "org"), folder, name
            )
        finally:
            discard(folder)
    finally:
        await form.close()


async def _form(request: Request, settings: Settings) -> FormData:
    """The form, counted while it arrives. Raises Problem `too_large`, `bad_request`."""
    limit = (settings.upload_mb << 20) + SLACK
    too_large = Problem("too_large", "intake.too_large", field="file", mb=settings.upload_mb)
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise too_large
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Problem("unsupported_media_type", "intake.no_file", field="file")

    async def counted() -> AsyncGenerator[bytes, None]:
        seen = 0
        async for chunk in request.stream():
            seen += len(chunk)
            if seen > limit:
                raise too_large
            yield chunk

    try:
        parser = MultiPartParser(request.headers, counted(), max_files=1, max_fields=len(TEXTS) + 2)
        return await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise Problem("bad_request", "intake.no_file", field="file") from error


def _put(upload: UploadFile, folder: Path, name: str) -> None:
    folder.mkdir(mode=0o700)
    suffix = Path(name).suffix.lower()[:10]
    suffix = suffix if suffix[1:].isalnum() and suffix.isascii() else ""
    with (folder / f"source{suffix}").open("wb") as file:
        while chunk := upload.file.read(1 << 20):
            file.write(chunk)


def _ask(form: FormData) -> Ask:
    for name in form:
        if name not in (*TEXTS, "file"):
            raise Problem("unknown_parameter", field=name[:100])
    where = _text(form, "where")
    return Ask(
        layer=_needed(form, "layer"),
        dataset=_needed(form, "dataset").strip(),
        crs=_text(form, "crs"),
        encoding=_text(form, "encoding"),
        from_layer=_text(form, "from_layer"),
        where=pair(where, "where") if where else None,
        mapping=_object(form, "mapping"),
        constants=_object(form, "set"),
        dry_run=_truth(form, "dry_run"),
        remove=whole_number(_text(form, "remove"), "remove"),
        north_first=_truth(form, "north_first") if _text(form, "north_first") else None,
        update_days=promised_days(_text(form, "update_days"), "update_days"),
    )


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or "\x00" in value or len(value) > 100_000:
        raise Problem("invalid_value", field=name)
    if any("\ud800" <= c <= "\udfff" for c in value):
        raise Problem("invalid_value", field=name)
    return value


def _truth(form: FormData, name: str) -> bool:
    """Yes or no. Any other word is refused: a misspelt wish not to publish must not publish."""
    word = (_text(form, name) or "false").lower()
    if word not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        raise Problem("invalid_value", field=name)
    return word in ("1", "true", "yes", "on")


def _needed(form: FormData, name: str) -> str:
    value = _text(form, name)
    if value is None:
        raise Problem("missing_value", field=name)
    return value


def _object(form: FormData, name: str) -> dict[str, str]:
    text = _text(form, name)
    if text is None:
        return {}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise Problem("invalid_value", "intake.bad_json", field=name) from None
    plain = isinstance(document, dict) and all(
        isinstance(v, (str, int, float)) and not isinstance(v, bool) for v in document.values()
    )
    if not plain:
        raise Problem("invalid_value", "intake.bad_json", field=name)
    return {str(k): str(v) for k, v in document.items()}
