"""Freeze a map of told figures: who asks is checked, what is shown is written down, once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.layers.age import freshness, source_line
from gridwarden.maps.cells import Heat
from gridwarden.maps.cells import Q as CELLS
from gridwarden.maps.embeds.figures import SYSTEMS, Told, told
from gridwarden.maps.embeds.links import hash_of, origins, signed
from gridwarden.maps.view import note_of
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.maps.embeds", "embeds.sql")
MAKERS: Final = ("planner", "supervisor")
"""Publishing is an act of an office: who plans the city, or orders the clearing."""
KEEPERS: Final = (*MAKERS, "security")
"""Who sees which links live, and may end one."""
MOST_DAYS: Final = 366
Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an embed fixes for its life. `district`: its id; None is the whole city."""

    system: str = "square-500"
    measure: str = "weighted"
    district: int | None = None
    language: Language = "zh"
    sites: tuple[str, ...] = ()
    days: int = 30


@dataclass(frozen=True, slots=True)
class Made:
    """An embed that was just made. `token` is not to be had again."""

    id: int
    token: str
    expires_at: datetime
    frozen: Mapping[str, Any]


async def make(pool: Pool, caller: Caller, wanted: Wanted, settings: Settings) -> Made:
    """Freeze a map behind a new link; recorded in the audit.

    Raises Problem for a caller, system, measure, district, site or number of days that may not be.
    """
    if not 1 <= wanted.days <= MOST_DAYS:
        raise Problem("invalid_value", "embeds.bad_days", field="days", most=MOST_DAYS)
    sites = origins(list(wanted.sites))
    lives = timedelta(days=wanted.days)
    ends = datetime.now(UTC) + lives
    token = signed(settings, ends)
    number, frozen = await _keep(pool, caller, wanted, sites, settings, (hash_of(token), lives))
    return Made(number, token, ends, frozen)


async def as_file(
    pool: Pool, caller: Caller, wanted: Wanted, settings: Settings
) -> Mapping[str, Any]:
    """Freeze a map that leaves as a file: as a link's, but nobody can call it back. Recorded."""
    _, frozen = await _keep(pool, caller, wanted, (), settings, (None, None))
    return frozen


async def _keep(
    pool: Pool,
    caller: Caller,
    wanted: Wanted,
    sites: tuple[str, ...],
    settings: Settings,
    link: tuple[bytes | None, timedelta | None],
) -> tuple[int, Mapping[str, Any]]:
    if caller.role not in MAKERS:
        raise Problem("forbidden", "embeds.makers_only", field="role")
    if wanted.system not in SYSTEMS:
        offered = ", ".join(SYSTEMS)
        raise Problem("invalid_value", "embeds.no_such_system", field="cells", offered=offered)
    async with as_caller(pool, caller, settings.statement_timeout_ms) as c:
        # one after the other: the second withholds what the first did
        await c.execute(Q["in_turn"])
        place = await _place(c, wanted.district)
        row = await (await c.execute(CELLS["dates"])).fetchone()
        published, screened, waiting, pack, judged = row or (None, None, False, None, [])
        found = await told(c, wanted.system, wanted.measure, wanted.district, settings, judged)
        fresh = await freshness(c)
        ground = await (await c.execute(CELLS["backdrop"])).fetchall()
        now = datetime.now(UTC)
        document = {
            "cut_off": now.isoformat(),
            "published_at": published.isoformat() if published else None,
            "screened_at": screened.isoformat() if screened else None,
            "waiting": waiting,
            "pack": pack,
            # how old, but not who is late: that is between the office and its suppliers
            "records": source_line(replace(fresh, late=()), wanted.language),
            "weights": {**settings.severity_weights, "possible": settings.possible_factor},
            "too_many": found.too_many,
            "ground": {str(kind): shape for kind, shape in ground if shape},
        }
        cells = _cells(found, wanted, document, settings)
        embed = {
            "system": wanted.system,
            "measure": wanted.measure,
            "tied": found.tied,
            "district_id": wanted.district,
            "place": place,
            "language": wanted.language,
            "sites": list(sites),
            "document": document,
        }
        values = {
            "embed": json.dumps(embed),
            "cells": json.dumps(cells),
            "held": json.dumps(found.held),
            "hash": link[0],
            "lives": link[1],
        }
        kept = await (await c.execute(Q["keep"], values)).fetchone()
    assert kept is not None
    return int(kept[0]), {**document, **embed, "cells": cells}


async def _place(c: AsyncConnection[Any], district: int | None) -> str | None:
    if district is None:
        return None
    row = await (await c.execute(Q["district"], {"id": district})).fetchone()
    if row is None:
        raise Problem("not_found", "embeds.no_district", field="district")
    return str(row[1])


def _cells(
    found: Told, wanted: Wanted, document: Mapping[str, Any], settings: Settings
) -> list[dict[str, Any]]:
    """The cells as they are kept: figure, state, and in words what is known of their ground."""
    now = datetime.fromisoformat(document["cut_off"])
    day = now.astimezone(ZoneInfo(settings.time_zone)).date()
    heat = Heat(wanted.system, found.cells, (), None, None, False, None, cut_off=now, day=day)
    rows: list[dict[str, Any]] = []
    for cell in found.cells:
        one = cell.tallies[0] if cell.tallies else None
        rows.append(
            {
                "key": cell.key,
                "name": cell.name,
                "shape": cell.shape,
                "state": cell.state,
                "value": None if one is None else one.weight,
                "n": None if one is None else one.n,
                "note": note_of(heat, cell, wanted.language),
            }
        )
    return rows
