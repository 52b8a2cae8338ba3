"""Whether rows stream: the most memory of an import, and of a tenth of it, by kind of file.

Both processes are looked at: the one that does the job, and the reader that it has beside it. Flat
is at most 1.2 times the memory for ten times the rows.
"""

import csv
from pathlib import Path

import shapely

from benchmarks.ground import DATABASE, EMPTY, copy_database
from benchmarks.importing import bring, buildings, write_buildings
from benchmarks.measuring import Figures, Row
from gridwarden.settings import Settings

FLAT = 1.2
KINDS = {"GeoPackage": ".gpkg", "CSV": ".csv", "Shapefile": ".shp"}


async def run(settings: Settings, rows: int) -> list[Row]:
    """Import `rows` buildings and a tenth of them, once each."""
    out: list[Row] = []
    for kind, suffix in KINDS.items():
        few = await _once(settings, suffix, rows // 10)
        many = await _once(settings, suffix, rows)
        for who, name in (
            ("peak_mb", "the process that does the job"),
            ("reader_mb", "its reader"),
        ):
            ratio = many[who] / few[who]
            verdict = "flat" if ratio <= FLAT else f"NOT flat (at most {FLAT})"
            beside = f"{rows // 10:,} rows: {few[who]:.0f} MB; ratio {ratio:.2f}, {verdict}"
            if who == "peak_mb":
                beside += f"; CPU {many['cpu']:.0f} s, wall {many['wall']:.0f} s"
            title = f"import of {rows:,} buildings, {kind} (peak MB)"
            out.append(Row(title, name, f"{many[who]:.0f}", "", None, beside))
    copy_database(settings, EMPTY, DATABASE)
    return out


async def _once(settings: Settings, suffix: str, rows: int) -> Figures:
    folder = settings.home / f"memory{suffix}-{rows}"
    folder.mkdir()
    file = folder / f"buildings{suffix}"
    if suffix == ".csv":
        _write_csv(file, rows)
    else:
        write_buildings(file, rows, "GPKG" if suffix == ".gpkg" else "ESRI Shapefile")
    copy_database(settings, EMPTY, DATABASE)
    figures = await bring(settings, "ours", file)
    if figures["rows"] != rows:
        raise RuntimeError(f"{figures['rows']:.0f} of {rows} rows arrived")
    for one in folder.iterdir():
        one.unlink()
    return figures


def _write_csv(file: Path, rows: int) -> None:
    shapes, columns = buildings(rows)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["wkt", *columns])
        texts = shapely.to_wkt(shapes, rounding_precision=3)
        writer.writerows(zip(texts, *(c.tolist() for c in columns.values()), strict=True))
