"""What is sent to make, change or move a case, checked before the database is asked."""

import math
from datetime import date
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from gridwarden.geodesy import WorkingCrs
from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.intake.values import storable
from gridwarden.words.problems import Problem

Grade = Literal["general", "serious", "major"]
Category = Annotated[str, Field(json_schema_extra={"enum": list(CATEGORIES)})]
Number = Annotated[int, Field(strict=True, ge=1, lt=2**63)]
Line = Annotated[str, Field(min_length=1, max_length=300)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Note = Annotated[str, Field(max_length=2000)]


def _plain(value: Any, field: str = "") -> Any:
    """Text without spaces around it. Raises Problem for what no text has (NUL, half a pair)."""
    if isinstance(value, str):
        if "\x00" in value or not storable(value):
            raise Problem("invalid_value", "hazards.no_text", field=field or None)
        return value.strip()
    if isinstance(value, dict):
        return {key: _plain(one, str(key)) for key, one in value.items()}
    return value


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _plain_text(cls, value: Any) -> Any:
        return _plain(value)


class Plan(_Sent):
    """How it will be rectified 整改方案: measures, money (yuan), what guards until then."""

    measures: Annotated[str, Field(max_length=2000)] | None = None
    fund_source: Annotated[str, Field(max_length=200)] | None = None
    amount_cny: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] | None = None
    interim_measure: Annotated[str, Field(max_length=2000)] | None = None


class Values(_Sent):
    """Columns of a case that acts write; which act writes which is in the life cycle."""

    grade: Grade | None = None
    category: Category | None = None
    place_words: Line | None = None
    description: Text | None = None
    external_no: Name | None = None
    duplicate_of: Number | None = None
    org_id: Number | None = None
    person_responsible: Name | None = None
    supervising_org_id: Number | None = None
    leader_in_charge: Name | None = None
    due_at: AwareDatetime | None = None
    plan: Plan | None = None
    closing_exception: Annotated[str, Field(min_length=1, max_length=500)] | None = None

    def told(self) -> dict[str, Any]:
        """What was sent, as JSON. Raises Problem for a category that there is none of."""
        if self.category is not None and self.category not in CATEGORIES:
            raise Problem(
                "invalid_value", "asked.bad_choice", field="category", choices=", ".join(CATEGORIES)
            )
        return self.model_dump(mode="json", exclude_unset=True, include=set(Values.model_fields))


class Transition(Values):
    """A move: the act, why, and what it sets. `happened_on`: an earlier reporting day (补录)."""

    act: Annotated[str, Field(min_length=1, max_length=40)]
    note: Note = ""
    happened_on: date | None = None
    no_photo_because: Annotated[str, Field(max_length=500)] | None = None
    until: date | None = None

    def said(self) -> dict[str, Any]:
        """As api.move_case takes it."""
        told = self.model_dump(
            mode="json",
            exclude_unset=True,
            include={"note", "happened_on", "no_photo_because", "until"},
        )
        return {name: value for name, value in told.items() if value is not None} | {
            "set": self.told()
        }


class Report(_Sent):
    """What a person found 上报: of which kind, where (degrees, WGS 84 = CGCS2000, or a feature)."""

    category: Category
    source: Literal["self_check", "inspection", "patrol", "spot_check", "report", "monitoring"] = (
        "report"
    )
    description: Text
    place_words: Line | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    layer: Annotated[str, Field(max_length=63)] | None = None
    subject_id: Number | None = None
    grade: Grade | None = None
    external_no: Name | None = None
    found_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.lon is None) != (self.lat is None):
            raise Problem("missing_value", field="lat" if self.lat is None else "lon")
        if (self.layer is None) != (self.subject_id is None):
            raise Problem("missing_value", field="subject_id" if self.layer else "layer")
        if self.lon is None and self.layer is None:
            raise Problem("missing_value", field="lon")
        if self.category not in CATEGORIES:
            raise Problem(
                "invalid_value", "asked.bad_choice", field="category", choices=", ".join(CATEGORIES)
            )
        return self

    def told(self, epsg: int) -> dict[str, Any]:
        """As api.report_case takes it, the place in metres of the working CRS.

        Raises Problem naming `lon` for a place outside its area of use.
        """
        told = self.model_dump(mode="json", exclude_none=True, exclude={"lon", "lat"})
        if self.lon is not None and self.lat is not None:
            told |= dict(zip(("x", "y"), metres_of(self.lon, self.lat, epsg), strict=True))
        return told


def metres_of(lon: float, lat: float, epsg: int) -> tuple[float, float]:
    """A place in degrees in the working CRS (m). Raises Problem outside its area of use."""
    working = WorkingCrs(epsg)
    west, south, east, north = working.area
    x, y = working.from_lonlat(np.array([lon]), np.array([lat]))
    if not (west <= lon <= east and south <= lat <= north and math.isfinite(x[0] + y[0])):
        raise Problem(
            *("invalid_value", "dispatch.problem.outside"),
            field="lon",
            west=west,
            south=south,
            east=east,
            north=north,
        )
    return float(x[0]), float(y[0])
