"""Rule packs as their TOML says them, nothing of the product's reader used.

`read_pack` reads a file or a folder; `Rules` is what several packs in force say together: figures
(those of deeper levels first), class systems, diameters, and the rules that are judged today.
"""

import math
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

LEVELS = ("nation", "province", "city", "project")
SEVERITIES = ("general", "serious", "major")
VERDICTS = ("notify", "protection_plan", "prohibited")
DISTANCE_KINDS = ("protection", "clearance", "control")
MAINS = "gas_pipelines"
TENTH_MM = 10_000
PIR = 0.69 * 0.3048 / (25.4 * math.sqrt(0.006894757))
"""Metres of potential impact radius for √MPa × mm, from r[ft] = 0.69·√(p[psig]·d²[in])."""

Pack = dict[str, Any]


def ticks(metres: float) -> int:
    """Metres in whole 0.1 mm, halves away from zero, as one would round the printed number."""
    printed = Decimal(f"{metres:.15g}") * TENTH_MM
    return int(printed.quantize(Decimal(1), ROUND_HALF_UP))


def read_pack(path: Path) -> Pack:
    """A pack as plain TOML; the files of a folder are put together in the order of their names."""
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    whole: Pack = {"rule": []}
    for file in files:
        part = tomllib.loads(file.read_text("utf-8"))
        whole["rule"] += part.pop("rule", [])
        assert not whole.keys() & part.keys(), file
        whole |= part
    return whole


def built_in(name: str) -> Pack:
    """A pack that the product ships."""
    folder = Path(__file__).parents[2] / "service/gridwarden/rules/packs"
    whole = folder / name
    return read_pack(whole if whole.is_dir() else folder / f"{name}.toml")


@dataclass(frozen=True)
class Rule:
    """One rule of one pack: its TOML table, and what the pack adds to it."""

    pack: str
    level: int
    toml: dict[str, Any]
    main: dict[str, Any]
    classes: str

    @property
    def id(self) -> str:
        """The id within its pack."""
        return str(self.toml["id"])

    @property
    def kind(self) -> str:
        """One of the seven."""
        return str(self.toml["kind"])

    @property
    def family(self) -> str:
        """What a case is about."""
        return str(self.toml["family"])

    @property
    def strength(self) -> int:
        """Within a family, the strongest that is met makes the finding."""
        return int(self.toml["strength"])

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as they stand."""
        return list(self.toml["row"])

    @property
    def counterpart(self) -> str:
        """The layer measured to."""
        return str(self.toml.get("counterpart", MAINS))

    @property
    def near_mains(self) -> bool:
        """Whether it is judged against mains, one by one."""
        if self.counterpart != MAINS or "location" in self.toml:
            return False
        return self.kind in (*DISTANCE_KINDS, "activity", "consequence")

    @property
    def near_others(self) -> bool:
        """Whether it is judged against the worst feature of another layer."""
        return self.kind in DISTANCE_KINDS and self.counterpart != MAINS

    @property
    def measured(self) -> tuple[str, str]:
        """From which part of the main to which part of the subject."""
        said = self.toml.get("measured", {})
        return str(said.get("from", "outer_edge")), str(said.get("to", "edge"))

    @property
    def vertical(self) -> bool:
        """Measured up and down, where the two cross."""
        return self.toml.get("plane") == "vertical"

    @property
    def closed(self) -> bool:
        """Whether the end of the band belongs to it."""
        return self.kind != "clearance"

    def conditions(self, side: str = "where") -> list[dict[str, Any]]:
        """The conditions on a record."""
        return list(self.toml.get(side, []))


class Rules:
    """What packs in force say together on a day."""

    def __init__(self, packs: Sequence[Pack], day: date | None = None) -> None:
        self.packs = sorted(packs, key=level_of)
        bases = [pack for pack in packs if "extends" not in pack["pack"]]
        assert len(bases) == 1
        self.base = bases[0]
        self.systems: dict[str, list[dict[str, Any]]] = {
            system["id"]: system["class"]
            for pack in self.packs
            for system in pack.get("class_system", [])
        }
        self.shown = str(self.base["class_system"][0]["id"])
        self.diameters: dict[str, Any] = {}
        self.figures: dict[str, float | None] = {}
        for pack in self.packs:
            self.diameters |= pack.get("outer_diameter", {})
            for figure in pack.get("figure", []):
                self.figures[figure["id"]] = figure.get("value")
            self.figures |= pack.get("figures", {})
        self.missing_od_mm = float(self.base["pack"]["missing_od_mm"])
        self.point_radius_m = float(self.base["pack"]["point_radius_m"])
        self.written = list(self._written())
        self.rules = list(self._in_force(day or date.today()))

    def _written(self) -> Iterator[Rule]:
        for pack in self.packs:
            head = pack["pack"]
            usual = {"network": head.get("networks", ["city", "yard"])}
            for rule in pack["rule"]:
                system = rule.get("classes", self.shown)
                main = usual | rule.get("main", {})
                yield Rule(head["id"], level_of(pack), rule, main, system)

    def _in_force(self, day: date) -> Iterator[Rule]:
        replaced = [
            (rule.level, gone) for rule in self.written for gone in rule.toml.get("replaces", [])
        ]
        for rule in self.written:
            begins, ends = rule.toml.get("valid_from"), rule.toml.get("valid_to")
            if (begins and day < begins) or (ends and day >= ends):
                continue
            if any(gone == rule.id and rule.level < level for level, gone in replaced):
                continue
            if all(self.figures[name] is not None for name in figures_of(rule.toml)):
                yield rule

    def value(self, said: float | str) -> float:
        """A number, or the figure that `@id` names."""
        if isinstance(said, str):
            said = self.figures[said.removeprefix("@")] or 0.0
        return float(said)

    def limit(self, row: dict[str, Any]) -> int | None:
        """A row's own number in 0.1 mm: the largest where it depends on the main."""
        if "interpolate" in row:
            return max(ticks(metres) for _, metres in row["interpolate"])
        said = row.get("limit_m", row.get("limit"))
        return None if said is None else ticks(self.value(said))


def level_of(pack: Pack) -> int:
    """How deep a pack's level lies: nation, province, city, project."""
    return LEVELS.index(pack["pack"].get("level", "nation"))


def figures_of(part: Any) -> set[str]:
    """The figures that a rule uses, wherever in it."""
    if isinstance(part, dict):
        texts = (part.get(key) for key in ("limit", "over", "upto", "from", "under"))
        own = {said[1:] for said in texts if isinstance(said, str) and said.startswith("@")}
        return own.union(*(figures_of(inner) for inner in part.values()))
    if isinstance(part, list):
        return set().union(*(figures_of(inner) for inner in part))
    return set()


def interpolated(points: Iterable[Sequence[float]], pressure: float) -> int:
    """The limit (0.1 mm) at a pressure: linear between the points, level beyond them."""
    line = sorted((float(p), float(m)) for p, m in points)
    if pressure <= line[0][0]:
        return ticks(line[0][1])
    for (p1, m1), (p2, m2) in pairwise(line):
        if pressure <= p2:
            return ticks(m1 + (m2 - m1) * (pressure - p1) / (p2 - p1))
    return ticks(line[-1][1])
