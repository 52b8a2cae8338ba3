"""A control: under which requirement it stands, and the probe that looks at the installation.

A probe reads the installation itself (its database, its files, its answers), never a document.
Sections are those of GB/T 22239-2019, 8.1.4 (third level, computing environment), chapters those of
OWASP ASVS 5.0: by name, not held against the print, and said so where they are shown.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import psycopg

from gridwarden.database import queries
from gridwarden.database.cluster import connect_owner
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem

State = Literal["holds", "fails", "absent", "elsewhere"]
Section = Literal[
    "identity",
    "access",
    "audit",
    "intrusion",
    "malware",
    "trusted",
    "integrity",
    "confidentiality",
    "backup",
    "residual",
    "personal",
]
Q: Final = queries(__package__ or "gridwarden.watching.compliance", "compliance.sql")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a probe saw: figures for the sentence, and whether they are as they should be.

    `mend` chooses another command than the control's own.
    """

    state: State
    facts: dict[str, Any] = field(default_factory=dict)
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a probe may ask: the settings, and the address that offices use."""

    settings: Settings
    url: str

    def one(self, name: str, **values: object) -> tuple[Any, ...]:
        """The row of a named query, as the owner reads it."""
        with connect_owner(self.settings) as c:
            row = c.execute(Q[name], values).fetchone()
        assert row is not None
        return row

    def all(self, name: str, **values: object) -> list[tuple[Any, ...]]:
        """The rows of a named query."""
        with connect_owner(self.settings) as c:
            return c.execute(Q[name], values).fetchall()


Probe = Callable[[Asked], Seen]


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement as this product answers it."""

    id: str
    section: Section
    chapters: tuple[str, ...]
    probe: Probe


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of a control, in sentences of one language."""

    control: Control
    state: State
    title: str
    found: str
    mend: str
    facts: dict[str, Any]


CONTROLS: Final[list[Control]] = []


def control(section: Section, *chapters: str) -> Callable[[Probe], Probe]:
    """Register a probe under the name of its function."""

    def register(probe: Probe) -> Probe:
        CONTROLS.append(Control(probe.__name__, section, chapters, probe))
        return probe

    return register


def holds(right: bool, mend: str = "", **facts: Any) -> Seen:
    """As it should be, or not."""
    return Seen("holds" if right else "fails", facts, mend)


def evidence(settings: Settings, language: str, url: str | None = None) -> Iterator[Evidence]:
    """Probe everything, one after the other; what cannot be probed fails, and says why."""
    asked = Asked(settings, (url or settings.own_url).rstrip("/"))
    order = list(Section.__args__)  # type: ignore[attr-defined]
    for one in sorted(CONTROLS, key=lambda c: order.index(c.section)):
        yield look_at(one, asked, language)


def look_at(one: Control, asked: Asked, language: str) -> Evidence:
    """The evidence of one control."""
    words = f"compliance.control.{one.id}"
    try:
        seen = one.probe(asked)
    except (SetUpError, Problem, OSError, psycopg.Error) as error:
        why = "" if isinstance(error, psycopg.Error) else str(error)
        found = say("compliance.not_seen", language, why=why or type(error).__name__)
        mend = say("compliance.not_seen_mend", language)
        return Evidence(one, "fails", say(f"{words}.title", language), found, mend, {})
    found = say(f"{words}.found", language, **seen.facts)
    mend = ""
    if seen.state in ("fails", "absent"):
        mend = say(f"compliance.mend.{seen.mend or one.id}", language, **seen.facts)
    return Evidence(one, seen.state, say(f"{words}.title", language), found, mend, seen.facts)
