"""The ledger over random histories: it adds up, it is what one counts by hand, and it stays so."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings

from conftest import Settings, owner
from gridwarden.hazards.board.asked import LEDGER
from hazards.histories import DAYS, FIRST, Act, Row, histories, ledger_by_hand, put, rows_of

WEEK = [FIRST + timedelta(days=n) for n in range(DAYS)]


@pytest.fixture(scope="module")
def books(module_city: Settings) -> Iterator[psycopg.Connection[Any]]:
    """The owner's connection, in the city's time; every test takes back what it wrote."""
    with owner(module_city) as c:
        c.autocommit = True
        c.execute("select set_config('gridwarden.zone', 'Asia/Shanghai', false)")
        yield c


def ledger(
    c: psycopg.Connection[Any], since: date, until: date
) -> dict[str, dict[date, Counter[tuple[Any, Any]]]]:
    """What the database tells: column, day, class."""
    found = c.execute(
        "select day, key::integer, grade, opening, moved, new, reopened, late, closed, struck,"
        " closing from api.hazard_ledger(%s, %s, 'district')",
        (since, until),
    ).fetchall()
    told: dict[str, dict[date, Counter[tuple[Any, Any]]]] = {
        name: {since + timedelta(days=n): Counter() for n in range((until - since).days + 1)}
        for name in LEDGER
    }
    for day, key, grade, *numbers in found:
        for name, number in zip(LEDGER, numbers, strict=True):
            told[name][day][key, grade] = number
    return told


def nonzero(counts: Counter[tuple[Any, Any]]) -> dict[tuple[Any, Any], int]:
    return {key: n for key, n in counts.items() if n}


def compare(c: psycopg.Connection[Any], cases: list[list[Act]]) -> None:
    """Columns by hand, the sum of each line, the carry from day to day, and the rows behind."""
    books = [rows_of(one) for one in cases]
    put(c, books)
    told = ledger(c, WEEK[0], WEEK[-1])
    for day in WEEK:
        by_hand = ledger_by_hand(books, day)
        for name in LEDGER:
            assert nonzero(told[name][day]) == nonzero(by_hand[name]), (day, name)
        for one in told["closing"][day]:
            came = sum(told[name][day][one] for name in ("opening", "new", "reopened", "late"))
            assert came - told["closed"][day][one] == told["closing"][day][one]
            if day > WEEK[0]:
                carried = told["closing"][day - timedelta(days=1)][one] + told["moved"][day][one]
                assert told["opening"][day][one] == carried
        assert sum(told["moved"][day].values()) == 0, "what moved between classes is nothing in all"
    later = ledger(c, WEEK[5], WEEK[7])
    for name in LEDGER:
        assert nonzero(later[name][WEEK[6]]) == nonzero(told[name][WEEK[6]])
    check_rows(c, told, WEEK[4])


def check_rows(c: psycopg.Connection[Any], told: Any, day: date) -> None:
    """Each figure is the sum of its rows."""
    for name in LEDGER:
        for (key, grade), number in told[name][day].items():
            asked = (day, str(key or "none"), grade or "none", name)
            row = c.execute(
                "select coalesce(sum(times), 0) from api.rows_behind('ledger', %s, 'district', %s,"
                " %s, %s, 90, '09:00', '17:00')",
                asked,
            ).fetchone()
            assert row is not None
            assert row[0] == number, asked


@given(histories)
@settings(max_examples=60, deadline=None)
def test_the_ledger_of_any_history_adds_up_and_is_what_one_counts(
    books: psycopg.Connection[Any], cases: list[list[Act]]
) -> None:
    with books.transaction(force_rollback=True):
        compare(books, cases)


@pytest.mark.deep
@given(histories)
@settings(max_examples=1500, deadline=None)
def test_the_ledger_of_many_histories(
    books: psycopg.Connection[Any], cases: list[list[Act]]
) -> None:
    with books.transaction(force_rollback=True):
        compare(books, cases)


@given(histories)
@settings(max_examples=20, deadline=None)
def test_a_past_day_is_the_same_after_everything_that_came_later(
    books: psycopg.Connection[Any], cases: list[list[Act]]
) -> None:
    """Entered up to a day, then all the rest: the day's ledger and its board do not change."""
    day = WEEK[3]
    whole = [rows_of(one) for one in cases]
    then = [[row for row in rows if row.day <= day] for rows in whole]
    with books.transaction(force_rollback=True):
        put(books, [rows for rows in then if rows])
        before = ledger(books, WEEK[0], day), board(books, day)
    with books.transaction(force_rollback=True):
        put(books, whole)
        after = ledger(books, WEEK[0], day), board(books, day)
    assert after == before


def board(c: psycopg.Connection[Any], day: date) -> dict[str | None, dict[str, Any]]:
    """The counts of the day's board by district."""
    found = c.execute(
        "select key, counts from api.board(%s, 'district', 90, '09:00', '17:00')", (day,)
    ).fetchall()
    return dict(found)


def case(*acts: tuple[int, str, str, int | None]) -> list[Row]:
    """Acts as (days after the one before, hour of UTC, state, due in days)."""
    return rows_of(
        [Act(after, int(hour), state, "major", 1, 0, due) for after, hour, state, due in acts]
    )


def test_the_counts_of_known_stories(books: psycopg.Connection[Any]) -> None:
    """Each indicator's counts from stories whose numbers anybody can tell."""
    stories = {
        # closed a day before it was due
        "on time": case(
            (0, "1", "registered", None), (0, "2", "assigned", 3), (2, "3", "closed", 3)
        ),
        # extended before the due moment, and then late by the first date, not by the second
        "extended": case(
            *((0, "1", "registered", None), (0, "2", "assigned", 1), (0, "3", "rectifying", 3)),
            (2, "4", "closed", 1),
        ),
        # extended when it was late already: that does not help
        "too late": case(
            *((0, "1", "registered", None), (0, "2", "assigned", 1), (2, "3", "assigned", 3)),
            (1, "4", "closed", 3),
        ),
        # sent back once, then passed; closed, and opened again
        "sent back": case(
            *((0, "1", "registered", None), (1, "2", "awaiting_verification", None)),
            *((0, "3", "returned", None), (1, "4", "awaiting_verification", None)),
            *((0, "5", "closed", None), (1, "6", "registered", None)),
        ),
        "struck off": case((0, "1", "registered", None), (1, "2", "invalid", None)),
        "suspected": case((1, "1", "found", None)),
    }
    with books.transaction(force_rollback=True):
        put(books, list(stories.values()))
        found = board(books, WEEK[5])["1"]
    assert {name: found[name] for name in ("found", "closed", "open", "closings")} == {
        **{"found": 4, "closed": 3, "open": 1, "closings": 4}
    }
    assert (found["due"], found["on_time"]) == (3, 2)
    assert (found["claimed"], found["rechecked"], found["returned"]) == (2, 2, 1)
    assert (found["first_checked"], found["first_passed"]) == (1, 0)
    assert found["recurred"] == 1
    assert found["timed"] == 4
    # from Monday 09:00 in the city to Wednesday 11:00, 12:00 and 13:00, and to Thursday 12:00
    assert found["hours"] == pytest.approx((19 + 20) / 2, abs=0.01)
