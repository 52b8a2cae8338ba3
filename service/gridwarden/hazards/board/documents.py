"""A day's board and ledger as they are answered: counted now, or as they were signed."""

from datetime import date
from typing import Any

from gridwarden.hazards.board import boards, ledgers, signing
from gridwarden.hazards.board.asked import Connection, Q
from gridwarden.hazards.board.definitions import Definitions
from gridwarden.hazards.board.telling import told


async def board_document(
    c: Connection, definitions: Definitions, by: str, day: date, today: date, lang: str
) -> dict[str, Any]:
    """The whole answer of `/api/rankings`: frozen figures where the day is signed."""
    signature = await signing.signature_of(c, day) if day < today else None
    if signature:
        board = signature["figures"]["boards"][by]
    else:
        earlier = await signing.signature_of(c, day - boards.WEEK)
        before = earlier["figures"]["boards"][by]["items"] if earlier else None
        board = await boards.board_of(c, definitions, by, day, before)
    later = await (await c.execute(Q["later"], {"day": day, "by": by})).fetchall()
    items = told(board, lang)
    corrected = {
        key: {"acts": acts, "new": new, "closed": closed, "last_day": last.isoformat()}
        for key, acts, new, closed, last in later
    }
    for one in items:
        one["entered_later"] = corrected.get(one["key"])
    moment = await (await c.execute(Q["cut_off"], {"day": day})).fetchone()
    assert moment is not None
    return {
        "by": by,
        "day": day.isoformat(),
        "complete": day < today,
        "cut_off": moment[0].isoformat(),
        "signature": signed_by(signature),
        "definitions": board["definitions"],
        "items": items,
        "next": None,
    }


def signed_by(signature: dict[str, Any] | None) -> dict[str, Any] | None:
    """A signature without the figures."""
    names = ("day", "signed_at", "person", "sha256", "intact")
    return {name: signature[name] for name in names} if signature else None


async def ledger_between(c: Connection, by: str, since: date, until: date) -> list[dict[str, Any]]:
    """The ledger of these days; signed ones as they were signed, the others counted now."""
    values = {"since": since, "until": until}
    days = [row[0] for row in await (await c.execute(Q["signed"], values)).fetchall()]
    frozen: list[dict[str, Any]] = []
    for day in days:
        signature = await signing.signature_of(c, day)
        if signature:
            frozen += signature["figures"]["ledgers"][by]
    if len(days) > (until - since).days:
        return frozen
    signed = {day.isoformat() for day in days}
    rows = await ledgers.ledger_of(c, by, since, until)
    return sorted(
        [one for one in rows if one["day"] not in signed] + frozen, key=lambda one: one["day"]
    )
