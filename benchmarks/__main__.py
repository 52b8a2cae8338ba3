"""`python -m benchmarks`: build the ground, measure, print one table and keep it."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    cells,
    editing,
    hazards,
    importing,
    memory,
    pages,
    permits,
    screening,
    starving,
)
from benchmarks.ground import (
    DATABASE,
    EMPTY,
    City,
    copy_database,
    installation,
    left_alone,
    load_city,
    make_long_city,
    served,
    standing,
)
from benchmarks.growth import growth
from benchmarks.measuring import Row, table
from benchmarks.processes import described
from gridwarden.database.cluster import connect_owner
from gridwarden.settings import Settings

RESULTS = Path(__file__).parent / "results"
OF_A_CITY = ("screen", "edit", "permit", "pages", "starve")
PARTS = ("import", "cells", "hazards", "long", *OF_A_CITY)
ASKED = ("memory",)
"""Parts that take long, measured only when they are asked for."""


def arguments() -> argparse.Namespace:
    """Sizes and rounds; the defaults end within about ten minutes on two cores."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument(
        "--city", choices=("s", "m", "l"), action="append", help="sample city (m); several: growth"
    )
    parser.add_argument(
        "--home",
        type=Path,
        action="append",
        help="an installation with its city, left as it is; one for each --city",
    )
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way, taken in turn")
    parser.add_argument("--buildings", type=int, default=100_000, help="rows of the import")
    parser.add_argument("--findings", type=int, default=1_000_000, help="findings of `cells`")
    parser.add_argument("--cases", type=int, default=100_000, help="cases of `hazards`")
    parser.add_argument("--streamed", type=int, default=1_000_000, help="rows of `memory`")
    parser.add_argument("--long", type=int, default=40_000, help="buildings beside long mains")
    parser.add_argument("--questions", type=int, default=200, help="permit questions a run")
    parser.add_argument(
        "--only", choices=(*PARTS, *ASKED), action="append", help="a part of it; repeatable"
    )
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/<date>.md")
    parser.add_argument("--name", default="", help="what the kept file's name ends with")
    return parser.parse_args()


def main() -> None:
    """Run what is asked for."""
    asked = arguments()
    parts = asked.only or (OF_A_CITY if asked.home else PARTS)
    sizes = (asked.city or ["m"]) if set(parts) & set(OF_A_CITY) else []
    began, load_before = time.monotonic(), os.getloadavg()[0]
    rows: list[Row] = []
    cities: list[str] = []
    found: list[tuple[City, list[Row]]] = []
    if asked.home:
        for home, size in zip(asked.home, sizes, strict=True):
            with left_alone(home) as settings:
                machine = _machine(settings)
                found.append(_city(settings, asked, parts, standing(settings, size)))
    else:
        with installation() as settings:
            machine = _machine(settings)
            rows, cities = _without_city(settings, asked, parts)
            for size in sizes:
                _tell(f"sample city {size}")
                found.append(_city(settings, asked, parts, load_city(settings, size)))
    cities += [city.said for city, _ in found]
    rows += [row for _, of_city in found for row in of_city] + growth(found)
    text = _told(asked, machine, cities, rows, load_before, time.monotonic() - began)
    print(text)
    if asked.keep:
        today = datetime.now(UTC).date().isoformat()
        RESULTS.mkdir(exist_ok=True)
        file = RESULTS / f"{today}{asked.name and '-'}{asked.name}.md"
        file.write_text(f"# Benchmarks, {today}\n\n{text}", encoding="utf-8")


def _machine(settings: Settings) -> str:
    with connect_owner(settings) as c:
        return described(c)


def _city(
    settings: Settings, asked: argparse.Namespace, parts: Sequence[str], city: City
) -> tuple[City, list[Row]]:
    return city, _of_city(settings, asked, parts, city)


def _without_city(
    settings: Settings, asked: argparse.Namespace, parts: Sequence[str]
) -> tuple[list[Row], list[str]]:
    """Parts that begin with an empty city."""
    rows: list[Row] = []
    cities = []
    if "import" in parts:
        _tell("import")
        rows += asyncio.run(importing.run(settings, asked.rounds, asked.buildings))
    if "memory" in parts:
        _tell("memory of imports")
        rows += asyncio.run(memory.run(settings, asked.streamed))
    if "cells" in parts:
        _tell("cells")
        rows += asyncio.run(cells.run(settings, asked.rounds, asked.findings))
    if "hazards" in parts:
        _tell("hazard cases")
        rows += asyncio.run(hazards.run(settings, asked.rounds, asked.cases))
    if "long" in parts:
        _tell("screen of a city with long mains")
        cities.append(make_long_city(settings, asked.long).said)
        rows += asyncio.run(screening.run(settings, asked.rounds, "long mains"))
        copy_database(settings, EMPTY, DATABASE)
    return rows, cities


def _of_city(
    settings: Settings, asked: argparse.Namespace, parts: Sequence[str], city: City
) -> list[Row]:
    rows: list[Row] = []
    name = f"city {city.size}"
    if "screen" in parts:
        _tell("screen")
        rows += asyncio.run(screening.run(settings, asked.rounds, name))
    if "edit" in parts:
        _tell("edit")
        rows += asyncio.run(editing.run(settings, asked.rounds, name))
    if {"permit", "pages"} & set(parts):
        with served(settings):
            if "permit" in parts:
                _tell("permit")
                rows += asyncio.run(permits.run(settings, asked.rounds, asked.questions, name))
            if "pages" in parts:
                _tell("pages")
                rows += asyncio.run(pages.run(settings, asked.rounds))
    if "starve" in parts:
        _tell("permit checks beside heat pages")
        rows += starving.run(settings, asked.questions, name)
    return rows


def _told(
    asked: argparse.Namespace,
    machine: str,
    cities: Sequence[str],
    rows: Sequence[Row],
    load_before: float,
    seconds: float,
) -> str:
    loads = f"load average {load_before:.1f} before, {os.getloadavg()[0]:.1f} after"
    built = f"{'; '.join(cities)}.\n\n" if cities else ""
    return (
        f"{machine}\n\n{built}Medians of {asked.rounds} runs taken in turn after"
        f" one that does not count (memory, full screens beside edits: one run); {loads};"
        f" {seconds:.0f} s in all.\n\n{table(rows)}\n"
    )


def _tell(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
