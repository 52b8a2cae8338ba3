"""`python -m benchmarks.soak`: does the memory of service, worker and database stay as it is?

A city of its own and a service that runs as offices run it; for an hour all roles ask what they ask
(heat, cells, permit checks, lists, pages, figures), some edit, a supplier sends a file again and
again, and listeners hold the live feed. Every 15 s the memory of each kind of process is taken, of
each its own part (`Pss_Anon`: what is shared, such as PostgreSQL's buffers and the interpreter's
code, is left out). A line is laid through all but the first quarter, in which caches fill.

Prints a table and a verdict: flat, where that line rises by less than 5 % (or 8 MB) over its time;
ends with 1 where it does not, or where a request failed.
"""

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from benchmarks.ground import environment, installation, load_city, make_key
from benchmarks.processes import described, postmaster_of
from gridwarden.database.cluster import connect_owner
from gridwarden.settings import Settings

ASKERS, LISTENERS = 4, 5
PAUSE_S = 0.15
"""Between an asker's questions: an office of some hundred people, not an attack."""
EDIT_S, IMPORT_S = 0.5, 20.0
SAMPLE_S = 15.0
WARM = 0.25
FLAT_SHARE, FLAT_MB = 0.05, 8.0
ROLES = ("supervisor", "planner", "dispatcher", "viewer", "utility", "auditor")
UNCOUNTED = {f"GRIDWARDEN_{c}_A_MINUTE": "0" for c in ("READS", "WRITES", "CHECKS", "HEAVY")}


@dataclass
class Load:
    """What is asked of whom, and what came of it."""

    settings: Settings
    keys: dict[str, str]
    lon: float
    lat: float
    ends: float
    answered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def headers(self, role: str) -> dict[str, str]:
        """The header of a role's key."""
        return {"Authorization": f"Bearer {self.keys[role]}"}

    @property
    def goes_on(self) -> bool:
        """Whether the time is not over."""
        return time.monotonic() < self.ends

    def note(self, kind: str, status: int) -> None:
        """Count an answer; 503 with another load beside is an answer, too, but is told."""
        (self.answered if status < 400 else self.failed)[
            kind if status < 400 else f"{kind} {status}"
        ] += 1


def questions(load: Load) -> Iterator[tuple[str, str, str, dict[str, object] | None]]:
    """Kind, role, path and body of one question after another, for ever."""
    lon, lat = load.lon, load.lat
    for n in itertools.count():
        x, y = lon + (n % 40 - 20) * 1e-3, lat + (n % 17 - 8) * 1e-3
        box = f"{x:.5f},{y:.5f},{x + 3e-3:.5f},{y + 3e-3:.5f}"
        yield "heat", "planner", "/maps/heat?cells=square-500", None
        yield "cells", "planner", "/api/cells/square-500?measure=count", None
        yield "items", "dispatcher", f"/ogc/collections/buildings/items?limit=100&bbox={box}", None
        area = {"type": "Point", "coordinates": [x, y]}
        dig = {"area": area, "buffer_m": 5, "method": "mechanical", "depth_m": 2.5}
        yield "permit checks", "utility", "/api/permits/check", dig
        yield "findings", "supervisor", "/api/findings?limit=100", None
        yield "events", "planner", "/api/events?limit=100", None
        for path in ("/", "/findings", "/hazards", "/imports", "/registers"):
            yield "pages", "supervisor", path, None
        nearest = f"/api/sheds/nearest?lon={x:.5f}&lat={y:.5f}&k=5"
        yield "sheds", "dispatcher", nearest, None
        yield "figures", "auditor", "/metrics", None
        yield "figures", "viewer", "/readyz", None


async def ask(load: Load, http: httpx.AsyncClient, left: Iterator[tuple[str, ...]]) -> None:
    """One asker."""
    while load.goes_on:
        kind, role, path, body = next(left)
        headers = load.headers(role)
        method = "POST" if body else "GET"
        answer = await http.request(method, path, headers=headers, json=body)
        load.note(kind, answer.status_code)
        await asyncio.sleep(PAUSE_S)


