"""`/api/rules/proposals`: propose a pack, look at what changes, decide as another person."""

import asyncio
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from gridwarden.access import allow
from gridwarden.database import OFFICE, Caller, as_caller
from gridwarden.intake.bodies import limited_body, parse_json
from gridwarden.rules import sharing
from gridwarden.rules.reading import BadPackError, LoadedPack, parse
from gridwarden.rules.sharing import Q
from gridwarden.words.problems import Problem

router = APIRouter(prefix="/api/rules/proposals", tags=["rules"])
Anyone = Annotated[Caller, allow(*OFFICE, "administrator", "auditor")]
Administrator = Annotated[Caller, allow("administrator")]
Number = Annotated[int, Path(ge=1, lt=2**63, description="the proposal's number")]
State = Literal["waiting", "approved", "rejected", "withdrawn"]
FILE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}\.toml")
PACK_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
MOST_FILES: Final = 60
_TEXT: Final = {"type": "string", "maxLength": 2000}
_BODY: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "files": {
            "type": "object",
            "description": "the pack's files by name: one TOML file, or those of a folder",
            "additionalProperties": {"type": "string"},
        },
        "withdraw": {"type": "string", "description": "or the pack that is to go out of force"},
        "instead_of_base": {"type": "boolean", "default": False},
        "why": _TEXT,
    },
}
_WHY: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"why": _TEXT},
}


