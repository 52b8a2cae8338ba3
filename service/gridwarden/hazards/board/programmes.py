"""Programmes of a campaign: each figure the sum of entered records, exact to the last fen."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from psycopg.types.json import Jsonb

from gridwarden.hazards.board.asked import Connection, Q
from gridwarden.hazards.board.definitions import Definitions, Measure, Programme, Rate

CENTS: Final = Decimal("0.01")
WAN: Final = Decimal(10_000)
"""万: sums of money are told in it."""


async def figures_of(c: Connection, definitions: Definitions, day: date) -> list[dict[str, Any]]:
    """Every programme with its measures and rates as they were reported by the end of a day.

    A measure that nobody reported is null, not nought. What is told in percent is not summed: the
    newest one counts.
    """
    tied = {"day": day, "batches": Jsonb(list(map(tied_to, batched(definitions))))}
    found = await (await c.execute(Q["figures"], tied)).fetchall()
    summed = {(p, m): tuple(rest) for p, m, *rest in found}
    percents = [
        f"{p.code}.{m.code}" for p in definitions.programmes for m in p.measures if is_percent(m)
    ]
    values = {"day": day, "measures": percents}
    newest = await (await c.execute(Q["newest"], values)).fetchall()
    latest = {(p, m): quantity for p, m, quantity in newest}
    return [_programme(one, summed, latest) for one in definitions.programmes]


def batched(definitions: Definitions) -> list[tuple[Programme, Measure]]:
    """The measures that are read from batches."""
    return [(p, m) for p in definitions.programmes for m in p.measures if m.batch is not None]


def tied_to(one: tuple[Programme, Measure]) -> dict[str, Any]:
    """Such a measure as the database takes it."""
    programme, measure = one
    named = {"programme": programme.code, "measure": measure.code, "kind": measure.batch}
    return {**named, "money": measure.unit == "cny"}


def is_percent(measure: Measure) -> bool:
    return measure.unit == "percent"


def _programme(
    one: Programme,
    summed: Mapping[tuple[str, str], tuple[Any, ...]],
    latest: Mapping[tuple[str, str], Decimal],
) -> dict[str, Any]:
    measures = {}
    quantities: dict[str, Decimal] = {}
    for measure in one.measures:
        there = summed.get((one.code, measure.code))
        quantity = None
        if there is not None:
            quantity = latest[one.code, measure.code] if is_percent(measure) else there[0]
            quantities[measure.code] = quantity
        measures[measure.code] = {
            "names": dict(measure.words),
            "unit": measure.unit,
            "batch": measure.batch,
            "value": told(quantity, measure.unit),
            "at_least": bool(there and there[1]),
            "records": there[2] if there else 0,
            "last_day": there[3].isoformat() if there else None,
        }
    return {
        "code": one.code,
        "names": dict(one.words),
        "measures": measures,
        "rates": {rate.code: rate_of(rate, quantities) for rate in one.rates},
    }


def told(quantity: Decimal | None, unit: str) -> int | str | None:
    """As it is told in JSON: counts are numbers, money and percentages exact texts."""
    if quantity is None:
        return None
    if unit in ("cny", "percent"):
        return str(quantity.quantize(CENTS))
    return int(quantity)


def rate_of(rate: Rate, quantities: Mapping[str, Decimal]) -> dict[str, Any]:
    """A rate in percent with two decimals; None where its whole is nothing or was not told. Where
    nobody reported the whole, the percentage that was reported in its place.
    """
    part, whole = quantities.get(rate.part), quantities.get(rate.whole)
    value = None
    reported = False
    if whole is not None:
        value = percent(part or Decimal(0), whole)
    elif rate.reported is not None and rate.reported in quantities:
        value, reported = str(quantities[rate.reported].quantize(CENTS)), True
    return {
        "names": dict(rate.words),
        "part": rate.part,
        "whole": rate.whole,
        "value": value,
        "as_reported": rate.reported if reported else None,
    }


def percent(part: Decimal, whole: Decimal) -> str | None:
    """A share in percent, half up; None of nothing."""
    if not whole:
        return None
    return str((100 * part / whole).quantize(CENTS, ROUND_HALF_UP))


def in_wan(cny: str) -> str:
    """万元: 221400.00 is 22.14. What two decimals cannot hold keeps as many as it needs."""
    wan = Decimal(cny) / WAN
    rounded = wan.quantize(CENTS)
    return str(rounded if rounded == wan else wan.normalize())


def told_programmes(
    figures: Iterable[Mapping[str, Any]], day: str, lang: str
) -> list[dict[str, Any]]:
    """Programmes in one language, each figure with the address of its records."""

    def address(programme: str, measure: str) -> str:
        return f"/api/hazards/programmes/records?day={day}&programme={programme}&measure={measure}"

    return [
        {
            "code": one["code"],
            "name": one["names"][lang],
            "measures": [
                {
                    "code": code,
                    "name": measure["names"][lang],
                    **{k: v for k, v in measure.items() if k != "names"},
                    **(
                        {"wan": in_wan(measure["value"])}
                        if measure["unit"] == "cny" and measure["value"] is not None
                        else {}
                    ),
                    "rows": address(one["code"], code),
                }
                for code, measure in one["measures"].items()
            ],
            "rates": [
                {
                    "code": code,
                    "name": rate["names"][lang],
                    **{k: v for k, v in rate.items() if k != "names"},
                    "rows": {
                        name: address(one["code"], rate[name])
                        for name in (("as_reported",) if rate["as_reported"] else ("part", "whole"))
                    },
                }
                for code, rate in one["rates"].items()
            ],
        }
        for one in figures
    ]