async def edit(load: Load, http: httpx.AsyncClient) -> None:
    """Somebody puts buildings right, one after the other, by the API."""
    headers = load.headers("supervisor")
    answer = await http.get("/ogc/collections/buildings/items?limit=200", headers=headers)
    ids = [one["id"] for one in answer.json()["features"]]
    for n, number in enumerate(itertools.cycle(ids)):
        if not load.goes_on:
            return
        path = f"/ogc/collections/buildings/items/{number}"
        tag = (await http.get(path, headers=headers)).headers["etag"]
        sent = {"If-Match": tag, "Content-Type": "application/merge-patch+json"}
        changed = json.dumps({"properties": {"name": f"soak {n}"}})
        answer = await http.patch(path, headers=headers | sent, content=changed)
        load.note("edits", answer.status_code)
        await asyncio.sleep(EDIT_S)


async def bring(load: Load, http: httpx.AsyncClient) -> None:
    """A supplier sends 300 houses every 20 s, each time another height."""
    headers = load.headers("supervisor")
    for n in itertools.count():
        if not load.goes_on:
            return
        asked = await http.post(
            "/api/imports",
            headers=headers,
            data={"layer": "buildings", "dataset": "soak"},
            files={"file": ("soak.geojson", houses(load, 10.0 + n % 7))},
        )
        load.note("imports", asked.status_code)
        state = ""
        while load.goes_on and state not in ("published", "unchanged", "failed"):
            await asyncio.sleep(1)
            state = (await http.get(asked.json()["url"], headers=headers)).json()["state"]
        if state == "failed":
            load.failed["imports failed"] += 1
        await asyncio.sleep(IMPORT_S)


def houses(load: Load, height: float) -> bytes:
    """A file of 300 houses."""
    features = []
    for n in range(300):
        x, y = load.lon + n % 20 * 4e-4, load.lat + n // 20 * 4e-4
        ring = [[x, y], [x + 1e-4, y], [x + 1e-4, y + 1e-4], [x, y + 1e-4], [x, y]]
        shape = {"type": "Polygon", "coordinates": [ring]}
        told = {"id": f"s{n}", "height": height}
        features.append({"type": "Feature", "geometry": shape, "properties": told})
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


async def listen(load: Load, http: httpx.AsyncClient) -> None:
    """Hold the live feed, and open it again when it ends."""
    headers = load.headers("supervisor")
    while load.goes_on:
        try:
            async with http.stream("GET", "/api/events/feed", headers=headers) as answer:
                load.note("feeds", answer.status_code)
                async for line in answer.aiter_lines():
                    load.answered["events heard"] += line.startswith("data:")
                    if not load.goes_on:
                        return
        except httpx.ReadTimeout:
            continue


# ------------------------------------------------------------------------ memory
def children(process: int) -> list[int]:
    """The child processes of one, of whichever of its threads."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(pid) for each in tasks for pid in each.read_text().split()]


def own_mb(process: int) -> float:
    """Memory that is this process's alone, or its part of it (MB); 0 for one that has ended."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return int(rollup.partition("Pss_Anon:")[2].split()[0]) / 1024


def sample(service: int, postmaster: int) -> dict[str, float]:
    """Memory by kind of process (MB)."""
    told = {"service": own_mb(service), "worker": 0.0, "helpers": 0.0, "database": 0.0}
    for child in children(service):
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes()
        except OSError:
            continue
        told["worker" if b"worker" in command else "helpers"] += own_mb(child)
    told["database"] = own_mb(postmaster) + sum(map(own_mb, children(postmaster)))
    told["all"] = sum(told.values())
    return told


async def watch(load: Load, service: int, postmaster: int) -> list[tuple[float, dict[str, float]]]:
    """A sample every 15 s (s since the beginning, MB)."""
    began, taken = time.monotonic(), []
    while load.goes_on:
        taken.append((time.monotonic() - began, sample(service, postmaster)))
        if len(taken) % 4 == 1:
            told = ", ".join(f"{who} {mb:.0f}" for who, mb in taken[-1][1].items())
            counts = f"{load.answered.total():,} answered, failed: {dict(load.failed)}"
            print(f"{taken[-1][0] / 60:5.1f} min  {told} MB  {counts}", file=sys.stderr, flush=True)
        await asyncio.sleep(SAMPLE_S)
    return taken


