"""Days of a city, played through the public API alone: wardens and inspectors who report,
companies that rectify, buildings that come new, and one district that is not honest.

The only other things that go on are the worker's: the screener's steps, the cases that follow them
and what the board keeps of them. The office's clock is set a day ahead each day (`practice_days`).
What was done is kept here, from the answers, so that the ledger can be counted by hand beside it.
"""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from fastapi.testclient import TestClient

from conftest import bearer, make_key
from gridwarden.database import open_pool
from gridwarden.hazards.board.standing import keep
from gridwarden.hazards.cases.following import follow
from gridwarden.screening.screener import Screener
from gridwarden.settings import Settings
from hazards.histories import OPEN, Row

CATEGORIES: Final = ("life_passage", "e_bike", "group_rental", "power", "other")
NEXT: Final[dict[str, tuple[tuple[str, str, float], ...]]] = {
    # state: (who, act, how often), in turn; a case for whom nothing is drawn waits
    "found": (("inspector", "register", 0.8), ("inspector", "dismiss", 0.1)),
    "registered": (("supervisor", "assess", 0.8), ("supervisor", "dismiss", 0.05)),
    "assessed": (("supervisor", "assign", 0.7), ("inspector", "assess", 0.1)),
    "assigned": (
        *(("contractor", "accept", 0.5), ("contractor", "decline", 0.08)),
        ("supervisor", "defer", 0.05),
    ),
    "rectifying": (("contractor", "report_done", 0.5),),
    "awaiting_verification": (("inspector", "close", 0.6), ("inspector", "send_back", 0.2)),
    "returned": (("contractor", "report_done", 0.6),),
    "deferred": (("supervisor", "resume", 0.3),),
    "closed": (("inspector", "reopen", 0.04), ("inspector", "look_back", 0.1)),
    "looked_back": (),
    "invalid": (("inspector", "reinstate", 0.03),),
}
DONE: Final = ("closed", "looked_back", "invalid")


