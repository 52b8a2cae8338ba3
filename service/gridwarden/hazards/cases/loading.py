"""One case: as it is, what happened to it, on what it stands, and what its reader may do now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row

from gridwarden.hazards.cases.listing import Q
from gridwarden.hazards.life_cycle import LIFE_CYCLE, Act
from gridwarden.words.problems import Problem

Row = dict[str, Any]
HIDDEN: Final = ("x", "y", "rank", "search")


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

    Of one that is tied to a main and veiled for its reader the place is the 500 m cell alone; one
    that stands in the middle of its cell for everybody is told with that. `place` says which it is.
    """
    told = _told({name: value for name, value in case.items() if name not in HIDDEN})
    if case["veiled"]:
        told |= {"lon": None, "lat": None}
    told["place"] = None if case.get("x") is None else "subject"
    if case["veiled"] or by_cell(case):
        told["place"] = "cell_500"
        told["cell"] = f"square-500/{int(case['x'] // 500)}/{int(case['y'] // 500)}"
    return told


def by_cell(case: Mapping[str, Any]) -> bool:
    """Whether the place of a case is the middle of a 500 m cell: it was found of a main, and the
    findings of mains say no more (data.of_a_cell).
    """
    at = case.get("x"), case.get("y")
    tied = case.get("main") or case.get("layer") == "gas_pipelines"
    return bool(tied) and all(one is not None and one % 500 == 250 for one in at)


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


async def story(c: AsyncConnection[TupleRow], number: int, srid: int) -> Story:
    """The whole of a case in the caller's open transaction. Raises as `load_case`."""
    case = await load_case(c, number, srid)
    told = await (await c.execute(Q["may"], {"id": number})).fetchone()
    legal, barred = (frozenset(one or ()) for one in told or ((), ()))
    acts = LIFE_CYCLE.acts_from(case["state"])
    return Story(
        case,
        await _rows(c, "acts", {"id": number}),
        await _rows(c, "evidence", {"id": number}),
        await _rows(c, "duplicates", {"id": number}),
        [one for one in acts if one.name in legal],
        [one for one in acts if one.name in barred],
    )


async def _rows(c: AsyncConnection[TupleRow], name: str, values: Mapping[str, object]) -> list[Row]:
    async with c.cursor(row_factory=dict_row) as cursor:
        return list(await (await cursor.execute(Q[name], values)).fetchall())
