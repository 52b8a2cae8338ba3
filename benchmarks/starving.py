"""Permit checks while many ask for heat pages: how long one waits, with the lane and without."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.ground import environment, make_key, owner_pool, served
from benchmarks.load import asked, lines
from benchmarks.measuring import Figures, Row, number
from benchmarks.permits import CALLER, Asked, questions_of
from gridwarden.settings import Settings

MAPS = 64
"""Heat pages that are asked for at the same time."""
SETTLE_S = 2
PART = "permit check beside heat pages, p95 of one at a time (ms)"


def run(settings: Settings, count: int, city: str) -> list[Row]:
    """Ask `count` questions each way about the city that is loaded; one run a way."""
    found: dict[str, Figures] = {}
    subprocess.run(["script/assets"], env=environment(settings), check=True)  # heat pages need them
    with served(settings):
        found["nobody else asks"] = asyncio.run(_asked(settings, count, None))
        found[f"{MAPS} heat pages, told to come back"] = asyncio.run(_asked(settings, count, 5))
        found[f"{MAPS} heat pages, back at once"] = asyncio.run(_asked(settings, count, 0))
    with served(settings, GRIDWARDEN_HEAVY_AT_ONCE=str(MAPS)):
        found[f"{MAPS} heat pages, no lane"] = asyncio.run(_asked(settings, count, 5))
    base = found["nobody else asks"]["p95_ms"]
    return [
        Row(
            f"{PART}, {city}",
            way,
            number(figures["p95_ms"]),
            "–",
            figures["p95_ms"] / base,
            f"p50 {number(figures['p50_ms'])} ms; {int(figures['shown'])} pages shown meanwhile,"
            f" {int(figures['turned'])} told to come back",
        )
        for way, figures in found.items()
    ]


async def _asked(settings: Settings, count: int, patience_s: float | None) -> Figures:
    """One asker's figures; the others wait `patience_s` when told to, None: there are none."""
    key = make_key(settings, CALLER.role)
    async with owner_pool(settings, 1) as owner:
        questions = await questions_of(settings, owner, count)

    async with lines(settings.port, key, 1) as held:

        async def one(_: int, question: Asked) -> None:
            await held[0].ask("POST", "/api/permits/check", question.body)

        await asked(questions[:20], one, 1)  # plans and caches are warm
        if patience_s is None:
            return await asked(questions, one, 1) | {"shown": 0, "turned": 0}
        async with _others(settings, patience_s) as seen:
            await asyncio.sleep(SETTLE_S)
            figures = await asked(questions, one, 1)
            return figures | seen


@asynccontextmanager
async def _others(settings: Settings, patience_s: float) -> AsyncIterator[Figures]:
    """Heat pages, again and again, by eight people on eight lines each."""
    seen: Figures = {"shown": 0, "turned": 0}
    keys = [make_key(settings, CALLER.role) for _ in range(8)]

    async def one(key: str) -> None:
        async with lines(settings.port, key, 1) as (line,):
            while True:
                try:
                    await line.ask("GET", "/maps/heat")
                    seen["shown"] += 1
                except RuntimeError:  # 503
                    seen["turned"] += 1
                    await asyncio.sleep(patience_s)

    tasks = [asyncio.create_task(one(keys[n % 8])) for n in range(MAPS)]
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
