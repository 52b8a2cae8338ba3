"""What an import is about, and what it came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from gridwarden.layers.catalogue import Layer
from gridwarden.words.problems import Problem


@dataclass
class Outcome:
    """What an import came to; the counts of its row in `data.import`."""

    state: str = "failed"
    rows_in: int = 0
    rows_left_out: int = 0
    rows_good: int = 0
    repaired: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    matched: int | None = None
    added: int | None = None
    changed: int | None = None
    removed: int | None = None
    kept: int | None = None
    version: int | None = None
    notes: list[str] = field(default_factory=list)
    say: dict[str, Any] | None = None

    def values(self) -> dict[str, Any]:
        """As parameters of the statement that keeps it."""
        known = self.__dict__ | {"reasons": Jsonb(self.reasons), "notes": Jsonb(self.notes)}
        return known | {"say": Jsonb(self.say) if self.say else None}


@dataclass(frozen=True)
class Target:
    """Where the rows go, and who is written beside them.

    `partial`: the file holds some rows only, so none is removed. `expects` is what a dry run has
    shown, {"version", "added", "changed", "removed"}: anything else is not published.
    """

    import_id: int
    layer: Layer
    dataset: str
    org_id: int | None
    person: str | None
    source: str
    crs: str | None
    id_field: str | None
    dry_run: bool
    remove: int | None
    partial: bool = False
    expects: Mapping[str, int] | None = None
    rollback_to: int | None = None
    update_days: int | None = None


def said(problem: Problem) -> dict[str, Any]:
    """A problem as it is kept: its stable type and its sentence in both languages."""
    return {
        "type": problem.type,
        "en": problem.said("en"),
        "zh": problem.said("zh"),
        "field": problem.field,
    }
