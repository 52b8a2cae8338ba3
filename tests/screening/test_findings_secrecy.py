"""What each role reads of findings: by the database itself, and by GET /api/findings."""

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql

from conftest import KeyMaker, client_of
from gridwarden.database import Caller, open_pool
from gridwarden.database.cluster import login_dsn
from gridwarden.maps.cells import Heat, heat
from gridwarden.settings import Settings

from .conftest import STEEL_MA, SURE, DrawnCity, line, point, rectangle

SHOWN_TO_PLANNERS = {
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
}
EXACT = {"rule", "clause", "distance_m", "counterpart_id", "geometry", "pressure_class"}


class Scene:
    """Two companies' mains in two districts, each with a wall too near, and a lonely estate."""

    def __init__(self, city: DrawnCity) -> None:
        self.city = city
        self.companies = tuple(
            int(
                city.sql(
                    "with d as (insert into data.dataset (layer, name, version)"
                    " values ('organisations', %s, 1) returning id)"
                    " insert into data.organisations (dataset_id, source_id, name)"
                    " select id, %s, %s from d returning id",
                    (name, name, name),
                )[0][0]
            )
            for name in ("gas one", "gas two")
        )
        one, two = self.companies
        self.districts = tuple(
            city.add("districts", rectangle(x, -500, x + 5000, 5000), name=name, code=code)
            for x, name, code in ((-500, "West", "W"), (4500, "East", "E"))
        )
        city.main(**STEEL_MA, org_id=one)
        city.main(line((6000, 0), (6100, 0)), **STEEL_MA, org_id=two)
        # The family of walls reaches 5 m by it; that of trees, at (8000, 800), nowhere does.
        city.main(line((3000, 3000), (3100, 3000)), **STEEL_MA | {"pressure_class": "SHA"})
        self.wall_one = city.wall(0.9)
        self.wall_two = city.add("buildings", rectangle(6040, 0.9, 6050, 9), **SURE)
        self.estate = city.add("estates", rectangle(1000, 1000, 1100, 1100), **SURE)
        city.add("charging_sheds", point(2000, 2000), **SURE)
        city.screen()


@pytest.fixture(scope="module")
def scene(module_city: Settings) -> Scene:
    return Scene(DrawnCity(module_city))


@pytest.fixture(scope="module")
def client(scene: Scene) -> Iterator[TestClient]:
    with client_of(scene.city.settings) as made:
        yield made


def as_role(scene: Scene, role: str, statement: str, **settings: str) -> list[Any]:
    """Rows as this role reads them through SQL."""
    login = login_dsn(scene.city.settings, "web")
    with psycopg.connect(login) as c, c.transaction(force_rollback=True):
        for name, value in settings.items():
            c.execute("select set_config(%s, %s, true)", (f"gridwarden.{name}", value))
        c.execute(sql.SQL("set local role {}").format(sql.Identifier(f"gridwarden_{role}")))
        return c.execute(statement).fetchall()  # type: ignore[call-overload]


