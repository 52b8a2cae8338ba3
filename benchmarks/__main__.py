"""`python -m benchmarks`: build the ground, measure, print one table and keep it."""

import argparse
import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import importing, memory, pages, permits, screening
from benchmarks.ground import (
    DATABASE,
    EMPTY,
    copy_database,
    installation,
    load_city,
    make_long_city,
    served,
)
from benchmarks.measuring import Row, table
from benchmarks.processes import described
from gridwarden.database.cluster import connect_owner

RESULTS = Path(__file__).parent / "results"
PARTS = ("import", "long", "screen", "permit", "pages")
ASKED = ("memory",)
"""Parts that take long, measured only when they are asked for."""


def arguments() -> argparse.Namespace:
    """Sizes and rounds; the defaults end within about four minutes on two cores."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--city", choices=("s", "m", "l"), default="m", help="sample city")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way, taken in turn")
    parser.add_argument("--buildings", type=int, default=100_000, help="rows of the import")
    parser.add_argument("--streamed", type=int, default=1_000_000, help="rows of `memory`")
    parser.add_argument("--long", type=int, default=40_000, help="buildings beside long mains")
    parser.add_argument("--questions", type=int, default=200, help="permit questions a run")
    parser.add_argument(
        "--only", choices=(*PARTS, *ASKED), action="append", help="a part of it; repeatable"
    )
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/<date>.md")
    return parser.parse_args()


def main() -> None:
    """Run what is asked for."""
    asked = arguments()
    parts = asked.only or PARTS
    began, load_before = time.monotonic(), os.getloadavg()[0]
    rows: list[Row] = []
    with installation() as settings:
        with connect_owner(settings) as c:
            machine = described(c)
        if "import" in parts:
            _tell("import")
            rows += asyncio.run(importing.run(settings, asked.rounds, asked.buildings))
        if "memory" in parts:
            _tell("memory of imports")
            rows += asyncio.run(memory.run(settings, asked.streamed))
        cities = []
        if "long" in parts:
            _tell("screen of a city with long mains")
            cities.append(make_long_city(settings, asked.long))
            rows += asyncio.run(screening.run(settings, asked.rounds, "long mains"))
            copy_database(settings, EMPTY, DATABASE)
        if set(parts) - {"import", "long", "memory"}:
            _tell("sample city")
            cities.append(load_city(settings, asked.city))
        if "screen" in parts:
            _tell("screen")
            rows += asyncio.run(screening.run(settings, asked.rounds, "sample city"))
        if {"permit", "pages"} & set(parts):
            with served(settings):
                if "permit" in parts:
                    _tell("permit")
                    rows += asyncio.run(permits.run(settings, asked.rounds, asked.questions))
                if "pages" in parts:
                    _tell("pages")
                    rows += asyncio.run(pages.run(settings, asked.rounds))
    loads = f"load average {load_before:.1f} before, {os.getloadavg()[0]:.1f} after"
    built = f"{'; '.join(cities)}.\n\n" if cities else ""
    text = (
        f"{machine}\n\n{built}Medians of {asked.rounds} runs taken in turn after"
        f" one that does not count (memory: one run); {loads}; {time.monotonic() - began:.0f} s in"
        f" all.\n\n"
        f"{table(rows)}\n"
    )
    print(text)
    if asked.keep:
        today = datetime.now(UTC).date().isoformat()
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{today}.md").write_text(f"# Benchmarks, {today}\n\n{text}", encoding="utf-8")


def _tell(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
