"""The columns of the ledger, on the page and in the workbook: their words, and how a value is said.

A value is compared by how it is said (`said`): its code, its name or its day, without spaces at the
ends. The workbook carries a short hash of each as it went out, so that what its editor changed is
told from what others changed meanwhile.
"""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from gridwarden.words import known, say

Kind = Literal["text", "grade", "state", "family", "category", "name", "moment", "count", "overdue"]
GRADES: Final = ("general", "serious", "major")


def title_of(name: str, lang: str) -> str:
    """The header of a column of this name."""
    key = f"hazards.column.{name}"
    said = say(key if known(key) else f"bulk.column.{name}", lang)
    return said[:1].upper() + said[1:]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `name` is the case's own, which an act sets where it may be `edited`."""

    name: str
    kind: Kind = "text"
    edited: bool = False
    width: int = 14

    def title(self, lang: str) -> str:
        """Its header."""
        return title_of(self.name, lang)


COLUMNS: Final = (
    Column("hazard_no", width=22),
    Column("state", "state", width=10),
    Column("overdue", "overdue", width=8),
    Column("grade", "grade", True, 10),
    Column("family", "family", width=20),
    Column("category", "category", True),
    Column("place_words", edited=True, width=30),
    Column("description", edited=True, width=36),
    Column("district_id", "name"),
    Column("org_id", "name", True, 24),
    Column("person_responsible", edited=True),
    Column("supervising_org_id", "name", True, 24),
    Column("leader_in_charge", edited=True),
    Column("due_at", "moment", width=17),
    Column("found_at", "moment", width=17),
    Column("registered_at", "moment", width=17),
    Column("closed_at", "moment", width=17),
    Column("returned", "count", width=8),
    Column("reopened", "count", width=8),
    Column("external_no", edited=True),
)
BY_NAME: Final[Mapping[str, Column]] = {column.name: column for column in COLUMNS}
USUAL: Final = (
    *("hazard_no", "state", "grade", "family", "place_words", "district_id", "org_id"),
    *("person_responsible", "due_at"),
)
"""The columns of a list that nobody chose others for."""


@dataclass(frozen=True, slots=True)
class Names:
    """What organisations that may be chosen are called, by number, and the office's time zone."""

    orgs: Mapping[int, str]
    zone: ZoneInfo

    def said(self, column: Column, case: Mapping[str, Any], lang: str) -> str:
        """A case's value as the list shows it, empty where there is none."""
        value = case.get(column.name)
        if value is None:
            return ""
        match column.kind:
            case "grade":
                return say(f"severity.{value}", lang)
            case "state":
                return say(f"hazards.state.{value}", lang)
            case "family":
                return family_said(str(value), lang)
            case "category":
                return category_said(str(value), lang)
            case "name":
                return str(case.get(column.name.removesuffix("_id")) or value)
            case "moment":
                return moment_said(value, self.zone)
            case "overdue":
                return say("bulk.overdue", lang) if value else ""
            case _:
                return str(value)


def category_said(category: str, lang: str) -> str:
    """The words of a category."""
    key = f"hazards.category.{category}"
    return say(key, lang) if known(key) else category


def family_said(family: str, lang: str) -> str:
    """The words of a rule's family, or of what a person's report is about."""
    for key in (f"family.{family}", f"hazards.category.{family.removeprefix('report.')}"):
        if known(key):
            return say(key, lang)
    return family.removeprefix("report.")


def moment_said(value: Any, zone: ZoneInfo) -> str:
    """A moment in the office's time, to the minute; a day as it is."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else str(value)


def plain(text: Any) -> str:
    """A cell's text as it is compared: no spaces at its ends, one form of each letter and line."""
    if text is None:
        return ""
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    spelt = unicodedata.normalize("NFC", str(text)).replace("\r\n", "\n").replace("\r", "\n")
    return spelt.strip()


def mark(text: Any) -> str:
    """A short hash of a text, as a workbook carries it; of nothing it is empty."""
    spelt = plain(text)
    return hashlib.sha256(spelt.encode("utf-8", "replace")).hexdigest()[:10] if spelt else ""


def chosen(names: Sequence[str]) -> tuple[Column, ...]:
    """Columns by name, in their order; the usual ones where none is named."""
    found = tuple(BY_NAME[name] for name in dict.fromkeys(names) if name in BY_NAME)
    return found or tuple(BY_NAME[name] for name in USUAL)
