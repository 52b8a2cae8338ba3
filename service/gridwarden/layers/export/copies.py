"""Numbered copies of exact mains: why, who allowed it, and a mark that stays in the vertices.

Every vertex of a copy is moved by STEP_M along each axis, to the side that a keyed hash of the
copy's number, the main and the vertex tells: under what an import takes for another place, and
found again by whoever has the key, in any part of the file, without a word of its attributes.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from numpy.typing import NDArray

from gridwarden.access.audit.seeing import MAINS
from gridwarden.database import Caller
from gridwarden.database.passwords import write_private
from gridwarden.layers.catalogue import Words
from gridwarden.layers.export.content import Content, Field, Q
from gridwarden.layers.export.target import Shapes, Target
from gridwarden.layers.features.items import Connection
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

STEP_M: Final = 0.0003
KEY: Final = "copy-marks"
COLUMN: Final = Field("copy_mark", "text", Words("whose copy this is", "副本标记"))
SHORT_BYTES: Final = 200
_BITS: Final = 512
"""Sides that one hash tells: 256 vertices."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request says of a bulk export: why, the approved request, and the part asked for."""

    why: str | None = None
    request: int | None = None
    part: str = ""


NOTHING_SAID: Final = Wanted()


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that is being written: its number, what its file says of it, and its mark's key."""

    number: int
    text: str
    key: bytes

    @property
    def short(self) -> str:
        """The same, as long as every kind of file can hold in a row."""
        return self.text.encode("utf-8")[:SHORT_BYTES].decode("utf-8", "ignore")

    def marked(self, ids: Any, shapes: Shapes, target: Target) -> Shapes:
        """The shapes with the mark: each vertex moved by STEP_M along each axis."""
        counts = shapely.get_num_coordinates(shapes)
        if not counts.sum():
            return shapes
        parts = [sides(self.key, self.number, i, n) for i, n in zip(ids, counts, strict=True) if n]
        moves = np.concatenate(parts) * STEP_M
        return shapely.transform(
            shapes, lambda places: places[:, :2] + moves * _units(places, target)
        )


def sides(key: bytes, copy: int, main: int, n: int) -> NDArray[np.float64]:
    """To which side (−1 or 1) each of a main's `n` vertices moves, east and north."""
    told = b"".join(
        hashlib.blake2b(f"{copy}:{main}:{block}".encode(), key=key).digest()
        for block in range((2 * n + _BITS - 1) // _BITS)
    )
    bits = np.unpackbits(np.frombuffer(told, np.uint8))[: 2 * n]
    return (bits.astype(np.float64) * 2 - 1).reshape(n, 2)


def _units(places: NDArray[np.float64], target: Target) -> Any:
    """Units of the target for a metre, east and north, at each place."""
    if not target.geographic:
        return 1.0 / target.crs.axis_info[0].unit_conversion_factor
    north = 1 / 110_574.0
    return np.column_stack(
        [1 / (111_320.0 * np.cos(np.radians(places[:, 1]))), np.full(len(places), north)]
    )


def sayable(text: str) -> bool:
    """Whether the database can keep this text."""
    return "\x00" not in text and text.encode("utf-8", "replace").decode("utf-8") == text


def mark_key(settings: Settings) -> bytes:
    """The secret of the marks, made when there is none yet."""
    place = settings.secrets / KEY
    if not place.exists():
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(place, secrets.token_hex(32) + "\n")
    return bytes.fromhex(place.read_text("ascii").strip())


async def length_of(c: Connection, content: Content) -> tuple[float, str]:
    """Kilometres of what would be written, as the caller sees it, and of which mains."""
    if content.length is None:
        return 0.0, "{}"
    row = await (await c.execute(content.length, content.values)).fetchone()
    return (float(row[0]), row[1]) if row else (0.0, "{}")


async def numbered(
    c: Connection,
    caller: Caller,
    settings: Settings,
    content: Content,
    form: tuple[str, Target],
    wanted: Wanted,
) -> Copy | None:
    """The copy's number, in the transaction that writes it; None for a few metres of main, of all
    that the caller takes in files today.

    Raises Problem: `missing_value` without a reason, `forbidden` without, or beyond, what a second
    person has approved.
    """
    if content.name != MAINS:
        return None
    km, mains = await length_of(c, content)
    asked = {"request": wanted.request, "mains": mains}
    row = await (await c.execute(Q["in_files"], asked)).fetchone()
    day_km = float(row[0]) if row else km
    if max(km, day_km) <= settings.export_reason_km and wanted.request is None:
        return None
    kind, target = form
    values = {
        "layer": content.name, "part": wanted.part, "format": kind, "crs": target.name, "km": km,
        "day_km": day_km, "why": wanted.why, "second": settings.export_second_km,
        "request": wanted.request,
    }  # fmt: skip
    row = await (await c.execute(Q["begin_copy"], values)).fetchone()
    assert row is not None
    made = row[0]
    if "refused" in made:
        raise refusal(made["refused"], max(km, day_km), settings)
    return copy_of(int(made["copy"]), caller, datetime.now(UTC), made["why"], settings)


def copy_of(number: int, caller: Caller, at: datetime, why: str, settings: Settings) -> Copy:
    """The copy of this number, as its file says it: whose, of when, why."""
    moment = at.astimezone(ZoneInfo(settings.time_zone)).isoformat(timespec="minutes")
    return Copy(number, f"{number} · {caller.person} · {moment} · {why}", mark_key(settings))


def refusal(word: str, km: float, settings: Settings) -> Problem:
    """What is told of a copy that is not made."""
    if word == "why":
        kilometres = f"{settings.export_reason_km:g}"
        return Problem("missing_value", "copies.why", field="why", km=f"{km:.1f}", over=kilometres)
    over = f"{settings.export_second_km:g}"
    return Problem("forbidden", f"copies.{word}", field="request", km=f"{km:.1f}", over=over)
