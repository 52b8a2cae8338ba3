"""The office's table of due days: TOML, read strictly, refused with the row that is wrong."""

import tomllib
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gridwarden.words.problems import Problem
from gridwarden.words.refused import not_toml, spoken

GRADES: Final = ("general", "serious", "major")
MOST_BYTES: Final = 200_000
Model = TypeVar("Model", bound=BaseModel)
Grade = Literal["general", "serious", "major"]
Source = Annotated[str, Field(min_length=1, max_length=300)]
Days = Annotated[int, Field(strict=True, ge=1, le=1000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Deadline(_Strict):
    """So many days or hours for a grade, or for one family of rules in it."""

    grade: Grade
    family: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")] | None = None
    n: Days
    unit: Literal["working_days", "calendar_days", "hours"]
    source: Source
    verified: bool


class Escalation(_Strict):
    """Whom a case is told to so many working days past due."""

    grade: Grade
    level: Annotated[int, Field(strict=True, ge=1, le=9)]
    after: Days
    tells: Annotated[
        tuple[Literal["responsible", "supervising", "leader"], ...], Field(min_length=1)
    ]
    source: Source
    verified: bool


class Listing(_Strict):
    """挂牌督办: days until the decision, between two reports of progress, and until what is not
    finished goes to the next higher government.
    """

    decision_days: Days
    progress_days: Days
    escalate_days: Days
    source: Source
    verified: bool


class Table(_Strict):
    """The whole table; each grade has a row, no row stands twice, levels rise with their days."""

    cut_off: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    soon: Annotated[int, Field(strict=True, ge=0, le=60)]
    extension: Annotated[int, Field(strict=True, ge=0, le=400)]
    listing: Listing
    deadline: tuple[Deadline, ...]
    escalation: tuple[Escalation, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "Table":
        keys = [(row.grade, row.family or "") for row in self.deadline]
        if len(set(keys)) < len(keys):
            raise ValueError("a grade, or a family in it, stands twice")
        if missing := [grade for grade in GRADES if (grade, "") not in keys]:
            raise ValueError(f"no row for {', '.join(missing)}")
        for grade in GRADES:
            steps = sorted((e.level, e.after) for e in self.escalation if e.grade == grade)
            levels, afters = [s[0] for s in steps], [s[1] for s in steps]
            if levels != list(range(1, len(levels) + 1)):
                raise ValueError(f"the levels of {grade} are not 1, 2, 3 …")
            if any(a >= b for a, b in pairwise(afters)):
                raise ValueError(f"a higher level of {grade} does not come later")
        return self

    def document(self) -> dict[str, Any]:
        """As the database takes it."""
        said = self.model_dump()
        return {
            "cut_off": said["cut_off"],
            "soon": said["soon"],
            "extension": said["extension"],
            "listing": said["listing"],
            "deadlines": list(said["deadline"]),
            "escalations": [{**e, "tells": list(e["tells"])} for e in said["escalation"]],
        }


def shipped() -> str:
    """The table that a new installation begins with, as it is written."""
    return (files("gridwarden.hazards.deadlines") / "deadlines.toml").read_text("utf-8")


def read(text: str) -> Table:
    """The table that a TOML says. Raises Problem `invalid_value` naming what is wrong."""
    return fitting(Table, text)


def fitting(model: type[Model], text: str) -> Model:
    """An office's TOML as the model has it. Raises Problem: `too_large`, or `invalid_value` with
    the line, or the place (`deadline.2.n`) and what is wrong there.
    """
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        raise Problem("too_large", field="file")
    try:
        return model.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = not_toml(error, spoken())
        raise Problem("invalid_value", "deadlines.toml", field="file", why=why) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "file"
        why = str(first["msg"]).removeprefix("Value error, ")[:200]
        raise Problem(
            "invalid_value", "deadlines.unfit", field=place, place=place, why=why
        ) from None
