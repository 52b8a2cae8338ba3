"""Whose coordinates these are: told, implied, remembered or proved; else a question, never a guess.

The order of what counts: what a person says, what the file states, what its maker implies (both
are the reader's claim), what the same sender was answered before, what the numbers alone prove.
A system that somebody states is believed unless the numbers plainly do not fit it: then nothing
is moved in silence, and the reading that would fit is asked about.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from gridwarden.geodesy import (
    MERIDIANS,
    CrsRefusedError,
    Reading,
    WorkingCrs,
    meridian_zone,
    numbered_zone,
    reading_of,
    zone_of,
)
from gridwarden.intake.coordinates.extent import Extent, Looked
from gridwarden.intake.coordinates.local import LOCAL
from gridwarden.intake.coordinates.question import Option, Question, option
from gridwarden.intake.formats.batch import Shapes
from gridwarden.intake.formats.claim import DEGREES, Claim
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

LONLAT: Final = "EPSG:4326"
NAMED_OTHERWISE: Final = {"title_local": "names_local", "title_several": "names_several"}
"""Reasons of claims that name a local system, or several systems: no zone may be tried on their
numbers. And the end of the key that refuses them."""
WHOSE: Final = {LONLAT: "wgs84", "gcj02": "gcj02", "bd09": "bd09"}
"""What degrees in China may be, and the key of the words for it. CGCS2000 is WGS 84 to a few
decimetres; both are meant by the first."""


class Saying(Protocol):
    """What a person said (intake's `Ask`, or `Said`)."""

    @property
    def crs(self) -> str | None: ...
    @property
    def north_first(self) -> bool | None: ...
    @property
    def answered(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of coordinates. `answered` names what they answered to a question
    (`crs`, `north_first`): that is not asked again."""

    crs: str | None = None
    north_first: bool | None = None
    answered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """What the same sender was answered last time for the same claim."""

    crs: str
    detail: str


@dataclass(frozen=True)
class Decision:
    """A reading and why, or a question; never both.

    `because` and those in `also` end `coordinates.because.<…>`; their details fill `{detail}`.
    `notes` are for the import's notes.
    """

    reading: Reading | None
    because: str
    detail: str = ""
    question: Question | None = None
    also: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def reason(self) -> dict[str, Any]:
        """Why, as it is kept: codes and details; words come with the language."""
        return {
            "key": self.because,
            "detail": self.detail,
            "also": [{"key": key, "detail": detail} for key, detail in self.also],
        }


def decided(
    claim: Claim,
    sample: Shapes,
    ask: Saying,
    settings: Settings,
    extent: Extent | None = None,
    *,
    before: Before | None = None,
    fitted: Reading | None = None,
) -> Decision:
    """Decide for the first rows of a file, `sample` in its own numbers.

    `extent` is where the city is (the working CRS's area when None); `before` what this sender
    was answered for such a file; `fitted` the reading of the local system that `ask.crs` names.
    Raises Problem `refused` (field `crs`) where nothing can be asked: a system without
    parameters, numbers that no reading puts into the city.
    """
    place = extent or Extent(WorkingCrs(settings.crs))
    return _Deciding(claim, Looked.at(sample), ask, place, before, fitted).decision()


@dataclass(frozen=True)
class _Deciding:
    claim: Claim
    looked: Looked
    ask: Saying
    extent: Extent
    before: Before | None
    fitted: Reading | None
    _kept: dict[tuple[str, bool], Reading] = field(default_factory=dict)

    def decision(self) -> Decision:
        if self.ask.crs:
            because = "answered" if "crs" in self.ask.answered else "said"
            return self._told(self.ask.crs, because, self.ask.crs)
        if self.claim.told:
            assert self.claim.system is not None
            return self._told(self.claim.system, self.claim.because, self.claim.detail)
        if self.looked.axes.kind == "plane":
            self._check_named()
            return self._turned() or self._plane()
        if self.claim.system == DEGREES or self.looked.axes.kind == "degrees":
            return self._turned() or self._degrees()
        self._check_named()
        return self._unknown()

    def _check_named(self) -> None:
        """Raises Problem `refused` for metres of a local system, or of one of several."""
        key = NAMED_OTHERWISE.get(self.claim.because)
        if key is not None and self.before is None:
            said = self.claim.detail
            raise Problem("refused", f"coordinates.refused.{key}", field="crs", said=said)

    # What somebody states.

    def _told(self, system: str, because: str, detail: str) -> Decision:
        reading = self._read(system, self._north_first(system))
        notes = self._overruled()
        question = self._turned_question(reading) or self._misfit(reading)
        if question is not None:
            return Decision(None, because, detail, question, notes=notes)
        return self._taken(reading, because, detail, notes)

    def _taken(
        self, reading: Reading, because: str, detail: str, notes: tuple[str, ...] = ()
    ) -> Decision:
        also: list[tuple[str, str]] = []
        if "north_first" in self.ask.answered:
            also.append(("answered_axes", ""))
        elif self.ask.north_first is not None:
            also.append(("said_axes", ""))
        elif reading.fitted is not None and self.claim.north_first is None:
            also.append(("order_of_points", ""))
        elif reading.north_first and self.claim.north_first is None:
            degrees = reading.geographic
            also.append(("latitude_first_by_range" if degrees else "x_is_north_by_range", ""))
            notes = (*notes, "latitude_first" if degrees else "x_is_north")
        if reading.fitted is not None:
            told = len(reading.fitted.points) > 2
            also.append(("checked" if told else "unchecked", f"{reading.accuracy_m:.2f}"))
            far = self.looked.of - self._inside(reading)
            notes = (*notes, f"far_from_points:{far}") if far else notes
        elif self.looked.of and not self._inside(reading):
            notes = (*notes, f"none_in_city:{self.looked.of}")
        turned = self.looked.only_turned(reading, self.extent)
        if turned and "north_first" not in self.ask.answered:
            notes = (*notes, f"swapped_rows:{turned}")
        if reading.accuracy_m:
            notes = (*notes, f"accuracy_added:{reading.accuracy_m:g}")
        return Decision(reading, because, detail, None, tuple(also), notes)

    def _overruled(self) -> tuple[str, ...]:
        over = self.ask.crs and self.claim.told and self.ask.crs != self.claim.system
        return ("crs_overruled",) if over else ()

    def _north_first(self, system: str) -> bool:
        """Which number is the northing: said, known to the reader, or told by the ranges."""
        if self.ask.north_first is not None:
            return self.ask.north_first
        if self.claim.north_first is not None:
            return self.claim.north_first
        if system.startswith(LOCAL):
            return self._fitted(system).north_first
        same = self.looked.axes.kind == ("degrees" if self._is_degrees(system) else "plane")
        return bool(same and self.looked.axes.north_first)

    def _is_degrees(self, system: str) -> bool:
        return self._read(system, north_first=False).geographic

    # Questions about what is stated.

    def _turned_question(self, reading: Reading) -> Question | None:
        """Whether the other order of the two numbers fits, and this one does not."""
        if "north_first" in self.ask.answered or not self.looked.of:
            return None
        turned = replace(reading, north_first=not reading.north_first)
        here, there = self._inside(reading), self._inside(turned)
        if self.looked.most(here) or not self.looked.most(there):
            return None
        return self._axes_question(reading, turned)

    def _axes_question(self, reading: Reading, turned: Reading) -> Question:
        options = [
            option(
                one,
                {"north_first": one.north_first},
                "north_first" if one.north_first else "east_first",
                self.looked,
                self.extent,
            )
            for one in (turned, reading)
        ]
        key = "north_first" if turned.north_first else "east_first"
        return Question("axes", key, options, {"crs": reading.name})

    def _misfit(self, reading: Reading) -> Question | None:
        """Whether another system plainly fits these numbers, and the stated one does not."""
        if "crs" in self.ask.answered or not self.looked.of:
            return None
        here = self._inside(reading)
        if self.looked.most(here):
            return None
        fitting = [
            one for one in self._others(reading, here) if self.looked.most(self._inside(one))
        ]
        if not fitting:
            return None
        return self._whose("misfit", [*fitting, reading], crs=reading.name)

    def _others(self, reading: Reading, here: int) -> Iterator[Reading]:
        """The systems that these numbers may be in as well, by their ranges."""
        axes = self.looked.axes
        north_first = self._order(axes.north_first)
        if axes.north_first is not None and "north_first" not in self.ask.answered:
            north_first = axes.north_first
        systems: Iterable[str] = ()
        if axes.kind == "plane" or (axes.kind == "unknown" and not reading.geographic):
            systems = (crs for crs in self._plane_systems() if not _same(crs, reading))
        elif axes.kind == "degrees" and not reading.geographic:
            systems = self._lonlat_systems()
        elif reading.geographic and here == 0 and self.extent.shifted:
            systems = (crs for crs in WHOSE if crs != reading.name)
            north_first = reading.north_first
        yield from (self._read(crs, north_first) for crs in systems)

    # What nobody states.

    def _turned(self) -> Decision | None:
        """Held where somebody states an order that the ranges contradict."""
        proved = self.looked.axes.north_first
        stated = self._order(proved)
        if "north_first" in self.ask.answered or proved is None or stated == proved:
            return None
        systems = (LONLAT,) if self.looked.axes.kind == "degrees" else self._plane_systems()
        right = max((self._read(crs, proved) for crs in systems), key=self._inside)
        return self._held(self._axes_question(replace(right, north_first=stated), right))

    def _degrees(self) -> Decision:
        north_first = self._order(self.looked.axes.north_first)
        if not self.looked.of:
            return self._taken(self._read(LONLAT, north_first), "no_places", "")
        if not self.extent.shifted:
            reading = self._read(LONLAT, north_first)
            question = self._turned_question(reading)
            if question is not None:
                return self._held(question)
            return self._taken(reading, "no_shift_here", self.claim.detail)
        if self.before is not None:
            return self._told(self.before.crs, "answered_before", self.before.detail)
        readings = [self._read(crs, north_first) for crs in self._lonlat_systems()]
        question = self._turned_question(readings[0])
        return self._held(question or self._whose("whose", readings))

    def _plane(self) -> Decision:
        axes = self.looked.axes
        named = self.claim.because in NAMED_OTHERWISE
        if axes.zone is not None and axes.zone_width_deg is not None and not named:
            epsg = numbered_zone(axes.zone, axes.zone_width_deg)
            reading = self._read(f"EPSG:{epsg}", self._order(axes.north_first))
            return self._taken(reading, "zone_prefix", f"{axes.zone} → EPSG:{epsg}")
        if self.before is not None:
            return self._told(self.before.crs, "answered_before", self.before.detail)
        readings = [self._read(crs, self._order(axes.north_first)) for crs in self._plane_systems()]
        fitting = [one for one in readings if self.looked.most(self._inside(one))]
        if len(fitting) == 1 and zone_of(fitting[0].epsg) and self.extent.shifted:
            return self._taken(fitting[0], "only_zone_that_fits", fitting[0].name)
        if fitting:
            return self._held(self._whose("zone", fitting))
        raise Problem("refused", "coordinates.refused.no_zone_fits", field="crs")

    def _unknown(self) -> Decision:
        """Numbers of no Chinese range: the working CRS is offered where it fits, nothing else."""
        if self.before is not None:
            return self._told(self.before.crs, "answered_before", self.before.detail)
        working, order = f"EPSG:{self.extent.working.epsg}", self._order(None)
        for reading in (self._read(working, order), self._read(working, not order)):
            if self.looked.most(self._inside(reading)):
                return self._held(self._whose("zone", [reading]))
        raise Problem("refused", "intake.no_crs", field="crs")

    def _held(self, question: Question) -> Decision:
        return Decision(None, self.claim.because, self.claim.detail, question)

    # Readings.

    def _order(self, proved: bool | None) -> bool:
        """The order in which a reading without a system takes the numbers."""
        for known in (self.ask.north_first, self.claim.north_first, proved):
            if known is not None:
                return known
        return False

    def _lonlat_systems(self) -> tuple[str, ...]:
        return tuple(WHOSE) if self.extent.shifted else (LONLAT,)

    def _plane_systems(self) -> tuple[str, ...]:
        """The zones that numbers of this range may be in, and the working CRS."""
        axes, working = self.looked.axes, f"EPSG:{self.extent.working.epsg}"
        if axes.zone is not None and axes.zone_width_deg is not None:
            return (f"EPSG:{numbered_zone(axes.zone, axes.zone_width_deg)}",)
        if not self.extent.shifted:
            return (working,)
        zones = tuple(f"EPSG:{meridian_zone(meridian)}" for meridian in MERIDIANS)
        return zones if zone_of(self.extent.working.epsg) else (*zones, working)

    def _read(self, system: str, north_first: bool) -> Reading:
        """A system's reading. Raises Problem `refused` for one that cannot be read."""
        known = self._kept.get((system, north_first))
        if known is None:
            known = self._kept[system, north_first] = replace(
                self._fitted(system), north_first=north_first
            )
        return known

    def _fitted(self, system: str) -> Reading:
        if system.startswith(LOCAL):
            if self.fitted is None:
                raise Problem("not_found", "coordinates.refused.no_local", field="crs", name=system)
            return self.fitted
        try:
            return reading_of(system, self.extent.working)
        except CrsRefusedError as no:
            raise Problem("refused", f"intake.crs_{no.reason}", field="crs", crs=no.crs) from no

    def _inside(self, reading: Reading) -> int:
        return self.looked.inside(reading, self.extent)

    def _whose(self, key: str, readings: list[Reading], **params: Any) -> Question:
        options = [self._option(one) for one in readings]
        return Question("coordinates", key, options, {"detail": self.claim.detail, **params})

    def _option(self, reading: Reading) -> Option:
        key = WHOSE.get(reading.name, "plane")
        answer: dict[str, Any] = {"crs": reading.name}
        if reading.north_first != self._north_first(reading.name):
            answer["north_first"] = reading.north_first
        return option(reading, answer, key, self.looked, self.extent, crs=reading.name)


def _same(crs: str, reading: Reading) -> bool:
    """Whether the same numbers are meant: a 6° zone without its number is a 3° one."""
    one, other = zone_of(int(crs.removeprefix("EPSG:"))), zone_of(reading.epsg)
    if one is None or other is None:
        return crs == reading.name
    return (one.meridian, one.number) == (other.meridian, other.number)
