"""One case: as it is, what happened to it, on what it stands, and what its reader may do now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row

from gridwarden.database import Caller
from gridwarden.hazards.cases.listing import Q
from gridwarden.hazards.life_cycle import LIFE_CYCLE, Act
from gridwarden.hazards.life_cycle.model import ORGANISATIONS
from gridwarden.words.problems import Problem

Row = dict[str, Any]
HIDDEN: Final = ("x", "y", "rank")


@dataclass(frozen=True, slots=True)
class Story:
    """A case with its acts (oldest first), its evidence, its duplicates, and what is legal now.

    `barred` are acts that the reader's role may do and the reader may not: who rectifies does not
    verify.
    """

    case: Row
    acts: Sequence[Row]
    evidence: Sequence[Row]
    duplicates: Sequence[Row]
    legal: Sequence[Act]
    barred: Sequence[Act]

    def document(self) -> Row:
        """As the API tells it."""
        return {
            **case_document(self.case),
            "acts": [_told(one) for one in self.acts],
            "evidence": [_told(one) for one in self.evidence],
            "duplicates": [one["id"] for one in self.duplicates],
            "legal": [
                {"act": a.name, "sets": list(a.sets), "must": list(a.must), "needs": list(a.needs)}
                for a in self.legal
            ],
        }


def case_document(case: Mapping[str, Any]) -> Row:
    """A case as the API tells it: times with their offset, the place in degrees.

    Of one that is tied to a main and veiled for its reader the place is the 500 m cell alone.
    """
    told = _told({name: value for name, value in case.items() if name not in HIDDEN})
    if case["veiled"]:
        told |= {"lon": None, "lat": None}
        told["cell"] = f"square-500/{int(case['x'] // 500)}/{int(case['y'] // 500)}"
    return told


def _told(row: Mapping[str, Any]) -> Row:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


async def load_case(c: AsyncConnection[TupleRow], number: int, srid: int) -> Row:
    """The case as the caller may see it. Raises Problem `not_found` where they see none."""
    found = await _rows(c, "one", {"id": number, "srid": srid})
    if not found:
        raise Problem("not_found", "hazards.none", field="number")
    return found[0]


async def story(c: AsyncConnection[TupleRow], caller: Caller, number: int, srid: int) -> Story:
    """The whole of a case in the caller's open transaction. Raises as `load_case`."""
    case = await load_case(c, number, srid)
    acts = await _rows(c, "acts", {"id": number})
    may = [one for one in legal_acts(case, caller) if not one.own or _own(case, caller)]
    return Story(
        case,
        acts,
        await _rows(c, "evidence", {"id": number}),
        await _rows(c, "duplicates", {"id": number}),
        [one for one in may if not barred(one, case, acts, caller)],
        [one for one in may if barred(one, case, acts, caller)],
    )


def legal_acts(case: Mapping[str, Any], caller: Caller) -> tuple[Act, ...]:
    """What the caller's role may do to the case by the table."""
    return LIFE_CYCLE.legal(case["state"], caller.role, responsible=_responsible(case, caller))


def _responsible(case: Mapping[str, Any], caller: Caller) -> bool:
    return caller.role in ORGANISATIONS and case["org_id"] in caller.org_ids


def _own(case: Mapping[str, Any], caller: Caller) -> bool:
    return (case["found_by"], case["found_role"]) == (caller.person, caller.role)


def barred(
    act: Act, case: Mapping[str, Any], acts: Sequence[Mapping[str, Any]], caller: Caller
) -> bool:
    """Whether the caller, or their organisation, did since the last assignment what this act has
    to be apart from. The database says it again (data.legal_act).
    """
    if not act.apart_from:
        return False
    since = max((one["version"] for one in acts if one["act"] == "assign"), default=0)
    did = [one for one in acts if one["act"] in act.apart_from and one["version"] > since]
    return case["org_id"] in caller.org_ids or any(one["person"] == caller.person for one in did)


async def _rows(c: AsyncConnection[TupleRow], name: str, values: Mapping[str, object]) -> list[Row]:
    async with c.cursor(row_factory=dict_row) as cursor:
        return list(await (await cursor.execute(Q[name], values)).fetchall())
