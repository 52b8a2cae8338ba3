"""Positions as people type them: pairs, angles, numbered lines, WKT; and what is none of them."""

import pytest

from gridwarden.intake.formats.claim import DEGREES
from gridwarden.intake.typed import typed

HERE = "POINT (114.12 30.93)"


@pytest.mark.parametrize(
    ("text", "wkt", "system", "north_first"),
    [
        ("114.12,30.93", HERE, None, None),
        ("１１４．１２，３０．９３", HERE, None, None),
        ("(114.12, 30.93)", HERE, None, None),
        ("114.12 / 30.93", HERE, None, None),
        ("30.93,114.12", "POINT (30.93 114.12)", None, None),
        ("114.12°E 30.93°N", HERE, DEGREES, False),
        ("30.93N,114.12E", HERE, DEGREES, False),
        ("N30.93E114.12", HERE, DEGREES, False),
        ("北纬30°55′48″，东经114°07′12″", HERE, DEGREES, False),
        ("N30°55'48\" E114°07'12\"", HERE, DEGREES, False),
        ("纬度：30.93，经度：114.12", HERE, DEGREES, False),
        ("114°07′12″,30°55′48″", HERE, DEGREES, None),
        ("X=3420000.5, Y=500000.2", "POINT (3420000.5 500000.2)", None, None),
        ("Y=500000.2 X=3420000.5", "POINT (3420000.5 500000.2)", None, None),
        ("东500000.2 北3420000.5", "POINT (500000.2 3420000.5)", None, False),
        ("ZK1 3420000.5 500000.2 31.2", "POINT (3420000.5 500000.2)", None, None),
        ("1\t500000.2\t3420000.5\t31.2", "POINT (500000.2 3420000.5)", None, None),
        ("3420000.5 500000.2 31.2", "POINT (3420000.5 500000.2)", None, None),
        ("1 114.12 30.93", HERE, None, None),
        ("POINT(114.12 30.93)", HERE, None, None),
        ("srid=4490;POINT Z(114.12 30.93 5)", "POINT Z (114.12 30.93 5)", "EPSG:4490", None),
        ("114.12,30.93;114.13,30.93", "LINESTRING (114.12 30.93, 114.13 30.93)", None, None),
        (
            "J1,0,0\nJ2,0,4\nJ3,4,4\nJ1,0,0",
            "POLYGON ((0 0, 0 4, 4 4, 0 0))",
            None,
            None,
        ),
        ("0,0 0,4 4,4", "POLYGON ((0 0, 0 4, 4 4, 0 0))", None, None),
    ],
)
def test_a_position_is_read_as_it_is_meant(
    text: str, wkt: str, system: str | None, north_first: bool | None
) -> None:
    found = typed(text)
    assert found is not None
    (shape,) = found.shapes
    if shape.geom_type == "Point":
        assert (
            (round(shape.x, 9), round(shape.y, 9))
            == tuple(  # type: ignore[attr-defined]
                float(n) for n in wkt.replace("Z", "").strip("POINT ()").split()[:2]
            )
        )
    else:
        assert shape.wkt == wkt
    assert (found.claim.system, found.claim.north_first) == (system, north_first)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "114.12",
        "1;2;3",
        "next to the church",
        "合计 3 114",
        "114.12,30.93;见图",
        "114.12,30.93;114.13",
        "114°07′72″,30°55′48″",
        "北纬114.12，东经30.93 北纬3",
        "1 2 3 4 5",
        "POLYGON((1 2",
        "9" * 400 + ",1",
        "1,2 " * 30_000,
    ],
)
def test_anything_else_is_no_position(text: str) -> None:
    assert typed(text) is None
