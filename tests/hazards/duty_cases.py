"""A small city with one site, one company and one district, and cases that move through the API."""

from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient

from access.own_and_foreign import put
from conftest import bearer, make_key, owner
from gridwarden.settings import Settings

X, Y = 500_000.0, 3_420_000.0
"""Metres of EPSG:4547: about 114 E, 30.9 N."""


@dataclass
class Town:
    """Keys by role, and what they are of."""

    settings: Settings
    http: TestClient
    org: int = 0
    district: int = 0
    grid: int = 0
    site: int = 0
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    seq: int = 0

    def key(self, role: str, person: str | None = None) -> dict[str, str]:
        """The headers of a role's key; of another person where one is named."""
        called = f"{role} {person}"
        if called not in self.keys:
            rights: dict[str, Any] = {"district_ids": (self.district,)}
            if role in ("utility", "contractor"):
                rights = {"org_ids": (self.org,)}
            elif role == "warden":
                rights = {"grid_ids": (self.grid,)}
            secret = make_key(self.settings, role, **rights)
            if person is not None:
                with owner(self.settings) as c:
                    c.execute(
                        "update access.credential set person = %s where hash = sha256(%s::bytea)",
                        (person, secret.encode()),
                    )
            self.keys[called] = bearer(secret)
        return self.keys[called]

    def lonlat(self, east: float = 0, north: float = 0) -> tuple[float, float]:
        """A place so many metres from the town's corner, in degrees."""
        with owner(self.settings) as c:
            row = c.execute(
                "select st_x(g), st_y(g) from st_transform("
                "st_setsrid(st_makepoint(%s, %s), 4547), 4326) g",
                (X + 1000 + east, Y + 1000 + north),
            ).fetchone()
        assert row is not None
        return float(row[0]), float(row[1])

    def found(self, role: str = "inspector", **said: Any) -> dict[str, Any]:
        """A person's report, at a new place unless one is said."""
        self.seq += 1
        body = {"category": "construction", "description": f"hazard {self.seq}", **said}
        if "layer" not in body and "lon" not in body:
            body["lon"], body["lat"] = self.lonlat(10.0 * self.seq)
        answer = self.http.post("/api/hazards", json=body, headers=self.key(role))
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def move(self, case: dict[str, Any], act: str, role: str = "supervisor", **said: Any) -> Any:
        """The answer to one act, by whoever may."""
        person = said.pop("by", None)
        headers = {**self.key(role, person), "If-Match": f'"{case["version"]}"'}
        url = f"/api/hazards/{case['id']}/transitions"
        return self.http.post(url, json={"act": act, **said}, headers=headers)

    def moved(self, case: dict[str, Any], *acts: str, **said: Any) -> dict[str, Any]:
        """The case after some acts, each with what it needs."""
        needs: dict[str, dict[str, Any]] = {
            "assess": {"grade": said.get("grade", "serious")},
            "assign": {"org_id": self.org},
            "accept": {"role": "contractor"},
            "report_done": {"role": "contractor", "no_photo_because": "no camera on site"},
        }
        for act in acts:
            answer = self.move(case, act, **needs.get(act, {}))
            assert answer.status_code == 200, answer.text
            case = answer.json()
        return case

    def assigned(self, **said: Any) -> dict[str, Any]:
        """A case that the contractor is working on."""
        grade = said.pop("grade", "serious")
        return self.moved(self.found(**said), "register", "assess", "assign", grade=grade)


def town_of(settings: Settings, http: TestClient) -> Town:
    """The town, in an empty migrated city."""
    town = Town(settings, http)
    ring = f"(({X} {Y}, {X + 9000} {Y}, {X + 9000} {Y + 9000}, {X} {Y + 9000}, {X} {Y}))"
    with owner(settings) as c:
        town.org = put(c, "organisations", None, name="四建公司", kind="contractor")
        town.district = put(c, "districts", f"MULTIPOLYGON({ring})", name="东区", code="420102")
        town.grid = put(c, "warden_grids", f"MULTIPOLYGON({ring})", name="G1")
        at = f"POINT({X + 1500} {Y + 1500})"
        town.site = put(c, "construction_sites", at, name="滨江工地", stage="基坑")
    return town
