"""Every row of the national pack's activity rules, at the end of its range − 1 cm, there, + 1 cm.

What is expected is worked out from the TOML alone. All questions of a method go in one statement.
"""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest

from conftest import owner
from gridwarden.permits.question import METHODS

from .conftest import EDGE_M, Ground, box

PACK = files("gridwarden.rules").joinpath("packs/cn-city-gas")
CM = Decimal("0.01")
DEPTHS = (None, Decimal("0.5"), Decimal("2.5"), Decimal(12), Decimal(60))
RANK = {"clear": 0, "notify": 1, "protection_plan": 2, "prohibited": 3}
KNOWN = {"class", "method", "limit_m", "per_depth", "verdict", "severity", "note"}
"""Row keys that this test reckons with; others would make it lie."""

ASKED = """
    select q.n, h.v ->> 'verdict', coalesce((select array_agg(distinct r.rule order by r.rule)
        from jsonb_array_elements(h.v -> 'met') m
        join data.rule r on r.id = (m ->> 'rule_id')::bigint
        where m ->> 'certainty' = 'certain'), '{}')
    from jsonb_to_recordset(%s) as q(n int, main bigint, area jsonb, depth numeric)
    cross join data.permit_reach(%s, q.depth) reach
    cross join data.permit_hits(st_setsrid(st_geomfromgeojson(q.area), 4547), 0, 0, %s, q.depth,
                                reach.reach) found
    left join jsonb_array_elements(found) h(v) on (h.v ->> 'id')::bigint = q.main
    order by q.n
"""


@dataclass(frozen=True)
class Line:
    """One row of a rule's table for one class and method."""

    rule: str
    pressure_class: str
    limit_m: Decimal
    per_depth: Decimal
    verdict: str

    def range_m(self, depth: Decimal | None) -> Decimal:
        """How far it reaches for work of this depth."""
        return max(self.limit_m, self.per_depth * (depth or 0))


def pack() -> list[dict[str, Any]]:
    """The pack's files as parsed."""
    names = sorted(f.name for f in PACK.iterdir() if f.name.endswith(".toml"))
    return [
        tomllib.loads(PACK.joinpath(name).read_text("utf-8"), parse_float=Decimal) for name in names
    ]


def classes() -> list[str]:
    """The classes that answers use: the first system of the pack."""
    systems = [s for file in pack() for s in file.get("class_system", [])]
    return [c["id"] for c in systems[0]["class"]]


def lines(method: str) -> Iterator[Line]:
    """All that the pack's activity rules ask of a method."""
    for file in pack():
        for rule in file.get("rule", []):
            if rule["kind"] != "activity":
                continue
            assert not {"main", "where", "measured"} & set(rule), rule["id"]
            for row in rule["row"]:
                assert set(row) <= KNOWN, rule["id"]
                if method not in listed(row["method"]):
                    continue
                for one in listed(row.get("class", classes())):
                    limit = Decimal(str(row["limit_m"]))
                    per_depth = Decimal(str(row.get("per_depth", 0)))
                    yield Line(rule["id"], one, limit, per_depth, row["verdict"])


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def places(rows: list[Line], depth: Decimal | None) -> set[Decimal]:
    """Gaps at which something changes, and a centimetre to either side."""
    ends = {row.range_m(depth) for row in rows}
    return {gap for end in ends for gap in (end - CM, end, end + CM) if gap > 0}


def depths(rows: list[Line], gap: Decimal) -> set[Decimal]:
    """Depths at which a range that grows with the work reaches this gap."""
    steps = {(gap / row.per_depth).quantize(CM) for row in rows if row.per_depth}
    return {step + by for step in steps for by in (-CM, Decimal(0), CM)}


@pytest.fixture(scope="module")
def mains(ground: Ground) -> dict[str, tuple[float, int]]:
    """One main of each class, alone in its lane: where, and which."""
    made = {}
    for one in classes():
        y = ground.lane()
        made[one] = y, ground.main("A", y, one)
    return made


@pytest.mark.parametrize("method", METHODS)
def test_each_row_holds_to_the_end_of_its_range_and_no_further(
    ground: Ground, mains: dict[str, tuple[float, int]], method: str
) -> None:
    asked, expected = [], []
    for one, (y, main) in mains.items():
        rows = [row for row in lines(method) if row.pressure_class == one]
        assert len({row.rule for row in rows}) >= 2
        points = {(gap, depth) for depth in DEPTHS for gap in places(rows, depth)}
        points |= {(Decimal(8), depth) for depth in depths(rows, Decimal(8))}
        for gap, depth in sorted(points, key=str):
            met = [row for row in rows if gap <= row.range_m(depth)]
            verdicts = [row.verdict for row in met]
            area = box(y + EDGE_M + float(gap))
            asked.append({"n": len(asked), "main": main, "area": area, "depth": depth})
            strongest = max(verdicts, key=RANK.__getitem__) if met else None
            expected.append((strongest, sorted({row.rule for row in met}), one, gap, depth))
    assert len(asked) >= 3 * 2 * len(mains)
    with owner(ground.settings) as c:
        text = json.dumps(asked, default=float)
        found = c.execute(ASKED, (text, method, method)).fetchall()
    for (_, verdict, rules), (strongest, wanted, *place) in zip(found, expected, strict=True):
        assert (verdict, rules) == (strongest, wanted), (method, place)


def test_a_deep_pit_needs_a_plan_where_a_shallow_one_does_not(ground: Ground) -> None:
    """12 m deep at 8 m from a medium-pressure main, whose control range ends at 5 m."""
    y = ground.lane()
    ground.main("A", y, "MB")
    pit = box(y + EDGE_M + 8)
    assert ground.ask(pit)["verdict"] == "clear"
    assert ground.ask(pit, depth_m=7.99)["verdict"] == "clear"
    assert ground.ask(pit, depth_m=8)["verdict"] == "protection_plan"
    found = ground.ask(pit, depth_m=12)
    assert found["verdict"] == "protection_plan"
    (reason,) = found["reasons"]
    assert (reason["required_m"], reason["measured_m"], reason["margin_m"]) == (12, 8, -4)
    assert found["mains"][0]["back_m"] == found["move_m"] == 4.01
    assert ground.ask(pit, depth_m=12, method="hand")["verdict"] == "clear"
