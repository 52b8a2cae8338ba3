"""An edit finds the history that it closes by the index, however large the city is."""

from conftest import owner
from gridwarden.settings import Settings

MANY = """
with d as (
    insert into data.dataset (layer, name) values ('buildings', 'many') returning id)
insert into data.buildings (dataset_id, source_id, geom)
select d.id, n::text, st_multi(st_makeenvelope(500000 + n * 20, 3400000, 500012 + n * 20, 3400012,
                                               data.working_srid()))
from d, generate_series(1, 8000) n
"""
READ = """
select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
where schemaname = 'data' and relname = 'history'
"""


def test_an_edit_does_not_read_the_history_of_the_city(module_city: Settings) -> None:
    with owner(module_city) as c:
        c.execute(MANY)
        c.commit()
        c.execute("analyze data.history")
        c.commit()
        edits = (
            "update data.buildings set storeys = 3 where source_id::int <= 300",
            "delete from data.buildings where source_id::int <= 300",
        )
        for edit in edits:
            before = c.execute(READ).fetchone()
            c.execute(edit)  # type: ignore[call-overload]
            after = c.execute(READ).fetchone()
            assert before and after
            assert 300 <= after[0] - before[0] < 2000, edit
            c.rollback()
