"""The permit check beside the bare nearness question, in this process and over HTTP.

Wall seconds; the askers, the service and the cluster share the machine's cores. The bare question
is asked on the same pieces, as the owner, and nothing is judged, worded or recorded.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from benchmarks.ground import make_key, owner_pool, postmaster
from benchmarks.load import Line, asked, lines
from benchmarks.measuring import Figures, Row, Way, interleaved, median, number, spread
from benchmarks.processes import tree_cpu_s
from gridwarden.database import Caller, Pool, open_pool, queries
from gridwarden.permits.check import ask
from gridwarden.permits.question import Question, read_question
from gridwarden.settings import Settings

Q = queries("benchmarks", "permits.sql")
CALLER = Caller("supervisor", "bench", all_districts=True)
ASKERS = (1, 8)
OURS = "api.permit_check: judged, worded, audited, kept"


@dataclass(frozen=True)
class Asked:
    """One place as every way needs it."""

    question: Question
    near: dict[str, Any]
    body: bytes


async def run(settings: Settings, rounds: int, count: int, city: str) -> list[Row]:
    """Ask `count` questions a run about the city that is loaded; the service is up."""
    key = make_key(settings, CALLER.role)
    web = await open_pool(settings, "web")
    rows: list[Row] = []
    try:
        async with owner_pool(settings, max(ASKERS)) as owner:
            questions = await questions_of(settings, owner, count)
            for askers in ASKERS:
                async with lines(settings.port, key, askers) as held:
                    first = postmaster(settings)
                    ways = _ways(web, owner, held, questions, askers, first)
                    rows += _rows(await interleaved(ways, rounds), askers, city)
    finally:
        await web.close()
    return rows


async def questions_of(settings: Settings, owner: Pool, count: int) -> list[Asked]:
    """So many places of the city that is loaded, each as every way asks about it."""
    async with owner.connection() as c:
        places = await (await c.execute(Q["places"], {"count": count})).fetchall()
        row = await (await c.execute(Q["reach"])).fetchone()
    assert row is not None
    found = []
    for (text,) in places:
        document = {"area": json.loads(text), "method": "mechanical"}
        question = read_question(document, None, settings)
        near = {"area": question.area.geojson(), "reach": row[0]}
        near["area"] = near["area"] if isinstance(near["area"], str) else json.dumps(near["area"])
        found.append(Asked(question, near, json.dumps(document).encode()))
    return found


def _ways(
    web: Pool,
    owner: Pool,
    held: Sequence[Line],
    questions: Sequence[Asked],
    askers: int,
    first: int,
) -> dict[str, Way]:
    def way(one: Callable[[int, Asked], Awaitable[object]]) -> Way:
        async def measured() -> Figures:
            before = tree_cpu_s(first)
            figures = await asked(questions, one, askers)
            used = (tree_cpu_s(first) - before) / len(questions)
            return figures | {"cluster_ms": used * 1e3}

        return measured

    async def bare(statement: str, values: dict[str, Any]) -> object:
        async with owner.connection() as c:
            cursor = await c.execute(sql.SQL(Q[statement]), values)
            return await cursor.fetchone()

    return {
        OURS: way(lambda _, one: ask(web, CALLER, one.question)),
        "bare SQL: which mains, how far": way(lambda _, one: bare("near", one.near)),
        "bare SQL with the audit row": way(lambda _, one: bare("near_audited", one.near)),
        "POST /api/permits/check": way(
            lambda at, one: held[at].ask("POST", "/api/permits/check", one.body)
        ),
        "GET /healthz: HTTP alone": way(lambda at, _: held[at].ask("GET", "/healthz")),
    }


def _rows(runs: dict[str, list[Figures]], askers: int, city: str) -> list[Row]:
    base = median(runs[OURS], "each")
    return [
        Row(
            f"permit check of {askers} at once, {city} (per second)",
            way,
            number(median(figures, "per_s")),
            spread(figures, "per_s"),
            median(figures, "each") / base,
            f"p50 {number(median(figures, 'p50_ms'))} ms; CPU of the cluster"
            f" {number(median(figures, 'cluster_ms'))} ms",
            amount=median(figures, "p50_ms"),
        )
        for way, figures in runs.items()
    ]
