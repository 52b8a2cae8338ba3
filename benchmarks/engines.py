"""The same pairs by an embedded engine: `python -m benchmarks.engines ENGINE FOLDER-OF-GEOPARQUET`.

Prints seconds of CPU and wall as JSON and writes the pairs to FOLDER/ENGINE.json. The engines are
no dependencies of Gridwarden: `pip install -r benchmarks/requirements.txt` brings them.
"""

import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from gridwarden.database import queries

NEAR = queries("benchmarks", "engines.sql")["near"]
WITHIN = "st_dwithin(p.geom, s.geom, p.reach_m)"
BOXES = (
    "st_intersects(st_makeenvelope(st_xmin(p.geom) - p.reach_m, st_ymin(p.geom) - p.reach_m,"
    " st_xmax(p.geom) + p.reach_m, st_ymax(p.geom) + p.reach_m), s.geom)"
)
Pairs = Sequence[Sequence[int]]
Asker = Callable[[Path, Path], Pairs]


def sedonadb() -> Asker:
    """Apache Sedona's single-machine engine."""
    import sedonadb as sedona

    engine = sedona.connect()

    def asked(pieces: Path, subjects: Path) -> Pairs:
        engine.read_parquet(str(pieces)).to_view("p", overwrite=True)
        engine.read_parquet(str(subjects)).to_view("s", overwrite=True)
        found = engine.sql(NEAR.format(join=WITHIN)).to_pandas()
        return list(zip(found["id"].tolist(), found["main_id"].tolist(), strict=True))

    return asked


def duckdb() -> Asker:
    """DuckDB with its spatial extension from PyPI. Its `st_dwithin` joins by comparing every
    pair; boxes it joins by an index, and distance is then measured anyhow.
    """
    import duckdb as engine
    from duckdb_extensions import import_extension

    with tempfile.TemporaryDirectory() as folder:
        there = engine.connect(config={"extension_directory": folder})
        import_extension("spatial", con=there)
        there.execute("LOAD spatial")

    def asked(pieces: Path, subjects: Path) -> Pairs:
        for name, file in (("p", pieces), ("s", subjects)):
            there.read_parquet(str(file)).create_view(name)
        return there.execute(NEAR.format(join=BOXES)).fetchall()

    return asked


ENGINES: dict[str, Callable[[], Asker]] = {"sedonadb": sedonadb, "duckdb": duckdb}


def known_engines() -> dict[str, str]:
    """Every engine, with the reason why it cannot be asked; empty where it can."""
    why = {}
    for name in ENGINES:
        if importlib.util.find_spec(name) is None:
            why[name] = "not installed"
            continue
        try:
            ENGINES[name]()
            why[name] = ""
        except Exception as error:  # the engine's own kinds, which are not there to be named
            # what is quoted is a path of this machine
            why[name] = str(error).partition("\n")[0].partition('"')[0][:80].strip()
    return why


def main() -> None:
    """Ask for the pairs of every layer whose files are in the folder."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    ask = ENGINES[name]()
    wall, cpu = time.perf_counter(), time.process_time()
    found = [
        (pieces.name.partition(".")[0], *pair)
        for pieces in sorted(folder.glob("*.pieces.parquet"))
        for pair in ask(pieces, pieces.with_name(pieces.name.replace("pieces", "subjects")))
    ]
    figures = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    (folder / f"{name}.json").write_text(json.dumps(found))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
