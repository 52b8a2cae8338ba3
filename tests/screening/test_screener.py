"""The screener's steps: what one takes, whom it judges again, what it writes and tells."""

import asyncio
import subprocess

import psycopg
import pytest

from commands import run_command
from conftest import owner
from gridwarden import migrations
from gridwarden.jobs import work
from gridwarden.screening import tasks as _tasks  # noqa: F401  (registers the job)
from gridwarden.screening.screener import forget_steps
from jobs.hearing import with_pool

from .conftest import STEEL_MA, SURE, DrawnCity, X, Y, line, rectangle

EVENTS = "select act, subject_id, reason from data.event order by id"
CAUSE = "select reason, cause_layer, cause_id, cause_xid is not null from data.finding"


def test_a_finding_appears_changes_and_ends_with_the_features_it_is_of(drawn: DrawnCity) -> None:
    drawn.screen()
    main = drawn.main(**STEEL_MA)
    house = drawn.wall(0.9)
    far = drawn.wall(60)
    (step,) = drawn.steps()
    assert (step.changes, step.subjects, step.added, step.changed, step.ended) == (3, 3, 1, 0, 0)
    assert step.lag_s is not None and step.lag_s >= 0 and not step.slice
    (found,) = drawn.findings("main_encroachment")
    assert found["subject_id"] == house

    drawn.sql("update data.gas_pipelines set geom = st_translate(geom, 0, 0.2)")
    (step,) = drawn.steps()
    assert (step.added, step.changed, step.ended) == (0, 1, 0)
    (nearer,) = drawn.findings("main_encroachment")
    assert float(found["distance_m"] - nearer["distance_m"]) == 0.2
    assert drawn.sql(CAUSE) == [("data", "gas_pipelines", main, True)]

    drawn.sql("delete from data.buildings where id = %s", (house,))
    assert [step.ended for step in drawn.steps()] == [1]
    assert drawn.sql("select count(*) from data.finding") == [(0,)]
    assert drawn.sql(EVENTS) == [
        ("appeared", house, "data"),
        ("changed", house, "data"),
        ("ended", house, "data"),
    ]
    past = drawn.sql(
        "select how, ended_cause_layer, ended_cause_id, distance_m from data.finding_past"
        " order by valid"
    )
    assert past == [
        ("changed", "gas_pipelines", main, found["distance_m"]),
        ("ended", "buildings", house, nearer["distance_m"]),
    ]
    drawn.sql("update data.buildings set name = 'renamed' where id = %s", (far,))
    assert [(step.added, step.changed, step.ended) for step in drawn.steps()] == [(0, 0, 0)]
    assert drawn.sql("select sum(changes), sum(added) from data.screen_step") == [(6, 1)]


def test_what_a_rule_looks_for_in_vain_is_seen_by_where_it_stood(drawn: DrawnCity) -> None:
    drawn.screen()
    estate = drawn.add("estates", rectangle(0, 0, 100, 100), accuracy_m=0.0)
    shed = drawn.add("charging_sheds", rectangle(20, 20, 30, 25), accuracy_m=0.0)
    drawn.steps()
    assert drawn.findings("estate_without_shed") == []
    drawn.sql("update data.charging_sheds set geom = st_translate(geom, 5000, 0)")
    drawn.steps()
    (found,) = drawn.findings("estate_without_shed")
    assert (found["subject_id"], found["counterpart_id"]) == (estate, shed)
    # a nearer one, still too far away: the same finding names that one now
    nearer = drawn.add("charging_sheds", rectangle(3000, 0, 3010, 5), accuracy_m=0.0)
    drawn.steps()
    (found,) = drawn.findings("estate_without_shed")
    assert found["counterpart_id"] == nearer
    assert drawn.sql(CAUSE) == [("data", "charging_sheds", nearer, True)]
    drawn.sql("update data.charging_sheds set geom = st_translate(geom, -4990, 0)")
    drawn.steps()
    assert drawn.findings("estate_without_shed") == []
    assert drawn.same_as_whole()


def test_a_neighbours_move_asks_only_those_who_look_at_neighbours(drawn: DrawnCity) -> None:
    drawn.screen()
    drawn.main(**STEEL_MA)
    house, beside = drawn.wall(0.9), drawn.wall(12)
    drawn.steps()
    drawn.sql("update data.finding_exact set margin_m = 99")
    drawn.sql("update data.buildings set geom = st_translate(geom, 0, 1) where id = %s", (beside,))
    (step,) = drawn.steps()
    assert (step.subjects, step.changed) == (2, 0)  # how near to a main is not asked of the house
    drawn.sql("update data.buildings set name = 'renamed' where id = %s", (house,))
    assert [step.changed for step in drawn.steps()] == [1]
    assert drawn.same_as_whole()


