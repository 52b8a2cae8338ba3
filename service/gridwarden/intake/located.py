"""Whose coordinates a place has, and where it then lies: known with a reason, or under every
reading that it may have, of which nobody knows which holds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import shapely

from gridwarden.database import Caller, Pool, as_caller
from gridwarden.geodesy import Reading, WorkingCrs
from gridwarden.intake.area import LONLAT, Area, area_of, read_area
from gridwarden.intake.coordinates import Decision, Extent, Question, Said, decided
from gridwarden.intake.coordinates.knowing import extent_of
from gridwarden.intake.coordinates.local import LOCAL
from gridwarden.intake.coordinates.named import fitted_by, names_of
from gridwarden.intake.formats.batch import Shapes
from gridwarden.intake.formats.claim import DEGREES, Claim
from gridwarden.intake.formats.crs_member import crs_claim
from gridwarden.intake.places import Place
from gridwarden.intake.system_names import system_name
from gridwarden.settings import Settings
from gridwarden.words import LANGUAGES, say
from gridwarden.words.problems import Problem

UNKNOWN: Final = "unknown"
"""What a person says who does not know the system."""
MOST: Final = 8
"""Readings that are judged together."""
OUTSIDE: Final = "areas.problem.outside"
"""The only reason for which a reading cannot be the one that is meant: it lies elsewhere."""
NO_ZONE: Final = "coordinates.refused.no_zone_fits"
SURE: Final = (None, "bd09", "far")
"""What `unlocated` may be where it is known whose the coordinates are."""


@dataclass(frozen=True, slots=True)
class Meant:
    """One reading of a place: the system's name, which number is the northing, and the area.

    `doubt` says why the area may lie elsewhere though the reading holds: `bd09`, `far`.
    """

    name: str
    north_first: bool
    area: Area
    doubt: str | None = None

    def said(self, lang: str, *, axes: bool) -> str:
        """The reading in words; `axes` where readings differ in the order of the numbers."""
        named = system_name(self.name, lang)
        if not axes:
            return named
        return say(f"places.axes.{'north' if self.north_first else 'east'}", lang, system=named)


@dataclass(frozen=True, slots=True)
class Located:
    """Where a place lies. `unlocated` says why it is not known which of `readings` holds: `whose`,
    `zone`, `misfit`, `axes`; or, of the one that holds, why it may lie elsewhere: `bd09`, known
    within 10 m; `far`, a local system far from its common points. None where it is known.

    `reasons` end `coordinates.because.<…>`, each with its detail.
    """

    readings: tuple[Meant, ...]
    reasons: tuple[tuple[str, str], ...]
    unlocated: str | None = None

    @property
    def area(self) -> Area:
        """The area of the first reading."""
        return self.readings[0].area

    @property
    def several(self) -> bool:
        """Whether readings differ in the order of the two numbers."""
        return len({one.north_first for one in self.readings}) > 1

    def names(self, lang: str) -> list[str]:
        """The readings in words, in order."""
        return [one.said(lang, axes=self.several) for one in self.readings]

    def said(self, lang: str) -> str:
        """As what the coordinates were read, and why, in one sentence."""
        between = "；" if lang == "zh" else "; "
        why = between.join(
            say(f"coordinates.because.{key}", lang, detail=detail) for key, detail in self.reasons
        )
        if len(self.readings) > 1:
            names = ("、" if lang == "zh" else ", ").join(self.names(lang))
            return say("places.read.several", lang, systems=names, why=why)
        key = "one" if self.unlocated in SURE else "only"
        return say(f"places.read.{key}", lang, system=self.names(lang)[0], why=why)

    def work(self) -> dict[str, Any]:
        """What `api.permit_answer` is told: `coordinates`, and `unlocated` where that is so."""
        only = self.readings[0] if len(self.readings) == 1 else None
        told: dict[str, Any] = {
            "coordinates": {
                "system": only and only.name,
                "north_first": only and only.north_first,
                "because": [{"key": key, "detail": detail} for key, detail in self.reasons],
                "said": {lang: self.said(lang) for lang in LANGUAGES},
            }
        }
        if self.unlocated is None:
            return told
        names = {lang: self.names(lang) for lang in LANGUAGES}
        return told | {
            "unlocated": {
                "because": self.unlocated,
                "readings": [
                    {
                        "name": one.name,
                        "north_first": one.north_first,
                        "area": one.area.geojson(),
                        "accuracy_m": one.area.accuracy_m,
                        "said": {lang: names[lang][n] for lang in LANGUAGES},
                    }
                    for n, one in enumerate(self.readings)
                ],
            }
        }


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of the city and of its local systems, to decide whose coordinates these are."""

    extent: Extent | None = None
    fitted: Reading | None = None


