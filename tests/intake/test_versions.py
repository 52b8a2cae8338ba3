"""A file after another of the same dataset: only what changed is touched, and nothing is lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from intake.conftest import Bring
from intake.makers import (
    geojson,
    gpkg,
    houses,
    point,
    polygon,
    table,
)

Count = Callable[..., Any]


def test_the_same_file_twice_changes_nothing(tmp_path: Path, bring: Bring, count: Count) -> None:
    made = gpkg(tmp_path / "h.gpkg", houses(5))
    first = bring(made, layer="buildings")
    rows = count("select count(*) from data.history")
    queued = count("select count(*) from data.change")
    second = bring(made, layer="buildings")
    assert (first["state"], second["state"]) == ("published", "unchanged")
    assert second["version"] == 1
    assert (second["added"], second["changed"], second["removed"]) == (0, 0, 0)
    assert count("select version from data.dataset") == 1
    assert count("select count(*) from data.dataset_version") == 1
    assert count("select count(*) from data.history") == rows
    assert count("select count(*) from data.change") == queued


def test_a_second_version_touches_only_what_changed(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    old = houses(4)
    bring(geojson(tmp_path / "1.geojson", old), layer="buildings")
    new = [old[0], (old[1][0], {**old[1][1], "height": 99}), (polygon(at=40), old[2][1])]
    new.append((polygon(at=50), {"id": "new"}))
    seen = bring(geojson(tmp_path / "2.geojson", new), layer="buildings", remove=1)
    assert (seen["added"], seen["changed"], seen["removed"], seen["version"]) == (1, 2, 1, 2)
    assert (
        count("select string_agg(source_id || version, ',' order by source_id) from data.buildings")
        == "b01,b12,b22,new1"
    )
    assert count("select count(*) from data.history") == 4 + 2 + 1
    assert (
        count(
            "select string_agg(added || '/' || changed || '/' || removed, ' ' "
            "order by version) from data.dataset_version"
        )
        == "4/0/0 1/2/1"
    )


def test_a_row_whose_new_version_is_bad_stays_as_it_was(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    """A mistyped date must not take a main off the map."""
    old = houses(3)
    bring(geojson(tmp_path / "1.geojson", old), layer="buildings")
    new = [(old[0][0], {**old[0][1], "height": "tall"}), old[1]]
    seen = bring(geojson(tmp_path / "2.geojson", new), layer="buildings", remove=1)
    assert (seen["kept"], seen["removed"], seen["quarantined"]) == (1, 1, 1)
    assert count("select height_m from data.buildings where source_id = 'b0'") == 10


def test_a_version_replaces_only_its_own_dataset(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    bring(geojson(tmp_path / "1.geojson", houses(3)), layer="buildings", dataset="east")
    bring(geojson(tmp_path / "2.geojson", houses(2)), layer="buildings", dataset="west")
    bring(geojson(tmp_path / "3.geojson", houses(1)), layer="buildings", dataset="west", remove=1)
    assert count("select count(*) from data.buildings") == 4


def test_rows_without_a_name_are_known_by_what_they_say(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    rows = [(polygon(at=i), {"height": i}) for i in range(3)]
    seen = bring(geojson(tmp_path / "1.geojson", rows), layer="buildings")
    assert seen["notes"] == ["identity_from_content"]
    assert bring(geojson(tmp_path / "2.geojson", rows[::-1]), layer="buildings")["state"] == (
        "unchanged"
    )
    fewer = geojson(tmp_path / "3.geojson", [*rows[:2], rows[0]])
    seen = bring(fewer, layer="buildings", remove=1)
    assert (seen["removed"], seen["added"], seen["reasons"]) == (1, 0, {"duplicate_row": 1})
    assert count("select bool_and(source_id like 'content:%%') from data.buildings")


def test_a_field_called_id_that_names_nobody_is_no_identity(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    """Many exports carry a column `Id` full of zeros."""
    rows = [(polygon(at=i), {"Id": 0}) for i in range(12)]
    seen = bring(geojson(tmp_path / "1.geojson", rows), layer="buildings")
    assert seen["notes"] == ["id_repeats:Id", "identity_from_content", "kept_apart:Id"]
    assert count("select count(distinct source_id) from data.buildings") == 12
    seen = bring(
        geojson(tmp_path / "2.geojson", rows), layer="buildings", mapping='{"source_id": "Id"}'
    )
    assert seen["reasons"] == {"duplicate_id": 11}


def test_a_file_of_which_nothing_fits_leaves_the_dataset(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    bring(geojson(tmp_path / "1.geojson", houses(2)), layer="buildings")
    seen = bring(geojson(tmp_path / "2.geojson", [(point(), {"id": "x"})]), layer="buildings")
    assert seen["state"] == "failed"
    assert "1" in seen["say"]["en"]
    assert seen["reasons"] == {"wrong_type": 1}
    assert count("select count(*) from data.buildings") == 2
    empty = table(tmp_path / "3.csv", ["id", "lon", "lat"], [])
    assert bring(empty, layer="charging_sheds")["say"]["type"].endswith(":refused")


def test_a_dry_run_tells_and_keeps_nothing(tmp_path: Path, bring: Bring, count: Count) -> None:
    made = geojson(tmp_path / "1.geojson", [*houses(2), (point(), {"id": "x"})])
    seen = bring(made, layer="buildings", dry_run="true")
    assert (seen["state"], seen["added"], seen["quarantined"]) == ("checked", 2, 1)
    assert count("select count(*) from data.buildings") == 0
    assert count("select count(*) from data.dataset") == 0
    assert count("select count(*) from data.job where kind = 'screen'") == 0


def test_publishing_leaves_its_changes_to_the_screener(
    tmp_path: Path, bring: Bring, count: Count
) -> None:
    bring(geojson(tmp_path / "1.geojson", houses(2)), layer="buildings")
    bring(geojson(tmp_path / "2.geojson", houses(3)), layer="buildings")
    assert count("select count(*) from data.change where layer = 'buildings'") == 3
    assert count("select count(*) from data.job where kind = 'screen'") == 0


def test_a_first_file_tells_of_a_dataset_that_is_called_nearly_so(
    tmp_path: Path, bring: Bring
) -> None:
    form = {"layer": "buildings", "dataset": "Houses west"}
    first = bring(geojson(tmp_path / "a.geojson", houses(3)), **form)
    again = bring(geojson(tmp_path / "b.geojson", houses(4)), **form)
    near = bring(geojson(tmp_path / "c.geojson", houses(3)), **form | {"dataset": "houses wset"})
    noted = [
        [n for n in seen["notes"] if n.startswith("nearly_called")] for seen in (first, again, near)
    ]
    assert noted == [[], [], ["nearly_called:Houses west"]]
    assert any("Houses west" in words for words in near["words"]["notes"])
