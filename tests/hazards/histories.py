"""Random histories of cases, put straight into the tables, and what one counts of them by hand."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import psycopg
from hypothesis import strategies as st

FIRST = date(2026, 3, 2)
DAYS = 12
OPEN = {
    *("registered", "assessed", "assigned", "rectifying", "awaiting_verification"),
    *("returned", "deferred"),
}
STATES = (*sorted(OPEN), "found", "closed", "looked_back", "invalid")


@dataclass(frozen=True)
class Act:
    """What a case is after it. `after`: days since the act before it; `late`: days that it was
    entered too late; `due`: days from its own.
    """

    after: int
    hour: int
    state: str
    grade: str | None
    district: int | None
    late: int
    due: int | None


@dataclass(frozen=True)
class Row:
    """An act as it stands in the table; `day` is that on which it was entered."""

    day: date
    happened: date
    at: datetime
    state: str
    grade: str | None
    district: int | None
    due_at: datetime | None


acts = st.builds(
    Act,
    after=st.sampled_from((0, 0, 1, 1, 2, 4)),
    hour=st.integers(1, 8),
    state=st.sampled_from(STATES),
    grade=st.sampled_from(("general", "general", "serious", "major", None)),
    district=st.sampled_from((1, 1, 2, None)),
    late=st.sampled_from((0, 0, 0, 1, 3)),
    due=st.sampled_from((None, -1, 1, 3)),
)
histories = st.lists(st.lists(acts, min_size=1, max_size=6), min_size=1, max_size=7)


def rows_of(case: list[Act]) -> list[Row]:
    """The acts with their days: each is found on the first of them."""
    day = FIRST
    made = [Row(day, day, moment(day, 0), "found", "general", 1, None)]
    for n, one in enumerate(case):
        day += timedelta(days=one.after)
        due = None if one.due is None else moment(day + timedelta(days=one.due), 9)
        at = moment(day, one.hour) + timedelta(seconds=n)
        happened = day - timedelta(days=one.late)
        made.append(Row(day, happened, at, one.state, one.grade, one.district, due))
    return made


def moment(day: date, hour: int) -> datetime:
    """An hour of UTC: the cut-off at 17:00 in the city is 09:00."""
    return datetime.combine(day, time(hour), UTC)


def put(c: psycopg.Connection[Any], cases: list[list[Row]]) -> list[int]:
    """Write the cases and their acts; their ids."""
    ids = []
    for rows in cases:
        last = rows[-1]
        made = c.execute(
            "insert into data.hazard_case (state, family, source, category, grade, district_id,"
            " found_at, entered_at, changed_at) values (%s, 'report.other', 'report', 'other',"
            " %s, %s, %s, %s, %s) returning id",
            (last.state, last.grade, last.district, rows[0].at, rows[0].at, last.at),
        ).fetchone()
        assert made is not None
        ids.append(made[0])
        add(c, made[0], rows)
    return ids


def add(c: psycopg.Connection[Any], case: int, rows: list[Row], after: int = 0) -> None:
    """Write the acts of a case, those after so many that are there."""
    for version in range(after + 1, len(rows) + 1):
        row = rows[version - 1]
        before = rows[version - 2].state if version > 1 else ""
        c.execute(
            "insert into data.hazard_act (case_id, version, act, from_state, to_state, at, day,"
            " entered_day, grade, district_id, family, due_at, role, by_orgs, said, before)"
            " values (%s, %s, 'test', %s, %s, %s, %s, %s, %s, %s, 'report.other', %s, 'owner',"
            " '{}', '{}', '{}')",
            (
                *(case, version, before, row.state, row.at, row.happened, row.day),
                *(row.grade, row.district, row.due_at),
            ),
        )


def ledger_by_hand(cases: list[list[Row]], day: date) -> dict[str, Counter[tuple[Any, Any]]]:
    """Every column of a day's ledger by class (district, grade), case by case and act by act."""
    told: dict[str, Counter[tuple[Any, Any]]] = {
        name: Counter()
        for name in (
            *("opening", "moved", "new", "reopened", "late", "closed", "struck", "closing"),
        )
    }
    for rows in cases:
        earlier = [one for one in rows if one.day < day]
        todays = [one for one in rows if one.day == day]
        if not earlier and not todays:
            continue
        last = (todays or earlier)[-1]
        at_end = (last.district, last.grade)
        was_open = bool(earlier) and earlier[-1].state in OPEN
        if was_open:
            told["opening"][at_end] += 1
            yesterday = (earlier[-1].district, earlier[-1].grade)
            if yesterday != at_end:
                told["moved"][at_end] += 1
                told["moved"][yesterday] -= 1
        state = earlier[-1].state if earlier else None
        for one in todays:
            if state not in OPEN and one.state in OPEN:
                again = state in ("closed", "looked_back")
                name = "reopened" if again else "late" if one.happened < one.day else "new"
                told[name][at_end] += 1
            if state in OPEN and one.state not in OPEN:
                told["closed"][at_end] += 1
                told["struck"][at_end] += one.state in ("invalid", "found")
            state = one.state
        told["closing"][at_end] += last.state in OPEN
    return told
