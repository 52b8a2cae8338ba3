"""The board of one day: counts of the database, figures, scores and places, in both languages.

A board is one document without a language of its own, so that it can be frozen as it is: names and
places stand in it for each language, because names have an order of their own in each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from gridwarden.hazards.board.asked import Connection, Q
from gridwarden.hazards.board.counted import Counted
from gridwarden.hazards.board.definitions import Definitions
from gridwarden.hazards.board.indicators import Share
from gridwarden.hazards.board.scoring import (
    Figure,
    Place,
    Scored,
    class_of,
    ranked,
    scored,
)
from gridwarden.words import LANGUAGES, say
from gridwarden.words.speech import known

WEEK: Final = timedelta(days=7)
DIGITS: Final = 6


def family_words(family: str, lang: str) -> str:
    """A rule family's words; of people's reports those of their category."""
    for key in (f"family.{family}", f"hazards.category.{family.removeprefix('report.')}"):
        if known(key):
            return say(key, lang)
    return family


def group_names(by: str, key: str | None, name: str | None) -> dict[str, str]:
    """What a group is called in each language."""
    if key is None:
        return {lang: say(f"board.none.{by}", lang) for lang in LANGUAGES}
    if by == "family":
        return {lang: family_words(key, lang) for lang in LANGUAGES}
    return dict.fromkeys(LANGUAGES, name or key)


async def board_of(
    c: Connection,
    definitions: Definitions,
    by: str,
    day: date,
    before: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The board as it was at the end of a day, counted now; places of a week before beside it.

    `before`: the groups of that day as they were signed; counted now where nobody did.
    """
    items = await _items(c, definitions, by, day)
    if before is None:
        before = await _items(c, definitions, by, day - WEEK)
    places_before = {
        lang: {p["key"]: p["places"][lang]["rank"] for p in before} for lang in LANGUAGES
    }
    scores_before = {one["key"]: one["score"] for one in before}
    for one in items:
        one["score_before"] = scores_before.get(one["key"])
        for lang in LANGUAGES:
            one["places"][lang]["before"] = places_before[lang].get(one["key"])
    return {
        "by": by,
        "day": day.isoformat(),
        "definitions": definitions.document(),
        "items": items,
    }


@dataclass(frozen=True, slots=True)
class Group:
    """One district, organisation or family; `key` is None for the cases that have none."""

    key: str | None
    names: Mapping[str, str]
    counted: Counted
    found: Scored


async def _items(
    c: Connection, definitions: Definitions, by: str, day: date
) -> list[dict[str, Any]]:
    values = {"day": day, "by": by, "recurrence": definitions.recurrence_days}
    values |= {"work_from": definitions.hours[0], "work_to": definitions.hours[1]}
    groups = []
    for key, name, counts in await (await c.execute(Q["board"], values)).fetchall():
        counted = Counted.of(counts)
        found = scored(definitions, counted, by)
        groups.append(Group(key, group_names(by, key, name), counted, found))
    made = {one.key: _item(definitions, one) for one in groups}
    for lang in LANGUAGES:
        order = await name_order(c, [one.names[lang] for one in groups], lang)
        for place in _places(groups, lang, order):
            told = {"rank": place.rank, "tied": place.tied}
            made[place.group.key]["places"][lang] = told
    return list(made.values())


def _places(groups: Sequence[Group], lang: str, order: Mapping[str, int]) -> list[Place[Group]]:
    return ranked(
        groups,
        lambda one: one.found.score,
        lambda one: one.counted.overdue,
        lambda one: order[one.names[lang]],
    )


async def name_order(c: Connection, names: Sequence[str], lang: str) -> dict[str, int]:
    """The place of each name as the language sorts them."""
    rows = await (await c.execute(Q["order"], {"names": list(names), "lang": lang})).fetchall()
    return {name: int(place) for name, place in rows}


def _item(definitions: Definitions, group: Group) -> dict[str, Any]:
    counted, found = group.counted, group.found
    grade = class_of(definitions, found.score)
    return {
        "key": group.key,
        "names": dict(group.names),
        "places": {},
        "score": None if found.score is None else float(found.score),
        "class": None if grade is None else {"colour": grade.colour, "words": dict(grade.words)},
        "weight": found.weight,
        "overdue": counted.overdue,
        "open": counted.open,
        "open_hours": rounded(counted.open_hours),
        "households": counted.households,
        "buildings": counted.buildings,
        "returned": counted.returned,
        "indicators": [_told(one) for one in found.figures],
        "penalties": [
            {
                "of": t.penalty.of,
                "per": t.per,
                "count": t.count,
                "rate": rounded(t.rate),
                "points": rounded(t.points),
            }
            for t in found.taken
        ],
    }


def _told(one: Figure) -> dict[str, Any]:
    share = one.found if isinstance(one.found, Share) else None
    return {
        "code": one.code,
        "value": rounded(one.value),
        "counted": rounded(one.bound),
        "good": rounded(one.good),
        "n": one.n,
        "low_n": one.low_n,
        "part": share.part if share else None,
        "whole": share.whole if share else None,
        "figures": list(one.found.rows),
    }


def rounded(value: float | None) -> float | None:
    """As it is told and frozen: six places are more than any count can carry."""
    return None if value is None else round(float(value), DIGITS)
