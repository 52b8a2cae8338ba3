"""Due days: working days with 调休, the cut-off, the office's table and the office's years."""

import random
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar
import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg.types.json import Jsonb

from conftest import KeyMaker, owner
from gridwarden.hazards.deadlines import calendar, table
from gridwarden.hazards.deadlines.commands import _load, _load_year
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem

OFFICE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    """A moment in the office."""
    return datetime.fromisoformat(text).replace(tzinfo=OFFICE)


def asked(c: psycopg.Connection[Any], statement: str, *values: object) -> Any:
    """One value, as the service reads it: in the office's time zone."""
    c.execute("select set_config('gridwarden.zone', 'Asia/Shanghai', false)")
    row = c.execute(statement, values).fetchone()
    return row[0] if row else None


DUE = "select data.due_at(%s, %s, %s)"


@pytest.mark.parametrize(
    ("grade", "begins", "due"),
    [
        # Saturday 14 February 2026 is worked; the 15th to the 23rd are the Spring Festival.
        ("serious", "2026-02-13T10:00", "2026-02-25T17:00"),
        ("serious", "2026-02-13T17:00", "2026-02-25T17:00"),
        ("serious", "2026-02-13T17:01", "2026-02-26T17:00"),
        # 1 to 7 October are off, Saturday the 10th is worked.
        ("serious", "2026-09-30T09:00", "2026-10-10T17:00"),
        ("general", "2026-11-16T09:00", "2026-11-25T17:00"),
        # a weekend's day begins nothing of its own
        ("serious", "2026-11-21T12:00", "2026-11-25T17:00"),
        ("major", "2026-02-17T08:30", "2026-02-18T08:30"),
    ],
)
def test_due_days_are_those_that_a_clerk_counts_by_hand(
    module_city: Settings, grade: str, begins: str, due: str
) -> None:
    with owner(module_city) as c:
        assert asked(c, DUE, grade, None, at(begins)) == at(due)


def test_working_days_are_the_library_s_in_every_year_that_it_has(module_city: Settings) -> None:
    dice = random.Random(7)
    days = [date(2004, 1, 1) + timedelta(dice.randrange(8200)) for _ in range(400)]
    pairs = [(day, dice.randrange(1, 40)) for day in days]
    with owner(module_city) as c:
        statement = (
            "select q.day, q.n, data.working_day_after(q.day, q.n)"
            " from unnest(%s::date[], %s::integer[]) as q (day, n)"
        )
        rows = c.execute(statement, tuple(map(list, zip(*pairs, strict=True)))).fetchall()
    assert len(rows) == len(pairs)
    for day, n, found in rows:
        assert found == chinese_calendar.find_workday(n - 1, day + timedelta(1)), (day, n)


def test_what_comes_after_the_cut_off_counts_on_the_next_day(module_city: Settings) -> None:
    day = "select data.reporting_day(%s)"
    with owner(module_city) as c:
        assert asked(c, day, at("2026-11-20T17:00")) == date(2026, 11, 20)
        assert asked(c, day, at("2026-11-20T17:00:01")) == date(2026, 11, 21)
        assert asked(c, day, at("2026-11-20T00:00")) == date(2026, 11, 20)


def test_overdue_is_computed_and_grows_by_working_days(module_city: Settings) -> None:
    due = at("2026-09-30T17:00")
    with owner(module_city) as c:
        days = "select data.overdue_days(%s, %s)"
        assert asked(c, days, due, due) == 0
        assert asked(c, days, due, at("2026-09-30T17:01")) == 1
        assert asked(c, days, due, at("2026-10-07T12:00")) == 1
        assert asked(c, days, due, at("2026-10-10T12:00")) == 3
        assert asked(c, days, None, at("2026-10-10T12:00")) == 0
        level = "select data.escalation_level(%s, %s, %s)"
        assert asked(c, level, "general", due, due) == 0
        assert asked(c, level, "general", due, at("2026-10-07T12:00")) == 1
        assert asked(c, level, "general", due, at("2026-10-10T12:00")) == 2
        assert asked(c, level, "major", due, at("2026-10-01T12:00")) == 1


