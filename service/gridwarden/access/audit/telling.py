"""Rows of the audit as sentences: who did what, to what, how often."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from gridwarden.access.audit.chain import ranges_in
from gridwarden.words import known, say
from gridwarden.words.figures import when

RANGES: Final = 20
"""Ranges of mains that a page shows; the API gives all."""
HIDDEN: Final = frozenset({"route", "snapshot"})
"""What a sentence tells already, or what only programs read."""
WORDED: Final = {
    "act": "hazards.act",
    "from": "hazards.state",
    "to": "hazards.state",
    "method": "permits.method",
    "role": "role",
    "verdict": "permits.verdict",
}
"""Details whose values have words, and where those stand."""
GAP: Final = "…"
"""Stands for what a sentence is filled with, where it is not filled."""
STOPS: Final = f" .。,，:：{GAP}"
_LOOSE: Final = re.compile(f", by {GAP}| *[(（]{GAP}[)）]|，共{GAP}行|: {GAP} rows")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def sentence(row: Mapping[str, Any], lang: str) -> str:
    """One row as a sentence, in the words of its action; an unknown action keeps its name."""
    key = _key_of(str(row["action"]))
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


def act(action: str, lang: str) -> str:
    """An action for a list to choose from: the words of its sentence alone, and its code."""
    key = _key_of(action)
    if not known(key):
        return action
    left_out = dict.fromkeys(("person", "object", "n", "route", "action"), GAP)
    words = _LOOSE.sub("", say(key, lang, **left_out)).replace(GAP * 2, GAP)
    return f"{words.strip(STOPS)} · {action}"


def details(row: Mapping[str, Any], lang: str, zone: str | None) -> list[str]:
    """What else is kept of it, a line each; long values are cut. Times are those of `zone`."""
    return [
        _named(name, value, lang, zone)[:200]
        for name, value in row["detail"].items()
        if name not in HIDDEN and value not in (None, "", [], {})
    ]


def _named(name: str, value: Any, lang: str, zone: str | None) -> str:
    key = f"audit.detail.{name}"
    called = say(key, lang) if known(key) else name
    return f"{called}{say('audit.colon', lang)}{_told(name, value, lang, zone)}"


def _told(name: str, value: Any, lang: str, zone: str | None) -> str:
    """A value as people write it: words where there are some, 是 or 否, lists joined."""
    if isinstance(value, bool):
        return say("audit.yes" if value else "audit.no", lang)
    if isinstance(value, list):
        return say("audit.comma", lang).join(_told(name, one, lang, zone) for one in value)
    if isinstance(value, Mapping):
        return say("audit.comma", lang).join(_named(k, v, lang, zone) for k, v in value.items())
    key = f"{WORDED.get(name, 'audit.scope')}.{value}"
    if name in (*WORDED, "scopes") and known(key):
        return say(key, lang)
    if isinstance(value, str) and _MOMENT.match(value):
        with suppress(ValueError, OverflowError):
            at = datetime.fromisoformat(value)
            return when(at, lang, zone=zone, year=True, seconds=True)
    return "–" if value is None else str(value)


def _key_of(action: str) -> str:
    word = action.replace(".", "_").replace(" ", "_").replace("-", "_")
    return f"audit.action.{word}"


def mains_told(mains: str | None) -> str:
    """Ids of mains as people write them: 1–3, 7."""
    if mains is None:
        return ""
    some = list(ranges_in(mains))
    told = ", ".join(
        str(first) if first == last else f"{first}–{last}" for first, last in some[:RANGES]
    )
    return told + (" …" if len(some) > RANGES else "")
