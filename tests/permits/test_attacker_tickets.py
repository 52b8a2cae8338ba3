"""A company and a contractor of its own place another company's main by giving tickets of digs.

A clip tells that others have mains within 15 m, and whom to call. Where that begins is asked for as
in permit checks: together all tickets tell the line that those tell, and no other.
"""

from typing import Any

import pytest

from conftest import KeyMaker, owner
from permits.conftest import Ground, X
from permits.test_attacker import by_moving, edge, placed


class Diggers:
    """One dig, given anew at each place where it is tried."""

    def __init__(self, ground: Ground, sign_in: KeyMaker) -> None:
        self.ground = ground
        org = ground.insert("organisations", "builders", name="digger", kind="contractor")
        self.contractor = sign_in("contractor", org_ids=(org,))
        ring = f"POINT({X + 150} {ground.lane()})"
        row = {"code": "T", "method": "hand", "ends_on": "2099-12-31"}
        self.ticket = ground.insert("excavations", "digs", wkt=ring, **row)

    def others(self, y: float) -> Any:
        """Whose mains are told of at a dig there."""
        with owner(self.ground.settings) as c:
            c.execute(
                "update data.excavations set geom = st_setsrid(st_makepoint(%s, %s), 4547)"
                " where id = %s",
                (X + 150, y, self.ticket),
            )
        body = {"excavation": self.ticket, "contractor": "digger"}
        http, keys = self.ground.http, self.ground.keys
        given = http.post("/api/permits/clips", json=body, headers=keys["A"])
        assert given.status_code == 201, given.text
        told = http.get(f"/api/permits/clips/{self.ticket}", headers=self.contractor).json()
        assert told["features"] == []
        return told["others"]


@pytest.fixture(scope="module")
def diggers(ground: Ground, module_sign_in: KeyMaker) -> Diggers:
    return Diggers(ground, module_sign_in)


def moved_main(ground: Ground) -> float:
    """The y of a main of B that this installation's dice move by more than a metre along y."""
    while True:
        y = ground.lane()
        number = ground.main("B", y)
        with owner(ground.settings) as c:
            asked = (
                "select st_ymin(data.veiled(geom, id)) - %s from data.gas_pipelines where id = %s"
            )
            row = c.execute(asked, (y, number)).fetchone()
        if row is not None and abs(row[0]) > 1:
            return y


def test_tickets_place_the_line_that_permit_checks_place(ground: Ground, diggers: Diggers) -> None:
    y = moved_main(ground)
    by_digs = sum(edge(diggers.others, y, y + side * 60) for side in (-1, 1)) / 2
    by_checks = placed(ground, y, by_moving(ground, "hand"))
    assert by_digs == pytest.approx(by_checks, abs=0.1)
    assert abs(by_digs - y) > 0.9, "the main was placed"


def test_whose_main_is_near_is_always_told(ground: Ground, diggers: Diggers) -> None:
    """Moved, and so told of from farther away: never from less far than the 15 m of the clip."""
    y = ground.lane()
    ground.main("B", y)
    for gap in (0.0, 9.0, 17.5):  # a point is dug with its radius of 3 m
        assert [one["operator"] for one in diggers.others(y + gap)] == ["B"], gap
    assert diggers.others(y + 30) == []
