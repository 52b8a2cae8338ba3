"""Ages in words: of one record, and of everything that a picture or page shows."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from gridwarden.layers.age.ages import Freshness
from gridwarden.layers.catalogue import layers
from gridwarden.words import say
from gridwarden.words.figures import when

NAMED = 3
"""Late suppliers that one line names."""


def age_line(record: Mapping[str, Any], lang: str) -> str:
    """One record at a place: whose, of what day, how old, what was promised, how late.

    `record` is one of an answer's `records`: operator, layer, surveyed_on, age_days, update_days,
    late_days, late.
    """
    layer = layers().get(record["layer"])
    title = layer.title.in_(lang) if layer else record["layer"]
    operator = record["operator"]
    what = say("age.what", lang, operator=operator, layer=title) if operator else title
    day = record["surveyed_on"]
    if day is None:
        return say("age.undated", lang, what=what)
    said = say("age.line", lang, what=what, day=_day(day, lang), n=record["age_days"])
    if record["update_days"] is not None:
        said += say("age.promised", lang, n=record["update_days"])
    if record["late"]:
        said += say("age.late_by", lang, n=record["late_days"])
    return said


def source_line(fresh: Freshness, lang: str) -> str:
    """What stands under a picture: of what days the data are, how old, and whose are late."""
    if fresh.oldest is None or fresh.newest is None or fresh.age_days is None:
        return say("age.no_source", lang)
    if fresh.oldest == fresh.newest:
        said = say("age.source_one", lang, day=_day(fresh.oldest, lang), n=fresh.age_days)
    else:
        days = {"oldest": _day(fresh.oldest, lang), "newest": _day(fresh.newest, lang)}
        said = say("age.source", lang, **days, n=fresh.age_days)
    return said + late_words(fresh, lang)


def late_words(fresh: Freshness, lang: str) -> str:
    """The late suppliers by name, for the end of a line; empty without any."""
    names = fresh.late_names
    if not names:
        return ""
    told = say("age.between", lang).join(names[:NAMED])
    more = len(names) - NAMED
    if more > 0:
        told += say("age.and_more", lang, n=more)
    return say("age.late", lang, names=told)


def _day(day: date | str, lang: str) -> str:
    return when(date.fromisoformat(day) if isinstance(day, str) else day, lang)
