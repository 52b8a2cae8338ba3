"""Cellars, drains, trenches, tunnels and manholes: where gas that leaks would gather."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import shapely

from gridwarden.sample.blocks import Buildings
from gridwarden.sample.files import Dataset
from gridwarden.sample.mains import Mains
from gridwarden.sample.places import clear_of, made_up_boxes
from gridwarden.sample.plan import Plan, Shapes
from gridwarden.sample.streets import MAIN_OFFSET, Edges, served
from gridwarden.sample.underground import ASIDE, Lines

Spaces = list[tuple[shapely.Geometry, dict[str, Any]]]


def make_spaces(
    plan: Plan, edges: Edges, mains: Mains, made: Buildings, names: list[str], lines: Lines
) -> Spaces:
    """Every space with its columns; manholes are small polygons, for a point counts with 3 m."""
    dice = plan.dice("enclosed spaces")
    found: Spaces = []
    for at in np.flatnonzero(made.storeys >= 11).tolist():
        if dice.random() < 0.16:
            shape = shapely.buffer(made.shape[at], -0.3, join_style="mitre")
            found.append((shape, _columns("basement", f"{names[at]}地下室", 0.0, dice)))
    for shape, at, row in zip(lines.shape, lines.edge, lines.record, strict=True):
        kind, where = row["kind"], edges.name[at]
        if row["laying"] == "trench":
            trench = "heat_trench" if kind == "heat" else "cable_trench"
            word = "热力管沟" if kind == "heat" else "电缆沟"
            top = row["depth_top_m"] - 0.3
            ditch = shapely.buffer(shape, 0.6, cap_style="flat")
            found.append((ditch, _columns(trench, f"{where}{word}", top, dice)))
        elif kind == "sewer" and dice.random() < 0.4:
            hole = shapely.buffer(shape.interpolate(0.5, normalized=True), 0.45, quad_segs=2)
            found.append((hole, _columns("manhole", f"{where}污水检查井", 0.0, dice)))
    return found + _in_streets(plan, edges, mains, dice)


def _columns(kind: str, name: str, top: float, dice: np.random.Generator) -> dict[str, Any]:
    return {
        "name": name, "kind": kind, "depth_top_m": round(max(top, 0.0), 2),
        "ventilated": bool(dice.random() < 0.55) if dice.random() < 0.9 else None,
    }  # fmt: skip


def _in_streets(plan: Plan, edges: Edges, mains: Mains, dice: np.random.Generator) -> Spaces:
    """Drains at the far kerb, a few beside or across the main, and an underpass or two."""
    found: Spaces = []
    local = [at for at in served(edges, plan) if edges.kind[at] == "local"]
    wide = [at for at in served(edges, plan) if edges.kind[at] == "arterial"]
    count = max(4, len(local) // 40)
    chosen = dice.choice(local, min(6 * count, len(local)), replace=False).tolist()
    middle = MAIN_OFFSET["local"]
    plans = (
        ("排水暗沟", "drain", chosen[: 4 * count], -10.0, (60.0, 1.2)),
        ("排水暗沟", "drain", chosen[4 * count : 5 * count], middle - 1.6, (35.0, 1.2)),
        ("过街箱涵", "drain", chosen[5 * count : 5 * count + count // 2], 2.0, (1.6, 17.0)),
        ("人行地道", "tunnel", wide[4 : 4 + max(1, count // 4)], 0.0, (6.0, 34.0)),
        (
            "综合管廊",
            "tunnel",
            wide[-max(2, count // 3) :],
            ASIDE["water"]["arterial"],
            (90.0, 5.0),
        ),
    )
    for word, kind, streets, aside, size in plans:
        shapes = street_boxes(edges, streets, dice.uniform(0.24, 0.4, len(streets)), aside, size)
        clear = set(clear_of(mains, shapes).tolist()) if aside < 0 else set(range(len(shapes)))
        for number, (at, shape) in enumerate(zip(streets, shapes, strict=True)):
            if number not in clear:
                continue
            top = float(dice.uniform(0.5, 2.5))
            found.append((shape, _columns(kind, f"{edges.name[at]}{word}", top, dice)))
    return found


def street_boxes(
    edges: Edges, streets: list[int], along: Any, aside: float, size: tuple[float, float]
) -> Shapes:
    """Boxes of one size (along, across), one beside each of these street pieces."""
    lines = np.array([shapely.LineString(edges.line[at]) for at in streets], dtype=object)
    count = len(streets)
    return made_up_boxes(lines, along, np.full(count, aside), np.tile(np.array(size), (count, 1)))


def dataset(spaces: Spaces, day: date) -> Dataset:
    """All of them in one file."""
    codes = [f"K-{at:05d}" for at in range(len(spaces))]
    columns: dict[str, list[Any]] = {
        "source_id": codes,
        "code": codes,
        **{name: [row[name] for _, row in spaces] for name in spaces[0][1]},
        "accuracy_m": [0.3] * len(codes),
        "source_date": [(day - timedelta(days=96)).isoformat()] * len(codes),
    }
    shapes = np.array([shape for shape, _ in spaces], dtype=object)
    rounded = np.asarray(shapely.set_precision(shapes, 0.001))
    return Dataset("enclosed-spaces", "enclosed_spaces", "enclosed_spaces.gpkg", rounded, columns)
