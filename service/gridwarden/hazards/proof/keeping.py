"""A proof from arriving to kept: what it is, when and where it was taken, under which hash.

Times without an offset are the city's (GRIDWARDEN_TIME_ZONE). A position without a datum is read as
WGS 84, and once more as GCJ-02: where only the second lies near the case, that is said, and nothing
is moved.
"""

import asyncio
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row
from psycopg.types.json import Jsonb

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.geodesy import WorkingCrs
from gridwarden.geodesy.reading import reading_of
from gridwarden.hazards.proof import store
from gridwarden.hazards.proof.looking import Seen, look
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.hazards.proof", "proof.sql")
KINDS: Final = ("before", "after", "document")
MOST: Final = 60
"""Proofs that one case may have."""
Connection = AsyncConnection[TupleRow]


async def keep_proof(
    pool: Pool,
    caller: Caller,
    settings: Settings,
    case_id: int,
    kind: str,
    name: str,
    body: bytes,
    note: str = "",
) -> dict[str, Any]:
    """Look at a file and keep it with a case; the proof as its list shows it.

    The same file of the same kind again is the one that is there. Raises Problem: `not_found` for a
    case that the caller does not see, `refused` for a kind of file that is not taken.
    """
    if kind not in KINDS:
        raise Problem("invalid_value", "proof.bad_kind", field="kind", kinds=", ".join(KINDS))
    if not body:
        raise Problem("missing_value", "proof.no_file", field="file")
    if len(body) > settings.proof_mb << 20:
        raise Problem("too_large", "proof.too_large", field="file", mb=settings.proof_mb)
    async with as_caller(pool, caller) as c:
        await demand_case(c, case_id)
    seen = await look(body)
    if kind != "document" and not seen.media.startswith("image/"):
        raise Problem("refused", "proof.refused.no_photo", field="file")
    sha256 = await asyncio.to_thread(store.put, settings, body)
    preview = await asyncio.to_thread(store.put, settings, seen.preview) if seen.preview else None
    said = {
        "kind": kind,
        "sha256": sha256,
        "preview": preview,
        "name": _name(name),
        "bytes": len(body),
        "note": _line(note, 500),
        "most": MOST,
        "within_m": settings.photo_metres,
        **_told(seen, settings),
    }
    async with as_caller(pool, caller) as c:
        row = await (await c.execute(Q["add"], {"case": case_id, "said": Jsonb(said)})).fetchone()
        assert row is not None
        found = await proofs(c, case_id, row[0]["id"])
    return found[0] | {"new": row[0]["new"]}


async def demand_case(c: Connection, case_id: int) -> bool:
    """Whether the place of the case is veiled to the caller. Raises Problem `not_found`."""
    row = await (await c.execute(Q["case"], {"case": case_id})).fetchone()
    if row is None:
        raise Problem("not_found", "hazards.none", field="number")
    return bool(row[0])


async def proofs(c: Connection, case_id: int, proof: int | None = None) -> list[dict[str, Any]]:
    """The proofs of a case as the caller may see them, newest first, or the one of this number."""
    values = {"case": case_id, "proof": proof}
    async with c.cursor(row_factory=dict_row) as cursor:
        return await (await cursor.execute(Q["listed"], values)).fetchall()


async def open_proof(
    pool: Pool, caller: Caller, settings: Settings, case_id: int, proof: int, *, whole: bool
) -> tuple[bytes, str, str]:
    """A file as it came (`whole`) or its preview: the bytes, the kind of file, its name.

    Raises Problem `not_found` where there is none or the caller may not have it whole.
    """
    async with as_caller(pool, caller) as c:
        values = {"case": case_id, "proof": proof, "whole": whole}
        row = await (await c.execute(Q["file"], values)).fetchone()
    if row is None or row[0] is None or row[0]["hash"] is None:
        raise Problem("not_found", "proof.none", field="proof")
    body = await asyncio.to_thread(store.get, settings, row[0]["hash"])
    return body, row[0]["media"], row[0]["name"]


def _told(seen: Seen, settings: Settings) -> dict[str, Any]:
    """What the camera said, as the database takes it: time with a zone, places in the plane."""
    taken, zoned = _moment(seen.taken, settings.time_zone)
    told: dict[str, Any] = {
        "media": seen.media,
        "width": seen.width,
        "height": seen.height,
        "taken": taken.isoformat() if taken else None,
        "zoned": zoned,
        "system": seen.system,
        "accuracy_m": seen.accuracy_m,
        **dict.fromkeys(("x", "y", "meant_x", "meant_y")),
    }
    if seen.position is not None:
        at = _placed(seen.position, seen.system or "EPSG:4326", settings.crs)
        told["x"], told["y"] = at or (None, None)
        if at and seen.system is None:
            meant = _placed(seen.position, "gcj02", settings.crs)
            told["meant_x"], told["meant_y"] = meant or (None, None)
    return told


def _moment(taken: str | None, zone: str) -> tuple[datetime | None, bool | None]:
    """When a photo was taken, and whether its camera said the zone; None for no time that was."""
    try:
        moment = datetime.fromisoformat(taken) if taken else None
    except ValueError:
        moment = None
    if moment is None:
        return None, None
    zoned = moment.tzinfo is not None
    return (moment if zoned else moment.replace(tzinfo=ZoneInfo(zone))), zoned


def _placed(position: tuple[float, float], system: str, crs: int) -> tuple[float, float] | None:
    """The position in the working CRS, metres; None for numbers that lie outside of it."""
    working = WorkingCrs(crs)
    lon, lat = position
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        return None
    x, y = reading_of(system, working).to_working(np.array([lon]), np.array([lat]))
    found = float(x[0]), float(y[0])
    return found if np.isfinite(found).all() else None


def _name(name: str) -> str:
    """What the sender called it, without folders."""
    return _line(PurePosixPath(name.replace("\\", "/")).name, 120) or "file"


def _line(text: str, most: int) -> str:
    kept = "".join(one for one in text if one.isprintable() and not "\ud800" <= one <= "\udfff")
    return kept.strip()[:most]