MANY = (
    "insert into data.buildings (dataset_id, source_id, geom, accuracy_m)"
    f" select d.id, 'many' || n, st_multi(st_makeenvelope({X} + 20 * n, {Y} + 0.9, {X} + 20 * n"
    f" + 10, {Y} + 9, data.working_srid())), 0"
    " from generate_series(0, 10000) n, data.dataset d where d.layer = 'buildings'"
)


def test_a_large_statement_is_taken_in_slices_and_small_ones_go_first(drawn: DrawnCity) -> None:
    drawn.screen()
    drawn.main(**STEEL_MA)
    house = drawn.wall(-40)
    drawn.sql(MANY)
    assert drawn.sql("select count(*), count(*) filter (where bulk) from data.change") == [(3, 1)]
    drawn.sql(
        "update data.buildings set geom = st_translate(geom, 0, 29.5) where id = %s", (house,)
    )
    steps = drawn.steps(slice_of=4000)
    assert [(step.slice, step.changes) for step in steps] == [
        (False, 3),
        (True, 4000),
        (True, 4000),
        (True, 2001),
    ]
    assert [step.lag_s is None for step in steps] == [False, True, True, True]
    assert drawn.sql("select count(*) from data.change") == [(0,)]
    assert len(drawn.findings("main_encroachment")) == 7
    drawn.sql("delete from data.buildings where source_id like 'many%%'")
    assert sum(step.ended for step in drawn.steps(slice_of=4000)) == 6
    assert drawn.same_as_whole()


def test_one_edit_does_not_wait_for_many_that_were_written_together(drawn: DrawnCity) -> None:
    drawn.screen()
    drawn.main(**STEEL_MA)
    house = drawn.wall(-40)
    drawn.steps()
    drawn.sql(MANY.replace("10000", "50"))
    nearer = "update data.buildings set geom = st_translate(geom, 0, 29.5) where id = %s"
    drawn.sql(nearer, (house,))
    before = "select min(id) = (select id from data.change where feature_id = %s) from data.change"
    assert drawn.sql(before, (house,)) == [(False,)]
    assert [step.changes for step in drawn.steps(most=20)] == [20, 20, 12]
    first_step = "select subject_id from data.event where xid = (select min(xid) from data.event)"
    assert (house,) in drawn.sql(first_step)


def test_a_dataset_read_as_baidus_is_judged_otherwise_though_no_row_changed(
    drawn: DrawnCity,
) -> None:
    drawn.screen()
    drawn.main(**STEEL_MA)
    drawn.wall(0.9)
    drawn.steps()
    turned = "update data.dataset set crs = '{}' where layer = 'buildings'"
    drawn.sql(turned.format("bd09"))
    assert [(step.slice, step.ended) for step in drawn.steps()] == [(True, 1)]
    drawn.sql(turned.format("EPSG:4490"))
    assert [(step.slice, step.added) for step in drawn.steps()] == [(True, 1)]
    assert drawn.same_as_whole()


BROKEN = """
create or replace function data.ground_m(a geometry, b geometry) returns double precision
    language plpgsql immutable as
$$
begin
    if st_npoints(a) = 6 then raise exception 'it cannot be measured'; end if;
    return st_length(st_transform(st_shortestline(a, b), 4326)::geography);
end
$$
"""


ELSEWHERE = """
create or replace function data.ground_m(a geometry, b geometry) returns double precision
    language sql immutable parallel safe as
$$ select st_length(st_transform(st_shortestline(a, b), 4326)::geography) + 100 $$
"""


