"""Drawings with any of their values spoilt: read as far as they make sense, or refused."""

import random
from pathlib import Path
from typing import Any

import ezdxf
import pytest

from gridwarden.words.problems import Problem
from intake.gis_makers import opened


def everything(document: Any, space: Any) -> None:
    """One of every kind of entity that is read."""
    block = document.blocks.new("b")
    block.add_circle((0, 0), 1)
    block.add_attdef("编号", (0, 0))
    insert = space.add_blockref("b", (1, 2), dxfattribs={"rotation": 30, "xscale": 2})
    insert.add_attrib("编号", "x", (0, 0))
    space.add_arc((0, 0), 3, 10, 80)
    space.add_ellipse((0, 0), (3, 1), 0.4)
    space.add_spline([(0, 0), (1, 2), (3, 1), (5, 5)])
    space.add_lwpolyline([(0, 0, 1), (4, 4, 0), (5, 5, 0.4)], format="xyb", close=True)
    space.add_hatch().paths.add_polyline_path([(0, 0, 1), (5, 0), (5, 5)])
    edges = space.add_hatch().paths.add_edge_path()
    edges.add_line((0, 0), (5, 0))
    edges.add_arc((5, 2), 2, 270, 90)
    edges.add_ellipse((1, 1), (3, 0), 0.5, 0, 90)
    edges.add_spline(
        control_points=[(0, 0), (1, 1), (2, 0), (3, 3)],
        degree=3,
        knot_values=[0, 0, 0, 0, 1, 1, 1, 1],
    )
    space.add_text("a", dxfattribs={"halign": 2, "align_point": (1, 1)})
    space.add_mtext(r"{\fA;b}")
    space.add_polyline2d([(0, 0), (1, 1), (2, 0)])
    space.add_polyline3d([(0, 0, 0), (1, 1, 1)])
    space.add_3dface([(0, 0), (1, 0), (1, 1)])
    space.add_solid([(0, 0), (1, 0), (1, 1)])
    space.add_mline([(0, 0), (1, 1)])
    space.new_geodata()


NONSENSE = b"nan inf -1 1e308 999999999999 x 0 -32768 LINE INSERT b 1e-320 65535 \xff\xfe".split()


@pytest.mark.parametrize(
    "seeds", [range(40), pytest.param(range(40, 1_000), marks=pytest.mark.deep)]
)
def test_a_drawing_with_any_value_spoilt_is_read_or_refused(tmp_path: Path, seeds: range) -> None:
    document = ezdxf.new("R2010")
    everything(document, document.modelspace())
    document.saveas(tmp_path / "a.dxf")
    lines = (tmp_path / "a.dxf").read_bytes().split(b"\n")
    begins = lines.index(b"BLOCKS")
    kept = {b"SECTION", b"ENDSEC", b"BLOCK", b"ENDBLK", b"EOF"}
    values = [i for i in range(begins, len(lines) - 4) if i % 2 and lines[i].strip() not in kept]
    outcomes = {"read": 0, "unreadable_file": 0, "refused": 0}
    for seed in seeds:
        chance = random.Random(seed)
        spoilt = list(lines)
        for at in chance.sample(values, chance.choice([1, 2, 5])):
            spoilt[at] = chance.choice(NONSENSE)
        (tmp_path / "b.dxf").write_bytes(b"\n".join(spoilt))
        try:
            rows = sum(batch.size for batch in opened(tmp_path / "b.dxf").batches())
            outcomes["read" if rows else "unreadable_file"] += 1
        except Problem as problem:
            outcomes[problem.kind] += 1
    assert outcomes["read"] > len(seeds) / 4
