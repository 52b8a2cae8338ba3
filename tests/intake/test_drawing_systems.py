"""Whose metres a drawing holds: its unit, the system that it states, where it was set down."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridwarden.geodesy import CrsRefusedError, WorkingCrs, reading_of
from intake.gis_makers import opened, whole
from intake.test_drawing import drawn


@pytest.mark.parametrize(
    ("units", "at", "reads", "note"),
    [
        (6, (529_000, 3_374_000), (529_000, 3_374_000), None),
        (0, (529_000, 3_374_000), (529_000, 3_374_000), None),
        (4, (529_000_000, 3_374_000_000), (529_000, 3_374_000), "drawing_unit:mm"),
        (4, (38_529_000, 3_374_000), (38_529_000, 3_374_000), "drawing_unit_not_believed:mm"),
        (1, (1000, 2000), (25.4, 50.8), "drawing_unit:in"),
    ],
)
def test_what_is_drawn_in_other_units_comes_in_metres(
    tmp_path: Path,
    units: int,
    at: tuple[float, float],
    reads: tuple[float, float],
    note: str | None,
) -> None:
    def draw(document: Any, space: Any) -> None:
        space.add_circle(at, 100)

    source = opened(drawn(tmp_path / "a.dxf", draw, units=units))
    (shape,) = whole(source).shapes
    assert np.allclose(shape.centroid.coords[0], reads, atol=1e-5)
    assert source.notes == ([note] if note else [])
    assert (source.claim.system, source.claim.because) == ("plane", "dxf_says_nothing")
    assert source.claim.north_first is False


@pytest.mark.parametrize("units", [4, 6])
@pytest.mark.parametrize(
    ("said", "system", "refused"),
    [
        ("EPSG:4547", "EPSG:4547", None),
        ("gcj02", "gcj02", None),
        ("EPSG:4610", "EPSG:4610", "no_parameters"),
        ("EPSG:2383", "EPSG:2383", "no_parameters"),
        ("西安80", "EPSG:4610", "no_parameters"),
        ("武汉2000坐标系", "武汉2000坐标系", "unknown"),
    ],
)
def test_a_drawing_s_stated_system_is_never_passed_over(
    tmp_path: Path, units: int, said: str, system: str, refused: str | None
) -> None:
    at = (114.3, 30.5) if said in ("gcj02", "EPSG:4610") else (529_000, 3_374_000)

    def draw(document: Any, space: Any) -> None:
        document.header.custom_vars.append("CRS", said)
        space.add_point(at)

    source = opened(drawn(tmp_path / "a.dxf", draw, units=units))
    claim = source.claim
    assert (claim.system, claim.because, claim.detail) == (system, "dxf_property", said)
    assert whole(source).shapes[0].coords[0] == at
    if refused is not None:
        with pytest.raises(CrsRefusedError) as no:
            reading_of(system, WorkingCrs(4547))
        assert no.value.reason == refused


def test_a_georeferenced_drawing_names_its_system(tmp_path: Path) -> None:
    def draw(document: Any, space: Any) -> None:
        geodata = space.new_geodata()
        geodata.coordinate_system_definition = """<?xml version="1.0" encoding="UTF-16"?>
<Dictionary version="1.0"><Alias id="4547" type="CoordinateSystem"><Namespace>EPSG Code</Namespace>
</Alias><Axis uom="METER"><CoordinateSystemAxis><AxisOrder>1</AxisOrder>
<AxisAbbreviation>E</AxisAbbreviation></CoordinateSystemAxis></Axis></Dictionary>"""
        geodata.dxf.coordinate_type = 1
        geodata.dxf.scale_estimation_method = 1
        geodata.dxf.design_point = (10, 10)
        geodata.dxf.reference_point = (529_000, 3_374_000)
        space.add_point((15, 12))

    source = opened(drawn(tmp_path / "a.dxf", draw))
    assert (source.claim.system, source.claim.because) == ("EPSG:4547", "dxf_geodata")
    assert whole(source).shapes[0].coords[0] == (529_005, 3_374_002)


def test_geodata_that_cannot_be_read_still_names_its_system(tmp_path: Path) -> None:
    def draw(document: Any, space: Any) -> None:
        space.new_geodata().coordinate_system_definition = """<?xml version="1.0"?>
<Dictionary><ProjectedCoordinateSystem id="Xian80.GK-38"/></Dictionary>"""
        space.add_point((529_000, 3_374_000))

    source = opened(drawn(tmp_path / "a.dxf", draw))
    assert source.notes == ["drawing_geodata"]
    assert (source.claim.system, source.claim.because) == ("EPSG:4610", "dxf_geodata")
