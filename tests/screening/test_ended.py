"""A finding that has ended keeps its page, for whom the living one was shown, and says why."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from conftest import KeyMaker, client_of, make_key, owner, served
from gridwarden.access.audience import COOKIE
from gridwarden.settings import Settings

from .conftest import STEEL_MA, SURE, DrawnCity, line, rectangle

NAMED = "<i>wall</i> one"


class Scene:
    """Two companies' mains, each with a wall too near; an estate that had no shed. All have ended:
    the first wall was moved away after its main had moved, the other was torn down."""

    def __init__(self, city: DrawnCity) -> None:
        self.city = city
        main = city.main(**STEEL_MA, org_id=1)
        city.main(line((6000, 0), (6100, 0)), **STEEL_MA, org_id=2)
        # so that the family reaches 5 m: of a narrower one a planner does not get the subject
        city.main(line((3000, 3000), (3100, 3000)), **STEEL_MA | {"pressure_class": "SHA"})
        one = city.wall(0.9, name=NAMED)
        two = city.add("buildings", rectangle(6040, 0.9, 6060, 10), name="wall two", **SURE)
        estate = city.add("estates", rectangle(0, 2000, 40, 2040), name="lonely", **SURE)
        self.subjects = {"one": one, "two": two, "estate": estate}
        names = {
            ("buildings", one): "one",
            ("buildings", two): "two",
            ("estates", estate): "estate",
        }
        self.living = {names[f["layer"], f["subject_id"]]: f for f in city.screen()}
        self.numbers = {name: f["id"] for name, f in self.living.items()}
        self.began = self.now()
        city.sql(
            "update data.gas_pipelines set geom = st_translate(geom, 0, 0.01) where id = %s",
            (main,),
        )
        city.steps()
        self.moved = self.now()
        city.sql(
            "update data.buildings set geom = st_translate(geom, 0, 900) where id = %s", (one,)
        )
        city.sql("delete from data.buildings where id = %s", (two,))
        city.sql("delete from data.estates")
        city.steps()
        assert city.findings() == []
        for i in range(100):
            city.add("estates", rectangle(100 * i, 8000, 100 * i + 40, 8040), **SURE)
        city.steps()

    def now(self) -> datetime:
        """The database's clock."""
        [[at]] = self.city.sql("select clock_timestamp()")
        return at


@pytest.fixture(scope="module")
def scene(module_city: Settings) -> Scene:
    return Scene(DrawnCity(module_city))


@pytest.fixture(scope="module")
def client(scene: Scene) -> Iterator[TestClient]:
    with client_of(scene.city.settings) as made:
        yield made


def ended(client: TestClient, headers: dict[str, str], number: int) -> Any:
    answer = client.get(f"/api/findings/{number}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_it_is_told_as_it_last_was_and_why_it_ended(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker
) -> None:
    company = module_sign_in("utility", org_ids=(1,))
    one = ended(client, company, scene.numbers["one"])
    assert (one["form"], one["subject_id"], one["subject"]["name"]) == (
        "ended",
        scene.subjects["one"],
        NAMED,
    )
    assert one["distance_m"] == pytest.approx(float(scene.living["one"]["distance_m"]) - 0.01)
    assert one["rule"]["id"] == scene.living["one"]["rule"] and one["rule"]["text"]["zh"]
    with owner(scene.city.settings) as c:
        saw = "select person, mains @> %s::bigint from data.audit where action = 'saw'"
        assert c.execute(saw, (one["counterpart_id"],)).fetchall() == [("test utility", True)]
    assert one["ended"]["reason"] == "data"
    cause = {"layer": "buildings", "id": scene.subjects["one"], "act": "update"}
    assert one["ended"]["cause"] == cause
    since, until = (datetime.fromisoformat(one["ended"][name]) for name in ("since", "until"))
    assert scene.began < since < scene.moved < until
    torn_down = ended(client, module_sign_in("utility", org_ids=(2,)), scene.numbers["two"])
    assert torn_down["ended"]["cause"]["act"] == "delete"
    assert torn_down["subject"]["name"] == "wall two", "as it was before it was torn down"
    estate = ended(client, module_sign_in("dispatcher"), scene.numbers["estate"])
    assert estate["ended"]["cause"]["layer"] == "estates"


