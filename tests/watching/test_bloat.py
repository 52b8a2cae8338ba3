"""Many small steps leave tables as small as they were, once what died is cleaned (by a real VACUUM,
not by waiting for the server's own); and make no new files, so no dead rows in the catalogue.
"""

import asyncio
from typing import Any

import pytest

from conftest import owner
from gridwarden.database import open_pool
from gridwarden.screening.screener import Screener
from gridwarden.settings import Settings

CLEANED = ("change", "finding", "finding_exact")
OF_THE_WAY = ("again", "judged", "difference", "change_seen")
ROUND = 20
"""Edits, of forty features each, and steps of one round."""
FORTY_PAIRS = """
with d as (insert into data.dataset (layer, name, version)
           values ('buildings', 'near', 1), ('charging_sheds', 'near', 1) returning id, layer),
b as (insert into data.buildings (dataset_id, source_id, accuracy_m, geom)
      select d.id, n::text, 0.1, st_multi(st_makeenvelope(500000 + 200 * n, 3400000,
             500012 + 200 * n, 3400012, data.working_srid()))
      from d, generate_series(1, 40) n where d.layer = 'buildings')
insert into data.charging_sheds (dataset_id, source_id, accuracy_m, geom)
select d.id, n::text, 0.1,
       st_setsrid(st_makepoint(500016 + 200 * n, 3400006), data.working_srid())
from d, generate_series(1, 40) n where d.layer = 'charging_sheds'"""
MOVE = """
update data.charging_sheds set geom = st_translate(geom, case when st_x(geom)::int % 200 > 15
    then -0.6 else 0.6 end, 0)"""


@pytest.fixture(scope="module")
def rounds(module_city: Settings) -> list[dict[str, Any]]:
    """What was in the tables after each of three rounds, before and after they were cleaned."""
    with owner(module_city) as c:
        c.execute(FORTY_PAIRS)
        for table in CLEANED:
            # the server's own would clean in the middle of one round and not of another
            c.execute(f"alter table data.{table} set (autovacuum_enabled = off)")  # type: ignore[arg-type]
    return asyncio.run(three_rounds(module_city))


async def three_rounds(settings: Settings) -> list[dict[str, Any]]:
    pool = await open_pool(settings, "worker")
    try:
        screener = Screener(pool)
        while await screener.step():
            pass
        seen = []
        for _round in range(3):
            written = 0
            for _ in range(ROUND):
                with owner(settings) as c:
                    c.execute(MOVE)
                while done := await screener.step():
                    written += done.added + done.changed + done.ended
            seen.append({"written": written, **measured(settings)})
        return seen
    finally:
        await pool.close()


def measured(settings: Settings) -> dict[str, Any]:
    """Rows and sizes of the tables once they are cleaned, and the files of those of the way."""
    heap, size, rows = {}, {}, {}
    with owner(settings) as c:
        for table in CLEANED:
            c.execute(f"vacuum data.{table}")  # type: ignore[arg-type]
            values = {"table": f"data.{table}"}
            heap[table], size[table], rows[table] = c.execute(
                "select pg_relation_size(%(table)s), pg_total_relation_size(%(table)s),"  # type: ignore[arg-type, misc]
                f" (select count(*) from data.{table})",
                values,
            ).fetchone()
        files = c.execute(
            "select relname, relfilenode from pg_class where relnamespace = 'data'::regnamespace"
            " and relname = any(%s)",
            (list(OF_THE_WAY),),
        ).fetchall()
    return {"heap": heap, "size": size, "rows": rows, "files": dict(files)}


def test_queue_and_findings_do_not_grow(rounds: list[dict[str, Any]]) -> None:
    first, second, third = rounds
    assert [one["written"] == 40 * ROUND for one in rounds] == [True] * 3
    assert first["rows"] == third["rows"]
    assert first["rows"]["change"] == 0
    for table in CLEANED:
        # an index may take a page more as keys move to its right
        assert third["heap"][table] <= second["heap"][table], table
        assert third["size"][table] <= second["size"][table] + 2 * 8192, table


def test_steps_make_no_new_files(rounds: list[dict[str, Any]]) -> None:
    assert len(rounds[0]["files"]) == len(OF_THE_WAY)
    assert rounds[0]["files"] == rounds[2]["files"]