def verdicts(taken: Sequence[tuple[float, dict[str, float]]]) -> tuple[list[str], bool]:
    """The table's lines, and whether all is flat."""
    from_s = taken[-1][0] * WARM
    kept = [one for one in taken if one[0] >= from_s]
    times = np.array([at for at, _ in kept])
    lines, flat = (
        ["| MB of its own | at first | in the middle | at last | MB an hour | verdict |"],
        True,
    )
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for who in kept[0][1]:
        sizes = np.array([told[who] for _, told in kept])
        slope = float(np.polyfit(times, sizes, 1)[0])
        rises = slope * (times[-1] - times[0])
        steady = rises < max(FLAT_MB, FLAT_SHARE * sizes.mean())
        flat &= bool(steady)
        middle = np.median(sizes)
        lines.append(
            f"| {who} | {sizes[:4].mean():.0f} | {middle:.0f} | {sizes[-4:].mean():.0f}"
            f" | {slope * 3600:+.1f} | {'flat' if steady else 'GROWS'} |"
        )
    return lines, flat


# ------------------------------------------------------------------------ the whole
async def soak(settings: Settings, minutes: float, service: int) -> bool:
    """Ask, edit, import and listen, and print what became of it; whether all was well."""
    with connect_owner(settings) as c:
        row = c.execute(
            "select st_x(p), st_y(p) from (select st_transform(st_setsrid(st_centroid("
            "st_extent(geom)::geometry), data.working_srid()), 4326) as p from data.buildings) m"
        ).fetchone()
        assert row is not None
        postmaster = postmaster_of(c)
    keys = {role: make_key(settings, role) for role in ROLES}
    load = Load(settings, keys, row[0], row[1], time.monotonic() + minutes * 60)
    left = questions(load)
    base = f"http://127.0.0.1:{settings.port}"
    limits = httpx.Limits(max_connections=ASKERS + LISTENERS + 4)
    async with httpx.AsyncClient(base_url=base, timeout=60, limits=limits) as http:
        watching = asyncio.create_task(watch(load, service, postmaster))
        await asyncio.gather(
            *(ask(load, http, left) for _ in range(ASKERS)),
            *(listen(load, http) for _ in range(LISTENERS)),
            edit(load, http),
            bring(load, http),
        )
        lines, flat = verdicts(await watching)
    print(*lines, sep="\n")
    print("\nanswered:", ", ".join(f"{kind} {n:,}" for kind, n in sorted(load.answered.items())))
    print("failed:", ", ".join(f"{kind} {n}" for kind, n in sorted(load.failed.items())) or "none")
    return flat and not load.failed


def main() -> None:
    """Make the ground, start the service, and soak."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--city", choices=("s", "m", "l"), default="s")
    asked = parser.parse_args()
    with installation() as settings:
        city = load_city(settings, asked.city)
        subprocess.run(["script/assets"], env=environment(settings), check=True)  # for heat pages
        with connect_owner(settings) as c:
            print(f"{described(c)}\n\n{city.said}; {asked.minutes:.0f} minutes.\n", flush=True)
        told = environment(settings) | UNCOUNTED
        command = [sys.executable, "-m", "gridwarden", "serve"]
        with subprocess.Popen(command, env=told) as service:
            try:
                wait_for(settings, service)
                well = asyncio.run(soak(settings, asked.minutes, service.pid))
            finally:
                service.terminate()
    sys.exit(0 if well else 1)


def wait_for(settings: Settings, service: "subprocess.Popen[bytes]") -> None:
    """Until the service answers and its worker lives."""
    for _ in range(600):
        try:
            told = httpx.get(f"http://127.0.0.1:{settings.port}/readyz").json()
            if told.get("worker") == "alive":
                return
        except httpx.HTTPError:
            pass
        if service.poll() is not None:
            raise RuntimeError("the service did not start")
        time.sleep(0.3)
    raise RuntimeError("the service does not answer")


if __name__ == "__main__":
    main()
