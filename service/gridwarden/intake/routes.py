"""Imports by HTTP: bring a file, see what came of it, take the rejected rows home."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from gridwarden.database import Caller, Pool, as_caller
from gridwarden.intake.ask import Ask, pair, whole_number
from gridwarden.intake.coordinates import routes as coordinates
from gridwarden.intake.coordinates.telling import because_words, drawable, question_words
from gridwarden.intake.dry_run import routes as dry_run
from gridwarden.intake.habits import routes as habits
from gridwarden.intake.imports import Q, ask_for, check, discard, incoming
from gridwarden.intake.preview import seen
from gridwarden.intake.rollback import routes as rollback
from gridwarden.intake.seeing import Importer, ImportId, found
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem
from gridwarden.words.sheets import safe

router = APIRouter(tags=["import"])
router.include_router(habits.router)
router.include_router(dry_run.router)
router.include_router(rollback.router)
router.include_router(coordinates.router)
SLACK = 1 << 20
"""Bytes that the other parts of the form may take."""
PAGE = 5_000
TEXTS = (
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
)
FORM = {
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


@router.post("/api/imports", status_code=202, openapi_extra={"requestBody": FORM})
async def bring(request: Request, caller: Importer) -> JSONResponse:
    """Take a file and queue its import. The form is read only after the caller is known."""
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
            import_id, job_id = await ask_for(
                request.app.state.pool, caller, settings, ask, _text(form, "org"), folder, name
            )
        finally:
            discard(folder)
    finally:
        await form.close()
    here = f"/api/imports/{import_id}"
    body = {
        "id": import_id,
        "job": job_id,
        "url": here,
        "job_url": f"/api/jobs/{job_id}",
        "rejects_url": f"{here}/rejects",
    }
    return JSONResponse(body, status_code=202, headers={"Location": here})


@router.get("/api/imports")
async def listed(
    request: Request,
    caller: Importer,
    layer: Annotated[str | None, Query(max_length=100)] = None,
    dataset: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> dict[str, Any]:
    """The caller's imports, newest first."""
    values = {"before": before, "layer": layer, "dataset": dataset, "limit": limit + 1}
    async with as_caller(request.app.state.pool, caller) as c:
        rows = await (await c.execute(Q["page"], values)).fetchall()
    items = [_shown(row[0], caller.language) for row in rows[:limit]]
    following = None
    if len(rows) > limit:
        again = request.url.include_query_params(before=items[-1]["id"], limit=limit)
        following = f"{again.path}?{again.query}"
    return {"items": items, "next": following}


@router.get("/api/imports/{import_id}")
async def one(request: Request, import_id: ImportId, caller: Importer) -> dict[str, Any]:
    """One import: its state, its counts, why rows were left, and how its file is read."""
    pool: Pool = request.app.state.pool
    document = _shown(await found(pool, caller, import_id), caller.language)
    return document | {"preview": await seen(pool, caller, import_id)}


@router.get(
    "/api/imports/{import_id}/rejects",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}},
)
async def rejects(request: Request, import_id: ImportId, caller: Importer) -> Response:
    """The rejected rows as CSV, for a spreadsheet: number, reason, words, column, value."""
    pool: Pool = request.app.state.pool
    await found(pool, caller, import_id)
    name = f"rejects-{import_id}.csv"
    return StreamingResponse(
        reject_lines(pool, caller, import_id),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


async def reject_lines(pool: Pool, caller: Caller, import_id: int) -> AsyncIterator[str]:
    """The CSV, page by page: nothing is held for a slow reader, memory or connection."""
    heads = ("row", "reason", "words", "column", "value", "source_id")
    # The mark lets spreadsheets read the Chinese words as UTF-8.
    yield "\ufeff" + _line(tuple(say(f"intake.column.{h}", caller.language) for h in heads))
    after = 0
    while True:
        values = {"id": import_id, "after": after, "limit": PAGE}
        async with as_caller(pool, caller) as c:
            rows = await (await c.execute(Q["rejects"], values)).fetchall()
        if not rows:
            return
        yield "".join(
            _line((row, reason, _words(reason, caller.language), column, value, source_id))
            for row, reason, column, value, source_id in rows
        )
        after = rows[-1][0]


def _words(reason: str, language: str) -> str:
    return say(f"intake.reason.{reason}", language)


def words_of(document: dict[str, Any], language: str) -> dict[str, Any]:
    """What an import has to say, in one language: its sentence, its reasons, its notes."""
    sentence = (document["say"] or {}).get(language)
    if document["state"] in ("published", "unchanged", "checked"):
        counts = {k: document[k] for k in ("added", "changed", "removed", "version")}
        counts |= {"n": document["rows_good"], "bad": document["quarantined"]}
        sentence = say(f"intake.said_{document['state']}", language, **counts)
    notes = (note.partition(":") for note in document["notes"])
    return {
        "say": sentence,
        "because": because_words(document["because"], language),
        "question": question_words(document["question"], language),
        "reasons": {reason: _words(reason, language) for reason in document["reasons"]},
        "notes": [say(f"intake.note.{name}", language, value=value) for name, _, value in notes],
    }


def _line(values: tuple[Any, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([safe(v) for v in values])
    return out.getvalue()


def _shown(document: dict[str, Any], language: str) -> dict[str, Any]:
    here = f"/api/imports/{document['id']}"
    return document | {
        "words": words_of(document, language),
        "url": here,
        "job_url": f"/api/jobs/{document['job_id']}",
        "rejects_url": f"{here}/rejects" if document["quarantined"] else None,
        "answer_url": f"{here}/answer" if document["state"] == "held" else None,
        "question_url": f"{here}/question.svg" if drawable(document["question"]) else None,
    }


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