@dataclass
class Played:
    """A city that is played. `dishonest`: the district that looks better on paper than outside."""

    settings: Settings
    client: TestClient
    seed: int
    districts: list[int]
    orgs: list[int]
    grids: list[int]
    corners: dict[int, tuple[float, float]]
    """A place in each district, degrees."""
    busy: int = 1
    """How many cases of each kind each district gets on with in a day."""
    spread: float = 0.002
    """How far from there things are reported, degrees."""
    rng: random.Random = field(init=False)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    cases: dict[int, dict[str, Any]] = field(default_factory=dict)
    books: dict[int, list[Row]] = field(default_factory=dict)
    houses: list[tuple[int, str]] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)
    entered_late: int = 0
    """How many cases were registered for an earlier day than that on which it was done."""
    today: date = date.min

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.bureau = bearer(make_key(self.settings, "supervisor", all_districts=True))
        self.office = bearer(make_key(self.settings, "administrator"))

    @property
    def dishonest(self) -> int:
        return self.districts[-1]

    def key(self, role: str, case: dict[str, Any]) -> dict[str, str]:
        """The headers of whoever acts in this role on the case."""
        district = case["district_id"]
        rights: dict[str, Any] = {"district_ids": (district,)}
        if role == "contractor":
            rights = {"org_ids": (case["org_id"],)}
        name = f"{role}{rights}"
        if name not in self.keys:
            self.keys[name] = bearer(make_key(self.settings, role, **rights))
        return self.keys[name]

    def days(self, number: int) -> Iterator[date]:
        """Each day in its turn, its clock set and its work done."""
        for ahead in range(number):
            self.set_clock(ahead)
            told = self.ask("GET", "/api/hazards/programmes").json()
            self.today = date.fromisoformat(told["day"])
            if self.build(ahead):
                self.work()
            self.report()
            self.sync()
            self.act()
            if ahead % 3 == 2:
                self.visit()
            yield self.today

    def set_clock(self, ahead: int) -> None:
        """Another pool, whose connections say how far ahead the office's clock is."""
        settings = self.settings.model_copy(update={"practice_days": ahead})

        async def swapped() -> None:
            state = self.client.app.state  # type: ignore[attr-defined]
            await state.pool.close()
            state.pool = await open_pool(settings, "web")
            state.settings = settings

        portal = self.client.portal
        assert portal is not None
        portal.call(swapped)
        self.settings = settings

    def ask(self, method: str, path: str, who: dict[str, str] | None = None, **sent: Any) -> Any:
        """Ask as the bureau, or as who is named; nothing may fail by our fault."""
        headers = {**(who or self.bureau), **sent.pop("headers", {})}
        answer = self.client.request(method, path, headers=headers, **sent)
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        return answer

    def build(self, ahead: int) -> bool:
        """Tall buildings without water come new, and some that had none get it; whether any did."""
        changed = False
        for n, district in enumerate(self.districts[:2]):
            if self.rng.random() < 0.5:
                lon, lat = self.corners[district]
                lon, lat = lon + 0.0003 * (ahead % 6), lat + 0.0003 * (ahead // 6 + 6 * n)
                a, b, c, d = lon, lat, lon + 0.0001, lat + 0.0001
                shape = {
                    "type": "Polygon",
                    "coordinates": [[[a, b], [c, b], [c, d], [a, d], [a, b]]],
                }
                said = {
                    "height_m": 30,
                    "accuracy_m": 0,
                    "use": "住宅",
                    "water_system_state": "none",
                }
                feature = {"type": "Feature", "geometry": shape, "properties": said}
                path = "/ogc/collections/buildings/items?dataset=new&new_dataset=true"
                made = self.ask("POST", path, self.office, json=feature)
                assert made.status_code == 201, made.text
                where = made.headers["location"].removeprefix("http://testserver")
                self.houses.append((0, where))
                changed = True
        for at, (state, where) in enumerate(self.houses):
            if self.rng.random() < (0.06 if state == 0 else 0.03):
                said = {"water_system_state": "none" if state else "ok"}
                merge = {"Content-Type": "application/merge-patch+json", "If-Match": "*"}
                sent = {"properties": said}
                done = self.ask("PATCH", where, self.office, json=sent, headers=merge)
                assert done.status_code in (200, 204), (done.status_code, done.text)
                self.houses[at] = (1 - state, where)
                changed = True
        return changed

    def work(self) -> None:
        """What the worker does beside: judge what changed, let the cases follow."""

        async def worked() -> None:
            pool = await open_pool(self.settings, "worker")
            try:
                screener = Screener(pool)
                while await screener.step():
                    pass
                await follow(pool)
                await keep(pool)
            finally:
                await pool.close()

        asyncio.run(worked())

    def report(self) -> None:
        """Wardens and inspectors tell what they saw."""
        for district, grid in zip(self.districts, self.grids, strict=True):
            lon, lat = self.corners[district]
            for _ in range(self.rng.choice((0, 1, 1, 2))):
                by_warden = self.rng.random() < 0.6
                who = self.keys.setdefault(
                    f"warden{grid}", bearer(make_key(self.settings, "warden", grid_ids=(grid,)))
                )
                said = {
                    "category": self.rng.choice(CATEGORIES),
                    "description": "占用消防车通道",
                    "place_words": f"{self.rng.randint(1, 90)}号楼",
                    "lon": lon + self.rng.random() * self.spread,
                    "lat": lat + self.rng.random() * self.spread,
                    "grade": self.rng.choice(("general", "general", "serious", "major")),
                }
                who = who if by_warden else self.key("inspector", {"district_id": district})
                made = self.ask("POST", "/api/hazards", who, json=said)
                assert made.status_code == 201, made.text

    def sync(self) -> None:
        """Read the whole ledger, page by page, and write down what came by itself."""
        following: str | None = "/api/hazards?limit=1000"
        changed = []
        while following:
            page = self.ask("GET", following).json()
            for case in page["items"]:
                if self.cases.get(case["id"], {}).get("version") != case["version"]:
                    changed.append(case)
            following = page["next"]
        # ids are drawn by chance: in an order of their own no two games would be alike
        for case in sorted(changed, key=lambda one: (one["found_at"], one["subject_id"] or 0)):
            self.keep(case, self.today)

    def keep(self, case: dict[str, Any], happened: date) -> None:
        """A case as an answer told it, in the book of this day."""
        told = datetime.now(UTC)
        self.cases[case["id"]] = case
        self.books.setdefault(case["id"], []).append(
            Row(self.today, happened, told, case["state"], case["grade"], case["district_id"], None)
        )

    def act(self) -> None:
        """Each district gets on with as much of what people reported, of what it has begun (whose
        rules mostly still fail, so that it does not close) and of what is new.
        """
        for district in self.districts:
            here = [one for one in self.cases.values() if one["district_id"] == district]
            self.rng.shuffle(here)
            piles: dict[str, list[dict[str, Any]]] = {"reported": [], "begun": [], "other": []}
            for one in here:
                told = one["family"].startswith("report.") and one["state"] not in DONE
                begun = one["state"] not in ("found", *DONE)
                piles["reported" if told else "begun" if begun else "other"].append(one)
            for case in [one for pile in piles.values() for one in pile[: self.busy]]:
                self.get_on(case["id"])

    def get_on(self, number: int) -> None:
        """Up to three steps of one case, done more or less diligently."""
        for _ in range(3):
            case = self.cases[number]
            at_once = case["district_id"] == self.dishonest
            for role, act, often in NEXT[case["state"]]:
                hurries = at_once and act in ("report_done", "close")
                if self.rng.random() < (1 if hurries else often):
                    self.do(case, role, act)
                    break

    def do(self, case: dict[str, Any], role: str, act: str) -> None:
        """One act by whoever does it; a dishonest district enters late and closes at once."""
        told = {"act": act, **self.needed(act)}
        happened = self.today
        found_on = self.books[case["id"]][-1].happened
        dishonest = case["district_id"] == self.dishonest
        if act == "register" and found_on < self.today and (dishonest or self.rng.random() < 0.2):
            happened = found_on
            told["happened_on"] = str(found_on)
        headers = {"If-Match": f'"{case["version"]}"'}
        here = f"/api/hazards/{case['id']}"
        path = f"{here}/transitions"
        who = self.key(role, case)
        answer = self.ask("POST", path, who, json=told, headers=headers)
        if answer.status_code == 503:  # closing: the rule judges the subject again
            self.work()
            answer = self.ask("POST", path, who, json=told, headers=headers)
        if answer.status_code == 200:
            # who declines does not see the case any more
            seen = answer.json() if "district_id" in answer.json() else self.ask("GET", here).json()
            self.keep(seen, happened)
            self.entered_late += act == "register" and happened < self.today
        else:
            self.refused[answer.status_code] = self.refused.get(answer.status_code, 0) + 1
            assert answer.status_code in (403, 404, 409, 412), answer.text

    def needed(self, act: str) -> dict[str, Any]:
        """What an act does not go without."""
        told: dict[str, Any] = {
            "assess": {"grade": self.rng.choice(("general", "serious", "major"))},
            "assign": {"org_id": self.rng.choice(self.orgs)},
            "report_done": {"no_photo_because": "夜间"},
            "register": {},
            "accept": {},
            "close": {},
            "resume": {},
            "look_back": {},
        }
        return dict(told.get(act, {"note": "见说明"}))

    def visit(self) -> None:
        """The bureau looks, unannounced, at some closed cases of each district."""
        visits = []
        for district in self.districts:
            closed = [
                one["id"]
                for one in self.cases.values()
                if one["district_id"] == district and one["state"] == "closed"
            ]
            for number in self.rng.sample(closed, min(len(closed), 4)):
                saw = "hazard" if district == self.dishonest else "none"
                visits.append({"saw": saw, "case": number, "place_words": "原址"})
        if visits:
            made = self.ask("POST", "/api/hazards/spot-checks", json={"items": visits})
            assert made.status_code == 201, made.text

    @property
    def open_now(self) -> int:
        return sum(one["state"] in OPEN for one in self.cases.values())

    @property
    def histories(self) -> list[list[Row]]:
        """Every case's book."""
        return list(self.books.values())
