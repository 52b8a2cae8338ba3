"""`/findings`: the rows behind a figure of the map, as a page."""

import re
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from pydantic import Field
from starlette.responses import HTMLResponse

from gridwarden.access import allow
from gridwarden.database import Caller, as_caller, queries
from gridwarden.layers.catalogue import layers
from gridwarden.maps.cells import check_system, side_of
from gridwarden.maps.names import names_of
from gridwarden.maps.view import family_words, subject_words
from gridwarden.settings import Settings
from gridwarden.words import language_of
from gridwarden.words.page import page
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.maps", "findings.sql")
router = APIRouter(tags=["maps"])
ROWS: Final = 50
EXACT: Final = ("utility", "supervisor")
"""Roles that may read what is measured from exact mains: their own, or those of their districts."""
BIGINT: Final = 2**63 - 1
_CELL: Final = re.compile(r"(square-\d{3,4})/(-?\d{1,9})/(-?\d{1,9})")
_AFTER: Final = re.compile(r"([0-3])\.(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to, as it stands in the address."""

    cell: str | None = None
    district: int | None = None
    family: str | None = None
    severity: str | None = None
    certainty: str | None = None
    after: str | None = None

    def address(self, **changes: Any) -> str:
        """The page's address with this filter and these changes."""
        shown = {k: v for k, v in asdict(replace(self, **changes)).items() if v is not None}
        return "/findings" + (f"?{urlencode(shown)}" if shown else "")


def parameters(wanted: Filter, role: str) -> dict[str, Any]:
    """The filter as SQL parameters; raises Problem for a cell or place in the list that is none.

    A cell is half-open: its west and south edges belong to it, working CRS metres.
    """
    found: dict[str, Any] = {
        "district": wanted.district,
        "family": wanted.family,
        "severity": wanted.severity,
        "certainty": wanted.certainty,
        **dict.fromkeys(("west", "south", "east", "north")),
        "rank": 0,
        "after": 0,
        "most": ROWS + 1,
    }
    if wanted.cell is not None:
        cell = _CELL.fullmatch(wanted.cell)
        if cell is None:
            raise Problem("invalid_value", "maps.bad_cell", field="cell")
        check_system(cell[1], role)
        side, column, row = side_of(cell[1]) or 0, int(cell[2]), int(cell[3])
        found |= {"west": column * side, "east": (column + 1) * side}
        found |= {"south": row * side, "north": (row + 1) * side}
    if wanted.after is not None:
        place = _AFTER.fullmatch(wanted.after)
        if place is None:
            raise Problem("invalid_value", "maps.bad_after", field="after")
        found |= {"rank": int(place[1]), "after": int(place[2])}
    return found


async def rows_of(
    c: AsyncConnection[Any], caller: Caller, values: dict[str, Any], lang: str
) -> list[dict[str, Any]]:
    """One page of rows (and one more, when there is a next page), each with its subject's name.

    Whoever may read the mains themselves gets clause and distances, too; a bureau's look at
    them is recorded.
    """
    async with c.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(Q["page"], values)
        rows = await cursor.fetchall()
        if caller.role in EXACT:
            if caller.role == "supervisor":
                await cursor.execute(Q["look"])
            await cursor.execute(Q["exact"], {"ids": [row["id"] for row in rows]})
            evidence = {row.pop("finding_id"): row for row in await cursor.fetchall()}
            rows = [row | evidence.get(row["id"], {}) for row in rows]
    keys = ("id", "layer", "subject_id", "family", "severity", "certainty")
    named = await names_of(c, caller.role, [tuple(row[k] for k in keys) for row in rows])
    known = layers()
    return [
        row
        | {
            "subject": subject_words(one, lang, known),
            "layer_title": known[row["layer"]].title.in_(lang) if row["layer"] in known else "",
            "family_title": family_words(row["family"], lang),
        }
        for row, one in zip(rows, named, strict=True)
    ]


@router.get("/findings", response_class=HTMLResponse)
async def findings_page(
    request: Request,
    caller: Annotated[Caller, allow("utility", "supervisor", "planner")],
    cell: Annotated[str | None, Query(max_length=60)] = None,
    district: Annotated[int, Field(ge=0, le=BIGINT)] | Literal[""] | None = None,
    family: Annotated[str | None, Query(max_length=60)] = None,
    severity: Literal["general", "serious", "major", ""] | None = None,
    certainty: Literal["certain", "possible", ""] | None = None,
    after: Annotated[str | None, Query(max_length=30)] = None,
) -> HTMLResponse:
    """Findings, most severe first, 50 a page, filtered by cell, district, family and grade."""
    settings: Settings = request.app.state.settings
    lang = language_of(request)
    place = None if district in ("", None) else int(district)
    wanted = Filter(cell or None, place, family or None, severity or None, certainty or None, after)
    values = parameters(wanted, caller.role)
    async with as_caller(request.app.state.pool, caller, settings.statement_timeout_ms) as c:
        rows = await rows_of(c, caller, values, lang)
        total = await (await c.execute(Q["total"], values)).fetchone()
        districts = await (await c.execute(Q["districts"])).fetchall()
        families = await (await c.execute(Q["families"])).fetchall()
        async with c.cursor(row_factory=dict_row) as cursor:
            dates = await (await cursor.execute(Q["dates"])).fetchone()
    last = rows[ROWS - 1] if len(rows) > ROWS else None
    return page(
        request,
        "maps/findings.html",
        caller=caller,
        rows=rows[:ROWS],
        total=total[0] if total else 0,
        wanted=wanted,
        next_page=wanted.address(after=f"{last['rank']}.{last['id']}") if last else None,
        first_page=wanted.address(after=None) if after else None,
        districts=districts,
        families=[(row[0], family_words(row[0], lang)) for row in families],
        dates=dates,
    )
