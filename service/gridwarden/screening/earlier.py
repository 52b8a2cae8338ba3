"""A finding as it was: one that has ended as it last was, any one as it was known at a moment.

Who may see it, and how much of it, is what the living one's views say. What explains a living
finding (its construction, the bands, the picture) stands on features as they are, and is not told.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from gridwarden.database import Caller
from gridwarden.layers.catalogue import layers
from gridwarden.layers.past import go_back
from gridwarden.screening.explaining import (
    Asked,
    Explained,
    feature_read,
    item_of,
    rule_of,
    saw_mains,
    shown,
    told_rule,
)
from gridwarden.words import say
from gridwarden.words.figures import when
from gridwarden.words.problems import Problem


async def ended(
    connection: AsyncConnection[Any], caller: Caller, number: int, srid: int, zone: str
) -> Explained:
    """One that has ended as it last was, and `ended`: since when, until when, and why.

    To be asked in the transaction in which `explain` found none: it has kept a supervisor's look.
    `zone` is the office's. Raises Problem `not_found` for a finding that never was, or is not the
    caller's to see.
    """
    ask = Asked(connection, caller, number, srid, ended=True)
    item, end = await item_of(ask), await ask.row("end")
    if item is None or end is None:
        raise Problem("not_found", "screening.no_finding", number=number)
    # its features as they were when it was last judged: what ended it may have taken them away
    with suppress(Problem):
        await go_back(connection, end["since"], "features")
    whole, subject = await _whole(replace(ask, at=end["since"]), item)
    told = {"since": end["since"].isoformat(), "until": end["until"].isoformat()}
    told |= {"reason": end["reason"]}
    if end["cause_act"] is not None:
        told["cause"] = {name: end[f"cause_{name}"] for name in ("layer", "id", "act")}
    told_when = when(end["until"], caller.language, zone=zone, year=True)
    why = say(f"time.why.{end['reason']}", caller.language)
    cause = cause_words(told.get("cause"), caller.language)
    key = "time.ended_by" if cause else "time.ended"
    sentence = say(key, caller.language, when=told_when, why=why, cause=cause)
    whole |= {"form": "ended", "ended": told, "say": sentence}
    return Explained(whole, {"subject": subject})


async def as_known(
    connection: AsyncConnection[Any],
    caller: Caller,
    number: int,
    srid: int,
    zone: str,
    at: datetime,
) -> Explained:
    """One as it was known at a moment; a supervisor's look is kept.

    Raises Problem `not_found` where there was none of this number then that the caller may see,
    and for a moment before the first that is known of.
    """
    await go_back(connection, at, "findings")
    ask = Asked(connection, caller, number, srid, at=at)
    if caller.role == "supervisor":
        await ask.rows("look", purpose=f"finding {number}")
    item = await item_of(ask)
    if item is None:
        raise Problem("not_found", "time.no_finding", field="number")
    whole, subject = await _whole(ask, item)
    told_when = when(at, caller.language, zone=zone, year=True)
    sentence = say("time.as_of", caller.language, when=told_when)
    told = {"form": "as_known", "at": at.isoformat(), "say": sentence}
    return Explained(whole | told, {"subject": subject})


async def _whole(ask: Asked, item: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """The row with its subject, and with its rule for who may read the evidence."""
    subject = await feature_read(ask, item["layer"], item["subject_id"])
    await saw_mains(ask, item, subject)
    whole = item
    if "rule" in item:
        rule, whole = await rule_of(ask, item)
        whole = {k: v for k, v in whole.items() if k not in ("row_id", "pack_version", "told")}
        if rule is None:
            del whole["rule"]
        else:
            whole["rule"] = told_rule(rule)
    return whole | {"subject": shown(subject)}, subject


def cause_words(cause: dict[str, Any] | None, lang: str) -> str:
    """Which feature's change did something to a finding; empty where that is not told."""
    if cause is None or cause["act"] is None:
        return ""
    layer = layers().get(cause["layer"])
    title = layer.title.in_(lang) if layer else cause["layer"]
    return say(f"time.cause.{cause['act']}", lang, layer=title, id=cause["id"])
