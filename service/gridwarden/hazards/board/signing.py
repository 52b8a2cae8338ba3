"""A day's figures signed by a supervisor: frozen word for word, with their hash in the audit."""

import json
from datetime import date
from typing import Any

from gridwarden.hazards.board.asked import BY, Connection, Q
from gridwarden.hazards.board.boards import board_of
from gridwarden.hazards.board.definitions import Definitions
from gridwarden.hazards.board.ledgers import ledger_of
from gridwarden.hazards.board.programmes import figures_of


async def document_of(c: Connection, definitions: Definitions, day: date) -> str:
    """All figures of a day as one text that is the same for the same figures."""
    document = {
        "day": day.isoformat(),
        "boards": {by: await board_of(c, definitions, by, day) for by in BY},
        "ledgers": {by: await ledger_of(c, by, day, day) for by in BY},
        "programmes": await figures_of(c, definitions, day),
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


async def sign(c: Connection, definitions: Definitions, day: date) -> dict[str, Any]:
    """Freeze and sign. Raises what the database refuses: too early, twice, not the whole city."""
    await c.execute(Q["count_stock"])
    document = await document_of(c, definitions, day)
    row = await (await c.execute(Q["sign"], {"day": day, "document": document})).fetchone()
    assert row is not None
    signature: dict[str, Any] = row[0]
    return signature


async def signature_of(c: Connection, day: date) -> dict[str, Any] | None:
    """Who signed a day, whether its figures are still those, and the figures (`figures`)."""
    row = await (await c.execute(Q["signature"], {"day": day})).fetchone()
    if row is None or row[0] is None:
        return None
    signature: dict[str, Any] = row[0]
    signature["figures"] = json.loads(signature["document"])
    return signature


def differing(frozen: Any, now: Any, path: str = "") -> list[str]:
    """Where two documents of a day differ, by the path to it; the first twenty."""
    if isinstance(frozen, dict) and isinstance(now, dict):
        keys = sorted(frozen.keys() | now.keys())
        found = [
            place
            for key in keys
            for place in differing(frozen.get(key), now.get(key), f"{path}/{key}")
        ]
    elif isinstance(frozen, list) and isinstance(now, list) and len(frozen) == len(now):
        pairs = enumerate(zip(frozen, now, strict=True))
        found = [place for at, (a, b) in pairs for place in differing(a, b, f"{path}/{at}")]
    else:
        found = [] if frozen == now else [path or "/"]
    return found[:20]
