"""Numbers and times as an office writes them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from gridwarden.words import say
from gridwarden.words.figures import amount, grouped, when


@pytest.mark.parametrize(("lang", "told"), [("zh", "11月21日12时04分"), ("en", "21 Nov 12:04")])
def test_a_time_has_one_form_with_its_minutes(lang: str, told: str) -> None:
    at = datetime(2026, 11, 21, 4, 4, tzinfo=UTC)
    assert when(at, lang, zone="Asia/Shanghai") == told
    assert when(at.replace(minute=0), "zh", zone="Asia/Shanghai") == "11月21日12时00分"


def test_a_day_has_no_hour() -> None:
    assert when(date(2026, 11, 21), "zh") == "2026年11月21日"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (1e12, "1 000 000 000 000"),
        (10**12, "1 000 000 000 000"),
        (Decimal("1E+12"), "1 000 000 000 000"),
        ("12345.60", "12 345.60"),
        (1234567890123.45, "1 234 567 890 123.45"),
        (0.1 + 0.2, "0.3"),
        (9999, "9999"),
    ],
)
def test_money_is_told_in_digits_and_in_threes(value: float | Decimal | str, told: str) -> None:
    assert grouped(value) == told.replace(" ", "\u202f")


def test_a_count_in_threes_still_knows_one() -> None:
    assert say("start.uncallable.say", "en", n=amount(1)).startswith("1 gas company has")
    assert say("bulk.sentence", "en", n=amount(10_000)) == "10\u202f000 cases"