def test_a_change_that_cannot_be_judged_is_set_aside_and_the_others_go_on(
    drawn: DrawnCity,
) -> None:
    drawn.screen()
    sound = drawn.sql(
        "select pg_get_functiondef('data.ground_m(geometry, geometry)'::regprocedure)"
    )
    drawn.sql(BROKEN)
    drawn.main(**STEEL_MA)
    first = drawn.wall(0.9)
    bad = drawn.sql(
        "insert into data.buildings (dataset_id, source_id, geom, accuracy_m) select id, 'bad',"
        f" st_geomfromtext('MULTIPOLYGON((({X} {Y + 0.9}, {X + 5} {Y + 0.9}, {X + 6} {Y + 4},"
        f" {X + 5} {Y + 6}, {X} {Y + 6}, {X} {Y + 0.9})))', data.working_srid()), 0"
        " from data.dataset where layer = 'buildings' returning id"
    )[0][0]
    last = drawn.add("buildings", rectangle(80, 0.9, 90, 9), accuracy_m=0.0)
    drawn.steps()
    found = {one["subject_id"] for one in drawn.findings("main_encroachment")}
    assert found == {first, last}
    aside = drawn.sql("select layer, feature_id, stuck from data.change")
    # and what would have had it judged again, if nothing else
    assert ("buildings", bad, True) in aside
    assert {one for one in aside if one[0] == "buildings"} == {("buildings", bad, True)}
    assert all(stuck for *_, stuck in aside)
    assert drawn.sql("select waiting from api.screened") == [(True,)]
    # nor do they wait where a step would have all judged instead, which cannot be
    late = drawn.add("buildings", rectangle(10, 0.9, 15, 9), **SURE)
    drawn.steps(whole_from=0)
    assert drawn.sql("select count(*) from data.change where not stuck") == [(0,)]
    drawn.sql(sound[0][0])
    drawn.screen()
    found = {one["subject_id"] for one in drawn.findings("main_encroachment")}
    assert found == {first, bad, last, late}
    assert drawn.sql("select count(*) from data.change") == [(0,)]


def test_a_city_that_was_never_screened_is_screened_whole_and_tells_nobody(
    drawn: DrawnCity,
) -> None:
    drawn.main(**STEEL_MA)
    drawn.wall(0.9)
    (step,) = drawn.steps()
    assert (step.added, step.slice, step.lag_s) == (1, False, None)
    assert drawn.sql(EVENTS) == []
    assert drawn.sql("select reason from data.screening") == [("data",)]
    seen = "select screened_at is not null, waiting, pack is not null from api.screened"
    assert drawn.sql(seen) == [(True, False, True)]


def test_a_program_that_is_not_the_databases_sets_nothing_aside(drawn: DrawnCity) -> None:
    drawn.screen()
    drawn.sql("alter function data.concerns() rename to concerned_elsewhere")
    drawn.main(**STEEL_MA)
    with pytest.raises(psycopg.errors.UndefinedFunction):
        drawn.steps()
    assert drawn.sql("select stuck from data.change") == [(False,)]


def test_a_step_that_would_concern_most_of_the_city_judges_all_of_it(drawn: DrawnCity) -> None:
    drawn.screen()
    drawn.main(**STEEL_MA)
    drawn.wall(0.9)
    (step,) = drawn.steps(whole_from=1)
    assert (step.added, step.lag_s) == (1, None)
    assert drawn.sql("select count(*) from data.change") == [(0,)]
    assert drawn.sql("select reason from data.screening order by id") == [("asked",), ("data",)]


def test_what_turned_rules_find_beside_an_edit_is_the_rules_doing(drawn: DrawnCity) -> None:
    far = drawn.main(**STEEL_MA)
    drawn.wall(9)
    drawn.screen()
    assert drawn.findings("main_encroachment") == []
    drawn.sql(
        "update data.rule_row w set limit_m = 12 from data.rule r"
        " where r.id = w.rule_id and r.family = 'main_encroachment' and w.limit_m is not null"
    )
    drawn.sql("select data.look_again_at_mains()")
    drawn.sql("select data.unmark_turned()")
    near = drawn.main(line((0, 25), (100, 25)), **STEEL_MA)
    drawn.steps()
    reasons = (
        "select main_id, reason, cause_id from data.finding where family = 'main_encroachment'"
    )
    assert set(drawn.sql(reasons)) == {(far, "rule", None), (near, "data", near)}


def test_the_tables_of_the_way_do_not_grow(drawn: DrawnCity) -> None:
    """However long a transaction elsewhere keeps dead rows from being cleaned."""
    drawn.screen()
    drawn.main(**STEEL_MA)
    drawn.wall(0.9)
    drawn.steps()
    size = "select pg_relation_size('data.change_seen')"
    drawn.sql(
        "insert into data.change_seen (layer, feature_id, xid, rows) select 'roads', n, '3', 1"
        " from generate_series(1, 40000) n"
    )
    assert drawn.sql(size)[0][0] > 1_048_576
    drawn.sql("update data.buildings set name = 'renamed'")
    drawn.steps()
    assert drawn.sql(size)[0][0] <= 8192


