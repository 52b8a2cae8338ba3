"""What waits for an account, in parts: overdue, sent back, due now, then by what is to be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row

from gridwarden.database import Caller, queries
from gridwarden.hazards.clock import office_now
from gridwarden.hazards.life_cycle import LIFE_CYCLE
from gridwarden.hazards.life_cycle.model import ORGANISATIONS
from gridwarden.settings import Settings

Q: Final = queries(__package__ or "gridwarden.hazards.my_work", "my_work.sql")
DOING: Final = ("assigned", "rectifying", "returned")
STATES: Final[Mapping[str, tuple[str, ...]]] = {
    "utility": DOING,
    "contractor": DOING,
    "warden": DOING,
    "inspector": ("registered", "awaiting_verification"),
    "supervisor": ("registered", "assessed", "awaiting_verification", *DOING),
}
"""The states in which a case waits for an account of this role, or is followed by it."""
PARTS: Final = (
    *("overdue", "returned", "due", "awaiting_verification"),
    *("assigned", "rectifying", "registered", "assessed"),
)
"""The parts of the page, most urgent first; each case stands in one."""
FIRST: Final[Mapping[str, str]] = {"assigned": "accept"}
"""What can be done in one tap, by the case's state: nothing that has to be filled in."""
TAPPING: Final = ("utility", "contractor", "warden")
"""Roles that are offered it."""
SOON: Final = timedelta(days=2)
MOST: Final = 20
SUSPECTED: Final = ("supervisor", "inspector")
"""Roles that register what was found."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: how many cases it has, and the most urgent of them."""

    name: str
    n: int
    cases: tuple[Mapping[str, Any], ...]


async def waiting(
    c: AsyncConnection[TupleRow], caller: Caller, settings: Settings
) -> tuple[list[Part], int | None]:
    """The parts that have something; for who registers, how many suspected problems there are."""
    own = caller.role in ORGANISATIONS
    now = office_now(settings)
    values = {
        "states": list(STATES[caller.role]),
        "own": own,
        "soon": now + SOON,
        "most": MOST,
    }
    async with c.cursor(row_factory=dict_row) as cursor:
        rows = await (await cursor.execute(Q["groups"], values)).fetchall()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        row["quick"] = quick(caller, row)
        row["days"] = days_left(row["due_at"], now)
        found.setdefault(row["part"], []).append(row)
    parts = [Part(one, found[one][0]["n"], tuple(found[one])) for one in PARTS if one in found]
    suspected = None
    if caller.role in SUSPECTED:
        counted = await (await c.execute(Q["suspected"])).fetchone()
        suspected = int(counted[0]) if counted else 0
    return parts, suspected


def quick(caller: Caller, case: Mapping[str, Any]) -> str | None:
    """The act that one tap does: it needs nothing said, and the life cycle allows it."""
    name = FIRST.get(case["state"]) if caller.role in TAPPING else None
    responsible = case["org_id"] is not None and case["org_id"] in caller.org_ids
    for act in LIFE_CYCLE.legal(case["state"], caller.role, responsible=responsible):
        if act.name == name and not act.needs and not act.must:
            return name
    return None


def days_left(due: datetime | None, now: datetime) -> int | None:
    """Whole days until a case is due; negative where it is overdue. None where nothing is due."""
    if due is None:
        return None
    return int((due - now).total_seconds() / 86_400)
