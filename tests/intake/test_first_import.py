"""The first file of a layer: its indexes come after its rows, and nobody is waited for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyogrio.raw import write

from conftest import owner
from gridwarden.intake.publishing import BULK
from gridwarden.settings import Settings
from intake.conftest import Bring

ROWS = BULK + 7


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("many") / "many.gpkg"
    x, y = np.divmod(np.arange(ROWS), 150)
    shapes = shapely.box(500_000 + x * 30, 3_400_000 + y * 30, 500_009 + x * 30, 3_400_009 + y * 30)
    names = np.array([f"B-{n}" for n in range(ROWS)], dtype=object)
    names[1] = names[0]
    write(
        file,
        geometry=shapely.to_wkb(shapes),
        field_data=[names, np.arange(ROWS) % 40.0],
        fields=["source_id", "height_m"],
        layer="buildings",
        driver="GPKG",
        geometry_type="Polygon",
        crs="EPSG:4547",
    )
    return file


def indexes(city: Settings) -> dict[str, int]:
    """The layer's indexes as they are written, with their ids."""
    with owner(city) as c:
        found = c.execute(
            "select pg_get_indexdef(indexrelid), indexrelid::bigint from pg_index"
            " where indrelid = 'data.buildings'::regclass and indisvalid"
        )
        return dict(found.fetchall())


def told(city: Settings) -> Any:
    with owner(city) as c:
        return c.execute(
            "select (select count(*) from data.buildings), (select count(*) from data.history),"
            " (select array_agg((op, bulk, rows)::text) from data.change),"
            " (select count(*) from data.buildings b join data.history h on h.feature_id = b.id"
            "  and h.version = 1 and h.layer = 'buildings' and h.geom = b.geom"
            "  and h.row ->> 'source_id' = b.source_id and h.xid_to is null)"
        ).fetchone()


def test_an_empty_layer_gets_its_indexes_after_its_rows(
    city: Settings, bring: Bring, many: Path
) -> None:
    before = indexes(city)
    assert bring(many, layer="buildings")["state"] == "published"
    after = indexes(city)
    assert before.keys() == after.keys()
    assert ["gist" in made for made in before if before[made] != after[made]] == [True]
    n = ROWS - 1
    assert told(city) == (n, n, [f"(insert,t,{n})"], n)
    again = bring(many, layer="buildings")
    assert (again["state"], again["added"], again["changed"]) == ("unchanged", 0, 0)
    assert bring(many, layer="buildings", dataset="another")["added"] == n
    assert indexes(city) == after, "of a layer with rows they stay"


def test_somebody_who_reads_meanwhile_is_not_waited_for(
    city: Settings, bring: Bring, many: Path
) -> None:
    before = indexes(city)
    with owner(city) as reader, reader.transaction():
        assert reader.execute("select count(*) from data.buildings").fetchone() == (0,)
        got = bring(many, layer="buildings")
    assert (got["state"], got["added"], got["quarantined"]) == ("published", ROWS - 1, 1)
    assert indexes(city) == before
