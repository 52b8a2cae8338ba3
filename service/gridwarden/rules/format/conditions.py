"""What a record must look like for a rule to judge it, or to count it."""

from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from gridwarden.rules.format.parts import (
    AreaClass,
    Name,
    Number,
    NumberOrFigure,
    Part,
    Ratio,
    Texts,
    wrong,
)

Comparison = Literal["over", "upto", "from", "under"]
COMPARISONS: tuple[Comparison, ...] = get_args(Comparison)


class Estimate(Part):
    """What stands in for a number that nobody recorded: another column times a factor."""

    column: Name = Field(description="the column that is multiplied, e.g. storeys")
    factor: Ratio = Field(description="what it is multiplied by")
    possible_from: Number = Field(description="from here on the finding is possible")
    certain_over: Number = Field(description="over this it is certain")


class Condition(Part):
    """One test of one column of a record: `is`, `not`, or one comparison.

    What is unknown is neither true nor false: the finding is then at most possible, and the column
    is named as missing. Of an absence's counterparts, one of which nothing is known counts. With
    `unknown = "no"` a record that says nothing does not meet the condition: nobody is asked.
    """

    column: Name = Field(description="a column of the layer")
    is_: Texts | None = Field(
        default=None, alias="is", description='any of these; "true" or "false" for yes/no columns'
    )
    not_: Texts | None = Field(
        default=None, alias="not", description="none of these; unknown where nothing is recorded"
    )
    over: NumberOrFigure | None = Field(
        default=None, description='more than this number, or "@figure-id"'
    )
    upto: NumberOrFigure | None = Field(
        default=None, description='at most this number, or "@figure-id"'
    )
    from_: NumberOrFigure | None = Field(
        default=None, alias="from", description='at least this number, or "@figure-id"'
    )
    under: NumberOrFigure | None = Field(
        default=None, description='less than this number, or "@figure-id"'
    )
    per: Name | None = Field(
        default=None, description="the column that the first is divided by, before it is compared"
    )
    estimate: Estimate | None = Field(
        default=None, description="what counts where the column is empty; only with `over`"
    )
    unknown: Literal["no"] | None = Field(
        default=None,
        description='"no": where nothing is recorded the condition fails, and nobody is asked',
    )

    @model_validator(mode="after")
    def one_test(self) -> Self:
        """Exactly one test, and only numbers are divided or estimated."""
        given = [k for k, v in self.tests.items() if v is not None]
        if len(given) != 1:
            told = f"not {' and '.join(given)}" if given else "but has none"
            raise wrong(
                f"a condition has exactly one of is, not, over, upto, from, under, {told}"
                " (two conditions make a range)",
                *given[1:2],
            )
        if given[0] in ("is", "not"):
            for key in ("per", "estimate"):
                if getattr(self, key) is not None:
                    raise wrong(f"{key} belongs to a comparison of numbers", key)
        if self.estimate is not None:
            self._estimated(self.estimate)
        return self

    def _estimated(self, estimate: Estimate) -> None:
        if self.unknown is not None:
            raise wrong("an estimate says what counts where nothing is recorded", "unknown")
        if self.over is None or self.per is not None:
            raise wrong("an estimate goes with `over` alone", "estimate")
        if isinstance(self.over, float) and not (
            estimate.possible_from <= self.over <= estimate.certain_over
        ):
            raise wrong(
                "an estimate needs possible_from <= over <= certain_over",
                "estimate",
                "possible_from",
            )

    @property
    def tests(self) -> dict[str, tuple[str, ...] | float | str | None]:
        """What the column is tested for, by the key in the file."""
        return {
            "is": self.is_,
            "not": self.not_,
            "over": self.over,
            "upto": self.upto,
            "from": self.from_,
            "under": self.under,
        }

    @property
    def figure(self) -> str | None:
        """The figure that the column is compared with."""
        for key in COMPARISONS:
            value = self.tests[key]
            if isinstance(value, str):
                return value[1:]
        return None


class People(Part):
    """Whom a consequence rule counts inside its distance: a column times a figure."""

    column: Name = Field(description="a number on the subject's record, e.g. households")
    figure: Name = Field(description="people for each, e.g. persons_per_household")


class LocationClass(Part):
    """One class of a location: up to so many units."""

    id: AreaClass = Field(description="as in the mains' area_class")
    upto: Number | None = Field(
        default=None, description="at most this many units; the last class has none"
    )


class Location(Part):
    """Class location: the most units in any stretch of a main, counted to either side of it."""

    layer: Name = Field(description="the layer that is counted")
    each_side_m: Number = Field(gt=0, le=10_000, description="how far to either side, metres")
    along_m: Number = Field(gt=0, le=100_000, description="how long the stretch is, metres")
    units: Name | None = Field(
        default=None, description="the number that is summed, e.g. households; none counts records"
    )
    classes: tuple[LocationClass, ...] = Field(min_length=1, description="from few units to many")

    @model_validator(mode="after")
    def rising(self) -> Self:
        """Every class but the last ends, each after the one before."""
        ends = [c.upto for c in self.classes]
        for number, end in enumerate(ends[:-1]):
            if end is None:
                raise wrong("every class of a location but the last has upto", "classes", number)
            if number and end <= (ends[number - 1] or 0):
                raise wrong("the classes of a location must rise", "classes", number, "upto")
        if ends[-1] is not None:
            raise wrong("the last class of a location has no upto", "classes", len(ends) - 1)
        ids = [c.id for c in self.classes]
        if len(set(ids)) != len(ids):
            raise wrong("a class of a location stands twice", "classes")
        return self