def _takes(schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": required, "content": content}}


@router.get("")
async def proposals(
    request: Request,
    caller: Anyone,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[int, Query(ge=1, lt=2**63, description="from `next`")] = 2**63 - 1,
) -> JSONResponse:
    """Proposals, newest first; `changes` counts what each changes."""
    async with as_caller(request.app.state.pool, caller) as connection:
        found = await sharing.proposals(connection, state, limit=limit + 1, before=cursor)
    following = None
    if len(found) > limit:
        following = f"/api/rules/proposals?limit={limit}&cursor={found[limit - 1]['id']}"
        following += f"&state={state}" if state else ""
    return JSONResponse({"items": found[:limit], "next": following})


@router.post("", status_code=201, openapi_extra=_takes(_BODY, required=True))
async def propose(request: Request, caller: Administrator) -> JSONResponse:
    """Propose a pack (`files`), or that one goes (`withdraw`); answers with what would change."""
    document = _document(await limited_body(request), _BODY)
    number = await propose_document(request, caller, document)
    return await _told(request, caller, number, 201)


@router.get("/{number}")
async def proposal(request: Request, caller: Anyone, number: Number) -> JSONResponse:
    """One proposal: every change against the rules that it was built on, and its files."""
    return await _told(request, caller, number)


@router.post("/{number}/approval", openapi_extra=_takes(_WHY, required=False))
async def approve(request: Request, caller: Administrator, number: Number) -> Response:
    """Put it in force, as another person than its proposer; `job` is the screening that follows."""
    return await _decided(request, caller, number, "approve")


@router.post("/{number}/rejection", openapi_extra=_takes(_WHY, required=True))
async def reject(request: Request, caller: Administrator, number: Number) -> Response:
    """Refuse it, and say `why`."""
    return await _decided(request, caller, number, "reject")


@router.post("/{number}/withdrawal", openapi_extra=_takes(_WHY, required=False))
async def take_back(request: Request, caller: Administrator, number: Number) -> Response:
    """Take your own proposal back."""
    return await _decided(request, caller, number, "take_back")


async def propose_document(request: Request, caller: Caller, document: Mapping[str, Any]) -> int:
    """The number of the proposal that a body of `POST /api/rules/proposals` asks for."""
    files: Mapping[str, str] | None = document.get("files")
    pack: str | None = document.get("withdraw")
    if (files is None) == (pack is None):
        raise Problem("missing_value", "rules.sharing.one_of", field="files")
    why = document.get("why") or ""
    async with as_caller(request.app.state.pool, caller) as connection:
        if pack is not None:
            return await sharing.propose_withdrawal(connection, pack, why)
        published = await (await connection.execute(Q["published_files"])).fetchall()
        loaded = await asyncio.to_thread(read_files, files or {}, dict(published))
        instead = bool(document.get("instead_of_base"))
        settings = request.app.state.settings
        return await sharing.propose(
            connection, loaded, why, instead_of_base=instead, settings=settings
        )


def read_files(files: Mapping[str, str], published: Mapping[str, Mapping[str, str]]) -> LoadedPack:
    """The checked pack of these files; `published` are other packs' files, for what it extends.

    Raises Problem with file, line and reason.
    """
    good = files and len(files) <= MOST_FILES and all(FILE_NAME.fullmatch(n) for n in files)
    if not good:
        raise Problem("invalid_value", "rules.sharing.no_file", field="files")
    with tempfile.TemporaryDirectory() as place:
        for pack, texts in published.items():
            _lay_out(FilePath(place), pack, texts)
        try:
            return parse(files, "pack" if len(files) > 1 else None, FilePath(place))
        except BadPackError as error:
            raise Problem("refused", str(error), field="files") from error


def _lay_out(place: FilePath, pack: str, texts: Mapping[str, str]) -> None:
    """A pack's file or folder, as its author had it. What is no file's name is left out."""
    if not PACK_NAME.fullmatch(pack) or not all(FILE_NAME.fullmatch(name) for name in texts):
        return
    if len(texts) == 1:
        (place / f"{pack}.toml").write_text(next(iter(texts.values())), encoding="utf-8")
        return
    (place / pack).mkdir()
    for name, text in texts.items():
        (place / pack / name).write_text(text, encoding="utf-8")


async def decide(request: Request, caller: Caller, number: int, decision: str, why: str) -> None:
    """Approve, reject or take back, in one transaction. Raises Problem."""
    async with as_caller(request.app.state.pool, caller, sharing.TIMEOUT_MS) as connection:
        if decision == "approve":
            await sharing.approve(connection, number, request.app.state.settings, why)
        elif decision == "reject":
            await sharing.reject(connection, number, why)
        elif decision == "take_back":
            await sharing.take_back(connection, number, why)
        else:
            raise Problem("invalid_value", "rules.sharing.decisions", field="decision")


async def _decided(request: Request, caller: Caller, number: int, decision: str) -> JSONResponse:
    body = await limited_body(request)
    document = _document(body, _WHY) if body.strip() else {}
    await decide(request, caller, number, decision, document.get("why") or "")
    return await _told(request, caller, number)


async def _told(request: Request, caller: Caller, number: int, status: int = 200) -> JSONResponse:
    async with as_caller(request.app.state.pool, caller) as connection:
        found = await sharing.proposal(connection, number)
    place = f"/api/rules/proposals/{number}"
    return JSONResponse(found, status, headers={"Location": place} if status == 201 else None)


def _document(body: bytes, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The body as far as the schema goes: known names, each of its type. Raises Problem."""
    document = parse_json(body)
    if not isinstance(document, dict):
        raise Problem("bad_request", "areas.problem.json")
    types = {"string": str, "boolean": bool, "object": dict}
    for name, value in document.items():
        wanted = schema["properties"].get(name)
        if wanted is None:
            raise Problem("unknown_parameter", field=str(name)[:80])
        texts = value.values() if isinstance(value, dict) else [value]
        whole = all("\x00" not in one for one in texts if isinstance(one, str))
        short = not isinstance(value, str) or len(value) <= wanted.get("maxLength", 80)
        plain = not isinstance(value, dict) or all(isinstance(one, str) for one in texts)
        if not (isinstance(value, types[wanted["type"]]) and whole and short and plain):
            raise Problem("invalid_value", "rules.sharing.bad_value", field=name)
    return document
