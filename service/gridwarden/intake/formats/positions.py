"""One coordinate as people write it: a number, or degrees, minutes and seconds."""

import math
import re
import unicodedata
from typing import Any, Final, Literal

Axis = Literal["lon", "lat", "plane"]
NOTHING: Final = frozenset(
    {"", "-", "--", "---", "/", "//", "\\", "无", "空", "null", "none", "n/a"}
)
DRAWING: Final = re.compile(
    r"^[(\[]?(?:详?见|参见|见附|如)[^\d]{0,8}(?:图|表|件|册)|^图示|^略$|^待(?:定|测|补)$|^暂无$|^后补$"
)
_THOUSANDS: Final = re.compile(r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$")
_SIDE: Final = r"(?:东经|西经|北纬|南纬|[ewns])"
_DMS: Final = re.compile(
    rf"^(?P<before>{_SIDE})?\s*[:=]?\s*(?P<deg>\d{{1,3}}(?:\.\d+)?)\s*(?:[°º˚度d]|\s|:|-)\s*"
    r"(?:(?P<min>\d{1,2}(?:\.\d+)?)\s*(?:['′’‘分m]|\s|:|-|$)\s*"
    rf"(?:(?P<sec>\d{{1,2}}(?:\.\d+)?)\s*(?:[\"″”“秒s]|''|′′|’’)?\s*)?)?(?P<after>{_SIDE})?$"
)
_SIGNS: Final = re.compile(r"[°º˚度分'′’‘]")
_SIDED: Final = re.compile(
    rf"^(?P<before>{_SIDE})?\s*(?P<number>\d+(?:\.\d+)?)\s*(?:[°º˚度])?\s*(?P<after>{_SIDE})?$"
)
_AXIS_OF: Final = {"e": "lon", "w": "lon", "n": "lat", "s": "lat"}
_LETTERS: Final = {"东经": "e", "西经": "w", "北纬": "n", "南纬": "s"}


class BadPositionError(ValueError):
    """What is no coordinate; `reason` is the stable code."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def coordinate(value: Any, axis: Axis) -> float | None:
    """Degrees or metres; None where there is no value. Raises BadPositionError.

    `axis` tells what the column holds. In a column of X or Y, degrees are read only with their
    sign, and there the numbers themselves have to say what they are.
    """
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _finite(float(value))
    if not isinstance(value, str):
        raise BadPositionError("bad_number")
    spelt = unicodedata.normalize("NFKC", value).strip().casefold()
    spelt = spelt.replace("—", "-").replace("–", "-").replace("−", "-")
    if spelt in NOTHING:
        return None
    if _THOUSANDS.match(spelt):
        spelt = spelt.replace(",", "")
    try:
        # Python reads "1_000" and "infinity", too, which no office writes for a number.
        return _finite(float(spelt)) if "_" not in spelt else _no_number(spelt)
    except ValueError as error:
        if isinstance(error, BadPositionError):
            raise
    if DRAWING.match(spelt):
        raise BadPositionError("see_drawing")
    if axis != "plane" or _SIGNS.search(spelt):
        return _degrees(spelt, axis)
    bare = re.sub(r"\s*(?:m|米)$", "", spelt)
    try:
        return _finite(float(bare))
    except ValueError:
        raise BadPositionError("bad_number") from None


def _degrees(spelt: str, axis: Axis) -> float:
    found = _SIDED.match(spelt)
    if found:
        return _sided(float(found["number"]), found["before"], found["after"], axis)
    found = _DMS.match(spelt)
    if not found or found["min"] is None:
        raise BadPositionError("bad_number")
    if found["sec"] is None and not _SIGNS.search(spelt):
        raise BadPositionError("bad_number")  # "114 24" may be anything
    whole, minutes, seconds = found["deg"], found["min"], found["sec"] or "0"
    if "." in whole or ("." in minutes and found["sec"]):
        raise BadPositionError("bad_number")
    if float(minutes) >= 60 or float(seconds) >= 60:
        raise BadPositionError("bad_angle")
    value = float(whole) + float(minutes) / 60 + float(seconds) / 3600
    return _sided(value, found["before"], found["after"], axis)


def _sided(value: float, before: str | None, after: str | None, axis: Axis) -> float:
    sides = {_LETTERS.get(one, one) for one in (before, after) if one}
    if len(sides) > 1 or (axis != "plane" and any(_AXIS_OF[one] != axis for one in sides)):
        # 北纬 in the column of longitudes: whoever typed that swapped the two.
        raise BadPositionError("other_axis")
    return -value if sides & {"w", "s"} else value


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise BadPositionError("not_finite")
    return value


def _no_number(spelt: str) -> float:
    raise BadPositionError("bad_number")


def compact(lon: float, lat: float) -> tuple[float, float] | None:
    """Degrees of a pair written as 1142436.5, 303012.4 (degrees, minutes and seconds in one
    number); None for a pair that may be anything else.

    Only east of 100°, where such a longitude is neither an easting nor a northing, and only where
    both numbers have minutes and seconds below 60.
    """
    if not (1_000_000 <= lon < 1_360_000 and 30_000 <= lat < 540_000):
        return None
    both = (_unpacked(lon), _unpacked(lat))
    return None if both[0] is None or both[1] is None else (both[0], both[1])


def _unpacked(value: float) -> float | None:
    degrees, rest = divmod(value, 10_000)
    minutes, seconds = divmod(rest, 100)
    if minutes >= 60 or seconds >= 60:
        return None
    return degrees + minutes / 60 + seconds / 3600
