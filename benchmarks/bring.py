"""One import of a file in a process of its own: `python -m benchmarks.bring WAY FILE`.

Prints its figures as JSON: `wall`, `client`, `server`, `cpu` (seconds, without starting Python
and loading libraries), `peak_mb` of this process (or of ogr2ogr), `reader_mb` of the process that
read the file for ours, and `rows`.
"""

import asyncio
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from benchmarks.processes import Stopwatch, peak_mb, postmaster_of
from gridwarden.database import queries
from gridwarden.database.cluster import connect_owner, owner_dsn, owner_url
from gridwarden.settings import Settings

Q = queries("benchmarks", "importing.sql")
AT_ONCE = 20_000
Bringer = Callable[[Settings, Path], None]
"""Made by a function that loads what it needs first: no way pays, in time or memory, for the
libraries of another."""


def ours() -> Bringer:
    """As `gridwarden import` does it, and the worker after it: every row checked, bad ones kept in
    quarantine, one version with history, change queue and audit."""
    from gridwarden.access.command import acting
    from gridwarden.database import open_pool
    from gridwarden.intake import tasks as _tasks  # noqa: F401  (registers the job)
    from gridwarden.intake.ask import Ask
    from gridwarden.intake.formats.files import keep
    from gridwarden.intake.imports import ask_for, incoming
    from gridwarden.jobs import run_here

    async def bring(settings: Settings, file: Path) -> str:
        async with acting("supervisor", settings=settings) as (pool, caller, _):
            worker = await open_pool(settings, "worker")
            try:
                room = incoming(settings)
                keep(file, room)
                crs = "EPSG:4547" if file.suffix == ".csv" else None
                ask = Ask(layer="buildings", dataset="bench", crs=crs)
                _number, job = await ask_for(pool, caller, settings, ask, None, room, file.name)
                return await run_here(job, worker, settings)
            finally:
                await worker.close()

    def run(settings: Settings, file: Path) -> None:
        state = asyncio.run(bring(settings, file))
        if state != "finished":
            raise RuntimeError(f"the import is {state}")

    return run


def to_postgis() -> Bringer:
    """Read and write by geopandas, with its index."""
    import geopandas
    import pyogrio  # noqa: F401  (else read_file loads it)
    from sqlalchemy import create_engine

    def run(settings: Settings, file: Path) -> None:
        engine = create_engine(owner_url(settings))
        frame = geopandas.read_file(file)
        frame.to_postgis("plain", engine, schema="bench", if_exists="replace")
        engine.dispose()

    return run


def copy() -> Bringer:
    """Read by pyogrio, COPY row by row into a plain table, then its index; nothing is checked."""
    import pyogrio
    import shapely
    from pyogrio.raw import read as read_raw

    def run(settings: Settings, file: Path) -> None:
        total = pyogrio.read_info(file)["features"]
        with connect_owner(settings) as c, c.transaction():
            c.execute(Q["plain"])
            with c.cursor().copy(Q["copy"]) as rows:
                for skip in range(0, total, AT_ONCE):
                    read = read_raw(file, skip_features=skip, max_features=AT_ONCE)
                    shapes = shapely.multipolygons(shapely.from_wkb(read[2])[:, None])
                    shapes = shapely.set_srid(shapes, settings.crs)
                    places = shapely.to_wkb(shapes, hex=True, include_srid=True)
                    columns = (column.tolist() for column in read[3])
                    for row in zip(*columns, places.tolist(), strict=True):
                        rows.write_row(row)
            c.execute(Q["index"])

    return run


def ogr2ogr() -> Bringer:
    """GDAL's own program, where it is installed; by COPY."""

    def run(settings: Settings, file: Path) -> None:
        parts = conninfo_to_dict(owner_dsn(settings))
        target = "PG:" + " ".join(f"{k}='{v}'" for k, v in parts.items() if k != "password")
        command = [
            "ogr2ogr",
            "-f",
            "PostgreSQL",
            target,
            str(file),
            "-nln",
            "bench.plain",
            "-overwrite",
        ]
        options = ["-nlt", "PROMOTE_TO_MULTI", "--config", "PG_USE_COPY", "YES"]
        environment = {"PGPASSWORD": str(parts.get("password", "")), "PATH": "/usr/bin:/bin"}
        subprocess.run([*command, *options], check=True, env=environment)

    return run


WAYS: dict[str, Callable[[], Bringer]] = {
    "ours": ours,
    "to_postgis": to_postgis,
    "copy": copy,
    "ogr2ogr": ogr2ogr,
}


def known_ways() -> tuple[str, ...]:
    """Those that this machine has the programs for."""
    return tuple(way for way in WAYS if way != "ogr2ogr" or shutil.which("ogr2ogr"))


def counted(c: psycopg.Connection, way: str) -> int:
    """Rows that arrived. Raises AssertionError when ours lack their history."""
    row = c.execute(Q["count_buildings" if way == "ours" else "count_plain"]).fetchone()
    assert row is not None
    if way == "ours" and (row[1] != row[0] or row[2]):
        raise AssertionError(f"{row[0]} rows, {row[1]} in history, {row[2]} in quarantine")
    return int(row[0])


def main() -> None:
    """Bring the file and print what it cost."""
    way, file = sys.argv[1], Path(sys.argv[2])
    settings = Settings()
    run = WAYS[way]()
    with connect_owner(settings) as c:
        watch = Stopwatch(postmaster_of(c))
        run(settings, file)
        figures = watch.read()
        figures["peak_mb"] = peak_mb()
        if way == "ours":
            from gridwarden.intake.apart.starting import ends

            figures["reader_mb"] = max((end.peak_mb for end in ends), default=0)
            reader = sum(end.cpu_ms for end in ends) / 1000
            figures["client"] += reader
            figures["cpu"] += reader
        if way == "ogr2ogr":
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            figures["client"] = used.ru_utime + used.ru_stime
            figures["cpu"] = figures["client"] + figures["server"]
            figures["peak_mb"] = used.ru_maxrss / 1024
        figures["rows"] = counted(c, way)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
