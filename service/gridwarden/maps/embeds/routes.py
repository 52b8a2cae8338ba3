"""`/api/embeds`, and what the holder of a link reads: `/maps/embed/{token}` and its picture."""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Request
from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from gridwarden.access import allow, everyone
from gridwarden.access.limits import Aside, costs
from gridwarden.database import Caller, Pool, as_caller
from gridwarden.maps import drawn
from gridwarden.maps.embeds.making import KEEPERS, MAKERS, Made, Q, Wanted
from gridwarden.words import language_of, say
from gridwarden.words.answers import answer
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

router = APIRouter(tags=["maps"])
Maker = Annotated[Caller, allow(*MAKERS)]
Keeper = Annotated[Caller, allow(*KEEPERS)]
Number = Annotated[int, Path(ge=1, lt=2**63, description="the embed's number")]
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
"""A link is a secret: it is not sent on, kept or listed, and its end is an end at once."""


class EmbedWanted(BaseModel):
    """What a new embed fixes for its life."""

    model_config = ConfigDict(extra="forbid")

    cells: str = Field("square-500", max_length=40)
    measure: str = Field("weighted", max_length=100)
    district: int | None = Field(None, ge=1, lt=2**63, description="its id; else the whole city")
    language: Literal["zh", "en"] | None = None
    sites: list[Annotated[str, Field(max_length=300)]] = Field(
        default_factory=list, max_length=20, description="origins that may frame it; none: nobody"
    )
    days: int = Field(30, ge=1, le=366)


class EmbedMade(BaseModel):
    """A new embed. Its link is said once: what is kept is a hash of it."""

    id: int
    url: str
    image: str
    html: str
    expires_at: datetime
    withheld: int


class Embed(BaseModel):
    """An embed without its link."""

    id: int
    cells: str
    measure: str
    district: int | None
    place: str | None
    language: str
    sites: list[str]
    made_by: str
    made_as: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    lives: bool


class Embeds(BaseModel):
    """Embeds, newest first."""

    items: list[Embed]
    next: str | None = None


@router.get("/api/embeds")
async def embeds(request: Request, caller: Keeper) -> Embeds:
    """The embeds that were made, newest first, without their links."""
    return Embeds.model_validate({"items": await listed(request.app.state.pool, caller)})


@router.post("/api/embeds", status_code=201)
@costs("heavy")
async def make_embed(request: Request, caller: Maker, wanted: EmbedWanted) -> EmbedMade:
    """Freeze a map behind a signed link that ends, and that can be revoked."""
    return await made_of(request, caller, wanted)


@router.delete("/api/embeds/{number}", status_code=204)
async def revoke_embed(request: Request, number: Number, caller: Keeper) -> Response:
    """End a link at once; 404 where none of this number lives."""
    await revoke(request, number, caller)
    return Response(status_code=204)


@router.get("/maps/embed/{token}.png", dependencies=[everyone()])
@costs("heavy")
async def embed_picture(request: Request, token: str) -> Response:
    """The frozen map as a picture."""
    aside: Aside = request.app.state.aside
    made = await aside.run(drawn.embed_picture, token, narrowed=bool(request.url.query))
    if made is None:
        return _refused(request)
    return Response(made, headers=HEADERS, media_type="image/png")


@router.get("/maps/embed/{token}", dependencies=[everyone()], response_class=HTMLResponse)
@costs("heavy")
async def embed_page(request: Request, token: str) -> Response:
    """The frozen map as a page, which only the named sites may frame."""
    aside: Aside = request.app.state.aside
    found = await aside.run(drawn.embed_page, token, narrowed=bool(request.url.query))
    if found is None:
        return _refused(request)
    sites, lang, told = found
    made = page(
        request,
        "maps/embed.html",
        inline_styles=True,
        frame_ancestors=sites,
        lang=lang,
        **told,
    )
    made.headers.update(HEADERS)
    return made


def _refused(request: Request) -> Response:
    """403 in the same words, whatever is wrong; what was asked besides is not looked at."""
    plain = Request({**request.scope, "query_string": b""})
    response = answer(plain, Problem("forbidden", "embeds.not_valid"))
    response.headers["Referrer-Policy"] = HEADERS["Referrer-Policy"]
    return response


async def made_of(request: Request, caller: Caller, wanted: EmbedWanted) -> EmbedMade:
    """Make an embed and say its link. Raises Problem as `make` does."""
    state = request.app.state
    exact = Wanted(
        wanted.cells,
        wanted.measure,
        wanted.district,
        wanted.language or ("zh" if language_of(request) == "zh" else "en"),
        tuple(wanted.sites),
        wanted.days,
    )
    aside: Aside = state.aside
    return told(str(request.base_url), await aside.run(drawn.embed_made, caller, exact))


def told(base: str, made: Made) -> EmbedMade:
    """A new embed as it is said: its link, its picture's, and the frame to paste."""
    url = f"{base.rstrip('/')}/maps/embed/{made.token}"
    title = say("maps.heat.title", made.frozen["language"])
    frame = (
        f'<iframe src="{escape(url)}" title="{escape(title)}" width="100%" height="640"'
        ' style="border:0" referrerpolicy="no-referrer" loading="lazy"></iframe>'
    )
    withheld = sum(one["state"] == 2 for one in made.frozen["cells"])
    return EmbedMade(
        id=made.id,
        url=url,
        image=f"{url}.png",
        html=frame,
        expires_at=made.expires_at,
        withheld=withheld,
    )


async def revoke(request: Request, number: int, caller: Caller) -> None:
    """End a link. Raises Problem `not_found` where none of this number lives."""
    async with as_caller(request.app.state.pool, caller) as c:
        row = await (await c.execute(Q["revoke"], {"id": number})).fetchone()
    if not row or not row[0]:
        raise Problem("not_found", "embeds.no_such", field="number")


async def listed(pool: Pool, caller: Caller) -> list[dict[str, Any]]:
    """Every embed, newest first, without its link."""
    async with (
        as_caller(pool, caller) as c,
        c.cursor(row_factory=dict_row) as cursor,
    ):
        rows = await (await cursor.execute(Q["listed"])).fetchall()
    return [{**row, "cells": row["system"], "district": row["district_id"]} for row in rows]
