"""Rows that their source does not name: who they are when they change."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import owner
from gridwarden.settings import Settings
from intake.conftest import Bring
from intake.makers import Row, geojson, line, point, polygon

Count = Callable[..., Any]
M = 1e-5
"""About a metre, in degrees."""


def features(settings: Settings, layer: str, dataset: str) -> dict[int, tuple[Any, ...]]:
    """The features of a dataset by id: version, name, x to the centimetre."""
    with owner(settings) as c:
        rows = c.execute(
            "select f.id, f.version, f.name, round(st_x(st_centroid(f.geom))::numeric, 2)"  # type: ignore[arg-type]
            f" from data.{layer} f join data.dataset d on d.id = f.dataset_id"
            " where d.name = %s order by f.id",
            (dataset,),
        ).fetchall()
    return {row[0]: row[1:] for row in rows}


def matches(settings: Settings, import_id: int) -> list[tuple[str, float | None]]:
    with owner(settings) as c:
        return c.execute(
            "select by, round(distance_m::numeric, 1)::float from data.identity_match"
            " where import_id = %s order by feature_id",
            (import_id,),
        ).fetchall()


def test_a_row_that_changes_stays_who_it_was(
    module_city: Settings, module_bring: Bring, tmp_path: Path
) -> None:
    """One gets another height, one moves by 1.1 m, one moves and is raised but keeps its name."""
    old: list[Row] = [
        (polygon(at=0), {"name": "甲楼", "height": 10}),
        (polygon(at=1), {"name": "乙楼", "height": 11}),
        (polygon(at=2), {"name": "丙楼", "height": 12}),
        (polygon(at=3), {"name": "丁楼", "height": 13}),
    ]
    form = {"layer": "buildings", "dataset": "stays"}
    module_bring(geojson(tmp_path / "1.geojson", old), **form)
    before = features(module_city, "buildings", "stays")
    moved = [[x + M, y] for x, y in polygon(at=1)["coordinates"][0]]
    raised = [[x + M, y] for x, y in polygon(at=2)["coordinates"][0]]
    new: list[Row] = [
        (old[0][0], {"name": "甲楼", "height": 99}),
        ({"type": "Polygon", "coordinates": [moved]}, old[1][1]),
        ({"type": "Polygon", "coordinates": [raised]}, {"name": "丙楼", "height": 98}),
        old[3],
    ]
    seen = module_bring(geojson(tmp_path / "2.geojson", new), **form)
    assert (seen["matched"], seen["added"], seen["changed"], seen["removed"]) == (3, 0, 3, 0)
    assert matches(module_city, seen["id"]) == [("shape", 0.0), ("attributes", 1.0), ("key", 1.0)]
    after = features(module_city, "buildings", "stays")
    assert list(after) == list(before)
    assert [row[0] for row in after.values()] == [2, 2, 2, 1]
    again = module_bring(geojson(tmp_path / "3.geojson", new), **form)
    assert (again["state"], again["matched"]) == ("unchanged", 0)


def test_two_candidates_are_none(
    module_city: Settings, module_bring: Bring, tmp_path: Path, module_count: Count
) -> None:
    """Two sheds without a word stand 1.2 m apart; both are drawn a little farther east."""
    form = {"layer": "charging_sheds", "dataset": "two"}
    module_bring(geojson(tmp_path / "1.geojson", [(point(), {}), (point(1.2 * M), {})]), **form)
    new = [(point(0.5 * M), {}), (point(1.7 * M), {})]
    seen = module_bring(geojson(tmp_path / "2.geojson", new), remove=2, **form)
    assert (seen["matched"], seen["added"], seen["removed"]) == (0, 2, 2)
    assert matches(module_city, seen["id"]) == []


@pytest.mark.parametrize(
    ("dataset", "old", "new"),
    [
        ("far", point(), point(3 * M)),
        ("beside", polygon(), {"type": "Polygon", "coordinates": [
            [[x + 1.2 * M, y] for x, y in [[114.4, 30.5], [114.4 + M, 30.5],
             [114.4 + M, 30.5 + M], [114.4, 30.5 + M], [114.4, 30.5]]]]}),
        ("longer", line((0, 0), (0.001, 0)), line((0, 0), (0.0011, 0))),
    ],
)  # fmt: skip
def test_what_is_elsewhere_is_another_thing(
    module_bring: Bring, tmp_path: Path, dataset: str, old: Any, new: Any
) -> None:
    """A shed 3 m away, a hut beside the old one without common ground, a road 10 m longer."""
    layer = {"far": "charging_sheds", "beside": "buildings", "longer": "roads"}[dataset]
    if dataset == "beside":
        corners = [[114.4, 30.5], [114.4 + M, 30.5], [114.4 + M, 30.5 + M], [114.4, 30.5 + M]]
        old = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    form = {"layer": layer, "dataset": dataset}
    module_bring(geojson(tmp_path / "1.geojson", [(old, {"name": "x"})]), **form)
    seen = module_bring(geojson(tmp_path / "2.geojson", [(new, {"name": "x"})]), remove=1, **form)
    assert (seen["matched"], seen["added"], seen["removed"]) == (0, 1, 1)


def test_the_noise_of_another_program_changes_nothing(module_bring: Bring, tmp_path: Path) -> None:
    """A tenth of a millimetre either way, where rounding falls on both sides."""
    chance = random.Random(7)
    old = [(point(i * 7.3e-5, i * 3.1e-5), {"name": f"棚{i}"}) for i in range(60)]
    new = [
        (point(i * 7.3e-5 + chance.uniform(-1e-9, 1e-9), i * 3.1e-5), {"name": f"棚{i}"})
        for i in range(60)
    ]
    form = {"layer": "charging_sheds", "dataset": "noise"}
    module_bring(geojson(tmp_path / "1.geojson", old), **form)
    seen = module_bring(geojson(tmp_path / "2.geojson", new), **form)
    assert seen["state"] == "unchanged"
    assert seen["matched"] > 0


def test_a_rejected_row_without_a_name_keeps_what_stands_in_its_place(
    module_city: Settings, module_bring: Bring, tmp_path: Path
) -> None:
    """A mistyped number must not take a building off the map, though nobody named it."""
    old: list[Row] = [(polygon(at=i), {"height": 10 + i}) for i in range(3)]
    form = {"layer": "buildings", "dataset": "kept"}
    module_bring(geojson(tmp_path / "1.geojson", old), **form)
    new: list[Row] = [old[0], (old[1][0], {"height": "高"}), old[2]]
    seen = module_bring(geojson(tmp_path / "2.geojson", new), **form)
    assert (seen["quarantined"], seen["kept"], seen["removed"]) == (1, 1, 0)
    assert len(features(module_city, "buildings", "kept")) == 3


def test_rows_of_a_layer_without_places_are_known_by_code_and_name(
    module_city: Settings, module_bring: Bring, tmp_path: Path
) -> None:
    form = {"layer": "organisations", "dataset": "firms"}
    first = tmp_path / "1.csv"
    first.write_text("名称,电话\n甲燃气,111\n乙燃气,222\n", "utf-8")
    module_bring(first, **form)
    second = tmp_path / "2.csv"
    second.write_text("名称,电话\n甲燃气,119\n乙燃气,222\n", "utf-8")
    seen = module_bring(second, **form)
    assert (seen["matched"], seen["changed"], seen["added"]) == (1, 1, 0)


def test_many_unknown_rows_are_compared_by_an_index(module_city: Settings) -> None:
    """The plan of the statement that compares, on that many rows of either side."""
    from gridwarden.database import queries
    from gridwarden.intake.identity import CROWD, NEAR_M, REACH_M

    pairs = queries("gridwarden.intake", "compare.sql")["pairs"]
    shapes = (
        "select 'content:' || %s || i, 'p' || i, st_setsrid(st_makepoint("
        "500000 + (i %% 400) * 9 + %s, 3370000 + i / 400 * 9), 4547), i"
        " from generate_series(1, 20000) i"
    )
    with owner(module_city) as c, c.transaction(force_rollback=True):
        c.execute("insert into data.dataset (layer, name) values ('charging_sheds', 'many')")
        row = c.execute("select id from data.dataset where name = 'many'").fetchone()
        assert row is not None
        columns = ["source_id", "code", "name", "extra", "repair", "geom"]
        c.execute("select data.make_staging('charging_sheds', %s)", (columns,))
        c.execute("alter table data.charging_sheds disable trigger user")
        c.execute(
            "insert into data.charging_sheds (source_id, name, geom, dataset_id)"  # type: ignore[arg-type]
            f" select s, n, g, {row[0]} from ({shapes}) x(s, n, g, i)",
            ("old", 0.0),
        )
        c.execute(
            f"insert into pg_temp.staging (source_id, name, geom, row_no) {shapes}",  # type: ignore[arg-type]
            ("new", 0.5),
        )
        c.execute("select data.make_matching('charging_sheds', %s, '{name}')", (row[0],))
        values = {"reach": REACH_M, "near": NEAR_M, "crowd": CROWD}
        told = c.execute("explain " + pairs, values).fetchall()  # type: ignore[operator]
        plan = "\n".join(line for (line,) in told)
        assert plan.count("Index Scan using was_at_idx") == 1, plan
        assert plan.count("Index Scan using comes_at_idx") == 1, plan
        assert c.execute(pairs, values).rowcount == 40_000
