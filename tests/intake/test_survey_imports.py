"""What surveyors send, brought as a person would: where it lies, and which rows come back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import owner
from gridwarden.settings import Settings

from .conftest import Bring, quarantine
from .makers import table
from .test_point_line import CJJ, LINES, PIPES, PLACES, POINTS, ROWS, workbook
from .test_survey_files import CGCS, SQUARE

ZONE = 38_000_000


@pytest.fixture
def rows(module_city: Settings) -> Callable[..., list[Any]]:
    def several(statement: str, *values: Any) -> list[Any]:
        with owner(module_city) as c:
            return c.execute(statement, values).fetchall()  # type: ignore[arg-type]

    return several


def test_a_survey_workbook_becomes_mains(
    module_bring: Bring, module_city: Settings, rows: Callable[..., list[Any]], tmp_path: Path
) -> None:
    places = [[*row[:4], row[4] + ZONE, row[5]] for row in PLACES]
    sheets = {"管点": [["燃气管点成果表"], POINTS, *places], "管线": [LINES, *PIPES]}
    made = workbook(tmp_path / "普查.xlsx", sheets)
    found = module_bring(
        made, layer="gas_pipelines", dataset="survey", from_layer="管线", set='{"medium": "gas"}'
    )
    assert found["state"] == "published", found
    assert (found["rows_good"], found["crs"]) == (2, "EPSG:4526")
    assert found["because"]["key"] == "zone_prefix"
    assert quarantine(module_city, found["id"]) == {
        4: "no_such_point",
        5: "line_to_itself",
        6: "no_point_number",
    }
    got = rows(
        "select st_astext(st_snaptogrid(geom, 0.001)), depth_top_m, dn, material, pressure_class,"
        " year_laid, operator from data.gas_pipelines order by depth_top_m, dn"
    )
    assert got == [
        ("MULTILINESTRING((500000 3420000,500050 3420000))", 0.9, 110, "pe", "MA", 2015, "甲燃气"),
        (
            "MULTILINESTRING((500050 3420000,500050 3420030))",
            0.9,
            219,
            "steel",
            "MA",
            2008,
            "甲燃气",
        ),
    ]


def test_one_table_serves_a_layer_of_lines_and_one_of_points(
    module_bring: Bring, rows: Callable[..., list[Any]], tmp_path: Path
) -> None:
    path = table(tmp_path / "成果.csv", CJJ, ROWS[:4], encoding="gb18030")
    lines = module_bring(
        path, layer="gas_pipelines", dataset="one table", set='{"medium": "gas"}', crs="EPSG:4547"
    )
    assert lines["rows_good"] == 2, lines
    wells = module_bring(
        path, layer="enclosed_spaces", dataset="wells", where="附属物=阀门井",
        set='{"kind": "manhole"}', crs="EPSG:4547",
    )  # fmt: skip
    assert wells["rows_good"] >= 1, wells
    (place,) = rows("select distinct st_astext(geom) from data.enclosed_spaces")
    assert place == ("POINT(500050 3420000)",)


def test_plots_points_holes_and_corners_lie_where_their_makers_mean(
    module_bring: Bring, rows: Callable[..., list[Any]], tmp_path: Path
) -> None:
    plots = tmp_path / "报盘.txt"
    plots.write_bytes((CGCS + SQUARE).encode("gb18030"))
    cass = tmp_path / "管点.dat"
    cass.write_text("1,,500010.5,3420020.5,31.2\n2,井,500011.5,3420021.5,\n")
    holes = table(
        tmp_path / "钻孔.csv",
        ["孔号", "X", "Y", "孔口高程", "孔深"],
        [["ZK1", 3420000.0, ZONE + 500000.0, 25.1, 30], ["合计", "", "", "", 30]],
    )
    corners = table(
        tmp_path / "拐点.csv",
        ["地块编号", "拐点号", "X", "Y"],
        [
            ["DK-9", "J1", 3420000.0, ZONE + 500000.0],
            ["", "J2", 3420000.0, ZONE + 500020.0],
            ["", "J3", 3420020.0, ZONE + 500020.0],
        ],
        delimiter="\t",
    )
    for path, state in ((plots, "land_bureau"), (cass, "only_zone_that_fits")):
        found = module_bring(path, layer="construction_sites", dataset=path.stem)
        assert (found["state"], found["because"]["key"]) == ("published", state), found
    for path in (holes, corners):
        found = module_bring(path, layer="excavations", dataset=path.stem, role="supervisor")
        assert (found["state"], found["because"]["key"]) == ("published", "zone_prefix"), found
    sites = rows(
        "select code, name, st_astext(st_snaptogrid(geom, 0.001)) from data.construction_sites"
        " order by st_dimension(geom), st_xmin(geom)"
    )
    assert sites == [
        (None, None, "POINT(500010.5 3420020.5)"),
        ("井", None, "POINT(500011.5 3420021.5)"),
        (
            "DK-1",
            "一号地块",
            "POLYGON((500000 3420000,500020 3420000,500020 3420020,500000 3420020,500000 3420000))",
        ),
    ]
    digs = rows(
        "select code, depth_m, st_astext(st_snaptogrid(geom, 0.001)), repair from data.excavations"
        " order by st_dimension(geom)"
    )
    assert digs == [
        ("ZK1", 30, "POINT(500000 3420000)", None),
        ("DK-9", None, "POLYGON((500000 3420000,500020 3420000,500020 3420020,500000 3420000))",
         "ring_closed"),
    ]  # fmt: skip
