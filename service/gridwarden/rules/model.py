"""What a rule pack may say: frozen models that refuse to exist when wrong.

Distances are metres from a main's outer edge in the working plane. A file that does not fit is
refused by `gridwarden.rules.loading` with its name, line and reason.
"""

import math
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

Severity = Literal["general", "serious", "major"]
Verdict = Literal["notify", "protection_plan", "prohibited"]
Kind = Literal["on", "protection", "clearance", "control", "activity", "absence", "attribute"]
Method = Literal[
    "hand",
    "mechanical",
    "trenchless",
    "piling",
    "borehole",
    "blasting",
    "dewatering",
    "lifting",
]
SEVERITIES: tuple[Severity, ...] = ("general", "serious", "major")
VERDICTS: tuple[Verdict, ...] = ("notify", "protection_plan", "prohibited")
PAIR_KINDS: tuple[Kind, ...] = ("on", "protection", "clearance", "control")
"""Kinds that judge the distance between a feature and a main, strongest first."""
UNKNOWN = "unknown"
"""The class of a main that states neither class nor pressure."""


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Number = Annotated[float, AfterValidator(_finite)]
Metres = Annotated[float, Field(ge=0, le=10_000), AfterValidator(_finite)]
Millimetres = Annotated[float, Field(gt=0, le=10_000), AfterValidator(_finite)]


class Part(BaseModel):
    """Anything in a pack: frozen, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Both(Part):
    """A sentence in both languages."""

    en: Text
    zh: Text


class Measures(Part):
    """What to do, in both languages, line by line."""

    en: tuple[Text, ...]
    zh: tuple[Text, ...]

    @model_validator(mode="after")
    def same_lines(self) -> Self:
        """Each line stands in both languages."""
        if len(self.en) != len(self.zh):
            raise ValueError("measures need as many lines in zh as in en")
        return self


class Head(Part):
    """Who the pack is. `extends` names the base pack whose classes and diameters it uses."""

    id: Name
    version: Text
    title: Both
    jurisdiction: Text
    valid_from: date
    extends: Name | None = None
    missing_od_mm: Millimetres | None = None
    point_radius_m: Metres | None = None


class PressureClass(Part):
    """over_mpa < p <= upto_mpa (maximum operating gauge pressure, MPa)."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,6}$")]
    over_mpa: Number
    upto_mpa: Number
    title: Both

    @model_validator(mode="after")
    def not_empty(self) -> Self:
        """A class holds at least one pressure."""
        if not self.over_mpa < self.upto_mpa:
            raise ValueError("over_mpa must be less than upto_mpa")
        return self


class OuterDiameters(Part):
    """Outer diameter (mm) by nominal diameter, for one material."""

    source: Text
    same_as_dn: bool = False
    dn: dict[Annotated[str, StringConstraints(pattern=r"^\d{1,4}$")], Millimetres] = {}

    @model_validator(mode="after")
    def table_or_same(self) -> Self:
        """Either a table or the nominal diameter itself."""
        if self.same_as_dn == bool(self.dn):
            raise ValueError("give either same_as_dn = true or a table dn")
        return self


class Row(Part):
    """One line of a rule's table."""

    class_: str | None = Field(default=None, alias="class")
    method: Method | None = None
    limit_m: Metres
    severity: Severity | None = None
    verdict: Verdict | None = None


class Over(Part):
    """A number that must not be exceeded, or its estimate `instead` × `factor`."""

    column: Name
    instead: Name
    factor: Number
    possible_from: Number
    certain_over: Number


class Unless(Part):
    """The value that makes an attribute rule content."""

    column: Name
    equals: Text


class Attribute(Part):
    """An attribute rule's test."""

    over: Over
    unless: Unless


class Ignore(Part):
    """Counterparts that do not count."""

    column: Name
    values: Annotated[tuple[Text, ...], Field(min_length=1)]