def test_a_backup_that_reads_all_tables_holds_no_screening_up(drawn: DrawnCity) -> None:
    drawn.screen()
    drawn.main(**STEEL_MA)
    house = drawn.wall(0.9)
    drawn.sql(
        "insert into data.change_seen (layer, feature_id, xid, rows) select 'roads', n, '3', 1"
        " from generate_series(1, 40000) n"
    )
    # whoever waits is told so instead of waiting for ever
    ((name,),) = drawn.sql("select quote_ident(current_database())")
    drawn.sql(f"alter database {name} set lock_timeout = '10s'")
    with owner(drawn.settings) as backup, backup.transaction():
        backup.execute(
            "lock table data.again, data.judged, data.difference, data.change_seen"
            " in access share mode"
        )
        assert [step.added for step in drawn.steps()] == [1]
        drawn.sql("delete from data.buildings where id = %s", (house,))
        assert drawn.screen() == []
    drawn.wall(0.9)
    assert [step.added for step in drawn.steps()] == [1]
    assert drawn.sql("select pg_relation_size('data.change_seen') <= 8192") == [(True,)]


def test_what_an_earlier_program_found_is_judged_again_after_an_upgrade(drawn: DrawnCity) -> None:
    drawn.main(**STEEL_MA)
    drawn.wall(0.9)
    assert len(drawn.screen()) == 1
    waiting, jobs = "select waiting from api.screened", "select role from data.job"
    migrations.keep(drawn.settings)
    assert (drawn.sql(waiting), drawn.sql(jobs)) == ([(False,)], [])
    drawn.sql(ELSEWHERE)
    for _ in range(2):
        migrations.keep(drawn.settings)
        assert (drawn.sql(waiting), drawn.sql(jobs)) == ([(True,)], [("gridwarden_screen",)])
    asyncio.run(work(drawn.settings, until_empty=True))
    assert drawn.findings() == []
    assert drawn.sql(waiting) == [(False,)]
    assert drawn.sql("select ended_reason from data.finding_past") == [("rule",)]


def test_when_the_city_was_screened_is_when_the_last_step_was(drawn: DrawnCity) -> None:
    drawn.screen()
    drawn.main(**STEEL_MA)
    drawn.wall(0.9)
    drawn.steps()
    newer = "select r.screened_at > (select max(at) from data.screening) from api.{} r"
    assert drawn.sql(newer.format("screened")) == [(True,)]
    with owner(drawn.settings) as c, c.transaction():
        c.execute("select api.go_back(clock_timestamp(), 'findings')")
        assert c.execute(newer.format("screened_at").encode()).fetchall() == [(True,)]
    # and still is when nothing has changed for longer than steps are kept
    drawn.sql("update data.screening set at = at - interval '90 days'")
    drawn.sql("update data.job set finished_at = finished_at - interval '90 days'")
    drawn.sql("update data.screen_step set at = at - interval '40 days'")
    with_pool(drawn.settings, lambda pool: forget_steps(pool, drawn.settings))
    assert drawn.sql(newer.format("screened")) == [(True,)]


def test_the_command_judges_what_changed(drawn: DrawnCity) -> None:
    drawn.screen()
    drawn.main(**STEEL_MA)
    drawn.wall(0.9)
    done = run_command(drawn.settings, "screen", GRIDWARDEN_LANGUAGE="en")
    assert done.returncode == 0, done.stderr
    assert "1 new, 0 changed, 0 gone" in done.stdout
    assert len(drawn.findings("main_encroachment")) == 1


def test_the_command_asks_who_may_and_tells_no_count_to_who_looks_at_no_main(
    drawn: DrawnCity,
) -> None:
    drawn.screen()
    drawn.main(**STEEL_MA)
    drawn.wall(0.9)

    def screen_as(role: str) -> subprocess.CompletedProcess[str]:
        return run_command(drawn.settings, "screen", "--as", role, GRIDWARDEN_LANGUAGE="en")

    refused = screen_as("viewer")
    assert refused.returncode == 1 and "security officer" in refused.stderr
    assert drawn.sql("select count(*) from data.change") == [(2,)]
    told = screen_as("administrator")
    assert told.returncode == 0, told.stderr
    assert "2 changes of data screened" in told.stdout and "new" not in told.stdout
    assert len(drawn.findings("main_encroachment")) == 1
