"""The backdrop of a map: district lines and streets, as far as the caller may read them."""

from collections.abc import Mapping
from typing import Any

from gridwarden.database import Caller, Pool, as_caller, queries
from gridwarden.settings import Settings

Q = queries(__package__ or "gridwarden.maps", "cells.sql")


async def backdrop(
    pool: Pool, caller: Caller, settings: Settings
) -> Mapping[int, Mapping[str, Any]]:
    """GeoJSON geometries in lon/lat by kind: 1 district lines, 2 the longest streets."""
    async with as_caller(pool, caller, settings.statement_timeout_ms) as c:
        rows = await (await c.execute(Q["backdrop"])).fetchall()
    return {kind: shape for kind, shape in rows if shape and shape["coordinates"]}
