"""A town of two districts whose cases tests move: drawn, judged, followed, asked by every role."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient

from conftest import bearer, make_key, owner
from gridwarden.database import open_pool
from gridwarden.hazards.cases.following import follow
from screening.conftest import DrawnCity, insert, rectangle

Headers = dict[str, str]
HIGH = {"height_m": 30.0, "use": "住宅", "accuracy_m": 0.0}


@dataclass
class Town(DrawnCity):
    """Two districts side by side, 1 km each, a grid over each; a gas and a property company."""

    client: TestClient = field(kw_only=True)
    districts: list[int] = field(default_factory=list)
    grids: list[int] = field(default_factory=list)
    orgs: list[int] = field(default_factory=list)
    keys: dict[str, Headers] = field(default_factory=dict)
    tall: int = 0

    def build(self) -> None:
        """Draw the ground."""
        for n in range(2):
            ground = rectangle(1000 * n, 0, 1000 * n + 1000, 1000)
            named = {"name": f"区{n}", "code": f"44010{n + 1}"}
            self.districts.append(self.add("districts", ground, **named))
            self.grids.append(self.add("warden_grids", ground, name=f"格{n}"))
        for name, kind in (("燃气", "gas_company"), ("物业", "property_company")):
            with owner(self.settings) as c:
                self.orgs.append(_organisation(c, name, kind))

    def key(self, role: str, where: int = 0, **rights: Any) -> Headers:
        """A key of this role, for the first side of the town or the second."""
        if not rights:
            rights = {
                "utility": {"org_ids": (self.orgs[0],)},
                "contractor": {"org_ids": (self.orgs[1],)},
                "warden": {"grid_ids": (self.grids[where],)},
            }.get(role, {"district_ids": (self.districts[where],)})
        name = f"{role}{where}{rights}"
        if name not in self.keys:
            self.keys[name] = bearer(make_key(self.settings, role, **rights))
        return self.keys[name]

    def house(self, where: int = 0, **columns: Any) -> int:
        """A building of 30 m without water, each in a place of its own; returns its id."""
        self.tall += 1
        west = 1000 * where + 20 * (self.tall % 40) + 5
        north = 30 * (self.tall // 40) + 5
        shape = rectangle(west, north, west + 10, north + 10)
        return self.add("buildings", shape, **{**HIGH, "water_system_state": "none", **columns})

    def watered(self, house: int, state: str = "ok") -> None:
        """Give a building its water, or take it away."""
        change = "update data.buildings set water_system_state = %s where id = %s"
        self.sql(change, (state, house))

    def followed(self) -> dict[str, int]:
        """Judge what waits, and let the cases follow."""
        self.steps()
        return asyncio.run(self._follow())

    async def _follow(self) -> dict[str, int]:
        pool = await open_pool(self.settings, "worker")
        try:
            return await follow(pool)
        finally:
            await pool.close()

    def case_of(self, subject: int, family: str = "building_water") -> dict[str, Any]:
        """The case of a building as the bureau sees it."""
        query = "select id from data.hazard_case where family = %s and subject_id = %s"
        ((number,),) = self.sql(query, (family, subject))
        return self.case(number)

    def case(self, number: int, role: str = "supervisor") -> dict[str, Any]:
        """A case as somebody of the role in the first district reads it."""
        answer = self.client.get(f"/api/hazards/{number}", headers=self.key(role))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def move(self, case: dict[str, Any], role: str, act: str, **told: Any) -> Any:
        """Ask for an act on the version that was read; the answer. Keeps a case's new version."""
        answer = self.client.post(
            f"/api/hazards/{case['id']}/transitions?lang=en",
            json={"act": act, **told},
            headers={**self.key(role), "If-Match": f'"{case["version"]}"'},
        )
        if answer.status_code == 200:
            case.update(answer.json())
        return answer

    def done(self, case: dict[str, Any], *moves: tuple[str, str]) -> dict[str, Any]:
        """Do acts one after the other, each by a role, with what each needs; the case then."""
        for role, act in moves:
            answer = self.move(case, role, act, **self.needed(act))
            assert answer.status_code == 200, (act, answer.text)
        return case

    def needed(self, act: str) -> dict[str, Any]:
        """What an act does not go without."""
        return {
            "assess": {"grade": "serious"},
            "assign": {"org_id": self.orgs[1]},
            "report_done": {"no_photo_because": "dark cellar"},
        }.get(act, {"note": "as it is"})

    def awaiting(self, case: dict[str, Any]) -> dict[str, Any]:
        """Bring a found case as far as verification: rectified by the property company."""
        steps = (
            *(("inspector", "register"), ("supervisor", "assess"), ("supervisor", "assign")),
            *(("contractor", "accept"), ("contractor", "report_done")),
        )
        return self.done(case, *steps)

    def closed(self, case: dict[str, Any], role: str = "inspector") -> Any:
        """Ask to close; judged in between, as the worker does. The last answer."""
        answer = self.move(case, role, "close")
        if answer.status_code == 503:
            self.followed()
            answer = self.move(case, role, "close")
        return answer


def _organisation(c: Any, name: str, kind: str) -> int:
    c.execute(
        "insert into data.dataset (layer, name, version) values ('organisations', 'drawn', 1)"
        " on conflict do nothing"
    )
    row = c.execute(
        "insert into data.organisations (dataset_id, source_id, name, kind) select id, %s, %s, %s"
        " from data.dataset where layer = 'organisations' returning id",
        (name, name, kind),
    ).fetchone()
    return int(row[0])


__all__ = ["HIGH", "Headers", "Town", "insert", "rectangle"]
