"""History, change queue and audit are filled by whatever path a row takes."""

import threading

import psycopg
import pytest

from conftest import owner
from gridwarden.database.cluster import connect_owner
from gridwarden.settings import Settings

SQUARE = "st_multi(st_makeenvelope(%s, %s, %s, %s, 4547))"


def put(c: psycopg.Connection, source_id: str, x: float) -> int:
    row = c.execute(
        "insert into data.dataset (layer, name) values ('buildings', 'test')"
        " on conflict (layer, name) do update set name = excluded.name returning id"
    ).fetchone()
    assert row
    made = c.execute(
        "insert into data.buildings (dataset_id, source_id, name, geom)"
        f" values (%s, %s, '甲楼', {SQUARE}) returning id",
        (row[0], source_id, x, 0, x + 10, 10),
    ).fetchone()
    assert made
    return int(made[0])


def test_an_edit_keeps_every_version_and_tells_the_queue_old_and_new(city: Settings) -> None:
    with owner(city) as c:
        c.execute("delete from data.change")
        building = put(c, "a", 500_000)
    with owner(city) as c:
        c.execute("update data.buildings set name = '乙楼' where id = %s", (building,))
    with owner(city) as c:
        c.execute("delete from data.buildings where id = %s", (building,))
    with owner(city) as c:
        versions = c.execute(
            "select version, row->>'name', xid_to is null, isempty(valid), upper_inf(valid)"
            " from data.history where layer = 'buildings' and feature_id = %s order by version",
            (building,),
        ).fetchall()
        changes = c.execute(
            "select op, old_geom is not null, new_geom is not null from data.change"
            " where layer = 'buildings' order by id"
        ).fetchall()
        audited = c.execute(
            "select action, rows from data.audit where object = 'buildings' order by id"
        ).fetchall()
    assert versions == [(1, "甲楼", False, False, False), (2, "乙楼", False, False, False)]
    assert changes == [("insert", False, True), ("update", True, True), ("delete", True, False)]
    assert audited == [("insert", 1), ("update", 1), ("delete", 1)]


def test_two_overlapping_transactions_may_edit_one_after_the_other(city: Settings) -> None:
    """By now() the second range would begin before the first one ends: a legal edit fails."""
    with owner(city) as c:
        building = put(c, "a", 500_000)
    early = connect_owner(city)
    early.execute("select now()")  # its clock stands here
    with owner(city) as late:
        late.execute("update data.buildings set name = 'late' where id = %s", (building,))
    early.execute("update data.buildings set name = 'early' where id = %s", (building,))
    early.commit()
    early.close()
    with owner(city) as c:
        overlaps = c.execute(
            "select count(*) from data.history a join data.history b using (layer, feature_id)"
            " where a.version < b.version and a.valid && b.valid"
        ).fetchone()
        names = c.execute(
            "select row->>'name' from data.history where feature_id = %s and layer = 'buildings'"
            " order by version",
            (building,),
        ).fetchall()
    assert overlaps == (0,)
    assert names == [("甲楼",), ("late",), ("early",)]


def test_a_clock_that_is_set_back_meanwhile_refuses_no_edit(city: Settings) -> None:
    with owner(city) as c, c.transaction():
        building = put(c, "a", 500_000)
        # as if it had begun by the clock of before
        c.execute(
            "update data.moment set began = clock_timestamp() + interval '1 hour'"
            " where xid = pg_current_xact_id()"
        )
    with owner(city) as c:
        known = c.execute(
            "select m.began = m.ended from data.moment m join data.history h on h.xid_from = m.xid"
            " where h.layer = 'buildings' and h.feature_id = %s",
            (building,),
        ).fetchall()
    assert known == [(True,)]


def test_one_statement_over_ten_thousand_rows_leaves_one_queue_row(city: Settings) -> None:
    with owner(city) as c:
        put(c, "first", 500_000)
        c.execute("delete from data.change")
        c.execute(
            "insert into data.buildings (dataset_id, source_id, geom) select d.id, 'n' || n,"
            " st_multi(st_makeenvelope(n * 20, 0, n * 20 + 10, 10, 4547))"
            " from data.dataset d, generate_series(1, 10001) n"
        )
        queue = c.execute("select bulk, rows, op, layer from data.change").fetchall()
        kept = c.execute("select count(*) from data.history").fetchone()
    assert queue == [(True, 10_001, "insert", "buildings")]
    assert kept == (10_002,)


def test_truncate_is_refused_because_it_leaves_no_history(city: Settings) -> None:
    with owner(city) as c, pytest.raises(psycopg.Error, match="truncate leaves no history"):
        c.execute("truncate data.buildings cascade")


@pytest.mark.parametrize(
    "statement",
    [
        "update data.audit set person = 'somebody else'",
        "delete from data.audit",
        "truncate data.audit",
    ],
)
def test_the_audit_trail_is_only_added_to(city: Settings, statement: str) -> None:
    with owner(city) as c:
        put(c, "a", 500_000)
    with owner(city) as c, pytest.raises(psycopg.Error, match="only ever added to"):
        c.execute(statement)


def test_an_edit_by_hand_may_forget_the_version(city: Settings) -> None:
    with owner(city) as c:
        building = put(c, "a", 500_000)
        c.execute("update data.buildings set version = 1, name = 'x' where id = %s", (building,))
        row = c.execute("select version from data.buildings where id = %s", (building,)).fetchone()
    assert row == (2,)


def test_writers_at_once_leave_no_gap_in_history(city: Settings) -> None:
    with owner(city) as c:
        buildings = [put(c, f"b{n}", 500_000 + 20 * n) for n in range(4)]

    def edit() -> None:
        for _ in range(10):
            with owner(city) as c:
                for building in buildings:
                    c.execute("update data.buildings set name = 'x' where id = %s", (building,))

    threads = [threading.Thread(target=edit) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with owner(city) as c:
        rows = c.execute(
            "select b.version, count(h.*), count(*) filter (where h.xid_to is null)"
            " from data.buildings b join data.history h"
            " on h.layer = 'buildings' and h.feature_id = b.id group by b.id, b.version"
        ).fetchall()
    assert rows == [(41, 41, 1)] * 4
