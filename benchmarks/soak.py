"""`python -m benchmarks.soak`: does the memory of service and worker stay as it is?

A city of its own, thousands of questions to a service that runs as offices run it, edits beside
them; prints the resident memory of both processes at 10 %, 50 % and 100 %, and what the queue, the
screener and the catalogue had to bear. Asserts nothing.
"""

import argparse
import asyncio
import subprocess
import sys
import time
from pathlib import Path

import httpx

from benchmarks.ground import environment, installation, load_city, make_key
from benchmarks.processes import described
from gridwarden.database import accounts
from gridwarden.database.cluster import connect_owner
from gridwarden.settings import Settings

AT_ONCE = 4
MARKS = (0.1, 0.5, 1.0)
EDIT = """
update data.charging_sheds set geom = st_translate(geom, case when version %% 2 = 0 then 0.3
    else -0.3 end, 0), name = 'soak'
where id = (select id from data.charging_sheds order by id offset %s limit 1)"""
CATALOGUE = """
select n_dead_tup, pg_total_relation_size(relid), n_tup_ins + n_tup_upd + n_tup_del
from pg_stat_sys_tables where relid in ('pg_class'::regclass, 'pg_attribute'::regclass)
order by relid::regclass::text"""
TOLD = (
    "gridwarden_queue_oldest_seconds",
    "gridwarden_screen_lag_last_seconds",
    "gridwarden_screen_lag_max_seconds",
    "gridwarden_screen_steps_total",
)


def rss_mb(pid: int) -> float:
    """Resident memory of a process (MB)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def worker_of(service: int) -> int:
    """The worker that a service has beside it."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == service and b"worker" in (folder / "cmdline").read_bytes():
                return int(folder.name)
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
    raise RuntimeError("the service has no worker beside it")


async def soak(settings: Settings, requests: int, edits: int, service: int) -> None:
    """Ask and edit in turn, and print the marks."""
    token = make_key(settings, "supervisor")
    base = f"http://127.0.0.1:{settings.port}"
    with connect_owner(settings) as c:
        lon, lat = c.execute(
            "select st_x(p), st_y(p) from (select st_transform(st_setsrid(st_centroid("
            "st_extent(geom)::geometry), data.working_srid()), 4326) as p from data.buildings) m"
        ).fetchone() or (0, 0)
        n_sheds = (c.execute("select count(*) from data.charging_sheds").fetchone() or (1,))[0]
        before = c.execute(CATALOGUE).fetchall()
    boxes = [
        f"{lon + i * 1e-3:.5f},{lat:.5f},{lon + i * 1e-3 + 3e-3:.5f},{lat + 3e-3:.5f}"
        for i in range(-20, 20)
    ]
    paths = [
        *(f"/ogc/collections/buildings/items?limit=100&bbox={box}" for box in boxes),
        "/api/findings?limit=100",
        "/api/cells/square-500?measure=count",
        "/api/events?limit=100",
        "/findings",
        "/metrics",
        "/readyz",
    ]
    worker = worker_of(service)
    numbers = iter(range(requests))
    done, pending = 0, list(MARKS)
    began = time.monotonic()

    def mark(share: float) -> None:
        print(
            f"{share:>5.0%}  {done:>7} requests  {int(share * edits):>6} edits"
            f"  service {rss_mb(service):6.1f} MB  worker {rss_mb(worker):6.1f} MB"
            f"  {time.monotonic() - began:6.0f} s",
            flush=True,
        )

    async def ask(http: httpx.AsyncClient) -> None:
        nonlocal done
        for n in numbers:
            path = paths[n % len(paths)]
            sent = {"Authorization": f"Bearer {TOKEN if path == '/metrics' else token}"}
            answer = await http.get(base + path, headers=sent)
            if answer.status_code != 200:
                raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:200]}")
            done += 1
            if edits and n % max(1, requests // edits) == 0:
                await asyncio.to_thread(edit, settings, n % n_sheds)
            while pending and done >= requests * pending[0]:
                mark(pending.pop(0))

    mark(0)
    async with httpx.AsyncClient(timeout=60) as http:
        await asyncio.gather(*(ask(http) for _ in range(AT_ONCE)))
        await asyncio.sleep(3)
        answer = await http.get(f"{base}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    print(*(line for line in answer.text.splitlines() if line.startswith(TOLD)), sep="\n")
    with connect_owner(settings) as c:
        after = c.execute(CATALOGUE).fetchall()
    for name, was, now in zip(("pg_attribute", "pg_class"), before, after, strict=True):
        print(f"{name}: {now[1] - was[1]:+} bytes, {now[2] - was[2]} rows written")


def edit(settings: Settings, n: int) -> None:
    """Move a shed, as somebody with SQL does."""
    with connect_owner(settings) as c:
        c.execute(EDIT, (n,))


TOKEN = "the soak's monitoring token"


def main() -> None:
    """Make the ground, start the service, and soak."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--edits", type=int, default=2_000)
    asked = parser.parse_args()
    with installation() as settings:
        load_city(settings, "s")
        with connect_owner(settings) as c:
            print(described(c))
        with accounts.connect_superuser(settings) as c:
            c.autocommit = True
            c.execute("alter system reset autovacuum")
            c.execute("select pg_reload_conf()")
        told = environment(settings) | {"GRIDWARDEN_METRICS_TOKEN": TOKEN}
        command = [sys.executable, "-m", "gridwarden", "serve"]
        with subprocess.Popen(command, env=told) as service:
            try:
                wait_for(settings, service)
                asyncio.run(soak(settings, asked.requests, asked.edits, service.pid))
            finally:
                service.terminate()


def wait_for(settings: Settings, service: subprocess.Popen[bytes]) -> None:
    """Until the service answers and its worker is there."""
    for _ in range(300):
        try:
            httpx.get(f"http://127.0.0.1:{settings.port}/readyz").raise_for_status()
            worker_of(service.pid)
            time.sleep(3)
            return
        except (httpx.HTTPError, RuntimeError):
            if service.poll() is not None:
                raise RuntimeError("the service did not start") from None
            time.sleep(0.3)
    raise RuntimeError("the service does not answer")


if __name__ == "__main__":
    main()
