"""A whole pack: who it is, its classes, diameters, figures and profiles, and its rules."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from gridwarden.rules.format.parts import (
    Both,
    Certainty,
    ClassId,
    Level,
    Metres,
    Millimetres,
    Name,
    Number,
    Part,
    State,
    Text,
    wrong,
)
from gridwarden.rules.format.rows import Networks
from gridwarden.rules.format.rule import Rule


class Head(Part):
    """Who the pack is."""

    id: Name = Field(description="its name; the file or folder is called the same")
    version: Text = Field(description="raised with every change that is published")
    title: Both = Field(description="what people call it")
    jurisdiction: Text = Field(description="where it holds, e.g. CN or CN-SH")
    level: Level = Field(description="nation, province, city or project: deeper ones may replace")
    valid_from: date = Field(description="the day from which it holds")
    extends: Name | None = Field(
        default=None, description="the pack whose classes, diameters and figures it uses"
    )
    missing_od_mm: Millimetres | None = Field(
        default=None, description="base packs: a main of unknown diameter counts as this, mm"
    )
    point_radius_m: Metres | None = Field(
        default=None, description="base packs: a point counts with this radius, m"
    )
    networks: Networks = Field(
        default=("city", "yard"),
        description="the mains that its rules judge where they name no network",
    )
    state: State | None = Field(
        default=None, description="the profile that its figures must agree with"
    )


class PressureClass(Part):
    """over_mpa < p <= upto_mpa (maximum operating gauge pressure, MPa)."""

    id: ClassId = Field(description="its code, e.g. MB")
    over_mpa: Number = Field(description="the pressure that it begins after, MPa")
    upto_mpa: Number = Field(description="the pressure that it ends with, MPa")
    closed_below: bool = Field(
        default=False, description="whether over_mpa itself belongs to it, not to the one below"
    )
    title: Both = Field(description="what people call it")

    @model_validator(mode="after")
    def not_empty(self) -> Self:
        """A class holds at least one pressure."""
        if not self.over_mpa < self.upto_mpa:
            raise wrong("over_mpa must be less than upto_mpa", "over_mpa")
        return self


class ClassSystem(Part):
    """Pressure classes as one code draws them, weakest first, without a gap."""

    id: Name = Field(description="what rules call it in `classes`")
    title: Both = Field(description="what people call it")
    source: Text = Field(description="the clause or page that the boundaries come from")
    class_: Annotated[tuple[PressureClass, ...], Field(min_length=1)] = Field(
        alias="class", description="from the weakest to the strongest"
    )

    @model_validator(mode="after")
    def whole(self) -> Self:
        """Each class begins where the one before ends."""
        for number, (weaker, stronger) in enumerate(pairwise(self.class_), start=1):
            if weaker.upto_mpa != stronger.over_mpa:
                raise wrong(
                    f"{stronger.id} does not begin where {weaker.id} ends",
                    "class",
                    number,
                    "over_mpa",
                )
        once(self.class_, "class")
        return self


class OuterDiameters(Part):
    """Outer diameter (mm) by nominal diameter, for one material."""

    source: Text = Field(description="the series that the table is taken from")
    same_as_dn: bool = Field(
        default=False, description="whether the material is named by its outer diameter"
    )
    dn: dict[Annotated[str, StringConstraints(pattern=r"^\d{1,4}$")], Millimetres] = Field(
        default={}, description='outer diameters, mm: { "100" = 114.3, ... }'
    )

    @model_validator(mode="after")
    def table_or_same(self) -> Self:
        """Either a table or the nominal diameter itself."""
        if self.same_as_dn == bool(self.dn):
            raise wrong("give either same_as_dn = true or a table dn")
        return self


class Figure(Part):
    """A number that a city sets. Without it, the rules that use it judge nobody, and say so."""

    id: Name = Field(description="what rules and overlays call it")
    unit: Text = Field(description="m, m2, h, persons, ...")
    value: Number | None = Field(default=None, description="the number, where it is known")
    title: Both = Field(description="what people call it")
    source: Text = Field(description="where it comes from, or who has to set it")
    certainty: Certainty = Field(description="print, published, recalled, design")


class Profile(Part):
    """A state's law on digging, by the fields in which the Common Ground Alliance tells it."""

    state: State = Field(description="two letters, e.g. CA")
    title: Both = Field(description="what people call it")
    tolerance_zone_m: Metres | None = Field(
        default=None, description="to either side of the facility's outer edge, metres"
    )
    notice_working_days: Number | None = Field(
        default=None, description="advance notice: working days before the start, at least"
    )
    notice_at_most_days: Number | None = Field(
        default=None, description="calendar days before the start, at most"
    )
    marks_valid_days: Number | None = Field(default=None, description="how long marks are valid")
    mandatory_membership: bool | None = Field(default=None, description="must operators be members")
    civil_penalties: bool | None = Field(default=None, description="are there civil penalties")
    hand_dig_clause: bool | None = Field(default=None, description="hand tools only in the zone")
    mandatory_premark: bool | None = Field(default=None, description="must the site be pre-marked")
    emergency_clause: bool | None = Field(default=None, description="is there an emergency clause")
    positive_response: bool | None = Field(default=None, description="must operators answer")
    depth_exemption: bool | None = Field(default=None, description="is shallow work exempt")
    note: Both | None = Field(default=None, description="what else there is to know")
    source: Text = Field(description="the page or law that it comes from")
    certainty: Certainty = Field(description="print, published, recalled, design")


