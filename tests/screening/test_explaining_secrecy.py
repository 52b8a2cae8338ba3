"""An explanation tells nobody more of a main than the list does: by HTTP, role by role."""

from collections.abc import Iterator

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql

from conftest import KeyMaker, client_of
from gridwarden.database.cluster import login_dsn
from gridwarden.settings import Settings

from .conftest import STEEL_MA, SURE, DrawnCity, line, rectangle

SHOWN = {
    "id",
    "family",
    "layer",
    "subject_id",
    "severity",
    "certainty",
    "main",
    "district_id",
    "first_seen",
    "distance_band",
    "subject",
}
"""All that a reader without the evidence gets of a finding that is tied to a main."""


class Scene:
    """Two companies' mains in two districts, each with a wall too near; where they meet, two mains
    of different companies; and an estate without a shed."""

    def __init__(self, city: DrawnCity) -> None:
        self.city = city
        self.west = city.add("districts", rectangle(-500, -500, 4500, 5000), name="West")
        self.east = city.add("districts", rectangle(4500, -500, 9000, 5000), name="East")
        city.main(**STEEL_MA, org_id=1, code="SECRET-1")
        city.main(line((6000, 0), (6100, 0)), **STEEL_MA, org_id=2, code="SECRET-2")
        city.main(line((1000, 900), (1200, 900)), **STEEL_MA, org_id=1, code="SECRET-3")
        city.main(line((1000, 900.56), (1200, 900.56)), **STEEL_MA, org_id=2, code="SECRET-4")
        # So that the family reaches 5 m: of a narrower one a planner does not get the subject.
        city.main(line((3000, 3000), (3100, 3000)), **STEEL_MA | {"pressure_class": "SHA"})
        self.walls = (
            city.wall(0.9, name="wall one"),
            city.add("buildings", rectangle(6040, 0.9, 6060, 10), name="wall two", **SURE),
        )
        city.add("estates", rectangle(0, 2000, 40, 2040), name="lonely", **SURE)
        self.numbers: dict[str, int] = {}
        for found in city.screen():
            name = found["family"]
            if found["subject_id"] in self.walls and found["layer"] == "buildings":
                name = f"wall {self.walls.index(found['subject_id']) + 1}"
            self.numbers[name] = found["id"]


@pytest.fixture(scope="module")
def scene(module_city: Settings) -> Scene:
    return Scene(DrawnCity(module_city))


@pytest.fixture(scope="module")
def client(scene: Scene) -> Iterator[TestClient]:
    with client_of(scene.city.settings) as made:
        yield made


def statuses(client: TestClient, headers: dict[str, str], number: int) -> tuple[int, int, int]:
    """Of the data, the page and the picture."""
    addresses = (
        f"/api/findings/{number}",
        f"/findings/{number}",
        f"/api/findings/{number}/picture.svg",
    )
    data, page, picture = (client.get(a, headers=headers).status_code for a in addresses)
    return data, page, picture


def test_a_planner_gets_grade_band_and_cell_alone(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker
) -> None:
    planner = module_sign_in("planner")
    number = scene.numbers["wall 1"]
    found = client.get(f"/api/findings/{number}", headers=planner).json()
    assert set(found) == SHOWN
    assert found["subject"] is None and found["distance_band"] == "0-5"
    assert statuses(client, planner, number) == (200, 200, 404)
    page = client.get(f"/findings/{number}?lang=en", headers=planner).text
    assert "0–5 m" in page and "are not shown" in page
    for secret in ("wall one", "SECRET", "zy-4", "T.6.3.3-1", "0.79", "1.50", "<svg xmlns=", "MA"):
        assert secret not in page, secret


def test_of_two_mains_a_planner_does_not_even_get_the_subject(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker
) -> None:
    number = scene.numbers["main_near_line"]
    found = client.get(f"/api/findings/{number}", headers=module_sign_in("planner")).json()
    assert set(found) == SHOWN
    assert found["subject"] is None and found["subject_id"] is None
    bureau = module_sign_in("supervisor", district_ids=(scene.west,))
    told = client.get(f"/api/findings/{number}", headers=bureau).json()
    assert {told["subject"]["code"], told["counterpart"]["code"]} == {"SECRET-3", "SECRET-4"}
    for company in (1, 2):
        headers = module_sign_in("utility", org_ids=(company,))
        assert statuses(client, headers, number) == (404, 404, 404)


