"""Where each reading of an area lies over the roads: a small drawing for the printed answer.

Roads and the asked area only, no main: whoever may ask may see it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.intake.located import Located
from gridwarden.words.picture import HEIGHT, bar_of

Q: Final = queries(__package__ or "gridwarden.permits", "drawing.sql")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One reading: its number, its path in metres, and where its ring stands, in units of the
    picture."""

    number: int
    d: str
    dimension: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """What `permits/readings.html` draws. `scale` is units of the picture for a metre; `away`
    tells in words how far each reading lies from the first."""

    scale: float
    roads: Sequence[str]
    readings: Sequence[Drawn]
    away: Sequence[str]
    bar: tuple[float, str]

    def units(self, length: float) -> float:
        """A length on the picture as metres of the drawing."""
        return round(length / self.scale, 3)


async def drawn(pool: Pool, caller: Caller, place: Located, epsg: int) -> Drawing | None:
    """The drawing of a place of several readings; None where it is known where it lies."""
    if len(place.readings) < 2:
        return None
    areas = [json.dumps(one.area.geojson()) for one in place.readings]
    async with as_caller(pool, caller) as connection:
        values = {"srid": epsg, "areas": areas}
        row = await (await connection.execute(Q["roads"], values)).fetchone()
    assert row is not None
    return _drawing(row[0])


def _drawing(found: dict[str, Any]) -> Drawing:
    scale = HEIGHT / float(found["height"])
    readings: list[Drawn] = []
    for number, one in enumerate(found["areas"], 1):
        x, y = float(one["x"]) * scale, float(one["y"]) * scale
        readings.append(Drawn(number, one["d"], one["dimension"], round(x, 1), round(y, 1)))
    away = [_told(float(one["away"])) for one in found["areas"]]
    return Drawing(round(scale, 6), found["roads"], readings, away, bar_of(float(found["height"])))


def _told(away: float) -> str:
    return f"{away:.0f}" if away >= 0.5 else ""
