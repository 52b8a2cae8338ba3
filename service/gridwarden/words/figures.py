"""How numbers and times look: 11月20日17时05分 or 20 Nov 17:00, 73.56%, 0.42 m."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)


def when(
    at: date | datetime | None,
    lang: str,
    *,
    zone: str | None = None,
    year: bool = False,
    seconds: bool = False,
) -> str:
    """A date or a time as an office writes it, in `zone` (IANA name; else the server's own)."""
    if at is None:
        return "–"
    if isinstance(at, datetime):
        at = at.astimezone(ZoneInfo(zone) if zone else None)
    zh = lang == "zh"
    day = f"{at.month}月{at.day}日" if zh else f"{at.day} {_MONTHS[at.month - 1]}"
    if year or not isinstance(at, datetime):
        day = f"{at.year}年{day}" if zh else f"{day} {at.year}"
    if not isinstance(at, datetime):
        return day
    if zh:
        return f"{day}{at.hour}时{at.minute:02}分" + (f"{at.second:02}秒" if seconds else "")
    return f"{day} {at.hour:02}:{at.minute:02}" + (f":{at.second:02}" if seconds else "")


def amount(value: float | None) -> str:
    """A count or weight: no separator up to 9999, thin spaces above, at most one decimal."""
    if value is None:
        return "–"
    rounded = round(float(value), 1)
    text = f"{rounded:.0f}" if rounded.is_integer() else f"{rounded:.1f}"
    return text if abs(rounded) < 10_000 else f"{rounded:,.0f}".replace(",", "\u202f")


def grouped(value: float | Decimal | str) -> str:
    """A number as recorded, never 1e+12, in threes with thin spaces from 10,000 on."""
    told = Decimal(f"{value:.15g}") if isinstance(value, float) else Decimal(value)
    many = abs(told) >= 10_000
    return f"{told:{',' if many else ''}f}".replace(",", "\u202f")


def metres(value: float | None, digits: int = 2) -> str:
    """A distance in metres without its unit (that stands in the head); '–' for None.

    What would read as nought and is not keeps its millimetres: −0.005 lies on the main.
    """
    if value is None:
        return "–"
    small = 0 < abs(value) < 0.01
    return f"{value:.{max(digits, 3) if small else digits}f}".replace("-", "−")


def percent(part: float, whole: float) -> str:
    """A share with two decimals; '–' of nothing."""
    return "–" if not whole else f"{100 * part / whole:.2f}%"
