"""What a permit check is asked: where, how, how deep, when; everything else is refused by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final, get_args

from gridwarden.intake.area import Area
from gridwarden.intake.located import Around, Located, located, of_document
from gridwarden.intake.places import Place
from gridwarden.rules.format import Method
from gridwarden.settings import Settings
from gridwarden.words import LANGUAGES, say
from gridwarden.words.problems import Problem
from gridwarden.words.speech import catalogue

METHODS: Final[tuple[str, ...]] = get_args(Method)
MEMBERS: Final = ("area", "buffer_m", "method", "depth_m", "starts_on", "ends_on")
VERDICTS: Final = ("prohibited", "protection_plan", "notify", "unknown", "clear")
_ANSWER: Final = "permits.answer."
_FAR: Final = "permits.far."
"""What is said otherwise where a local system is used far from its common points."""


@dataclass(frozen=True, slots=True)
class Question:
    """A checked question. Depth and buffer in metres; the depth is kept, not judged: a pipe's
    cover is too uncertain to dig above it.
    """

    place: Located
    method: str
    buffer_m: float = 0.0
    depth_m: float | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def area(self) -> Area:
        """The area, as its first reading has it."""
        return self.place.area

    def work(self) -> dict[str, Any]:
        """The `work` argument of api.permit_check.

        The words of both languages travel with it: one catalogue holds all words, a wording
        changes without a migration, and one statement answers in both languages.
        """
        return {
            "method": self.method,
            "buffer_m": self.buffer_m,
            "accuracy_m": self.area.accuracy_m,
            "depth_m": self.depth_m,
            "starts_on": self.starts_on and self.starts_on.isoformat(),
            "ends_on": self.ends_on and self.ends_on.isoformat(),
            "words": words(self.method, far=self.place.unlocated == "far"),
        } | self.place.work()


@cache
def words(method: str, *, far: bool = False) -> dict[str, dict[str, str]]:
    """The answer's texts by language, with the method's name."""
    rooms = (_ANSWER, _FAR) if far else (_ANSWER,)
    return {
        language: {
            key.removeprefix(room): say(key, language)
            for room in rooms
            for key in catalogue()
            if key.startswith(room)
        }
        | {"method": say(f"permits.method.{method}", language)}
        | {f"named_{verdict}": say(f"permits.verdict.{verdict}", language) for verdict in VERDICTS}
        for language in LANGUAGES
    }


def read_question(
    document: object,
    crs: str | None,
    settings: Settings,
    place: Place | None = None,
    city: Around | None = None,
) -> Question:
    """The question that a JSON object asks: about `place`, else about its member `area`, GeoJSON.

    `city` is what is known of it. Raises Problem naming the member that is wrong.
    """
    if not isinstance(document, Mapping):
        raise Problem("bad_request", "permits.problem.body")
    for member in document:
        if member not in MEMBERS:
            known = ", ".join(MEMBERS)
            raise Problem(
                "unknown_parameter",
                "permits.problem.unknown_member",
                field=str(member)[:60],
                known=known,
            )
    for member in ("method",) if place is not None else ("area", "method"):
        if document.get(member) is None:
            raise Problem("missing_value", "permits.problem.missing", field=member)
    method = document["method"]
    if method not in METHODS:
        known = ", ".join(METHODS)
        raise Problem("invalid_value", "permits.problem.method", field="method", known=known)
    buffer_m = number(document.get("buffer_m"), "buffer_m", 0, 500)
    starts_on = day(document.get("starts_on"), "starts_on")
    ends_on = day(document.get("ends_on"), "ends_on")
    if starts_on and ends_on and ends_on < starts_on:
        raise Problem("invalid_value", "permits.problem.dates", field="ends_on")
    depth_m = number(document.get("depth_m"), "depth_m", 0, 200)
    limit = min(settings.area_km2, 1.0)
    wide = buffer_m or 0.0
    if place is None:
        lies = of_document(document["area"], crs, settings, wide, limit, "area")
    else:
        lies = located(place, crs, settings, wide, limit, "area", city)
    return Question(lies, str(method), buffer_m or 0.0, depth_m, starts_on, ends_on)


def number(value: object, field: str, low: float, high: float) -> float | None:
    """A finite number within closed bounds, or None. Raises Problem."""
    if value is None:
        return None
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    # NaN is within no bounds; an integer may be too large for a float
    if not plain or not low <= value <= high:  # type: ignore[operator]
        raise Problem("invalid_value", "permits.problem.range", field=field, low=low, high=high)
    return float(value)  # type: ignore[arg-type]


def day(value: object, field: str) -> date | None:
    """A date, or the date of an RFC 3339 time, or None. Raises Problem."""
    if value is None:
        return None
    try:
        text = value if isinstance(value, str) else ""
        return date.fromisoformat(text[:10] if text[10:11] in ("T", "t", " ") else text)
    except ValueError:
        raise Problem("invalid_value", "permits.problem.date", field=field) from None