def located(
    place: Place,
    crs: str | None,
    settings: Settings,
    buffer_m: float,
    km2: float,
    field: str = "area",
    city: Around | None = None,
) -> Located:
    """Where a place lies; `crs` is what the person chose (`unknown`: they do not know).

    Raises Problem, naming `field` or `crs`.
    """
    known = None if crs is None or not crs.strip() else crs.strip()
    because = place.claim.because
    open_geojson = (because == "geojson" and known == UNKNOWN) or (
        because == "crs_null" and known in (None, UNKNOWN)
    )
    if place.document is not None and not open_geojson:
        return _of_geojson(
            place, None if known == UNKNOWN else known, settings, buffer_m, km2, field
        )
    if place.document is not None:
        shape = read_area(place.document, None, settings.crs, buffer_m, km2, field).metres
        lonlat = _lonlat_again(shape, settings)
        place = Place(Claim(DEGREES, "crs_null" if because == "crs_null" else "typed"), lonlat)
    assert place.shape is not None
    said = Said(None if known == UNKNOWN else _named(known))
    sample: Shapes = np.array([place.shape], dtype=object)
    asking = _Asking(place, sample, settings, buffer_m, km2, field, city or Around())
    return asking.answer(said)


async def known_for(
    place: Place, crs: str | None, pool: Pool, caller: Caller, settings: Settings
) -> Around:
    """Look up what has to be known for a place; nothing where the place itself tells.

    Raises Problem `not_found` for a local system that is not the caller's.
    """
    local = crs is not None and crs.startswith(LOCAL)
    if not local and (place.document is not None or place.claim.told):
        return Around()
    working = WorkingCrs(settings.crs)
    async with as_caller(pool, caller) as connection:
        fitted = await fitted_by(connection, crs, working)
        return Around(await extent_of(connection, settings.crs), fitted)


async def local_names(pool: Pool, caller: Caller) -> list[str]:
    """The names of the local systems that the caller may choose."""
    async with as_caller(pool, caller) as connection:
        return await names_of(connection)


def _lonlat_again(shape: Any, settings: Settings) -> Any:
    working = WorkingCrs(settings.crs)
    return shapely.transform(shape, lambda c: np.column_stack(working.lonlat(c[:, 0], c[:, 1])))


def _named(crs: str | None) -> str | None:
    if crs is None:
        return None
    name = crs.lower()
    if name in LONLAT or name == "lonlat":
        return "EPSG:4326"
    return name if name in ("gcj02", "bd09") else crs.upper() if name.startswith("epsg:") else crs


def of_document(
    document: object, crs: str | None, settings: Settings, buffer_m: float, km2: float, field: str
) -> Located:
    """GeoJSON as the API takes it: one geometry or feature, in `crs`; when None, in what its `crs`
    member says, WGS 84 without one."""
    place = Place(crs_claim(document), None, document)
    if crs is None and place.claim.because == "crs_null":
        return located(place, None, settings, buffer_m, km2, field)
    return _of_geojson(place, crs, settings, buffer_m, km2, field)


def _of_geojson(
    place: Place, crs: str | None, settings: Settings, buffer_m: float, km2: float, field: str
) -> Located:
    area = read_area(place.document, crs, settings.crs, buffer_m, km2, field)
    name = area.system or "EPSG:4326"
    reason = ("chosen", "") if crs is not None else (place.claim.because, name)
    return Located((Meant(name, False, area),), (reason,), "bd09" if name == "bd09" else None)