class Pack(Part):
    """A pack: a base with classes of its own, or one that extends another."""

    pack: Head = Field(description="who the pack is")
    class_system: tuple[ClassSystem, ...] = Field(
        default=(), description="pressure classes; the first of a base is shown in answers"
    )
    outer_diameter: dict[Name, OuterDiameters] = Field(
        default={}, description="outer diameters by material"
    )
    figure: tuple[Figure, ...] = Field(default=(), description="numbers that a city sets")
    figures: dict[Name, Number] = Field(
        default={}, description="values for figures of the packs that it extends"
    )
    profile: tuple[Profile, ...] = Field(default=(), description="states' laws on digging")
    rule: tuple[Rule, ...] = Field(default=(), description="the rules")

    @model_validator(mode="after")
    def whole(self) -> Self:
        """What a base has to bring, and every name once."""
        for mistake in self._mistakes():
            raise mistake
        for what in ("class_system", "figure", "rule"):
            once(getattr(self, what), what)
        states = [p.state for p in self.profile]
        for number, state in enumerate(states):
            if state in states[:number]:
                raise wrong(f"profile {state!r} stands twice", "profile", number, "state")
        return self

    def _mistakes(self) -> Iterator[Exception]:
        head = self.pack
        if head.extends is None:
            if not self.class_system:
                yield wrong("a pack has a class_system, or extends a pack that has one", "pack")
            for key in ("missing_od_mm", "point_radius_m"):
                if getattr(head, key) is None:
                    yield wrong(f"a base pack (one without extends) gives {key}", "pack")
            if head.level != "nation":
                yield wrong("a base pack (one without extends) is of level nation", "pack", "level")
            if self.figures:
                yield wrong(
                    "[figures] sets figures of other packs; a base gives value in its [[figure]]",
                    "figures",
                )
        else:
            for key in ("missing_od_mm", "point_radius_m"):
                if getattr(head, key) is not None:
                    yield wrong(f"{key} belongs to the base pack alone", "pack", key)
            if head.extends == head.id:
                yield wrong("a pack cannot extend itself", "pack", "extends")
        for figure in self.figure:
            if figure.id in self.figures:
                yield wrong(
                    f"{figure.id} is this pack's own figure: its value stands there",
                    "figures",
                    figure.id,
                )
        if not (self.rule or self.figures or self.figure):
            yield wrong("a pack holds at least one rule or figure", "pack")
        yield from self._strengths()

    def _strengths(self) -> Iterator[Exception]:
        """A main gives one finding of a family: who is inside both bands is inside protection."""
        for number, weaker in enumerate(self.rule):
            if weaker.kind not in ("clearance", "control"):
                continue
            for stronger in self.rule:
                if (
                    stronger.kind == "protection"
                    and stronger.family == weaker.family
                    and stronger.counterpart_layer == weaker.counterpart_layer
                    and set(stronger.subjects) & set(weaker.subjects)
                    and stronger.strength <= weaker.strength
                ):
                    yield wrong(
                        f"{weaker.id} must have less strength than {stronger.id}, a protection",
                        "rule",
                        number,
                        "strength",
                    )


def once(parts: tuple[PressureClass | ClassSystem | Figure | Rule, ...], what: str) -> None:
    """Raise for the second part of a name."""
    seen: set[str] = set()
    for number, part in enumerate(parts):
        if part.id in seen:
            raise wrong(f"{what} {part.id!r} stands twice", what, number, "id")
        seen.add(part.id)
