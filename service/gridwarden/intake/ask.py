"""What a person asks for when they bring a file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from gridwarden.layers.catalogue.model import MOST_DAYS
from gridwarden.words.problems import Problem

MAX_DIGITS = 18
"""What a bigint holds for certain."""


@dataclass(frozen=True)
class Ask:
    """One request to import: which layer and dataset, and how the file is to be read.

    `mapping` names the source's field for a column, `constants` gives a column one value for
    every row, `where` keeps the rows whose source field equals a text. `crs` is `EPSG:n`,
    `gcj02`, `bd09` or `local:NAME` and wins over what the file says; `north_first` tells which
    number of a position is the northing. `answered` names those of the two that a person said to
    a question: they are not asked again. `remove` confirms how many rows of the
    dataset will go, where that is so many that the import would be held. `expects` is what a
    dry run has shown, when that is to be published; `rollback_to` names the version of the dataset
    that is to come back, and then there is no file. `update_days` is what the supplier
    promises: days until the next version; None keeps what was promised.
    """

    layer: str
    dataset: str
    crs: str | None = None
    encoding: str | None = None
    from_layer: str | None = None
    where: tuple[str, str] | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    remove: int | None = None
    expects: Mapping[str, int] | None = None
    rollback_to: int | None = None
    north_first: bool | None = None
    answered: tuple[str, ...] = ()
    update_days: int | None = None

    def document(self) -> dict[str, Any]:
        """As it is kept in the database."""
        return asdict(self)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Ask":
        """From what was kept."""
        where = document.get("where")
        answered = tuple(document.get("answered", ()))
        more = {"where": tuple(where) if where else None, "answered": answered}
        return cls(**{**document, **more})


def pair(text: str, field_name: str) -> tuple[str, str]:
    """Read `column=value`. Raises Problem `invalid_value`."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise Problem("invalid_value", "intake.pair", field=field_name, value=text[:80])
    return name.strip(), value.strip()


def promised_days(text: str | int | None, field_name: str) -> int | None:
    """Read a promise in days, None for none. Raises Problem `invalid_value`."""
    days = whole_number(None if text is None else str(text), field_name)
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Problem("invalid_value", "age.promise_days", field=field_name, most=MOST_DAYS)
    return days


def whole_number(text: str | None, field_name: str) -> int | None:
    """Read a count of rows, None for none. Raises Problem `invalid_value`."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise Problem("invalid_value", "intake.whole_number", field=field_name, value=text[:80])
    return int(text)