def test_a_year_that_nobody_told_is_said_to_be_unknown_until_the_office_tells_it(
    module_city: Settings,
    module_client: TestClient,
    module_sign_in: KeyMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headers = module_sign_in("supervisor")
    last = max(chinese_calendar.holidays).year
    unknown = last + 1
    told = module_client.get("/api/deadlines", headers=headers).json()
    assert told["last_known"] == last
    page = module_client.get(f"/deadlines?year={unknown}", headers=headers | ACCEPT)
    assert say("deadlines.unknown", "en", year=unknown) in page.text.replace("&#39;", "'")
    first = date(unknown, 1, 1)
    monday = first + timedelta(-first.weekday() % 7 + 7)
    with owner(module_city) as c:
        known = "select api.due_known(%s)"
        assert asked(c, known, at(f"{last}-12-31T12:00")) is True
        assert asked(c, known, at(f"{unknown}-01-01T12:00")) is False
        after = "select data.working_day_after(%s, 1)"
        assert asked(c, after, monday - timedelta(1)) == monday
    text = (
        f'year = {unknown}\nsource = "放假安排的通知"\nwork = [{monday - timedelta(1)}]\n'
        f'rest = [{{name = "元旦", first = {monday}, last = {monday + timedelta(1)}}}]\n'
    )
    by_command(monkeypatch, module_city)
    said = run(_load_year("administrator", text))
    assert str(unknown) in said
    with owner(module_city) as c:
        assert asked(c, known, at(f"{unknown}-01-01T12:00")) is True
        assert asked(c, after, monday - timedelta(1)) == monday + timedelta(2)
        assert asked(c, after, monday - timedelta(2)) == monday - timedelta(1)
        library = "select api.set_calendar(%s, 'library', 'library', '[]')"
        assert asked(c, library, unknown) is False, "a library took the place of what was told"
        assert asked(c, "select action from data.audit where action = 'calendar_set'")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('grade = "major"', 'grade = "serious"'), "stands twice"),
        (('cut_off = "17:00"', 'cut_off = "25:00"'), "cut_off"),
        (("level = 2\nafter = 3", "level = 2\nafter = 1"), "does not come later"),
        (('grade = "general"\nn = 7', 'grade = "general"\nn = 0'), "deadline.0.n"),
        (("soon = 2", "soon = 2\nsurprise = 1"), "surprise"),
        (("soon = 2", "soon = "), "TOML"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_name(change: tuple[str, str], why: str) -> None:
    assert table.read(table.shipped())
    assert change[0] in table.shipped()
    with pytest.raises(Problem) as refused:
        table.read(table.shipped().replace(*change, 1))
    assert why in refused.value.said("en")


@pytest.mark.parametrize(
    ("work", "first", "last", "why"),
    [
        ("2027-02-05", "2027-02-06", "2027-02-12", "weekday"),
        ("2027-02-06", "2027-02-06", "2027-02-12", "worked and not worked"),
        ("2028-02-06", "2027-02-06", "2027-02-12", "not of 2027"),
        ("2027-02-20", "2027-02-12", "2027-02-06", "ends before"),
    ],
)
def test_a_year_that_does_not_fit_is_refused(work: str, first: str, last: str, why: str) -> None:
    rest = f'[{{name = "春节", first = {first}, last = {last}}}]'
    with pytest.raises(Problem) as refused:
        calendar.read_year(f'year = 2027\nsource = "x"\nwork = [{work}]\nrest = {rest}\n')
    assert why in refused.value.said("en")


ACCEPT = {"Accept": "text/html", "Accept-Language": "en"}


def by_command(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Commands read the environment."""
    monkeypatch.setenv("GRIDWARDEN_HOME", str(Path(settings.home)))
    monkeypatch.setenv("GRIDWARDEN_LANGUAGE", "en")


def run(work: Any) -> Any:
    """What a command does."""
    import asyncio

    return asyncio.run(work)


@pytest.mark.parametrize(
    ("due", "deferred", "resumed", "then"),
    [
        # three working days are left, and are left a month later
        ("2026-11-18T17:00", "2026-11-13T10:00", "2026-12-14T10:00", "2026-12-17T17:00"),
        ("2026-11-18T17:00", "2026-11-13T10:00", "2026-11-13T16:00", "2026-11-18T17:00"),
        # resumed after the cut-off: as on the next day; and over the National Day's week
        ("2026-11-18T17:00", "2026-11-13T10:00", "2026-12-14T17:01", "2026-12-18T17:00"),
        ("2026-09-18T17:00", "2026-09-16T10:00", "2026-09-30T10:00", "2026-10-09T17:00"),
        # its last day was left: the day of resuming, or the next working day
        ("2026-11-18T17:00", "2026-11-18T09:00", "2026-12-14T10:00", "2026-12-14T17:00"),
        ("2026-11-18T17:00", "2026-11-18T09:00", "2026-12-12T10:00", "2026-12-14T17:00"),
        # hours go on by hours
        ("2026-11-18T08:30", "2026-11-17T14:30", "2026-12-14T10:00", "2026-12-15T04:00"),
        # what was late stays due when it was
        ("2026-11-18T17:00", "2026-11-18T17:01", "2026-12-14T10:00", "2026-11-18T17:00"),
    ],
)
def test_a_deferred_case_goes_on_with_the_time_it_had_left(
    module_city: Settings, due: str, deferred: str, resumed: str, then: str
) -> None:
    with owner(module_city) as c:
        moments = (at(due), at(deferred), at(resumed))
        assert asked(c, "select data.due_going_on(%s, %s, %s)", *moments) == at(then)


@pytest.mark.parametrize(
    ("was", "becomes", "due", "then"),
    [
        # a lower grade counts from the assignment, a higher one from the regrading
        ("major", "general", "2026-11-17T09:00", "2026-11-25T17:00"),
        ("general", "serious", "2026-11-25T17:00", "2026-11-19T17:00"),
        ("serious", "major", "2026-11-19T17:00", "2026-11-17T10:00"),
        # never later by a higher grade, nor earlier by a lower one
        ("general", "serious", "2026-11-18T17:00", "2026-11-18T17:00"),
        ("serious", "general", "2026-11-30T17:00", "2026-11-30T17:00"),
        # a person set less time than the table
        ("serious", "general", "2026-11-18T17:00", "2026-11-18T17:00"),
        # what is late stays due when it was
        ("major", "general", "2026-11-16T09:30", "2026-11-16T09:30"),
        ("general", "major", "2026-11-16T09:30", "2026-11-16T09:30"),
    ],
)
def test_another_grade_makes_a_late_case_neither_later_nor_timely(
    module_city: Settings, was: str, becomes: str, due: str, then: str
) -> None:
    """Assigned on Monday the 16th at 9:00, regraded at 10:00."""
    case = {"grade": was, "family": "dig_near_main", "due_at": at(due).isoformat()}
    case["assigned_at"] = at("2026-11-16T09:00").isoformat()
    with owner(module_city) as c:
        found = asked(
            c,
            "select data.due_regraded(jsonb_populate_record(null::data.hazard_case, %s), %s, %s)",
            Jsonb(case),
            becomes,
            at("2026-11-16T10:00"),
        )
    assert found == at(then)


def test_an_office_s_table_is_in_force_at_once_and_the_former_one_is_kept(
    module_city: Settings,
    module_client: TestClient,
    module_sign_in: KeyMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_command(monkeypatch, module_city)
    before = module_client.get("/api/deadlines", headers=module_sign_in("warden")).json()
    assert {row["verified"] for row in before["deadlines"]} == {False}
    row = '[[deadline]]\ngrade = "general"\nfamily = "fire_lane"\nn = 12\nunit = "hours"\n'
    text = table.shipped().replace('cut_off = "17:00"', 'cut_off = "16:30"')
    text += row + 'source = "本单位规定"\nverified = true\n'
    run(_load("administrator", text))
    after = module_client.get("/api/deadlines", headers=module_sign_in("warden")).json()
    assert (after["version"], after["cut_off"]) == (before["version"] + 1, "16:30")
    begins = at("2026-11-20T16:45")
    with owner(module_city) as c:
        assert asked(c, DUE, "general", "fire_lane", begins) == begins + timedelta(hours=12)
        assert asked(c, DUE, "serious", "fire_lane", begins) == at("2026-11-25T16:30")
        assert asked(c, "select count(*) from data.deadline_table") == after["version"]
        with pytest.raises(psycopg.Error):
            c.execute("delete from data.deadline_table")
    page = module_client.get("/deadlines?lang=zh", headers=module_sign_in("viewer") | ACCEPT)
    assert page.status_code == 200 and "本单位规定" in page.text and "已核对" in page.text
    with pytest.raises(Problem, match=r"deadline\.3\.unit"):
        run(_load("administrator", text.replace('"hours"\nsource = "本', '"weeks"\nsource = "本')))
