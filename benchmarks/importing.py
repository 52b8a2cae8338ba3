"""Importing buildings by the product's own path, beside the ways that check and keep nothing.

CPU seconds of client and cluster together, reading the same GeoPackage from the start; each run
in a process of its own, into a fresh copy of an empty city.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyogrio.raw import write as write_raw

from benchmarks.bring import known_ways
from benchmarks.ground import DATABASE, EMPTY, copy_database, environment
from benchmarks.measuring import Figures, Row, Way, interleaved, median, number, spread
from gridwarden.settings import Settings

TITLES = {
    "ours": "gridwarden import: checked, versioned, history",
    "to_postgis": "geopandas read_file, to_postgis",
    "copy": "pyogrio, plain COPY, index",
    "ogr2ogr": "ogr2ogr with COPY",
}


async def run(settings: Settings, rounds: int, rows: int) -> list[Row]:
    """Import `rows` buildings each way, and a tenth of them for the memory alone."""
    few, many = settings.home / "few.gpkg", settings.home / "many.gpkg"
    write_buildings(few, rows // 10)
    write_buildings(many, rows)
    small = {way: [await once()] for way, once in _ways(settings, few).items()}
    big = await interleaved(_ways(settings, many), rounds)
    copy_database(settings, EMPTY, DATABASE)
    base = median(big[TITLES["ours"]], "cpu")
    return [
        Row(
            f"import of {rows:,} buildings (CPU s)",
            way,
            number(median(figures, "cpu")),
            spread(figures, "cpu"),
            median(figures, "cpu") / base,
            f"client {number(median(figures, 'client'))} + server"
            f" {number(median(figures, 'server'))}; wall {number(median(figures, 'wall'))} s; peak"
            f" {median(figures, 'peak_mb'):.0f} MB ({rows // 10:,}:"
            f" {median(small[way], 'peak_mb'):.0f})",
        )
        for way, figures in big.items()
    ]


def _ways(settings: Settings, file: Path) -> dict[str, Way]:
    def way(name: str) -> Way:
        async def measured() -> Figures:
            copy_database(settings, EMPTY, DATABASE)
            return await bring(settings, name, file)

        return measured

    return {TITLES[name]: way(name) for name in known_ways()}


async def bring(settings: Settings, way: str, file: Path) -> Figures:
    command = (sys.executable, "-m", "benchmarks.bring", way, str(file))
    process = await asyncio.create_subprocess_exec(
        *command, env=environment(settings), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{way} ended with {process.returncode}")
    figures: Figures = json.loads(out)
    return figures


def write_buildings(file: Path, rows: int, driver: str = "GPKG") -> None:
    """Turned rectangles in EPSG:4547, seeded, with what a register says of them."""
    shapes, columns = buildings(rows)
    write_raw(
        file,
        geometry=shapely.to_wkb(shapes),
        field_data=list(columns.values()),
        fields=list(columns),
        layer="buildings",
        driver=driver,
        geometry_type="Polygon",
        crs="EPSG:4547",
    )


def buildings(rows: int) -> tuple[NDArray[np.object_], dict[str, NDArray[Any]]]:
    """The rectangles and the columns beside them."""
    dice = np.random.default_rng(7)
    side = int(np.ceil(np.sqrt(rows)))
    at = np.stack(np.divmod(np.arange(rows), side), axis=1) * 60.0 + dice.uniform(0, 20, (rows, 2))
    half = dice.uniform(4, 15, (rows, 1, 2))
    turn = dice.uniform(0, np.pi, rows)
    turns = np.stack([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * half
    places = np.einsum("ijr,rkj->rki", turns, corners) + at[:, None] + [500_000, 3_400_000]
    shapes = shapely.polygons(np.round(places, 3))
    storeys = dice.integers(1, 34, rows)
    states = np.array(["ok", "fault", "none"], dtype=object)
    columns: dict[str, NDArray[Any]] = {
        "source_id": np.array([f"B-{n:07d}" for n in range(rows)], dtype=object),
        "name": np.array([f"{n % 997}号楼" for n in range(rows)], dtype=object),
        "height_m": np.round(storeys * 3.0 + dice.uniform(0, 2, rows), 1),
        "storeys": storeys.astype(np.float64),
        "use": np.array(["住宅", "商铺", "仓库"], dtype=object)[dice.integers(0, 3, rows)],
        "water_system_state": states[dice.integers(0, 3, rows)],
        "accuracy_m": np.full(rows, 0.3),
        "source_date": np.full(rows, np.datetime64("2026-06-30"), dtype="datetime64[D]"),
    }
    return shapes, columns