class Rule(Part):
    """One rule: where it comes from, whom it judges, and its rows."""

    id: Name
    family: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    kind: Kind
    subjects: tuple[Name, ...]
    strength: Annotated[int, Field(ge=0, le=100)]
    clause: str
    edition: str
    verified: bool
    certainty: Literal["print", "published", "recalled", "design"]
    source: Text
    text: Both
    measures: Measures
    row: Annotated[tuple[Row, ...], Field(min_length=1)]
    counterpart: Name | None = None
    counterpart_ignore: Ignore | None = None
    attribute: Attribute | None = None

    @model_validator(mode="after")
    def fits_its_kind(self) -> Self:
        """A row holds what its kind asks for, and each (class, method) stands once."""
        if self.verified and not (self.clause and self.edition):
            raise ValueError("a verified rule names its clause and edition")
        if bool(self.subjects) == (self.kind == "activity"):
            raise ValueError("subjects: one or more layers, and none for an activity")
        places = [(r.class_, r.method) for r in self.row]
        if len(set(places)) != len(places):
            raise ValueError("row: a class (and method) stands twice")
        for row in self.row:
            self._row_fits(row)
        if (self.kind == "attribute") != (self.attribute is not None):
            raise ValueError("attribute: a table of this name belongs to kind attribute alone")
        if (self.kind == "absence") != (self.counterpart is not None):
            raise ValueError("counterpart: a layer, for kind absence alone")
        if self.counterpart_ignore is not None and self.counterpart is None:
            raise ValueError("counterpart_ignore needs a counterpart")
        return self

    def _row_fits(self, row: Row) -> None:
        wanted = {
            "class": self.kind in (*PAIR_KINDS, "activity"),
            "method": self.kind == "activity",
            "severity": self.kind != "activity",
            "verdict": self.kind == "activity",
        }
        given = {
            "class": row.class_,
            "method": row.method,
            "severity": row.severity,
            "verdict": row.verdict,
        }
        for key, needed in wanted.items():
            if needed != (given[key] is not None):
                word = "needs" if needed else "cannot have"
                raise ValueError(f"row: kind {self.kind} {word} {key}")
        if self.kind == "on" and row.limit_m != 0:
            raise ValueError("row: kind on has limit_m = 0")

    @property
    def test(self) -> dict[str, object]:
        """The own keys of absence and attribute rules, as they are published."""
        if self.attribute is not None:
            return self.attribute.model_dump()
        if self.counterpart is not None:
            ignore = self.counterpart_ignore
            return {
                "counterpart": self.counterpart,
                "ignore": ignore.model_dump(mode="json") if ignore else None,
            }
        return {}


class Pack(Part):
    """A whole file: either a base (with classes and diameters) or one that extends a base."""

    pack: Head
    class_: tuple[PressureClass, ...] = Field(default=(), alias="class")
    outer_diameter: dict[Name, OuterDiameters] = {}
    rule: Annotated[tuple[Rule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def whole(self) -> Self:
        """Classes follow each other without a gap, ids are unique, strengths follow the kinds."""
        base = self.pack.extends is None
        if base != bool(self.class_):
            raise ValueError("class: a pack either has classes or extends one that has")
        if base and (self.pack.missing_od_mm is None or self.pack.point_radius_m is None):
            raise ValueError("pack: a base pack gives missing_od_mm and point_radius_m")
        for weaker, stronger in pairwise(self.class_):
            if weaker.upto_mpa != stronger.over_mpa:
                raise ValueError(f"class: {stronger.id} does not begin where {weaker.id} ends")
        for what, ids in (
            ("class", [c.id for c in self.class_]),
            ("rule", [r.id for r in self.rule]),
        ):
            if len(set(ids)) != len(ids):
                raise ValueError(f"{what}: an id stands twice")
        self._strengths()
        return self

    def _strengths(self) -> None:
        """A main gives one finding, of the strongest rule: on, protection, then the others."""
        order = {"on": 2, "protection": 1, "clearance": 0, "control": 0}
        pairs = [r for r in self.rule if r.kind in order]
        for one in pairs:
            for other in pairs:
                if (
                    one.family == other.family
                    and order[one.kind] > order[other.kind]
                    and one.strength <= other.strength
                ):
                    raise ValueError(f"rule: {one.id} must have more strength than {other.id}")
