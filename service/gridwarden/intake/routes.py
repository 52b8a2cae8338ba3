"""Imports by HTTP: bring a file, see what came of it, take the rejected rows home."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from gridwarden.database import Caller, Pool, as_caller
from gridwarden.intake.arriving import FORM, received
from gridwarden.intake.coordinates import routes as coordinates
from gridwarden.intake.coordinates.telling import because_words, drawable_question, question_words
from gridwarden.intake.dry_run import routes as dry_run
from gridwarden.intake.dry_run.changes import KEPT_FOR
from gridwarden.intake.habits import routes as habits
from gridwarden.intake.imports import Q
from gridwarden.intake.preview import seen
from gridwarden.intake.rollback import routes as rollback
from gridwarden.intake.seeing import Importer, ImportId, found
from gridwarden.intake.sent_back import routes as sent_back
from gridwarden.words import say
from gridwarden.words.sheets import safe


async def never_kept(response: Response) -> None:
    """No cache keeps what is said of an import: preview and question hold places of the file."""
    response.headers["Cache-Control"] = "no-store"


router = APIRouter(tags=["import"], dependencies=[Depends(never_kept)])
router.include_router(habits.router)
router.include_router(dry_run.router)
router.include_router(rollback.router)
router.include_router(sent_back.router)
router.include_router(coordinates.router)
PAGE = 5_000


@router.post("/api/imports", status_code=202, openapi_extra={"requestBody": FORM})
async def bring(request: Request, caller: Importer) -> JSONResponse:
    """Take a file and queue its import. The form is read only after the caller is known."""
    import_id, job_id = await received(request, caller)
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
    items = [shown(row[0], caller.language) for row in rows[:limit]]
    following = None
    if len(rows) > limit:
        again = request.url.include_query_params(before=items[-1]["id"], limit=limit)
        following = f"{again.path}?{again.query}"
    return {"items": items, "next": following}


@router.get("/api/imports/{import_id}")
async def one(request: Request, import_id: ImportId, caller: Importer) -> dict[str, Any]:
    """One import: its state, its counts, why rows were left, and how its file is read."""
    pool: Pool = request.app.state.pool
    document = shown(await found(pool, caller, import_id), caller.language)
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
        "because": because_words(document, language),
        "question": question_words(document["question"], language),
        "reasons": {reason: _words(reason, language) for reason in document["reasons"]},
        "notes": [say(f"intake.note.{name}", language, value=value) for name, _, value in notes],
    }


def _line(values: tuple[Any, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([safe(v) for v in values])
    return out.getvalue()


def shown(document: dict[str, Any], language: str) -> dict[str, Any]:
    """An import as the API gives it: its row, its words, and where its parts are."""
    here = f"/api/imports/{document['id']}"
    return document | {
        "words": words_of(document, language),
        "url": here,
        "job_url": f"/api/jobs/{document['job_id']}",
        "rejects_url": f"{here}/rejects" if document["quarantined"] else None,
        "changes_url": f"{here}/changes" if document["state"] in KEPT_FOR else None,
        "rejects_file_url": f"{here}/rejects/file" if document["quarantined"] else None,
        "answer_url": f"{here}/answer" if document["state"] == "held" else None,
        "question_url": f"{here}/question.svg" if drawable_question(document["question"]) else None,
    }
