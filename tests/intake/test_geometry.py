"""Shapes: whatever comes in, what goes on is valid, of its kind, and in the area of use."""

import zipfile
from pathlib import Path

import numpy as np
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gridwarden.geodesy import WorkingCrs, reading_of
from gridwarden.intake.formats.batch import Trouble
from gridwarden.intake.formats.source import open_source
from gridwarden.intake.geometry import MAX_VERTICES, Shaper
from intake.makers import polygon, shapefile

WUHAN = WorkingCrs(4547)
READING = reading_of("EPSG:4326", WUHAN)
DEGREES = st.tuples(
    st.floats(114.0, 114.01) | st.sampled_from([114.0, 114.005]),
    st.floats(30.0, 30.01) | st.sampled_from([30.0, 30.005]),
)

A, B, C = (114.0, 30.0078125), (114.00390625, 30.0), (114.0078125, 30.0)
MENDED_TWICE = [A, B, C, A, B, (114.0, 30.0)]
"""What mending once makes of it crosses itself by a hair."""


def shaped(kind: str, *shapes: object) -> tuple[np.ndarray, dict[int, Trouble], dict[int, str]]:
    troubles: dict[int, Trouble] = {}
    marks: dict[int, str] = {}
    out = Shaper(kind, READING).all(np.array(shapes, dtype=object), troubles, marks)  # type: ignore[arg-type]
    return out, troubles, marks


@settings(deadline=None)
@given(st.lists(DEGREES, min_size=3, max_size=12))
@example(MENDED_TWICE)
def test_a_ring_of_any_corners_becomes_a_valid_area_or_a_reason(
    corners: list[tuple[float, float]],
) -> None:
    out, troubles, _ = shaped("polygon", shapely.Polygon(corners))
    if out[0] is None:
        assert troubles[0].reason == "nothing_left"
        return
    assert not troubles
    assert out[0].geom_type == "MultiPolygon"
    assert out[0].is_valid
    assert out[0].area > 0


@settings(deadline=None)
@given(st.lists(DEGREES, min_size=2, max_size=12))
def test_a_line_of_any_points_becomes_a_line_with_length_or_a_reason(
    points: list[tuple[float, float]],
) -> None:
    out, troubles, _ = shaped("line", shapely.LineString(points))
    if out[0] is None:
        assert troubles[0].reason == "nothing_left"
    else:
        assert out[0].geom_type == "MultiLineString"
        assert out[0].length > 0


def test_mending_keeps_what_the_wall_encloses() -> None:
    """A bow-tie of two triangles keeps both, although their signed areas cancel."""
    tie = shapely.Polygon([(114, 30), (114.001, 30.001), (114.001, 30), (114, 30.001)])
    out, _, marks = shaped("polygon", tie)
    halves = shapely.Polygon([(114, 30), (114.0005, 30.0005), (114, 30.001)])
    one, _, _ = shaped("polygon", halves)
    assert abs(out[0].area - 2 * one[0].area) < 1
    assert marks == {0: "made_valid: self-intersection"}


def test_too_many_vertices_are_refused() -> None:
    turn = np.linspace(0, 2 * np.pi, MAX_VERTICES + 1, endpoint=False)
    circle = np.column_stack([114 + 0.01 * np.cos(turn), 30 + 0.01 * np.sin(turn)])
    _, troubles, _ = shaped("polygon", shapely.Polygon(circle))
    assert troubles[0].reason == "too_many_vertices"


def test_a_layer_of_any_kind_takes_points_lines_and_areas_as_they_are() -> None:
    shapes = [
        shapely.Point(114, 30),
        shapely.LineString([(114, 30), (114, 30.01)]),
        shapely.box(114, 30, 114.01, 30.01),
    ]
    out, troubles, _ = shaped("any", *shapes)
    assert [s.geom_type for s in out] == ["Point", "LineString", "Polygon"]
    assert not troubles


def test_one_bad_shape_does_not_move_its_neighbours() -> None:
    """Coordinates of a batch are moved together: rows must not slip."""
    good = shapely.box(114, 30, 114.01, 30.01)
    alone, _, _ = shaped("polygon", good)
    out, troubles, _ = shaped(
        "polygon", shapely.box(0, 0, 1, 1), good, None, shapely.Point(1, 1), good
    )
    assert sorted(troubles) == [0, 2, 3]
    assert shapely.equals_exact(out[1], alone[0], 0)
    assert shapely.equals_exact(out[4], alone[0], 0)


def test_an_open_ring_in_a_shapefile_is_told(tmp_path: Path) -> None:
    """The last point of the ring is moved in the file's own bytes."""
    made = shapefile(tmp_path / "s", [(polygon(), {"NAME": "a"})])
    with zipfile.ZipFile(made) as archive:
        parts = {n: archive.read(n) for n in archive.namelist()}
    name = next(n for n in parts if n.endswith(".shp"))
    parts[name] = parts[name][:-16] + np.array([114.3004, 30.5004]).tobytes()
    with zipfile.ZipFile(made, "w") as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    (tmp_path / "room").mkdir()
    source = open_source(made, made.name, tmp_path / "room", 1 << 20)
    batch = next(iter(source.batches()))
    out = Shaper("polygon", READING).all(batch.shapes, batch.troubles, batch.marks)
    assert out[0] is None
    assert batch.troubles[0].reason == "ring_not_closed"
