"""Rows of the audit as sentences: who did what, to what, how often."""

from collections.abc import Mapping
from typing import Any, Final

from gridwarden.access.audit.chain import ranges_in
from gridwarden.words import known, say

RANGES: Final = 20
"""Ranges of mains that a page shows; the API gives all."""
HIDDEN: Final = frozenset({"route", "snapshot"})
"""What a sentence tells already, or what only programs read."""


def sentence(row: Mapping[str, Any], lang: str) -> str:
    """One row as a sentence, in the words of its action; an unknown action keeps its name."""
    word = str(row["action"]).replace(".", "_").replace(" ", "_").replace("-", "_")
    key = f"audit.action.{word}"
    values = {
        "person": row["person"] or say("audit.nobody", lang),
        "object": thing(str(row["object"]), lang),
        "n": "–" if row["rows"] is None else row["rows"],
        "route": row["detail"].get("route", "–"),
        "action": row["action"],
    }
    return say(key if known(key) else "audit.other_action", lang, **values)


def thing(name: str, lang: str) -> str:
    """What an act was done to, in words where there are some."""
    key = f"audit.object.{name}".replace("access.", "access_").replace("data.", "data_")
    return say(key, lang) if known(key) else name


def details(row: Mapping[str, Any]) -> list[str]:
    """What else is kept of it, a line each; long values are cut."""
    return [
        f"{name}: {value}"[:200]
        for name, value in row["detail"].items()
        if name not in HIDDEN and value not in (None, "", [], {})
    ]


def mains_told(mains: str | None) -> str:
    """Ids of mains as people write them: 1–3, 7."""
    if mains is None:
        return ""
    some = list(ranges_in(mains))
    told = ", ".join(
        str(first) if first == last else f"{first}–{last}" for first, last in some[:RANGES]
    )
    return told + (" …" if len(some) > RANGES else "")
