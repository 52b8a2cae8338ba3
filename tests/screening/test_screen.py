"""A screen as a whole: differences only, one transaction, and a queue that loses nothing."""

import asyncio

import pytest

from conftest import owner
from gridwarden.words.problems import Problem

from .conftest import STEEL_MA, SURE, DrawnCity, insert, line, point, rectangle

ROWS = (
    "select f.xmin::text, f.ctid::text, e.xmin::text, e.ctid::text, f.first_seen, f.id"
    " from data.finding f join data.finding_exact e on e.finding_id = f.id order by f.first_seen"
)


def busy(drawn: DrawnCity) -> int:
    """A finding of every family; returns the wall that is near the main."""
    drawn.main(**STEEL_MA)
    wall = drawn.wall(0.9)
    drawn.wall(3, "construction_sites")
    drawn.add("charging_sheds", point(20, 3.5), **SURE)
    drawn.add("estates", rectangle(900, 900, 950, 950), **SURE)
    drawn.add("buildings", rectangle(500, 500, 510, 510), height_m=40.0, **SURE)
    return wall


def test_the_second_screen_writes_nothing(drawn: DrawnCity) -> None:
    busy(drawn)
    assert len(drawn.screen()) == 5
    before = drawn.sql(ROWS)
    drawn.screen()
    assert drawn.sql(ROWS) == before
    second = drawn.screened[1]
    assert (second.added, second.changed, second.removed, second.changes) == (0, 0, 0, 0)
    audit = drawn.sql("select rows, role, person from data.audit where action = 'screen'")
    assert audit == [(5, "gridwarden_screen", "tester"), (0, "gridwarden_screen", "tester")]
    assert drawn.sql("select count(*) from data.judged") == [(0,)]


def test_only_what_differs_is_written_and_first_seen_stays(drawn: DrawnCity) -> None:
    wall = busy(drawn)
    drawn.screen()
    before = {row[-1]: row for row in drawn.sql(ROWS)}
    nearer = "update data.buildings set geom = st_translate(geom, 0, -0.5) where id = %s"
    drawn.sql(nearer, (wall,))
    drawn.sql("delete from data.estates")
    drawn.screen()
    (changed,) = drawn.findings("main_encroachment")
    assert changed["subject_id"] == wall
    assert changed["rule"] == "zy-3-protection-range"
    screened = drawn.screened[1]
    assert (screened.added, screened.changed, screened.removed) == (0, 1, 1)
    after = {row[-1]: row for row in drawn.sql(ROWS)}
    assert len(after) == 4
    touched = [i for i, row in after.items() if row != before[i]]
    assert touched == [changed["id"]]
    assert after[changed["id"]][4] == before[changed["id"]][4]


def test_a_screen_takes_the_changes_it_saw_and_leaves_later_ones(drawn: DrawnCity) -> None:
    busy(drawn)
    waiting = drawn.sql("select count(*) from data.change")[0][0]
    late: list[int] = []

    async def build_meanwhile(done: int, _: int) -> None:
        if done == 0:
            with owner(drawn.settings) as c:
                late.append(insert(c, "buildings", rectangle(0, 0.2, 5, 3), dict(SURE)))

    drawn.screen(build_meanwhile)
    assert drawn.screened[0].changes == waiting
    left = drawn.sql("select layer, feature_id, op from data.change")
    assert left == [("buildings", late[0], "insert")]
    drawn.screen()
    assert drawn.sql("select count(*) from data.change") == [(0,)]
    assert late[0] in {f["subject_id"] for f in drawn.findings("main_encroachment")}


def test_a_screen_that_fails_leaves_everything_as_it_was(drawn: DrawnCity) -> None:
    busy(drawn)
    waiting = drawn.sql("select count(*) from data.change")

    async def break_off(done: int, _: int) -> None:
        if done == 3:
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        drawn.screen(break_off)
    assert drawn.sql("select count(*) from data.change") == waiting
    assert drawn.findings() == []
    assert drawn.sql("select count(*) from data.judged") == [(0,)]


def test_two_screens_at_once_end_in_one_truth(drawn: DrawnCity) -> None:
    busy(drawn)

    async def both() -> None:
        await asyncio.gather(drawn._screen(None), drawn._screen(None))

    asyncio.run(both())
    assert len(drawn.findings()) == 5
    assert drawn.sql("select rows from data.audit where action = 'screen' order by id") == [
        (5,),
        (0,),
    ]


def test_without_rules_a_screen_says_what_to_do(drawn: DrawnCity) -> None:
    drawn.sql("update data.rule set in_force = false")
    with pytest.raises(Problem) as told:
        drawn.screen()
    assert "gridwarden rules propose" in told.value.said("en")


def test_pieces_are_cut_again_only_where_something_that_matters_changed(drawn: DrawnCity) -> None:
    bent = drawn.main(line(*[(float(x), float(x % 3)) for x in range(40)]), **STEEL_MA)
    drawn.main(line((0, 50), (400, 50)), **STEEL_MA)
    pieces = "select main_id, no, ctid::text, xmin::text from data.main_piece order by 1, 2"
    before = drawn.sql(pieces)
    assert {row[0]: sum(r[0] == row[0] for r in before) for row in before}[bent] == 6
    length = "select round(sum(st_length(geom))::numeric, 6) from data.{}"
    assert drawn.sql(length.format("main_piece")) == drawn.sql(length.format("gas_pipelines"))
    drawn.sql("update data.gas_pipelines set name = 'renamed', year_laid = 1999")
    assert drawn.sql(pieces) == before
    drawn.sql("update data.gas_pipelines set accuracy_m = 0.5 where id = %s", (bent,))
    after = drawn.sql(pieces)
    assert [r for r in after if r[0] != bent] == [r for r in before if r[0] != bent]
    assert not {r for r in after if r[0] == bent} & set(before)
    drawn.sql("update data.gas_pipelines set status = 'planned' where id = %s", (bent,))
    assert bent not in {r[0] for r in drawn.sql(pieces)}
    drawn.sql("update data.gas_pipelines set status = 'in_use' where id = %s", (bent,))
    assert bent in {r[0] for r in drawn.sql(pieces)}
    drawn.sql("delete from data.gas_pipelines")
    assert drawn.sql(pieces) == []


def test_a_published_pack_gives_the_pieces_their_class(drawn: DrawnCity) -> None:
    drawn.main(p_mop_mpa=0.3, material="steel", dn=300.0)
    seen = "select pressure_class, edge_m, missing from data.main_piece"
    assert drawn.sql(seen)[0] == ("MA", 323.9 / 2000, [])
    drawn.sql("update data.rule_class set over_mpa = 0.3 where class = 'MA'")
    drawn.sql("delete from data.rule_outer_diameter")
    drawn.sql("select data.look_again_at_mains()")
    assert drawn.sql(seen)[0] == ("MB", 0.15, [])