def test_a_planner_reads_no_distance_rule_or_place_of_a_main(scene: Scene) -> None:
    rows = as_role(
        scene,
        "planner",
        "select rule, clause, counterpart_id, distance_m, margin_m, accuracy_m, geom, missing,"
        " distance_band from api.finding where main",
    )
    assert rows == [(None,) * 8 + ("0-5",)] * 2
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_role(scene, "planner", "select * from api.finding_exact")
    for table in ("finding", "finding_exact", "main_piece", "judged", "main_as_judged"):
        for role in ("planner", "viewer", "utility", "supervisor", "dispatcher", "administrator"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                as_role(scene, role, f"select * from data.{table}")


def test_viewers_get_counts_alone_and_dispatchers_what_no_main_is_part_of(scene: Scene) -> None:
    families = "select family from api.finding"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_role(scene, "viewer", families)
    everything = {"districts": "*", "look": "1", "orgs": ",".join(map(str, scene.companies))}
    assert as_role(scene, "dispatcher", families, **everything) == [("estate_without_shed",)]
    for role in ("viewer", "dispatcher"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_role(scene, role, "select * from api.finding_exact")
    counted = "select family, sum(n)::int from api.finding_count group by 1"
    assert dict(as_role(scene, "dispatcher", counted)) == {
        "main_encroachment": 2,
        "estate_without_shed": 1,
    }
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_role(scene, "viewer", counted)  # two are below five: a viewer is told what is public


def test_a_bureau_reads_no_row_of_other_districts_even_without_a_main(scene: Scene) -> None:
    everything = "select family from api.finding order by id"
    evidence = "select finding_id from api.finding_exact"
    west, east = map(str, scene.districts)
    assert len(as_role(scene, "supervisor", everything, districts=west)) == 2
    assert as_role(scene, "supervisor", everything, districts=east) == [("main_encroachment",)]
    assert len(as_role(scene, "supervisor", everything, districts="*")) == 3
    assert len(as_role(scene, "supervisor", evidence, districts=west)) == 1
    assert as_role(scene, "supervisor", evidence, districts=east) == []


def test_a_company_reads_the_evidence_of_its_own_mains(scene: Scene) -> None:
    one = str(scene.companies[0])
    statement = (
        "select f.subject_id, e.distance_m is not null from api.finding f"
        " left join api.finding_exact e on e.finding_id = f.id where f.main"
    )
    assert as_role(scene, "utility", statement, orgs=one) == [(scene.wall_one, True)]
    assert as_role(scene, "utility", statement) == []


def test_a_supervisor_reads_exact_rows_of_their_districts_after_a_look(scene: Scene) -> None:
    statement = "select count(*) from api.finding_exact where pressure_class is not null"
    bands = "select count(*) from api.finding where main"
    west = str(scene.districts[0])
    assert as_role(scene, "supervisor", bands) == [(0,)]
    assert as_role(scene, "supervisor", bands, districts=west) == [(1,)]
    assert as_role(scene, "supervisor", statement, districts="*") == [(0,)]
    assert as_role(scene, "supervisor", statement, districts=west, look="1") == [(1,)]
    assert as_role(scene, "supervisor", statement, districts="*", look="1") == [(2,)]


async def heat_of(settings: Settings) -> Heat:
    """The heat page's cells with the names of the worst, as a planner sees them."""
    pool = await open_pool(settings, "web")
    try:
        return await heat(pool, Caller("planner", "test"), "square-500", settings, names=True)
    finally:
        await pool.close()


def test_of_what_is_near_a_main_a_planner_reads_the_cell_alone(
    scene: Scene, module_sign_in: KeyMaker, client: TestClient
) -> None:
    """A row of trees, each within 0.75 m of a main, would draw it."""
    city = scene.city
    main = city.main(line((8000, 800), (8100, 800)), **STEEL_MA, org_id=scene.companies[1])
    tree = {"kind": "tree", "deep_rooted": True, **SURE}
    trees = [
        city.add("street_objects", point(x, 800.4), name=f"tree {x}", **tree)
        for x in range(8010, 8100, 10)
    ]
    city.screen()
    family = "family = 'main_tree_or_load'"
    asked = f"select subject_id, x, y, distance_band from api.finding where {family}"
    x, y = 508_250, 3_400_750
    try:
        rows = as_role(scene, "planner", asked)
        assert rows == [(None, x, y, "0-5")] * len(trees)
        everywhere = {"districts": "*", "look": "1", "orgs": str(scene.companies[1])}
        for role in ("supervisor", "utility"):
            known = as_role(scene, role, asked, **everywhere)
            assert {row[0] for row in known} == set(trees), role
            assert len({row[1] for row in known}) == len(trees), role
        walls = "select subject_id from api.finding where family = 'main_encroachment'"
        assert as_role(scene, "planner", walls) == [(None,)] * 2, "whatever the family's reach"

        planner = module_sign_in("planner")
        cell = f"square-500/{x // 500}/{y // 500}"
        listed = client.get(f"/api/findings?cell={cell}", headers=planner).json()["items"]
        assert {one["family"] for one in listed} == {"main_tree_or_load", "main_deep_root"}
        assert len(listed) == 2 * len(trees)
        assert all(set(one) == SHOWN_TO_PLANNERS for one in listed)
        assert {one["subject_id"] for one in listed} == {None}
        counted = as_role(
            scene, "planner", f"select sum(n)::int from api.finding_cell(500) where {family}"
        )
        assert counted == [(len(trees),)]
        one = client.get(f"/api/findings/{listed[0]['id']}", headers=planner).json()
        assert one["subject"] is None and one["subject_id"] is None
        for page in (
            f"/findings/{listed[0]['id']}",
            f"/findings?cell={cell}",
            "/",
            "/api/cells/square-500",
        ):
            answer = client.get(f"{page}", headers=planner)
            assert answer.status_code == 200, (page, answer.text)
            assert "tree 80" not in answer.text, page
        here = [one for one in asyncio.run(heat_of(city.settings)).cells if one.key == cell]
        assert [one.count for one in here] == [2 * len(trees)]
        assert {(one.subject_id, one.name) for one in here[0].worst} == {(None, None)}
    finally:
        city.sql("delete from data.street_objects", ())
        city.sql("delete from data.gas_pipelines where id = %s", (main,))
        city.screen()


def test_cells_are_never_smaller_than_half_a_kilometre(scene: Scene) -> None:
    total = "select sum(n)::int from api.finding_cell({})"
    assert as_role(scene, "planner", total.format(500)) == [(3,)]
    for size in ("499", "510", "null", "'nan'"):
        with pytest.raises(psycopg.Error) as told:
            as_role(scene, "planner", total.format(size))
        assert told.value.sqlstate == "GW400"


def test_planners_get_bands_by_district_and_nothing_of_mains_by_box(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker
) -> None:
    planner = module_sign_in("planner", all_districts=True)
    west = client.get("/api/findings?district=W", headers=planner).json()
    assert {i["subject_id"] for i in west["items"]} == {None, scene.estate}
    for item in west["items"]:
        if item["main"]:
            assert set(item) == SHOWN_TO_PLANNERS
            assert item["distance_band"] == "0-5"
        else:
            assert item["rule"] == "estate-without-shed"
            assert item["geometry"]["type"] == "LineString"
    everywhere = client.get("/api/findings?bbox=100,20,130,50", headers=planner).json()
    assert [i["family"] for i in everywhere["items"]] == ["estate_without_shed"]
    assert "not tied to gas mains" in everywhere["left_out"] or "无关" in everywhere["left_out"]
    assert "left_out" not in west
    by_rule = client.get("/api/findings?rule=zy-4-clearance", headers=planner).json()
    assert by_rule["items"] == []
    column, row = 500_050 // 500, 3_400_005 // 500
    cell = client.get(f"/api/findings?cell=square-500/{column}/{row}", headers=planner).json()
    assert [(i["family"], i["subject_id"]) for i in cell["items"]] == [("main_encroachment", None)]


def test_companies_and_supervisors_get_the_evidence_by_http(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker
) -> None:
    company = module_sign_in("utility", org_ids=(scene.companies[1],))
    asked = "/api/findings?family=main_encroachment"
    (item,) = client.get(asked, headers=company).json()["items"]
    assert item["subject_id"] == scene.wall_two
    assert item.keys() >= EXACT
    assert (item["rule"], item["distance_m"]) == ("zy-4-clearance", 0.7905)
    assert client.get(f"{asked}&bbox=100,20,130,50", headers=company).json()["items"] == [item]
    supervisor = module_sign_in("supervisor", district_ids=(scene.districts[0],))
    looks = "select count(*) from data.audit where action = 'look'"
    before = scene.city.sql(looks)[0][0]
    items = client.get(asked, headers=supervisor).json()["items"]
    assert {i["subject_id"]: "distance_m" in i for i in items} == {scene.wall_one: True}
    cell = f"square-100/{500_050 // 100}/{3_400_005 // 100}"
    near = client.get(f"/api/findings?cell={cell}", headers=supervisor).json()["items"]
    assert [i["subject_id"] for i in near] == [scene.wall_one]
    assert scene.city.sql(looks)[0][0] == before + 2


def test_pages_follow_each_other_without_gap_or_repeat(
    client: TestClient, module_sign_in: KeyMaker
) -> None:
    planner = module_sign_in("planner")
    address, seen = "/api/findings?limit=1&lang=en", []
    while address:
        page = client.get(address, headers=planner).json()
        seen += [i["id"] for i in page["items"]]
        address = page["next"]
    assert seen == sorted(set(seen))
    assert len(seen) == 3


BAD = [
    "colour=red",
    "family=a&family=b",
    "severity=awful",
    "certainty=sure",
    "limit=0",
    "limit=x",
    "cursor=-1",
    "cell=square-250/1/1",
    "cell=501/1/1",
    "cell=square-500/1",
    "bbox=1,2,3",
    "bbox=1,2,nan,4",
    "bbox=10,20,5,30",
    "bbox=0,0,200,1",
    "district=nowhere",
    "family=a%00b",
]


@pytest.mark.parametrize("query", BAD)
def test_what_cannot_be_asked_is_refused_by_name(
    client: TestClient, module_sign_in: KeyMaker, query: str
) -> None:
    answer = client.get(f"/api/findings?{query}", headers=module_sign_in("planner"))
    assert answer.status_code == 400
    assert answer.json()["field"] == query.partition("=")[0]


@pytest.mark.parametrize("role", ["viewer", "administrator", "auditor"])
def test_other_roles_are_turned_away(
    client: TestClient, module_sign_in: KeyMaker, role: str
) -> None:
    assert client.get("/api/findings", headers=module_sign_in(role)).status_code == 403
    assert client.get("/api/findings").status_code == 401
