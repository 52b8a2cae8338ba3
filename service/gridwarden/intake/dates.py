"""Days and moments in the ways that ledgers write them; strict, because a guess is silent.

What can be read in two ways (3/5/2026, 26.3.5) is refused as `ambiguous_date`, what lacks its
year or its day as `incomplete_date`.
"""

import re
from datetime import date, datetime, timedelta
from typing import Any, Final

from gridwarden.intake.spelling import BadValueError, plain, says_nothing

_FIRST_SERIAL, _LAST_SERIAL = 18_264, 73_050
"""1950-01-01 and 2099-12-31 as spreadsheets count days."""
_EPOCH: Final = datetime(1899, 12, 30)
_WEEKDAY: Final = re.compile(r"\s*\(?(?:星期|周|礼拜)[一二三四五六日天]\)?$")
_TIME: Final = re.compile(
    r"(?:[ t日号]\s*)(?P<h>\d{1,2})\s*[:时点]\s*(?:(?P<m>\d{1,2})\s*(?:[:分]\s*(?:(?P<s>\d{1,2})"
    r"(?:\.\d+)?\s*秒?)?)?)?$"
)
_DATE: Final = re.compile(
    r"^(?P<y>\d{4})\s*[-/.年]\s*(?P<m>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})\s*[日号]?"
    r"(?:[ t].*|(?<=[日号])\d{1,2}[:时点].*)?$"
)
_PLAIN_DATE: Final = re.compile(r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})$")
_TURNED: Final = re.compile(r"^(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4})(?:[ t].*)?$")
_SHORT_YEAR: Final = re.compile(
    r"^\d{1,2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}[日号]?$|^\d{1,2}[- ][a-z]{3,9}[- ]\d{2}$"
)
_NAMED: Final = (
    re.compile(
        r"^(?P<d>\d{1,2})(?:st|nd|rd|th)?[ \-/.]+(?P<m>[a-z]{3,9})\.?[ ,\-/.]+(?P<y>\d{4})$"
    ),
    re.compile(r"^(?P<m>[a-z]{3,9})\.?[ ]+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?[ ]+(?P<y>\d{4})$"),
)
_INCOMPLETE: Final = re.compile(
    r"^\d{4}\s*年?$|^\d{4}\s*[-/.年]\s*\d{1,2}\s*月?(?:份)?$|^\d{1,2}月(?:\d{1,2}[日号]?)?$"
    r"|^[a-z]{3,9}\.?[ -]\d{4}$"
)
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_DIGITS: Final = {c: str(i) for i, c in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0"}
_IN_WORDS: Final = re.compile(r"^[〇零○一二三四五六七八九十年月日号廿卅]+$")


def day(value: Any) -> date | None:
    """A calendar day. Raises BadValueError."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _of_number(float(value)).date()
    spelt = _WEEKDAY.sub("", plain(str(value)))
    if says_nothing(spelt):
        return None
    found = _parts(_in_digits(spelt))
    if found is None:
        raise BadValueError("bad_date")
    try:
        return date(*found)
    except ValueError:
        raise BadValueError("bad_date") from None


def moment(value: Any) -> datetime | None:
    """A moment, ISO 8601 or as people write it, or a day alone; without offset when none is
    written. Raises BadValueError."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _of_number(float(value))
    spelt = plain(str(value))
    if says_nothing(spelt):
        return None
    try:
        return datetime.fromisoformat(spelt.replace("/", "-").upper())
    except ValueError:
        found = day(spelt)
    if found is None:
        return None
    clock = _TIME.search(spelt)
    try:
        hour, minute, second = (int(clock[k] or 0) for k in "hms") if clock else (0, 0, 0)
        return datetime(found.year, found.month, found.day, hour, minute, second)
    except ValueError:
        raise BadValueError("bad_date") from None


def year(value: Any) -> Any:
    """The year of what may be a whole date (2009年, 2009-06, a day); anything else as it is."""
    if isinstance(value, date):
        return value.year
    if isinstance(value, str):
        found = re.match(r"^(\d{4})\s*(?:年|[-/.]\s*\d{1,2}(?!\d)|$)", plain(value))
        return int(found[1]) if found else value
    return value


def _parts(spelt: str) -> tuple[int, int, int] | None:
    """Year, month and day of a text; None for what is no date."""
    found = _DATE.match(spelt) or _PLAIN_DATE.match(spelt)
    if found:
        return int(found["y"]), int(found["m"]), int(found["d"])
    turned = _TURNED.match(spelt)
    if turned:
        return _turned(int(turned[1]), int(turned[2]), int(turned[3]))
    for pattern in _NAMED:
        named = pattern.match(spelt)
        if named and named["m"][:3] in _MONTHS:
            return int(named["y"]), _MONTHS.index(named["m"][:3]) + 1, int(named["d"])
    if spelt.isdigit() and len(spelt) == 5:
        serial = _of_number(float(spelt))
        return serial.year, serial.month, serial.day
    if _SHORT_YEAR.match(spelt):
        raise BadValueError("ambiguous_date")
    if _INCOMPLETE.match(spelt):
        raise BadValueError("incomplete_date")
    return None


def _turned(one: int, other: int, year_: int) -> tuple[int, int, int]:
    """Day and month before the year: taken only where one of them can be no month."""
    if one > 12 >= other or one == other:
        return year_, other, one
    if other > 12 >= one:
        return year_, one, other
    raise BadValueError("ambiguous_date" if max(one, other) <= 12 else "bad_date")


def _of_number(number: float) -> datetime:
    """A day as spreadsheets count them, or 20260305."""
    if _FIRST_SERIAL <= number < _LAST_SERIAL + 1:
        return (_EPOCH + timedelta(days=number)).replace(microsecond=0)
    if number.is_integer() and 18_000_101 <= number <= 22_001_231:
        try:
            return datetime.strptime(str(int(number)), "%Y%m%d")
        except ValueError:
            raise BadValueError("bad_date") from None
    raise BadValueError("incomplete_date" if 1800 <= number < 2201 else "bad_date")


def _in_digits(spelt: str) -> str:
    """A date in Chinese numerals (二〇二六年三月十五日) in digits; any other text as it is."""
    if not _IN_WORDS.match(spelt) or not any(c in spelt for c in "年月"):
        return spelt
    return re.sub(r"[^年月日号]+", lambda found: _digits(found[0]), spelt)


def _digits(word: str) -> str:
    word = word.replace("廿", "二十").replace("卅", "三十")
    if "十" not in word:
        return "".join(_DIGITS[c] for c in word)
    tens, _, ones = word.partition("十")
    return str(int(_DIGITS.get(tens, "1")) * 10 + int(_DIGITS.get(ones, "0")))
