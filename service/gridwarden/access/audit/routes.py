"""`/api/audit` and the page `/audit`: the auditor reads, verifies and takes out the trail."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, BinaryIO, Final

from fastapi import APIRouter, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from gridwarden.access.audience import allow
from gridwarden.access.audit import commands, telling
from gridwarden.access.audit.exporting import MEDIA, taken_out
from gridwarden.access.audit.heads import kept_heads
from gridwarden.access.audit.listing import FILTERS, actions_of, audit_query, page_of
from gridwarden.access.audit.verifying import verify
from gridwarden.database import ROLES, Caller, as_caller
from gridwarden.settings import Settings
from gridwarden.words import known, say
from gridwarden.words.page import page, zone_of
from gridwarden.words.problems import Problem

router = APIRouter(tags=["audit"])
Auditor = Annotated[Caller, allow("auditor")]
NOT_KEPT: Final = {"Cache-Control": "no-store"}
SHOWN: Final = 50
_DESCRIBED: Final[list[dict[str, Any]]] = [
    {"name": name, "in": "query", "required": False, "schema": schema, "description": told}
    for name, schema, told in (
        ("person", {"type": "string"}, "who acted"),
        ("role", {"type": "string", "enum": list(ROLES)}, "in which role"),
        ("action", {"type": "string"}, "the word of the act: saw, export, look, …"),
        ("object", {"type": "string"}, "what it was done to: gas_pipelines, …"),
        ("from", {"type": "string"}, "from that day on, or moment (RFC 3339)"),
        ("to", {"type": "string"}, "to that day's end, or before that moment"),
        ("main", {"type": "integer", "minimum": 1}, "who saw the exact place of this main"),
    )
]
_PAGING: Final[list[dict[str, Any]]] = [
    {"name": name, "in": "query", "required": False, "schema": {"type": "integer", "minimum": 1}}
    for name in ("limit", "cursor")
]
assert tuple(one["name"] for one in _DESCRIBED) == FILTERS


@router.get("/api/audit", openapi_extra={"parameters": [*_DESCRIBED, *_PAGING]})
async def audit(request: Request, caller: Auditor) -> JSONResponse:
    """A page of the trail, newest first."""
    state = request.app.state
    asked = audit_query(request.query_params.multi_items(), state.settings.time_zone)
    async with as_caller(state.pool, caller, state.settings.statement_timeout_ms) as c:
        rows, before = await page_of(c, asked)
    items = [row | {"say": telling.sentence(row, caller.language)} for row in rows]
    following = asked.following(before, "/api/audit") if before else None
    return JSONResponse(jsonable_encoder({"items": items, "next": following}), headers=NOT_KEPT)


@router.get("/api/audit/verify")
async def verified(request: Request, caller: Auditor) -> JSONResponse:
    """Hold every row against its seal, and the chain against the heads that are kept outside."""
    state = request.app.state
    found = await verify(state.pool, caller, kept_heads(state.settings), state.settings)
    document = {
        "whole": found.whole,
        "rows": found.rows,
        "archived": found.archived,
        "seals": found.seals,
        "unsealed": found.unsealed,
        "heads": found.heads,
        "head": found.head.hex(),
        "faults": [{"kind": f.kind, "seal": f.seal, "id": f.id} for f in found.faults],
        "say": commands.told(found, caller.language),
    }
    return JSONResponse(document, headers=NOT_KEPT)


@router.get(
    "/api/audit/export",
    response_class=StreamingResponse,
    openapi_extra={
        "parameters": [
            one | {"required": True} for one in _DESCRIBED if one["name"] in ("from", "to")
        ]
    },
)
async def export(request: Request, caller: Auditor) -> StreamingResponse:
    """The sealed rows of a time as a signed file; `gridwarden audit check` checks it anywhere."""
    settings: Settings = request.app.state.settings
    asked = audit_query(request.query_params.multi_items(), settings.time_zone, ())
    for name in asked.given:
        if name not in ("from", "to"):
            raise Problem("unknown_parameter", field=name)
    if asked.since is None or asked.until is None:
        raise Problem(
            "missing_value", "audit.problem.span", field="from" if asked.since is None else "to"
        )
    folder = settings.home / "exports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{secrets.token_hex(16)}.jsonl"
    try:
        await taken_out(request.app.state.pool, caller, settings, asked.since, asked.until, file)
        opened = file.open("rb")
    finally:
        file.unlink(missing_ok=True)
    name = f"audit_{datetime.now(UTC).date().isoformat()}.jsonl"
    headers = NOT_KEPT | {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_portions(opened), headers=headers, media_type=MEDIA)


def _portions(opened: BinaryIO) -> Iterator[bytes]:
    with opened:
        while portion := opened.read(1 << 20):
            yield portion


@router.get("/audit", response_class=HTMLResponse)
async def shown(request: Request, caller: Auditor) -> HTMLResponse:
    """The trail to read and to print: a sentence a row."""
    state = request.app.state
    lang = caller.language
    items = request.query_params.multi_items()
    sentence = None
    try:
        asked = audit_query([*items, ("limit", str(SHOWN))], state.settings.time_zone)
    except Problem as problem:
        sentence = problem.said(lang)
        asked = audit_query([], state.settings.time_zone)
    async with as_caller(state.pool, caller, state.settings.statement_timeout_ms) as c:
        rows, before = await page_of(c, asked)
        actions = await actions_of(c)
    lines = [
        row
        | {
            "say": telling.sentence(row, lang),
            "details": telling.details(row, lang, zone_of(request)),
        }
        | {"told_mains": telling.mains_told(row["mains"])}
        for row in rows
    ]
    return page(
        request,
        "access/audit.html",
        caller=caller,
        status_code=400 if sentence else 200,
        rows=lines,
        asked=dict.fromkeys(FILTERS, "") | asked.given,
        roles=ROLES,
        role_words={"none": say("audit.owner", lang)}
        | {r: say(f"role.{r}", lang) if known(f"role.{r}") else r for r in ROLES},
        actions=actions,
        action_words={one: telling.act(one, lang) for one in actions},
        following=asked.following(before, "/audit") if before else None,
        narrowed=bool(asked.given),
        sentence=sentence,
    )
