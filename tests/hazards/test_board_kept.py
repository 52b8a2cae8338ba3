"""What is kept of past days changes no number: a board is the same kept, half kept and not kept."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from conftest import Settings, owner
from gridwarden.hazards.board.counted import CASE_FIGURES
from hazards.histories import FIRST, Act, add, histories, put, rows_of
from hazards.test_board_ledger import WEEK

KEEP = "select api.keep_board(1000)"


@pytest.fixture(scope="module")
def books(module_city: Settings) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection, in the city's time; every test takes back what it wrote."""
    with owner(module_city) as c:
        c.autocommit = True
        c.execute("select set_config('gridwarden.zone', 'Asia/Shanghai', false)")
        yield c


def everything(c: psycopg.Connection[Any]) -> list[Any]:
    """Ledgers, boards of several days, and how many rows are behind each of their figures."""
    told: list[Any] = []
    for since, until in ((WEEK[0], WEEK[-1]), (WEEK[5], WEEK[7])):
        told += c.execute(
            "select * from api.hazard_ledger(%s, %s, 'district')", (since, until)
        ).fetchall()
    for day in (WEEK[4], WEEK[-1]):
        told += c.execute(
            "select * from api.board(%s, 'district', 3, '09:00', '17:00') order by key nulls last",
            (day,),
        ).fetchall()
        told += c.execute(
            "select f, count(*), sum(r.times) from unnest(%s::text[]) f, lateral api.rows_behind("
            "'board', %s, 'district', null, null, f, 3, '09:00', '17:00') r group by f order by f",
            (list(CASE_FIGURES), day),
        ).fetchall()
    return told


def unkept(c: psycopg.Connection[Any]) -> int:
    row = c.execute("select count(*) from data.board_unkept").fetchone()
    assert row is not None
    return int(row[0])


@given(histories, st.integers(0, 8))
@settings(max_examples=12, deadline=None)
def test_kept_half_kept_and_not_at_all_tell_the_same(
    books: psycopg.Connection[Any], cases: list[list[Act]], day: int
) -> None:
    whole = [rows_of(one) for one in cases]
    with books.transaction(force_rollback=True):
        put(books, whole)
        counted = everything(books)
    with books.transaction(force_rollback=True):
        then = [[row for row in rows if row.day <= WEEK[day]] for rows in whole]
        ids = put(books, then)
        books.execute(KEEP)
        assert unkept(books) == 0
        for case, begun, rows in zip(ids, then, whole, strict=True):
            add(books, case, rows, after=len(begun))
        assert everything(books) == counted  # some kept, some counted from their acts
        books.execute(KEEP)
        assert unkept(books) == 0
        assert everything(books) == counted
        kept = books.execute("select case_id, day from data.board_case_day").fetchall()
        assert sorted(kept) == sorted(
            {(case, row.day) for case, rows in zip(ids, whole, strict=True) for row in rows}
        )


def test_an_act_while_others_are_kept_is_not_lost(module_city: Settings) -> None:
    """Its line stays until the next time: whoever commits late is counted from the acts."""
    day = WEEK[2]
    rows = rows_of(
        [Act(0, 1, "registered", "major", 1, 0, None), Act(1, 2, "closed", "major", 1, 0, None)]
    )
    question = "select sum(closing) from api.hazard_ledger(%s, %s, 'district')"
    with owner(module_city) as slow, owner(module_city) as keeper:
        slow.autocommit = keeper.autocommit = True
        (case,) = put(keeper, [rows[:2]])
        with slow.transaction():
            add(slow, case, rows, after=2)  # closed, and not committed yet
            keeper.execute(KEEP)
            assert unkept(keeper) == 0
            assert keeper.execute(question, (day, day)).fetchone() == (1,)
        assert unkept(keeper) == 1
        assert keeper.execute(question, (day, day)).fetchone() == (0,)
        keeper.execute(KEEP)
        assert keeper.execute(question, (day, day)).fetchone() == (0,)


def test_the_hours_of_a_past_day_stay_when_its_year_is_told_anew(
    books: psycopg.Connection[Any],
) -> None:
    steps = [Act(0, 1, "registered", "major", 2, 0, None), Act(4, 2, "closed", "major", 2, 0, None)]
    board = "select (counts ->> 'hours')::float from api.board(%s, 'district', 3, '09:00', '17:00')"
    rest = [{"day": str(FIRST + timedelta(days=1)), "working": False, "name": "休"}]
    with books.transaction(force_rollback=True):
        put(books, [rows_of(steps)])

        def hours(day: object) -> float:
            row = books.execute(board + " where key = '2'", (day,)).fetchone()
            assert row is not None
            return float(row[0])

        ((today,),) = books.execute("select api.board_today()").fetchall()
        past, now = hours(WEEK[6]), hours(today)
        assert past == now
        books.execute(
            "select api.set_calendar(%s, 'an office', 'office', %s)", (FIRST.year, Jsonb(rest))
        )
        assert hours(WEEK[6]) == past and hours(today) == pytest.approx(now - 8)
