"""Query parameters of the features API, read strictly: what is unknown or malformed is a 400."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request

from gridwarden.layers.features.crs import CRS84, Box, Crs, crs_of, within_reach
from gridwarden.layers.past import moment_of
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

DEFAULT_LIMIT: Final = 100
GREATEST_LIMIT: Final = 10_000
ALWAYS: Final = frozenset({"f", "lang"})
FORMATS: Final = frozenset({"json", "geojson"})
OF_MAINS: Final = ("why", "request")
"""Parameters of exact mains alone."""
LEAST_WHY, MOST_WHY = 8, 500
"""Letters of a reason."""
_WHOLE = re.compile(r"[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,20}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


@dataclass(frozen=True, slots=True)
class Window:
    """A box that features must touch, in `crs`, east before north; None: no feature can."""

    box: Box | None
    crs: Crs


@dataclass(frozen=True, slots=True)
class Period:
    """A closed span of time; None is an open end. A day counts whole, in the office's zone."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Bulk:
    """What a request says of many exact mains: why, the request that was approved, and for which
    part (a bbox as it was written; empty: all)."""

    why: str | None = None
    request: int | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class ItemsQuery:
    """What a request for a page of features asks; `at`: as they were known at a moment."""

    limit: int
    after: int
    crs: Crs
    windows: tuple[Window, ...] | None
    period: Period | None
    at: datetime | None = None
    bulk: Bulk = Bulk()
    own_area: bool = False
    """Whether the caller reads what stands in its own districts or grids alone."""


def only(request: Request, *names: str) -> dict[str, str]:
    """The query parameters by name. Raises Problem (400) for an unknown or repeated one."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in names and name not in ALWAYS:
            raise Problem("unknown_parameter", field=name[:80])
        if name in found:
            raise Problem("invalid_value", "features.repeated", field=name)
        found[name] = value
    if found.get("f", "json") not in FORMATS:
        raise Problem("invalid_value", "features.bad_format", field="f")
    return found


def bulk_of(given: Mapping[str, str]) -> Bulk:
    """Read `why` and `request`, where they may be given. Raises Problem (400)."""
    why, number = given.get("why"), given.get("request")
    if number is not None and not (_WHOLE.fullmatch(number) and int(number)):
        raise Problem("invalid_value", "copies.bad_request", field="request")
    if why is not None and not (LEAST_WHY <= len(why.strip()) <= MOST_WHY and "\x00" not in why):
        raise Problem(
            "invalid_value", "copies.bad_why", field="why", least=LEAST_WHY, most=MOST_WHY
        )
    return Bulk(why, int(number) if number else None, given.get("bbox", ""))


def items_query(request: Request, settings: Settings, *more: str) -> ItemsQuery:
    """Read `limit, cursor, crs, bbox, bbox-crs, datetime, at`, and what `more` names of `bulk_of`.
    Raises Problem (400)."""
    given = only(request, "limit", "cursor", "crs", "bbox", "bbox-crs", "datetime", "at", *more)
    box_crs = crs_of(given.get("bbox-crs", CRS84), "bbox-crs", settings.crs)
    return ItemsQuery(
        limit=_limit(given.get("limit")),
        after=_cursor(given.get("cursor")),
        crs=crs_of(given.get("crs", CRS84), "crs", settings.crs),
        windows=windows(given["bbox"], box_crs, settings.crs) if "bbox" in given else None,
        period=period(given["datetime"], settings.time_zone) if "datetime" in given else None,
        at=moment_of(given.get("at"), settings.time_zone),
        bulk=bulk_of(given),
    )


def _limit(text: str | None) -> int:
    """1 or more; above the greatest, the greatest is taken (OGC's rule)."""
    if text is None:
        return DEFAULT_LIMIT
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        raise Problem("invalid_value", "features.bad_limit", field="limit", most=GREATEST_LIMIT)
    return min(int(text), GREATEST_LIMIT)


def _cursor(text: str | None) -> int:
    if text is None:
        return 0
    if not _WHOLE.fullmatch(text):
        raise Problem("invalid_value", "features.bad_cursor", field="cursor")
    return int(text)


def windows(text: str, crs: Crs, working: int) -> tuple[Window, ...]:
    """Four numbers (or six: heights are passed over) in the axis order of `crs`.

    A geographic box whose west is greater than its east crosses ±180° and becomes two.
    Raises Problem (400) for anything else, among it latitudes beyond 90°.
    """
    parts = text.split(",")
    if len(parts) not in (4, 6) or not all(_NUMBER.fullmatch(p.strip()) for p in parts):
        raise Problem("invalid_value", "features.bad_bbox", field="bbox")
    numbers = [float(p) for p in parts]
    if len(numbers) == 6:
        numbers = [*numbers[0:2], *numbers[3:5]]
    west, south, east, north = crs.box((numbers[0], numbers[1], numbers[2], numbers[3]))
    if not all(map(math.isfinite, numbers)) or south > north:
        raise Problem("invalid_value", "features.bad_bbox", field="bbox")
    if crs.geographic and (min(south, -north) < -90 or max(abs(west), abs(east)) > 180):
        raise Problem("invalid_value", "features.bbox_degrees", field="bbox")
    if west <= east:
        boxes = [(west, south, east, north)]
    elif crs.geographic:
        boxes = [(west, south, 180.0, north), (-180.0, south, east, north)]
    else:
        raise Problem("invalid_value", "features.bad_bbox", field="bbox")
    return tuple(Window(within_reach(box, crs, working), crs) for box in boxes)


def period(text: str, zone: str) -> Period:
    """A day, a moment (RFC 3339), or two of them with `/`; `..` or nothing is an open end.

    Raises Problem (400) for anything else and for a span that ends before it begins.
    """
    here = ZoneInfo(zone)
    ends = text.split("/")
    if len(ends) > 2 or (len(ends) == 1 and ends[0] in ("", "..")):
        raise Problem("invalid_value", "features.bad_datetime", field="datetime")
    since = _moment(ends[0], here, last=False)
    until = _moment(ends[-1], here, last=True)
    if len(ends) == 2 and since is None and until is None and text not in ("../..", "/"):
        raise Problem("invalid_value", "features.bad_datetime", field="datetime")
    if since is not None and until is not None and since > until:
        raise Problem("invalid_value", "features.bad_datetime", field="datetime")
    return Period(since, until)


def _moment(text: str, zone: tzinfo, *, last: bool) -> datetime | None:
    """One end; of a day the first or the last moment. Kept within years 2 to 9998, so that
    no time zone leads out of the calendar.
    """
    if text in ("", ".."):
        return None
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            found = datetime.combine(day, time.max if last else time.min, zone)
        elif _MOMENT.fullmatch(text):
            found = datetime.fromisoformat(text.upper())
        else:
            raise ValueError(text)
    except ValueError:
        raise Problem("invalid_value", "features.bad_datetime", field="datetime") from None
    if not 2 <= found.year <= 9998 or abs(found.utcoffset() or timedelta()) >= timedelta(days=1):
        raise Problem("invalid_value", "features.bad_datetime", field="datetime")
    return found.astimezone(UTC)