def test_who_saw_it_sees_it_and_no_more_of_it(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker
) -> None:
    number = scene.numbers["one"]
    for headers in (module_sign_in("utility", org_ids=(2,)), module_sign_in("dispatcher")):
        for address in (f"/api/findings/{number}", f"/findings/{number}"):
            assert client.get(address, headers=headers).status_code == 404
        never = client.get("/api/findings/7", headers=headers)
        gone = client.get(f"/api/findings/{number}", headers=headers)
        assert never.json()["type"] == gone.json()["type"]
    planner = ended(client, module_sign_in("planner"), number)
    assert not planner.keys() & {"rule", "distance_m", "clause", "counterpart_id", "geometry"}
    assert "cause" not in planner["ended"]
    since = datetime.fromisoformat(planner["ended"]["since"])
    assert since < scene.began, "that the main moved in between is not the planner's to know"
    looked = module_sign_in("supervisor", all_districts=True)
    assert ended(client, looked, number)["ended"]["cause"]["act"] == "update"
    with owner(scene.city.settings) as c:
        look = "select detail ->> 'purpose' from data.audit where action = 'look' order by id desc"
        assert c.execute(look).fetchone() == (f"finding {number}",)


@pytest.mark.parametrize(("lang", "said"), [("en", "It ended at"), ("zh", "已于")])
def test_its_page_tells_it_and_leads_to_a_day(
    scene: Scene, chromium: Browser, lang: str, said: str
) -> None:
    settings, number = scene.city.settings, scene.numbers["one"]
    session = make_key(settings, "utility", org_ids=(1,), kind="session")
    with served(settings) as url:
        context = chromium.new_context(java_script_enabled=False)
        context.add_cookies([{"name": COOKIE, "value": session, "url": url}])
        page = context.new_page()
        page.goto(f"{url}/findings/{number}?lang={lang}")
        assert said in page.inner_text(".note") and "buildings" not in page.inner_text(".note")
        assert NAMED in page.inner_text(".chips")
        assert page.get_attribute("#at", "type") == "date"
        page.goto(f"{url}/findings/{number}?at={scene.began.isoformat().replace('+', '%2B')}")
        assert f"{scene.began.year}" in page.inner_text(".note")
        assert page.get_attribute("#at", "type") == "text"
        page.click(".note a")
        assert page.url == f"{url}/findings/{number}"
        context.close()


def test_a_moment_at_which_it_was_not_known_is_told(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker
) -> None:
    number, headers = scene.numbers["one"], module_sign_in("utility", org_ids=(1,))
    for at, status in (("2020-01-01", 404), ("2999-01-01", 400), ("x", 400), ("", 200)):
        answer = client.get(f"/findings/{number}", params={"at": at}, headers=headers)
        assert answer.status_code == status, at
    assert client.get(
        f"/findings/{number}", params={"at": scene.moved.isoformat()}, headers=headers
    ).is_success
    gone = client.get(
        f"/findings/{number}", params={"at": scene.now().isoformat()}, headers=headers
    )
    assert gone.status_code == 404


def test_numbers_tell_nothing_of_other_findings(scene: Scene) -> None:
    """Of a hundred that came one after another no order is left, nor how many there are; a sheet
    and JavaScript hold them exactly."""
    drawn = [f["id"] for f in scene.city.findings()]
    assert len(drawn) == 100
    assert all(10**14 <= number < 10**15 for number in drawn)
    pairs = list(pairwise(drawn))
    assert min(abs(a - b) for a, b in pairs) > 10**6
    assert 20 < sum(a < b for a, b in pairs) < 80
