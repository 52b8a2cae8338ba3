"""One rule: where it comes from, whom it judges and against what, and its table."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from gridwarden.rules.format.conditions import Condition, Location, People
from gridwarden.rules.format.parts import (
    MAINS,
    Both,
    Certainty,
    Family,
    Measures,
    Name,
    Part,
    Text,
    wrong,
)
from gridwarden.rules.format.rows import DISTANCES, MainConditions, Relaxation, Row

Kind = Literal[
    "protection", "clearance", "control", "activity", "consequence", "absence", "attribute"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
AGAINST_MAINS: tuple[Kind, ...] = (
    "protection",
    "clearance",
    "control",
    "activity",
    "consequence",
)
"""Kinds whose counterpart is the mains, where the rule names no other layer."""
WORK = ("method", "depth_over_m", "depth_upto_m", "per_depth")
"""Keys of a row that are about the work, and so belong to kind activity alone."""


class Measured(Part):
    """Between which parts of the two features the distance is taken."""

    from_: Literal["outer_edge", "centreline"] = Field(
        default="outer_edge", alias="from", description="of the main (or other line)"
    )
    to: Literal["foundation", "outer_wall", "edge", "outer_edge", "centre"] = Field(
        default="edge",
        description="of the subject: foundation, outer_wall and edge are its outline, outer_edge"
        " takes a line's own outer diameter off, centre is its centroid",
    )


class Rule(Part):
    """One rule of a pack."""

    id: Name = Field(description="its name, once in the pack; findings keep it")
    family: Family = Field(description="rules of one family make one finding of a pair")
    kind: Kind = Field(
        description="protection, control: inside a band. clearance: nearer than allowed. activity:"
        " what may be done at that distance. consequence: who is hurt. absence: nothing within."
        " attribute: the record itself"
    )
    subjects: tuple[Name, ...] = Field(
        default=(), description="the layers it judges; none for an activity of permits alone"
    )
    counterpart: Name | None = Field(
        default=None, description="the layer that it judges them against; the mains if not named"
    )
    classes: Name | None = Field(
        default=None, description="the class system of its rows; the base pack's first if not named"
    )
    measured: Measured | None = Field(
        default=None, description="from where to where it is measured"
    )
    plane: Literal["horizontal", "vertical"] = Field(
        default="horizontal",
        description="vertical: between the tops (depth_top_m), only where two lines cross",
    )
    where: tuple[Condition, ...] = Field(
        default=(), description="conditions on the subject's record, which must all hold"
    )
    counterpart_where: tuple[Condition, ...] = Field(
        default=(), description="conditions on the counterpart's record; mains have `main`"
    )
    main: MainConditions | None = Field(
        default=None, description="conditions on the main that every row shares"
    )
    people: People | None = Field(default=None, description="consequence: whom it counts")
    location: Location | None = Field(default=None, description="consequence: class location")
    strength: Annotated[int, Field(ge=0, le=100, strict=True)] = Field(
        description="0 to 100: within a family the strongest rule that is met makes the finding"
    )
    clause: str = Field(description='the clause; "" where none is known, never an invented one')
    edition: str = Field(description='the code and its edition; "" where none is known')
    valid_from: date | None = Field(default=None, description="judged from this day on")
    valid_to: date | None = Field(default=None, description="judged before this day, not on it")
    verified: Annotated[bool, Field(strict=True)] = Field(
        description="true once an engineer has held the print beside every number"
    )
    certainty: Certainty = Field(
        description="print, published (seen in a published page), recalled, design (our choice)"
    )
    source: Text = Field(description="where the numbers come from, and what of it is our reading")
    text: Both = Field(description="the finding in a sentence")
    measures: Measures = Field(default=Measures(), description="what to do about it")
    heuristic: Both | None = Field(
        default=None, description="told wherever the finding is shown: why it is only a hint"
    )
    replaces: tuple[Name, ...] = Field(
        default=(), description="rules of shallower packs that are not judged any more"
    )
    relaxation: tuple[Relaxation, ...] = Field(default=(), description="notes to a clearance table")
    row: Annotated[tuple[Row, ...], Field(min_length=1)] = Field(description="the table")

    @property
    def on_mains(self) -> bool:
        """Whether it judges by mains, so that its rows may say which."""
        return self.counterpart_layer == MAINS or MAINS in self.subjects

    @property
    def counterpart_layer(self) -> str | None:
        """The layer it judges against, with the default filled in."""
        if self.counterpart is not None or self.location is not None:
            return self.counterpart
        return MAINS if self.kind in AGAINST_MAINS else None

    @property
    def distance(self) -> bool:
        """Whether it judges by a distance."""
        return self.kind != "attribute" and self.location is None

    @model_validator(mode="after")
    def fits_its_kind(self) -> Self:
        """What its kind needs, and nothing that its kind cannot use."""
        for mistake in (
            *self._provenance(),
            *self._parties(),
            *self._numbers(),
            *self._stands_once(),
        ):
            raise mistake
        return self

    def _provenance(self) -> Iterator[Exception]:
        if self.verified and not (self.clause and self.edition):
            yield wrong("a verified rule names its clause and its edition", "verified")
        if self.clause and not self.edition:
            yield wrong("a clause needs the edition that it stands in", "clause")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            yield wrong("valid_to is before valid_from", "valid_to")

    def _parties(self) -> Iterator[Exception]:
        """Who is judged against whom."""
        if not self.subjects and self.kind != "activity":
            yield wrong(f"kind {self.kind} needs subjects, one or more layers", "subjects")
        if len(set(self.subjects)) != len(self.subjects):
            yield wrong("a layer stands twice", "subjects")
        if self.kind == "absence" and self.counterpart in (None, MAINS):
            yield wrong("kind absence needs a counterpart, and not the mains", "counterpart")
        if self.kind == "activity" and self.counterpart not in (None, MAINS):
            yield wrong("kind activity is about work near mains alone", "counterpart")
        if self.kind == "attribute":
            for key in ("counterpart", "measured", "main"):
                if getattr(self, key) is not None:
                    yield wrong(f"kind attribute cannot have {key}", key)
            if not self.where:
                yield wrong("kind attribute needs where: the conditions that make a finding")
        for key in ("people", "location"):
            if getattr(self, key) is not None and self.kind != "consequence":
                yield wrong(f"{key} belongs to kind consequence alone", key)
        if self.location is not None:
            yield from self._located()
        if self.counterpart_where and self.counterpart_layer in (None, MAINS):
            yield wrong(
                "counterpart_where needs a counterpart other than the mains, which have `main`",
                "counterpart_where",
            )
        if self.where and MAINS in self.subjects:
            yield wrong("conditions on mains stand in `main` or in a row, not in where", "where")
        if not self.on_mains:
            for key in ("main", "classes"):
                if getattr(self, key) is not None:
                    yield wrong(f"{key} belongs to rules on mains alone", key)
        if self.relaxation and self.kind != "clearance":
            yield wrong("relaxation belongs to kind clearance alone", "relaxation")
        if self.plane == "vertical" and (self.kind != "clearance" or not self.on_mains):
            yield wrong("plane vertical belongs to clearances from mains alone", "plane")

    def _located(self) -> Iterator[Exception]:
        if self.subjects != (MAINS,):
            yield wrong(f"a rule with location has subjects = [{MAINS!r}]", "subjects")
        for key in ("counterpart", "people", "measured"):
            if getattr(self, key) is not None:
                yield wrong(f"a rule with location cannot have {key}", key)

    def _numbers(self) -> Iterator[Exception]:
        """The rows, each by what the kind asks for."""
        shared = self.main.named if self.main is not None else {}
        for key in shared:
            if key in WORK and self.kind != "activity":
                yield wrong(f"{key} belongs to kind activity alone", "main", key)
        if not self.on_mains and len(self.row) > 1:
            yield wrong("a rule that is not about mains has exactly one row", "row", 1)
        for number, row in enumerate(self.row):
            yield from self._row_fits(row, number, shared)

    def _row_fits(self, row: Row, number: int, shared: dict[str, object]) -> Iterator[Exception]:
        named = row.named
        for key in named:
            if key in shared:
                yield wrong(f"{key} stands in main, so a row cannot have it", "row", number, key)
            if not self.on_mains:
                yield wrong(f"{key} belongs to rules on mains alone", "row", number, key)
        for key in WORK:
            if self.kind != "activity" and getattr(row, key) is not None:
                yield wrong(f"{key} belongs to kind activity alone", "row", number, key)
        if self.distance and row.distance is None:
            yield wrong(
                "a row needs its distance: limit_m, limit, interpolate or formula", "row", number
            )
        if not self.distance:
            what = "an attribute" if self.kind == "attribute" else "a location"
            for key in (*DISTANCES, "over_m"):
                if getattr(row, key) is not None:
                    yield wrong(f"{what} has no distance, so no {key}", "row", number, key)
        if not self.on_mains and row.distance in ("interpolate", "formula"):
            yield wrong(f"{row.distance} is by a main's pressure", "row", number, row.distance)
        if self.kind == "activity":
            if row.verdict is None:
                yield wrong("kind activity needs verdict in every row", "row", number)
        else:
            if row.severity is None:
                yield wrong(f"kind {self.kind} needs severity in every row", "row", number)
            if row.verdict is not None:
                yield wrong("verdict belongs to kind activity alone", "row", number, "verdict")

    def _stands_once(self) -> Iterator[Exception]:
        """No two rows that are about the same main (and work): which of them holds is not said."""
        for number, row in enumerate(self.row):
            for key in ("class_", "method"):
                named = getattr(row, key) or ()
                if len(set(named)) != len(named):
                    yield wrong("it names the same twice", "row", number, key.rstrip("_"))
            for before, other in enumerate(self.row[:number]):
                if row.meets(other):
                    shared = set(row.class_ or ()) & set(other.class_ or ())
                    about = f"class {min(shared)}" if shared else "mains"
                    yield wrong(
                        f"row {before + 1} is about the same {about}, and which holds is not said",
                        "row",
                        number,
                    )
        ids = [r.id for r in self.relaxation]
        for number, id_ in enumerate(ids):
            if id_ in ids[:number]:
                yield wrong(f"relaxation {id_!r} stands twice", "relaxation", number, "id")