def test_a_company_reads_of_its_own_mains_alone(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker
) -> None:
    company = module_sign_in("utility", org_ids=(2,))
    assert statuses(client, company, scene.numbers["wall 1"]) == (404, 404, 404)
    assert statuses(client, company, scene.numbers["wall 2"]) == (200, 200, 200)
    found = client.get(f"/api/findings/{scene.numbers['wall 2']}", headers=company).json()
    assert found["counterpart"]["code"] == "SECRET-2" and found["bands"]
    nobody = module_sign_in("utility")
    assert statuses(client, nobody, scene.numbers["wall 2"]) == (404, 404, 404)


def test_a_bureau_s_look_is_recorded_and_ends_at_its_districts(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker
) -> None:
    bureau = module_sign_in("supervisor", district_ids=(scene.east,))
    looks = "select count(*) from data.audit where action = 'look' and detail ->> 'purpose' = %s"
    number = scene.numbers["wall 2"]
    before = scene.city.sql(looks, (f"finding {number}",))[0][0]
    assert statuses(client, bureau, number) == (200, 200, 200)
    assert scene.city.sql(looks, (f"finding {number}",))[0][0] == before + 3
    assert statuses(client, bureau, scene.numbers["wall 1"]) == (404, 404, 404)
    assert statuses(client, bureau, scene.numbers["estate_without_shed"]) == (404, 404, 404)


@pytest.mark.parametrize("role", ["planner", "dispatcher", "utility"])
def test_what_no_main_is_part_of_is_explained_to_all_who_see_it(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker, role: str
) -> None:
    number = scene.numbers["estate_without_shed"]
    headers = module_sign_in(role)
    assert statuses(client, headers, number) == (200, 200, 200)
    found = client.get(f"/api/findings/{number}", headers=headers).json()
    assert found["rule"]["id"] == "estate-without-shed" and found["construction"]
    if role == "dispatcher":
        assert statuses(client, headers, scene.numbers["wall 1"]) == (404, 404, 404)


@pytest.mark.parametrize("role", ["viewer", "administrator", "auditor"])
def test_other_roles_are_turned_away(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker, role: str
) -> None:
    for number in scene.numbers.values():
        assert statuses(client, module_sign_in(role), number) == (403, 403, 403)
    assert client.get("/api/findings/1").status_code == 401


@pytest.mark.parametrize("function", ["finding_mains", "finding_bands"])
def test_the_doors_in_the_database_ask_who_comes(scene: Scene, function: str) -> None:
    """By SQL: what the caller may not read the evidence of, gives no row."""
    login = login_dsn(scene.city.settings, "web")

    def rows(role: str, **settings: str) -> int:
        with psycopg.connect(login) as c, c.transaction(force_rollback=True):
            for name, value in settings.items():
                c.execute("select set_config(%s, %s, true)", (f"gridwarden.{name}", value))
            c.execute(sql.SQL("set local role {}").format(sql.Identifier(f"gridwarden_{role}")))
            statement = sql.SQL("select * from {}(%s)").format(sql.Identifier("api", function))
            return len(c.execute(statement, (scene.numbers["wall 1"],)).fetchall())

    assert rows("utility", orgs="1") > 0
    assert rows("utility", orgs="2") == 0
    assert rows("supervisor", districts=str(scene.west), look="1") > 0
    assert rows("supervisor", districts=str(scene.west)) == 0
    assert rows("supervisor", districts=str(scene.east), look="1") == 0
    for role in ("planner", "dispatcher", "viewer", "administrator"):
        # who may read findings that no main is part of, asks for their bands, too
        if function == "finding_bands" and role in ("planner", "dispatcher"):
            assert rows(role) == 0
            continue
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(role)