def _reason(found: Decision) -> tuple[str, str]:
    """Why, as a question tells it: who asks is who chose."""
    return ("chosen", "") if found.because == "said" else (found.because, found.detail)


def _sure(meant: Meant, reasons: tuple[tuple[str, str], ...]) -> Located:
    """The one reading that holds."""
    far = (("far_from_points", ""),) if meant.doubt == "far" else ()
    return Located((meant,), (*reasons, *far), meant.doubt)


def _doubt(reading: Reading, area: Area) -> str | None:
    if reading.shift == "bd09":
        return "bd09"
    fitted = reading.fitted
    return "far" if fitted is not None and not fitted.near().covers(area.metres) else None


@dataclass(frozen=True)
class _Asking:
    place: Place
    sample: Shapes
    settings: Settings
    buffer_m: float
    km2: float
    field: str
    known: Around

    def answer(self, said: Said) -> Located:
        found = self._decided(said)
        if found.reading is not None:
            return self._known(found, found.reading)
        assert found.question is not None
        return self._open(found, found.question, said)

    def _decided(self, said: Said) -> Decision:
        known = self.known
        return decided(
            self.place.claim, self.sample, said, self.settings, known.extent, fitted=known.fitted
        )

    def _known(self, found: Decision, reading: Reading) -> Located:
        return _sure(self._meant(reading), (_reason(found), *found.also))

    def _open(self, found: Decision, question: Question, said: Said) -> Located:
        """Under every reading that the question offers and that lies here."""
        meant: dict[tuple[str, bool], Meant] = {}
        whose: str | None = None
        outside: Problem | None = None
        for reading, key in self._offered(question, said):
            try:
                meant.setdefault((reading.name, reading.north_first), self._meant(reading))
                whose = whose or key
            except Problem as problem:
                if problem.detail != OUTSIDE:
                    raise
                outside = outside or problem
        if not meant:
            raise outside or Problem("refused", "intake.no_crs", field="crs")
        readings = tuple(meant.values())[:MOST]
        reasons = (_reason(found), *found.also)
        if question.kind == "axes" and len({one.north_first for one in readings}) == 1:
            key = "only_north_first" if readings[0].north_first else "only_east_first"
            reasons = (*reasons, (key, ""))
        if whose is None and len(readings) == 1 and self.place.claim.north_first is None:
            return _sure(readings[0], reasons)
        return Located(readings, reasons, whose or "axes")

    def _offered(
        self, question: Question, said: Said, whose: str | None = None
    ) -> Iterator[tuple[Reading, str | None]]:
        """Every reading that a question offers, and the key of the question whose they are. Where
        the order of the numbers is asked first, whose they are is asked behind each order."""
        whose = question.key if question.kind == "coordinates" else whose
        for option in question.options:
            crs = option.answer.get("crs") or said.crs
            chosen = Said(crs, option.answer.get("north_first", said.north_first))
            found = self._answered(question, chosen)
            if found.reading is not None:
                yield found.reading, whose
            elif found.question is not None:
                yield from self._offered(found.question, chosen, whose)

    def _answered(self, question: Question, chosen: Said) -> Decision:
        """What comes of an option, and of nothing more than it says."""
        both = ("crs", "north_first")
        if question.kind == "coordinates":
            return self._decided(replace(chosen, answered=both))
        try:
            return self._decided(replace(chosen, answered=both[1:]))
        except Problem as problem:
            if problem.detail != NO_ZONE:
                raise
        # in this order no zone puts it here; it is measured by the one that was asked about
        asked = question.params.get("crs")
        return self._decided(replace(chosen, crs=asked, answered=both))

    def _meant(self, reading: Reading) -> Meant:
        area = self._area(reading)
        return Meant(reading.name, reading.north_first, area, _doubt(reading, area))

    def _area(self, reading: Reading) -> Area:
        assert self.place.shape is not None
        return area_of(self.place.shape, reading, self.buffer_m, self.km2, self.field)
