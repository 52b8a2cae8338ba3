"""Before the first row: the file opened, its fields mapped, its coordinates understood."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from gridwarden.geodesy import CrsRefusedError, Reading, WorkingCrs, reading_of
from gridwarden.intake.ask import Ask
from gridwarden.intake.formats.batch import Batch, Source
from gridwarden.intake.formats.claim import DEGREES
from gridwarden.intake.formats.source import open_source
from gridwarden.intake.mapping import Fields, mapping_of
from gridwarden.layers.catalogue import Layer
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

UNPACKED_AT_MOST = 4
"""Times the upload limit that an archive may unpack to."""
NAMED = 12
"""How many fields that no column wants are named to the sender."""
LOOKED_AT = 2_000
"""Rows that are read first, to understand the file by."""
FEW = 10


def prepared(
    layer: Layer, ask: Ask, file: Path, name: str, room: Path, settings: Settings
) -> tuple[Source, Fields, Reading | None]:
    """The source, how its fields become columns, and what its coordinates mean (None for a layer
    without places). Raises Problem."""
    source = open_source(
        file,
        name,
        room,
        settings.upload_mb * UNPACKED_AT_MOST << 20,
        from_layer=ask.from_layer,
        encoding=ask.encoding,
    )
    fields = mapping_of(layer, source, ask, ZoneInfo(settings.time_zone))
    reading = None if layer.geometry == "none" else _reading(source, ask, settings)
    first = next(source.batches(LOOKED_AT), None)
    if first is not None:
        fields = _trusted(fields, ask, source, first)
        if reading is not None and source.claim.north_first is None and not reading.geographic:
            reading = _which_is_north(source, reading, first)
    if fields.source_id is None:
        source.notes.append("identity_from_content")
    if fields.extra:
        more = "…" if len(fields.extra) > NAMED else ""
        source.notes.append(f"kept_apart:{', '.join(fields.extra[:NAMED])}{more}")
    return source, fields, reading


def _trusted(fields: Fields, ask: Ask, source: Source, first: Batch) -> Fields:
    """A field called `id` that says the same of most rows names none of them."""
    name = fields.source_id
    if name is None or "source_id" in ask.mapping:
        return fields
    values = [v for v in first.columns[name] if v is not None]
    if len(values) < FEW or len(set(values)) * 2 > len(values):
        return fields
    source.notes.append(f"id_repeats:{name}")
    used = name in {field for field, _ in fields.converters.values()}
    return replace(fields, source_id=None, extra=fields.extra if used else (*fields.extra, name))


def _reading(source: Source, ask: Ask, settings: Settings) -> Reading:
    """What the coordinates mean: what the person says, else what the file says."""
    claim = source.claim
    said_by = ask.crs or (claim.system if claim.told else None)
    if not said_by and claim.system == DEGREES:
        said_by = "EPSG:4326"
    if not said_by:
        raise Problem("refused", "intake.no_crs", field="crs")
    try:
        reading = reading_of(said_by, WorkingCrs(settings.crs))
    except CrsRefusedError as refused:
        raise Problem(
            "refused", f"intake.crs_{refused.reason}", field="crs", crs=refused.crs
        ) from refused
    if ask.crs and claim.told and ask.crs != claim.system:
        source.notes.append("crs_overruled")
    if reading.accuracy_m:
        source.notes.append(f"accuracy_added:{reading.accuracy_m:g}")
    return reading


def _which_is_north(source: Source, reading: Reading, first: Batch) -> Reading:
    """Chinese survey tables call the northing X. The two are told apart by where the rows land."""
    x, y = shapely.get_coordinates(first.shapes).T
    if len(x) and _inside(reading, x, y) < 0.5 <= _inside(reading, y, x):
        source.notes.append("x_is_north")
        return replace(reading, north_first=True)
    return reading


def _inside(reading: Reading, x: Any, y: Any) -> float:
    moved_x, moved_y = reading.to_working(x, y)
    fine = np.isfinite(moved_x) & np.isfinite(moved_y)
    held = reading.working.holds(moved_x[fine], moved_y[fine])
    return float(held.sum()) / len(x)
