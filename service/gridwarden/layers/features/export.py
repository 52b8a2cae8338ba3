"""Layers to files: GeoJSON, GeoPackage or CSV, row by row as the caller may see them.

GeoJSON and CSV are in degrees (CRS84), as other programs expect; a GeoPackage is in the working
CRS, so that nothing is lost on the way back in. Texts in a CSV are guarded against being run as
formulas; the importer takes the guard away.
"""

import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyogrio
from psycopg import sql
from psycopg.rows import TupleRow

from gridwarden.database import Caller, Pool, as_caller
from gridwarden.layers.catalogue import Layer
from gridwarden.layers.catalogue.model import ColumnType
from gridwarden.layers.features.items import (
    LON_LAT_84,
    Connection,
    Q,
    feature_in,
    look_first,
    view_of,
)
from gridwarden.words.problems import Problem
from gridwarden.words.sheets import safe

CHUNK: Final = 5_000
TIMEOUT_MS: Final = 600_000
SUFFIXES: Final = (".geojson", ".gpkg", ".csv")
_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "real": pa.float64(),
    "integer": pa.int32(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
Progress = Callable[[int], None]


async def export(
    pool: Pool, caller: Caller, layer: Layer, file: Path, working: int, progress: Progress
) -> int:
    """Write what `caller` sees of `layer` to `file`, whole or not at all; returns the features.

    A look at exact mains is recorded first. Raises Problem: 400 for an unknown suffix or a place
    that cannot be written, 403 for a role that may not read the layer.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise Problem("invalid_value", "export.bad_suffix", field="FILE")
    if caller.role not in layer.readers:
        roles = ", ".join(layer.readers)
        raise Problem("forbidden", "export.not_yours", field="--as", role=caller.role, roles=roles)
    with _whole_or_not(file) as half:
        async with as_caller(pool, caller, TIMEOUT_MS) as c:
            await look_first(c, caller, layer, f"export {file.name}")
            write = _geojson if suffix == ".geojson" else _table
            return await write(c, layer, half, working, progress)


@contextmanager
def _whole_or_not(file: Path) -> Any:
    """A file beside `file` that takes its place when the block ends well.

    Raises Problem (400) when the operating system or GDAL refuses.
    """
    half = file.with_name(f".{file.stem}.{os.getpid()}.part{file.suffix.lower()}")
    try:
        half.touch()
        half.unlink()
        yield half
        half.rename(file)
    except (OSError, pyogrio.errors.DataSourceError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Problem(
            "refused", "export.cannot_write", field="FILE", file=file, reason=reason
        ) from None
    finally:
        half.unlink(missing_ok=True)


async def _rows(
    c: Connection, statement: sql.Composed, progress: Progress
) -> AsyncIterator[list[TupleRow]]:
    """The rows of a statement in chunks, by a cursor on the server; an empty last chunk is left
    out unless it is the only one.
    """
    done = 0
    async with c.cursor(name="export") as cursor:
        await cursor.execute(statement)
        while True:
            rows = await cursor.fetchmany(CHUNK)
            done += len(rows)
            progress(done)
            if rows or not done:
                yield rows
            if len(rows) < CHUNK:
                return


async def _geojson(
    c: Connection, layer: Layer, file: Path, working: int, progress: Progress
) -> int:
    statement = sql.SQL(Q["export_features"]).format(
        feature=feature_in(layer, LON_LAT_84, working), view=view_of(layer)
    )
    count = 0
    with file.open("w", encoding="utf-8") as out:
        out.write(f'{{"type":"FeatureCollection","name":{json.dumps(layer.id)},"features":[\n')
        async for rows in _rows(c, statement, progress):
            for (feature,) in rows:
                out.write(",\n" if count else "")
                out.write(feature)
                count += 1
        out.write("\n]}\n")
    return count


async def _table(c: Connection, layer: Layer, file: Path, working: int, progress: Progress) -> int:
    """GeoPackage and CSV by GDAL, as Arrow batches: every column keeps its type."""
    as_csv = file.suffix == ".csv"
    schema = _schema(layer, as_csv)
    statement = sql.SQL(Q["export_rows"]).format(
        columns=sql.SQL(", ").join(
            sql.SQL("f.") + sql.Identifier(x.name) for x in layer.all_columns
        ),
        place=sql.SQL(Q["export_lonlat" if as_csv else "export_wkb"]),
        view=view_of(layer),
    )
    count = 0
    async for rows in _rows(c, statement, progress):
        batch = _batch(schema, rows)
        _append(
            _guarded(batch) if as_csv else batch, file, layer, working, as_csv, append=count > 0
        )
        count += len(rows)
    return count


def _schema(layer: Layer, as_csv: bool) -> pa.Schema:
    names = [("source_id", pa.string()), ("dataset", pa.string()), ("version", pa.int32())]
    own = [(c.name, _TYPES[c.type]) for c in layer.all_columns]
    place = [("lon", pa.float64()), ("lat", pa.float64()), ("wkt", pa.string())]
    if not as_csv:
        place = [("geom", pa.binary())]
    return pa.schema([*names, *own, ("extra", pa.string()), *place])


def _batch(schema: pa.Schema, rows: Sequence[TupleRow]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    arrays = [pa.array(v, f.type) for v, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _guarded(batch: pa.Table) -> pa.Table:
    """The texts as a spreadsheet shows and does not run them; importing takes the guard away."""
    for at, field in enumerate(batch.schema):
        if field.type == pa.string():
            texts = [None if v is None else safe(v) for v in batch.column(at).to_pylist()]
            batch = batch.set_column(at, field, pa.array(texts, field.type))
    return batch


def _append(
    batch: pa.Table, file: Path, layer: Layer, working: int, as_csv: bool, *, append: bool
) -> None:
    if as_csv:
        # Excel reads a CSV as UTF-8 only when it begins with the mark.
        pyogrio.write_arrow(batch, file, driver="CSV", append=append, WRITE_BOM="YES")
        return
    kinds = {"line": "MultiLineString", "polygon": "MultiPolygon"}
    pyogrio.write_arrow(
        batch,
        file,
        layer=layer.id,
        driver="GPKG",
        geometry_name="geom",
        geometry_type=kinds.get(layer.geometry, "Unknown"),
        crs=f"EPSG:{working}",
        append=append,
    )
