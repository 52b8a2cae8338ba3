"""The screen's statements stay on their indexes, whatever the planner fancies."""

from typing import Any

import pytest

from conftest import owner
from gridwarden.settings import Settings
from plans import explained, nodes

from .conftest import statement

CITY = """
with d as (insert into data.dataset (layer, name, version)
           values ('gas_pipelines', 'many', 1), ('buildings', 'many', 1) returning id, layer),
mains as (
    insert into data.gas_pipelines (dataset_id, source_id, pressure_class, od_mm, accuracy_m, geom)
    select d.id, n::text, (array['L', 'MB', 'MA', 'SHB'])[1 + n % 4], 200, 0.3,
           st_multi(st_setsrid(st_makeline(
               st_makepoint(500000, 3400000 + n * 40),
               st_makepoint(500000 + 60 * (20 + n % 30), 3400000 + n * 40)), data.working_srid()))
    from d, generate_series(1, 120) n where d.layer = 'gas_pipelines')
insert into data.buildings (dataset_id, source_id, accuracy_m, geom)
select d.id, n::text, (array[0.2, 1, 5])[1 + n % 3],
       st_multi(st_makeenvelope(x, y, x + 12, y + 12, data.working_srid()))
from d, generate_series(1, 12000) n,
     lateral (select 500000 + 20 * (n % 100) as x, 3400000 + 40 * (n / 100) + (n % 17) as y) at
where d.layer = 'buildings'
"""


@pytest.fixture(scope="module")
def plan(module_city: Settings) -> dict[str, Any]:
    with owner(module_city) as c:
        c.execute(CITY)
        for table in ("buildings", "gas_pipelines", "main_piece"):
            c.execute(f"analyze data.{table}")  # type: ignore[arg-type]
        judging = statement(c, "main_encroachment", "buildings")
        return explained(c, judging)


def test_buildings_and_pieces_are_never_scanned_in_a_loop(plan: dict[str, Any]) -> None:
    scanned = [
        (n["Relation Name"], n["Actual Loops"])
        for n in nodes(plan)
        if n["Node Type"] == "Seq Scan"
        and n["Relation Name"] in ("buildings", "main_piece", "gas_pipelines")
    ]
    assert scanned
    assert all(loops <= 1 for _, loops in scanned), scanned


def test_both_geometry_indexes_find_the_candidates(plan: dict[str, Any]) -> None:
    used = {n.get("Index Name") for n in nodes(plan) if "Index" in n["Node Type"]}
    assert {"buildings_geom", "main_piece_geom"} <= used
    assert plan["Actual Rows"] > 100
