"""The lines of a rule's table: on which mains, what distance, how grave."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from gridwarden.rules.format.parts import (
    AreaClass,
    Both,
    Certainty,
    ClassId,
    ClassList,
    Depth,
    FigureRef,
    MethodList,
    Metres,
    Millimetres,
    Name,
    Network,
    Number,
    Part,
    Ratio,
    Severity,
    Text,
    Texts,
    Verdict,
    shown,
    wrong,
)


def _two(value: object) -> object:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise wrong(f"must be [pressure in MPa, distance in m], not {shown(value)}")
    return value


Point = Annotated[
    tuple[Number, Metres],
    BeforeValidator(_two),
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
    Field(description="[pressure in MPa, distance in m]"),
]
Networks = Annotated[tuple[Network, ...], Field(min_length=1)]


RANGES = (
    ("dn_over", "dn_upto"),
    ("wall_min_mm", "wall_under_mm"),
    ("depth_over_m", "depth_upto_m"),
)
"""Keys that bound a number from both sides."""


class MainConditions(Part):
    """Which mains (and which work on them) a line is about; what is not named, is any."""

    class_: ClassList | None = Field(
        default=None, alias="class", description="pressure class, or a list of such"
    )
    method: MethodList | None = Field(
        default=None, description="how it is dug (activity alone), one or a list"
    )
    dn_over: Millimetres | None = Field(
        default=None, description="nominal diameter over this, mm (dn_over < DN <= dn_upto)"
    )
    dn_upto: Millimetres | None = Field(default=None, description="nominal diameter up to this, mm")
    wall_min_mm: Millimetres | None = Field(
        default=None, description="wall at least this, mm (wall_min_mm <= wall < wall_under_mm)"
    )
    wall_under_mm: Millimetres | None = Field(default=None, description="wall less than this, mm")
    area_class: Annotated[tuple[AreaClass, ...], Field(min_length=1)] | None = Field(
        default=None, description="area classes 1 to 4 that the main runs through"
    )
    material: Texts | None = Field(default=None, description="materials, as the mains name them")
    network: Networks | None = Field(
        default=None,
        description="transmission, city, yard; without it the pack's `networks`."
        " A main that names no network counts as city",
    )
    depth_over_m: Depth | None = Field(
        default=None, description="depth of the work over this, m (activity alone)"
    )
    depth_upto_m: Depth | None = Field(default=None, description="depth of the work up to this, m")

    @model_validator(mode="after")
    def ranges(self) -> Self:
        """A range holds something."""
        for low, high in RANGES:
            from_, to = getattr(self, low), getattr(self, high)
            if from_ is not None and to is not None and from_ >= to:
                raise wrong(f"{low} must be less than {high}", low)
        return self

    def meets(self, other: "MainConditions") -> bool:
        """Whether a main (and work) could be that both are about."""
        for key in ("class_", "method", "area_class", "material", "network"):
            mine, theirs = getattr(self, key), getattr(other, key)
            if mine is not None and theirs is not None and not set(mine) & set(theirs):
                return False
        for low, high in RANGES:
            lows = [v for v in (getattr(self, low), getattr(other, low)) if v is not None]
            highs = [v for v in (getattr(self, high), getattr(other, high)) if v is not None]
            if lows and highs and max(lows) >= min(highs):
                return False
        return True

    @property
    def named(self) -> dict[str, object]:
        """The conditions that are given, by their key in the file."""
        return {
            field.alias or name: getattr(self, name)
            for name, field in MainConditions.model_fields.items()
            if getattr(self, name) is not None
        }


DISTANCES = ("limit_m", "limit", "interpolate", "formula")
"""The ways to say a distance, of which a row has at most one."""


class Row(MainConditions):
    """One line of a rule's table."""

    limit_m: Metres | None = Field(default=None, description="the distance, metres")
    limit: FigureRef | None = Field(
        default=None, description='the distance, set by a city: "@figure-id"'
    )
    interpolate: Annotated[tuple[Point, ...], Field(min_length=2)] | None = Field(
        default=None,
        description="the distance by operating pressure, [[MPa, m], ...]: linear between the"
        " points, the nearest one beyond them; the largest where the pressure is unknown",
    )
    formula: Literal["pir"] | None = Field(
        default=None, description="pir: the potential impact radius, from pressure and diameter"
    )
    per_depth: Ratio | None = Field(
        default=None, description="activity: the larger of limit_m and this times the depth"
    )
    over_m: Metres | None = Field(
        default=None, description="judged only where the distance is over this, metres"
    )
    severity: Severity | None = Field(default=None, description="how grave a finding is")
    verdict: Verdict | None = Field(
        default=None, description="activity: what the answer to the applicant is"
    )
    note: Both | None = Field(
        default=None, description="told with the finding, e.g. how it is read"
    )

    @model_validator(mode="after")
    def one_distance(self) -> Self:
        """At most one way to say the distance; more than one would hide one of them."""
        given = [key for key in DISTANCES if getattr(self, key) is not None]
        if len(given) > 1:
            raise wrong(f"a row has one distance, not {' and '.join(given)}", given[1])
        if self.per_depth is not None and self.limit_m is None:
            raise wrong("per_depth needs limit_m beside it", "per_depth")
        for number, (here, there) in enumerate(pairwise(self.interpolate or ()), start=1):
            if here[0] >= there[0]:
                raise wrong("the pressures of interpolate must rise", "interpolate", number)
        if self.over_m is not None and self.limit_m is not None and self.over_m >= self.limit_m:
            raise wrong("over_m must be less than limit_m", "over_m")
        return self

    @property
    def distance(self) -> str | None:
        """The key that says the distance."""
        return next((key for key in DISTANCES if getattr(self, key) is not None), None)

    @property
    def largest_m(self) -> float | None:
        """The largest distance that can come of it, where the file alone tells."""
        if self.interpolate is not None:
            return max(metres for _, metres in self.interpolate)
        return self.limit_m


class Relaxation(Part):
    """A smaller distance that the clause allows under a condition; told, never assumed."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")] = Field(
        description="a name for it, e.g. wall-11.9"
    )
    limit_m: Metres = Field(description="the distance that is then enough, metres")
    class_: tuple[ClassId, ...] | None = Field(
        default=None, alias="class", min_length=1, description="pressure classes; none means all"
    )
    wall_min_mm: Millimetres | None = Field(
        default=None, description="the wall that it needs, mm (at least)"
    )
    agreement: bool = Field(
        default=False, description="whether it needs protective measures that were agreed"
    )
    certainty: Certainty = Field(description="where it comes from")
    source: Text | None = Field(default=None, description="who says so, and how sure that is")
    text: Both = Field(description="the relaxation in a sentence")


__all__ = ["DISTANCES", "MainConditions", "Name", "Networks", "Relaxation", "Row"]
