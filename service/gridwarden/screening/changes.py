"""Why a number of findings is another one than it was: four lists that make the whole difference.

`docs/time.md` tells what belongs to which part. The statement behind this reads the number at both
moments and the lists apart from each other; that they agree is tested, not assumed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.database import Caller, queries
from gridwarden.layers.past import go_back, moment
from gridwarden.screening.listing import check_names, district_of
from gridwarden.screening.parameters import FindingsQuery
from gridwarden.words.asked import check_choices, given_of, limit_of, whole
from gridwarden.words.problems import Problem

Q: Final = queries(__package__ or "gridwarden.screening", "changes.sql")
PARTS: Final = ("new", "corrected", "rule", "late")
"""What the difference is split into, in the order in which it is told."""
BESIDE: Final = ("came_and_went", "regraded")
"""What is told beside the difference: it does not change the number."""
FILTERS: Final = ("family", "layer", "severity", "certainty", "district")
KNOWN: Final = (*FILTERS, "from", "to", "limit", "list", "cursor", "lang")
LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class ChangesQuery:
    """Two moments and what is counted. `list` and `after`: one list alone, from that row on."""

    since: datetime
    until: datetime
    filters: Mapping[str, str]
    zone: str
    limit: int = LIMIT
    list: str | None = None
    after: int = 0

    @property
    def address(self) -> dict[str, str]:
        """The moments and filters as they stand in an address, with what was `now` told."""
        moments = {"from": self.since.isoformat(), "to": self.until.isoformat()}
        return {**moments, **self.filters}


def changes_query(items: Iterable[tuple[str, str]], zone: str) -> ChangesQuery:
    """Read the parameters; `to` is now where it is not given. Raises Problem (400)."""
    given = given_of([(name, value) for name, value in items if value], KNOWN)
    if "from" not in given:
        raise Problem("missing_value", "time.from_missing", field="from")
    since = moment(given["from"], zone, "from")
    until = moment(given["to"], zone, "to") if "to" in given else datetime.now(ZoneInfo(zone))
    if since > until:
        raise Problem("invalid_value", "time.turned_around", field="from")
    check_choices(given, {"list": PARTS + BESIDE})
    return ChangesQuery(
        since,
        until,
        {name: given[name] for name in FILTERS if name in given},
        zone,
        limit_of(given),
        given.get("list"),
        whole(given.get("cursor", "0"), "cursor", least=0),
    )


async def changes(
    c: AsyncConnection[TupleRow], caller: Caller, asked: ChangesQuery
) -> dict[str, Any]:
    """The document of `GET /api/findings/changes`, in the caller's open transaction; a supervisor's
    look is kept. Raises Problem for a name that is none, and for a moment before the first.
    """
    if "family" in asked.filters:
        known = [row[0] for row in await (await c.execute(Q["families"])).fetchall()]
        check_choices(asked.filters, {"family": known})
    without = {name: value for name, value in asked.filters.items() if name != "family"}
    named = FindingsQuery(without, None, None, 0)
    await check_names(c, named)
    district = await district_of(c, named)
    await go_back(c, asked.since, "findings", "from")
    if caller.role == "supervisor":
        await c.execute(
            Q["look"], {"purpose": f"findings/changes?{urlencode(asked.address)}"[:500]}
        )
    values: dict[str, Any] = {name: asked.filters.get(name) for name in FILTERS}
    values |= {"since": asked.since, "until": asked.until, "zone": asked.zone}
    values |= {"district": district, "limit": asked.limit, "after": asked.after}
    row = await (await c.execute(Q["changes"], values)).fetchone()
    assert row is not None
    return _told(row[0], asked)


def _told(found: Mapping[str, Any], asked: ChangesQuery) -> dict[str, Any]:
    lists = {name: _list(name, found["lists"].get(name), asked) for name in PARTS + BESIDE}
    for name in BESIDE:
        for not_counted in ("appeared", "ended", "difference"):
            del lists[name][not_counted]
    return {
        "from": asked.since.isoformat(),
        "to": asked.until.isoformat(),
        "then": found["then"],
        "now": found["now"],
        "difference": found["now"] - found["then"],
        "parts": {name: lists[name] for name in PARTS},
        "beside": {name: lists[name] for name in BESIDE},
    }


def _list(name: str, found: Mapping[str, Any] | None, asked: ChangesQuery) -> dict[str, Any]:
    one = found or {"count": 0, "appeared": 0, "ended": 0, "items": []}
    shown = asked.list in (None, name)
    more = shown and one["count"] > asked.after + asked.limit
    paging = {"list": name, "limit": str(asked.limit), "cursor": str(asked.after + asked.limit)}
    return {
        "count": one["count"],
        "appeared": one["appeared"],
        "ended": one["ended"],
        "difference": one["appeared"] - one["ended"],
        "items": one["items"] if shown else [],
        "next": f"/api/findings/changes?{urlencode(asked.address | paging)}" if more else None,
    }
