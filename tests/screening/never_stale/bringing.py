"""Files that are imported by the real intake, and versions of their dataset that come back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyproj
import shapely
from shapely.ops import transform

from gridwarden.database import Caller, Pool, open_pool
from gridwarden.intake import tasks as _tasks  # noqa: F401  (registers the job)
from gridwarden.intake.ask import Ask
from gridwarden.intake.importers import usual_role
from gridwarden.intake.imports import ask_for, incoming
from gridwarden.intake.rollback.asking import roll_back
from gridwarden.jobs import run_here

from .ground import box, dot, line
from .town import WRITERS, Town

DATASET = "brought"
LAYERS = ("gas_pipelines", "buildings", "charging_sheds")
DEGREES = pyproj.Transformer.from_crs(4547, 4326, always_xy=True)


def edition(layer: str, number: int, many: int) -> str:
    """A supplier's file as GeoJSON: features of one code move from edition to edition."""
    features = []
    for n in range(many):
        x, y = 9.0 * n + 2 * number, 12 + 1.5 * number
        shape, said = {
            "gas_pipelines": (
                line((x, -5), (x + 3, 65)),
                {"pressure_class": "MA" if (n + number) % 2 else "HB", "material": "steel",
                 "od_mm": 219.0},
            ),
            "buildings": (box(x, y, 6, 8), {"height_m": 10.0 + 20 * ((n + number) % 2)}),
            "charging_sheds": (dot(x + 2, y + 4), {"status": "open"}),
        }[layer]  # fmt: skip
        degrees = transform(DEGREES.transform, shapely.from_wkt(shape))
        features.append(
            {
                "type": "Feature",
                "geometry": shapely.geometry.mapping(degrees),
                "properties": {"id": f"{layer}-{n}", "accuracy_m": 0.3, **said},
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features})


class Supplier:
    """Brings editions to a town, by the same way as the service does."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.pool: Pool = town.loop.run_until_complete(open_pool(town.settings, "web"))

    def close(self) -> None:
        """No longer connected."""
        self.town.loop.run_until_complete(self.pool.close())

    def bring(self, layer: str, number: int, many: int) -> str:
        """Import an edition; the import's state. More may go than nobody is asked for."""
        there = self._state("select count(*) from {} t", layer)
        remove = max(0, there - many)
        return self._published(layer, self.ask(layer, edition(layer, number, many), remove))

    def back(self, layer: str, at: int) -> str:
        """A version of the dataset comes back; the import's state, "" when there was none."""
        found = self.town.rows(
            "select d.id, v.version from data.dataset d join data.dataset_version v"
            " on v.dataset_id = d.id and v.version < d.version"
            " where d.layer = %s and d.name = %s order by v.version",
            (layer, DATASET),
        )
        if not found:
            return ""
        dataset, version = found[at % len(found)]
        state, removed = "held", None
        while state == "held":
            work = roll_back(
                self.pool, _caller(layer), dataset, version, dry_run=False, remove=removed
            )
            number, job = self.town.loop.run_until_complete(work)
            state = self._published(layer, (number, job))
            asked, removed = removed, self._removed(number)
            if asked == removed:
                break
        return state

    def _state(self, statement: str, layer: str) -> int:
        joined = " join data.dataset d on d.id = t.dataset_id where d.name = %s"
        rows = self.town.rows(statement.format(f"data.{layer}") + joined, (DATASET,))
        return int(rows[0][0])

    def _removed(self, number: int) -> Any:
        return self.town.rows("select removed from data.import where id = %s", (number,))[0][0]

    def ask(self, layer: str, text: str, remove: int) -> tuple[int, int]:
        """Ask for an import of this file; its id, and the id of its job, which waits."""
        room = incoming(self.town.settings)
        room.mkdir(mode=0o700)
        Path(room, "source.geojson").write_text(text, "utf-8")
        ask = Ask(layer=layer, dataset=DATASET, remove=remove or None)
        work = ask_for(
            self.pool, _caller(layer), self.town.settings, ask, None, room, "brought.geojson"
        )
        return self.town.loop.run_until_complete(work)

    def _published(self, layer: str, asked: tuple[int, int]) -> str:
        if layer == "gas_pipelines":  # mains of one look wait for whoever writes the first of them
            for writer in range(WRITERS):
                self.town.commit(writer)
        number, job = asked
        self.town.loop.run_until_complete(run_here(job, self.town.pool, self.town.settings))
        state = self.town.rows("select state from data.import where id = %s", (number,))
        return str(state[0][0])


def _caller(layer: str) -> Caller:
    return Caller(usual_role(layer), "supplier", all_districts=True)


@contextmanager
def supplied(town: Town) -> Iterator[Supplier]:
    """A supplier who is connected while the block lasts."""
    one = Supplier(town)
    try:
        yield one
    finally:
        one.close()
