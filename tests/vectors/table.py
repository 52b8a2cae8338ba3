"""The vectors of `vectors.toml`, and what each of them draws."""

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import shapely

from .ground import Ground, box, line

FILE = Path(__file__).with_name("vectors.toml")
EAST, NORTH = 115.42, 30.4
"""Far east in the zone of 114°E, where a metre of the plane is 0.27 mm short of one on the ground:
at 13.5 m a distance of the plane would be 3 mm wrong."""
APART_DEGREES = 0.021
"""Two kilometres from one vector to the next; those along a mile of main take twice that."""
COLUMNS = 6
SHAPES = {"layer", "wall", "gap", "over", "rows", "every_m"}
Packs = tuple[str, ...]
Drawn = tuple[str, shapely.Geometry, dict[str, Any]]


@dataclass(frozen=True)
class Vector:
    """One line of the table, at its own place."""

    said: dict[str, Any]
    packs: Packs
    ground: Ground

    @property
    def id(self) -> str:
        """The row of the table, and which of its numbers."""
        return str(self.said["id"])

    @property
    def other_ids(self) -> list[str]:
        """What the other features are called in their file."""
        return [f"{self.id} {n}" for n in range(len(self.shapes))]

    @property
    def main_id(self) -> str:
        """What the main is called in its file."""
        return f"main {self.id}"

    @property
    def other_layer(self) -> str:
        """The layer of the other feature."""
        return str(self.said["other"]["layer"])

    @cached_property
    def line(self) -> shapely.LineString:
        """The main's centreline in metres around the vector's middle."""
        half = self.said["main"].get("half_m", 50.0)
        return line((-half, 0.0), (half, 0.0))

    @cached_property
    def shapes(self) -> list[shapely.Polygon]:
        """The other features in metres around the vector's middle."""
        said = self.said["other"]
        if "over" in said:
            return [box(-said["over"] / 2, -5, said["over"] / 2, 5)]
        if "rows" in said:
            first = -(said["rows"] - 1) * said["every_m"] / 2
            west = [first + n * said["every_m"] - 5 for n in range(said["rows"])]
            return [box(x, 110, x + 10, 120) for x in west]
        away = said["wall"] if "wall" in said else said["gap"] + self.radius_m
        return [box(-10, away, 10, away + 10)]

    @property
    def radius_m(self) -> float:
        """Half the outer diameter that the vector states (PE is named by it)."""
        main = self.said["main"]
        return float(main.get("od_mm") or main["dn"]) / 2000

    def features(self) -> list[Drawn]:
        """Layer, shape in degrees and record of everything that the vector draws."""
        main = {k: v for k, v in self.said["main"].items() if k != "half_m"}
        record = {k: v for k, v in self.said["other"].items() if k not in SHAPES}
        sure = {"accuracy_m": 0.0}
        drawn = [
            (
                "gas_pipelines",
                self.ground.lonlat(self.line),
                {"pipe_id": self.main_id, "medium": "natural_gas", **sure, **main},
            )
        ]
        for name, shape in zip(self.other_ids, self.shapes, strict=True):
            named = {"source_id": name, **sure, **record}
            drawn.append((self.other_layer, self.ground.lonlat(shape), named))
        return drawn


def table() -> dict[str, Any]:
    """The file as it stands."""
    return tomllib.loads(FILE.read_text("utf-8"))


def vectors() -> list[Vector]:
    """Every vector, sorted by packs, each 2 km from the others of the same."""
    cities: dict[Packs, list[dict[str, Any]]] = {}
    for said in table()["vector"]:
        cities.setdefault(tuple(said["packs"]), []).append(said)
    return [
        Vector(said, packs, _place(at))
        for packs, together in cities.items()
        for at, said in enumerate(together)
    ]


def _place(at: int) -> Ground:
    row, column = divmod(at, COLUMNS)
    return Ground(EAST - column * 1.2 * APART_DEGREES, NORTH + row * APART_DEGREES)
