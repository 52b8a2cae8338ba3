"""Makes the fixture of a released schema version: `script/schema`, on the day of a release.

A corner of the sample city goes in by the importer's own door, is screened and worked on: cases
move, a permit is asked for, the audit is sealed. What is kept is the database, as `pg_dump` gives
it, and what a test holds against it: rows of each table, findings, the audit's end.

It speaks to the program by its commands, `sample.load` and HTTP alone, so that it makes fixtures of
earlier versions, too: PYTHONPATH=EARLIER/service tests/database/schemas/making.py.
"""

import asyncio
import csv
import json
import lzma
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
COUNTED = ("access", "data", "jobs")
TABLES = (
    "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n"
    " on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname = any(%s) order by 1"
)
PLACES = ((512_010.0, 3_421_250.0, 110.0), (512_400.0, 3_421_400.0, 60.0))
"""Corners of the sample city: x, y, metres around (EPSG:4547)."""
PLANTED = (517_000.0, 517_062.0)
"""Of the sample's test range the first pairs of each row: from x to x."""
WHOLE = ("organisations", "districts")


def gridwarden(*words: str, check: bool = True) -> str:
    """A command of the program to its end; what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "gridwarden", *words], capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise SystemExit(f"gridwarden {' '.join(words)}: {done.stderr}")
    return done.stdout


def cut(folder: Path) -> None:
    """Leave of each file what lies in the corners; datasets without any are left out."""
    listed = json.loads((folder / "city.json").read_text("utf-8"))
    kept = []
    for one in listed["datasets"]:
        file = folder / one["file"]
        if one["layer"] in WHOLE or _cut_table(file) or _cut_shapes(file):
            kept.append(one)
    (folder / "city.json").write_text(json.dumps(listed | {"datasets": kept}), "utf-8")


def _cut_table(file: Path) -> int:
    from pyproj import Transformer

    if file.suffix != ".csv":
        return 0
    to_plane = Transformer.from_crs(4326, 4547, always_xy=True)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    lon, lat = (next(name for name in rows[0] if name.endswith(end)) for end in ("lon", "lat"))
    near = [row for row in rows if _within(*to_plane.transform(float(row[lon]), float(row[lat])))]
    near = (near or rows)[:4]
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, rows[0])
        writer.writeheader()
        writer.writerows(near)
    return len(near)


def _cut_shapes(file: Path) -> int:
    import geopandas
    from shapely import Point, box, union_all

    if file.suffix == ".csv":
        return 0
    corners = [Point(x, y).buffer(metres) for x, y, metres in PLACES]
    if "plant" in file.name:
        corners = [box(PLANTED[0], 3_420_000, PLANTED[1], 3_424_000)]
    rows = geopandas.read_file(f"/vsizip/{file}" if file.suffix == ".zip" else file)
    near = rows[rows.to_crs(4547).intersects(union_all(corners))].head(25)
    if len(near):
        file.unlink()
        if file.suffix == ".zip":
            file = file.with_suffix(".shz")
        drivers = {".gpkg": "GPKG", ".shz": "ESRI Shapefile"}
        near.to_file(file, driver=drivers.get(file.suffix, "GeoJSON"))
        if file.suffix == ".shz":
            file.rename(file.with_suffix(".zip"))
    return len(near)


def _within(x: float, y: float) -> bool:
    return any((x - a) ** 2 + (y - b) ** 2 < metres**2 for a, b, metres in PLACES)


async def load(folder: Path) -> None:
    from gridwarden.sample.load import load as bring
    from gridwarden.settings import Settings

    await bring(Settings(), folder, lambda what, done, total: None)


@contextmanager
def serving(port: int) -> Any:
    """The service with its worker, until the block ends."""
    running = subprocess.Popen([sys.executable, "-m", "gridwarden", "serve"])
    try:
        until = time.monotonic() + 60
        while ask(port, "/readyz")[0] != 200:
            assert time.monotonic() < until and running.poll() is None
            time.sleep(0.2)
        yield
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)


def ask(port: int, path: str, key: str = "", body: Any = None, **headers: str) -> tuple[int, Any]:
    """One request; status and what JSON came."""
    data = None if body is None else json.dumps(body).encode()
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    headers |= {"Content-Type": "application/json"} if data else {}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    try:
        with urllib.request.urlopen(asked, timeout=20) as said:
            return said.status, json.loads(said.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, None
    except (OSError, ValueError):
        return 0, None


def work(port: int) -> None:
    """What people do: ask for permits, move cases; until the audit's rows are sealed."""
    keys = {role: gridwarden("token", role).split()[-1] for role in ("supervisor", "dispatcher")}
    ring = [[114.1250, 30.9128], [114.1254, 30.9128], [114.1254, 30.9131], [114.1250, 30.9128]]
    area = {"type": "Polygon", "coordinates": [ring]}
    for method in ("hand", "mechanical"):
        asked = {"area": area, "method": method, "depth_m": 1.5}
        ask(port, "/api/permits/check", keys["dispatcher"], asked)
    time.sleep(8)  # cases open, and rows are sealed, beside
    _, hazards = ask(port, "/api/hazards?limit=4", keys["supervisor"])
    for one in (hazards or {}).get("items", []):
        for act, more in (("register", {}), ("assess", {"grade": "serious"})):
            version = {"If-Match": f'"{one["version"]}"'}
            path = f"/api/hazards/{one['id']}/transitions"
            status, moved = ask(port, path, keys["supervisor"], {"act": act, **more}, **version)
            assert status == 200, (act, status)
            one = moved
    time.sleep(8)


