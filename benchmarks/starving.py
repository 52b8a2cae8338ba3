"""Permit checks while many ask for heat pages: how long one waits, and who has the processors.

The asker, those who ask for pages, the service and the database share the machine: what each took
of it stands beside every figure, the load that this program itself makes among it. Each way is held
against the same questions, asked of the same service just before, when nobody else asked: what the
machine does besides then falls on both.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benchmarks.ground import environment, make_key, owner_pool, postmaster, served
from benchmarks.load import asked, lines
from benchmarks.measuring import Figures, Row, number
from benchmarks.permits import CALLER, Asked, questions_of
from benchmarks.processes import tree_cpu_s
from gridwarden.settings import Settings

MAPS = 64
"""Heat pages that are asked for at the same time."""
SETTLE_S = 2
PART = "permit check beside heat pages, p95 (ms)"


@dataclass(frozen=True)
class Way:
    """One load: who else asks, and how the service is set up."""

    name: str
    maps: int = 0
    patience_s: float = 5
    busy: int = 0
    """Processors that another program keeps busy."""
    changed: tuple[tuple[str, str], ...] = ()


IN_THE_SERVICE = ("GRIDWARDEN_HEAVY_PROCESSES", "0")
WAYS = (
    Way("nobody else asks, as before"),
    Way("another program on all processors but one", busy=max(1, (os.cpu_count() or 2) - 1)),
    Way(f"{MAPS} heat pages, who is told to waits 5 s", MAPS),
    Way(f"{MAPS} heat pages, who is told to is back at once", MAPS, 0),
    Way(
        f"{MAPS} heat pages, drawn in the service's process",
        MAPS,
        changed=(IN_THE_SERVICE, ("GRIDWARDEN_HEAVY_WAITING", "16")),
    ),
)


def run(settings: Settings, count: int, city: str) -> list[Row]:
    """Ask `count` questions each way about the city that is loaded; one run a way."""
    subprocess.run(["script/assets"], env=environment(settings), check=True)  # heat pages need them
    found: dict[str, Figures] = {}
    for way in WAYS:
        with served(settings, **dict(way.changed)) as service:
            figures = found[way.name] = asyncio.run(_asked(settings, count, way, service))
            told = f"p95 {number(figures['p95_ms'])} ms, {_beside(figures)}"
            print(f"  {way.name}: {told}", file=sys.stderr, flush=True)
    return [
        Row(
            f"{PART}, {city}",
            name,
            number(figures["p95_ms"]),
            "–",
            figures["p95_ms"] / figures["alone_ms"],
            _beside(figures),
            figures["p95_ms"],
        )
        for name, figures in found.items()
    ]


def _beside(figures: Figures) -> str:
    """What stands beside a p95; `cost` is by the p95 alone."""
    shares = ", ".join(
        f"{who} {figures[who] * 100:.0f} %" for who in ("this program", "service", "database")
    )
    return (
        f"p95 alone {number(figures['alone_ms'])} ms, p50 {number(figures['p50_ms'])} ms;"
        f" {int(figures['shown'])} pages shown, {int(figures['turned'])} told to come back in"
        f" {figures['wall_s']:.0f} s; of a processor: {shares}; load {figures['load']:.1f}"
    )


@asynccontextmanager
async def _busy(processors: int) -> AsyncIterator[None]:
    """Something else on the machine that computes without end."""
    programs = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processors)
    ]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


async def _asked(settings: Settings, count: int, way: Way, service: int) -> Figures:
    """One asker's figures, and what everybody took of the processors meanwhile."""
    key = make_key(settings, CALLER.role)
    async with owner_pool(settings, 1) as owner:
        questions = await questions_of(settings, owner, count)
    first = postmaster(settings)

    async with lines(settings.port, key, 1) as held:

        async def one(_: int, question: Asked) -> None:
            await held[0].ask("POST", "/api/permits/check", question.body)

        await asked(questions[:20], one, 1)  # plans and caches are warm
        alone = {"alone_ms": (await asked(questions, one, 1))["p95_ms"]}
        async with _busy(way.busy), _others(settings, way) as seen:
            await asyncio.sleep(SETTLE_S)
            before = dict(seen)
            took = Taken(first, service)
            figures = await asked(questions, one, 1)
            told = {name: value - before[name] for name, value in seen.items()}
            return alone | figures | told | took.read()


class Taken:
    """Processor time that each took since it was made, as parts of one processor's."""

    def __init__(self, postmaster: int, service: int) -> None:
        self.ways = {
            "this program": time.process_time,
            "service": lambda: tree_cpu_s(service),
            "database": lambda: tree_cpu_s(postmaster),
        }
        self.before = {who: read() for who, read in self.ways.items()}
        self.began = time.perf_counter()

    def read(self) -> Figures:
        """`wall_s`, the machine's `load`, and each one's part."""
        wall = time.perf_counter() - self.began
        parts = {who: (read() - self.before[who]) / wall for who, read in self.ways.items()}
        return {"wall_s": wall, "load": os.getloadavg()[0]} | parts


@asynccontextmanager
async def _others(settings: Settings, way: Way) -> AsyncIterator[Figures]:
    """Heat pages, again and again, by eight people on an eighth of the lines each."""
    seen: Figures = {"shown": 0, "turned": 0}
    keys = [make_key(settings, CALLER.role) for _ in range(8)] if way.maps else []

    async def one(key: str) -> None:
        async with lines(settings.port, key, 1) as (line,):
            while True:
                try:
                    await line.ask("GET", "/maps/heat")
                    seen["shown"] += 1
                except RuntimeError:  # 503
                    seen["turned"] += 1
                    await asyncio.sleep(way.patience_s)

    tasks = [asyncio.create_task(one(keys[n % 8])) for n in range(way.maps)]
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
