"""Records of programmes and spot checks as people enter them, and the lists of both."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from gridwarden.hazards.board.asked import Connection, Q, asked_for, day_of
from gridwarden.hazards.board.definitions import Definitions
from gridwarden.hazards.board.programmes import batched, tied_to
from gridwarden.words.asked import check_choices, limit_of, whole
from gridwarden.words.problems import Problem

MOST: Final = 1000
"""Records of one request."""
Number = Annotated[int, Field(strict=True, ge=1, lt=2**63)]
Text = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]
Note = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
OUTCOMES: Final = ("agrees", "missed", "false")


class Record(BaseModel):
    """One reported figure. Money is CNY with at most two decimals, better as a text ("221400.00");
    `at_least`: told as "over". `corrects`: the record in whose place this one counts from now on.
    """

    model_config = ConfigDict(extra="forbid")
    programme: Annotated[str, Field(max_length=60)]
    measure: Annotated[str, Field(max_length=60)]
    quantity: Annotated[Decimal, Field(ge=0, lt=10**14, decimal_places=2, allow_inf_nan=False)]
    at_least: bool = False
    day: date | None = None
    district: Number | None = None
    organisation: Number | None = None
    document_no: Annotated[Text, Field(max_length=100)] | None = None
    note: Note | None = None
    corrects: Number | None = None


class Records(BaseModel):
    """Entered together: all of them or none."""

    model_config = ConfigDict(extra="forbid")
    items: Annotated[list[Record], Field(min_length=1, max_length=MOST)]


class Visit(BaseModel):
    """One unannounced visit. `saw`: a hazard, none (any more), or that there never was one. `case`:
    the ledger's case of this place, where it has one; it says then whose and where the place is.
    """

    model_config = ConfigDict(extra="forbid")
    saw: Literal["hazard", "none", "never_was"]
    place_words: Text
    case: Number | None = None
    district: Number | None = None
    organisation: Number | None = None
    family: Annotated[Text, Field(max_length=100)] | None = None
    day: date | None = None
    note: Note | None = None


class Visits(BaseModel):
    """Entered together: all of them or none."""

    model_config = ConfigDict(extra="forbid")
    items: Annotated[list[Visit], Field(min_length=1, max_length=MOST)]


def check_records(definitions: Definitions, records: Sequence[Record]) -> None:
    """Raises Problem (400) for a programme or measure that is not declared, and for what its unit
    does not take: parts of a thing, more than 100 percent.
    """
    for at, one in enumerate(records):
        programme = definitions.programme(one.programme)
        if programme is None:
            choices = {"programme": [p.code for p in definitions.programmes]}
            check_choices({"programme": one.programme}, choices)
            continue
        measure = programme.measure(one.measure)
        if measure is None:
            choices = {"measure": [m.code for m in programme.measures]}
            check_choices({"measure": one.measure}, choices)
            continue
        if measure.batch is not None:
            raise Problem("invalid_value", "board.from_batches", field=f"items.{at}.measure")
        split = one.quantity != one.quantity.to_integral_value()
        if measure.unit in ("count", "visits") and split:
            raise Problem("invalid_value", "board.not_whole", field=f"items.{at}.quantity")
        if measure.unit == "percent" and one.quantity > 100:
            raise Problem("invalid_value", "board.not_percent", field=f"items.{at}.quantity")


async def add_records(c: Connection, records: Sequence[Record]) -> list[int]:
    """Enter them; their numbers, in order. Raises what the database refuses."""
    text = json.dumps([one.model_dump(mode="json", exclude_none=True) for one in records])
    row = await (await c.execute(Q["add_records"], {"records": text})).fetchone()
    assert row is not None
    return list(row[0])


async def add_visits(c: Connection, visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """Enter them; number and outcome of each, in order. Raises what the database refuses."""
    text = json.dumps([one.model_dump(mode="json", exclude_none=True) for one in visits])
    rows = await (await c.execute(Q["add_visits"], {"checks": text})).fetchall()
    return [{"id": number, "outcome": outcome} for number, outcome in rows]


async def records_of(
    c: Connection, definitions: Definitions, items: Iterable[tuple[str, str]], today: date
) -> dict[str, Any]:
    """Records as they counted by the end of a day; with `corrected=true` those corrected by then,
    too. Of a measure that is read from batches, their entries. Raises Problem (400).
    """
    given = asked_for(
        items, "day", "programme", "measure", "district", "org", "corrected", "limit", "cursor"
    )
    check_choices(given, {"corrected": ("true", "false")})
    values = _common(given, today) | {"corrected": given.get("corrected") == "true"}
    values |= {name: given.get(name) for name in ("programme", "measure")}
    tied = [
        tied_to(one)
        for one in batched(definitions)
        if (one[0].code, one[1].code) == (values["programme"], values["measure"])
    ]
    name = "entries" if tied else "records"
    values |= {"batches": Jsonb(tied)}
    return await _page(c, name, values, "/api/hazards/programmes/records", given)


async def visits_of(c: Connection, items: Iterable[tuple[str, str]], today: date) -> dict[str, Any]:
    """Spot checks of the asker's districts that had been entered by a day. Raises Problem (400)."""
    given = asked_for(items, "day", "district", "org", "family", "outcome", "limit", "cursor")
    check_choices(given, {"outcome": OUTCOMES})
    values = _common(given, today)
    values |= {name: given.get(name) for name in ("family", "outcome")}
    return await _page(c, "visits", values, "/api/hazards/spot-checks", given)


def _common(given: dict[str, str], today: date) -> dict[str, Any]:
    ids = {n: whole(given[n], n, least=1) if n in given else None for n in ("district", "org")}
    day = day_of(given["day"], "day", today) if "day" in given else today
    after = whole(given.get("cursor", "0"), "cursor", least=0)
    return {**ids, "day": day, "after": after, "limit": limit_of(given)}


async def _page(
    c: Connection, name: str, values: dict[str, Any], path: str, given: dict[str, str]
) -> dict[str, Any]:
    row = await (await c.execute(Q[name], values)).fetchone()
    assert row is not None
    items, following = row[0], None
    if len(items) > values["limit"]:
        items = items[: values["limit"]]
        more = {**given, "limit": values["limit"], "cursor": items[-1]["id"]}
        following = f"{path}?{urlencode(more)}"
    for one in items:
        if "quantity" in one:
            one["quantity"] = str(Decimal(str(one["quantity"])).quantize(Decimal("0.01")))
    told = {"items": items, "next": following}
    return told if len(row) == 1 else {**told, "withheld": row[1]}