def keep(into: Path) -> None:
    """The dump, and beside it what must still be true after an upgrade."""
    from gridwarden.database.cluster import connect_owner, owner_dsn
    from gridwarden.settings import Settings

    settings = Settings()
    with closing(connect_owner(settings)) as c:
        head = _one(c, "select max(version_num) from public.alembic_version")
        names = c.execute(TABLES, (list(COUNTED),)).fetchall()
        tables = {name: _one(c, f"select count(*) from {name}") for (name,) in names}
        seal = None
        if "data.audit_seal" in tables:
            seal = _one(c, "select encode(head, 'hex') from data.audit_seal order by number desc")
    dump = subprocess.run(
        ["/usr/lib/postgresql/15/bin/pg_dump", "-Fc", "-Z0", f"--dbname={owner_dsn(settings)}"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    told = {"head": head, "seal": seal, "tables": {n: k for n, k in tables.items() if k}}
    (into / f"{head}.dump.xz").write_bytes(lzma.compress(dump, preset=9 | lzma.PRESET_EXTREME))
    (into / f"{head}.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    print(f"{into / head}.dump.xz: {(into / f'{head}.dump.xz').stat().st_size // 1024} kB")


def _one(c: Any, query: str) -> Any:
    row = c.execute(query).fetchone()
    return row and row[0]


def main() -> None:
    into = Path(sys.argv[1] if len(sys.argv) > 1 else HERE).absolute()
    port = int(os.environ.setdefault("GRIDWARDEN_PORT", "8791"))
    os.environ.update(GRIDWARDEN_CRS="4547", GRIDWARDEN_LANGUAGE="en")
    os.environ.pop("GRIDWARDEN_DATABASE_URL", None)
    with tempfile.TemporaryDirectory(prefix="gw-schema-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        os.environ["GRIDWARDEN_HOME"] = home
        folder = Path(home) / "corner"
        gridwarden("up")
        try:
            gridwarden("sample", "--out", str(folder))
            cut(folder)
            asyncio.run(load(folder))
            with serving(port):
                work(port)
            keep(into)
        finally:
            gridwarden("down", check=False)


if __name__ == "__main__":
    main()
