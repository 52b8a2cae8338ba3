"""Numbers and times as an office writes them."""

from datetime import UTC, date, datetime

import pytest

from gridwarden.words.figures import when


@pytest.mark.parametrize(("lang", "told"), [("zh", "11月21日12时04分"), ("en", "21 Nov 12:04")])
def test_a_time_has_one_form_with_its_minutes(lang: str, told: str) -> None:
    at = datetime(2026, 11, 21, 4, 4, tzinfo=UTC)
    assert when(at, lang, zone="Asia/Shanghai") == told
    assert when(at.replace(minute=0), "zh", zone="Asia/Shanghai") == "11月21日12时00分"


def test_a_day_has_no_hour() -> None:
    assert when(date(2026, 11, 21), "zh") == "2026年11月21日"
