"""Findings as files: each role gets the rows of its list and no more of each, in every kind."""

from collections.abc import Iterator

import pytest
import shapely
from fastapi.testclient import TestClient

from conftest import KeyMaker, client_of
from gridwarden.layers.export.kinds import KINDS
from gridwarden.settings import Settings
from layers.files import read_back

from .conftest import DrawnCity
from .test_findings_secrecy import Scene

EVIDENCE = ("rule", "clause", "counterpart_id", "distance_m", "required_m", "margin_m")
SHORT = {
    "counterpart_id": "counterp02",
    "pressure_class": "pressure_c",
    "pressed_length_m": "pressed_le",
    "pressed_area_m2": "pressed_ar",
}
"""Names in a Shapefile."""
OF_MAINS = {"pressure_class", "pressed_length_m", "pressed_area_m2"}


@pytest.fixture(scope="module")
def scene(module_city: Settings) -> Scene:
    made = Scene(DrawnCity(module_city))
    # A main that is pressed, whose overlap and nearest point must not come out with it.
    made.city.wall(-2.0)
    made.city.screen()
    return made


@pytest.fixture(scope="module")
def client(scene: Scene) -> Iterator[TestClient]:
    with client_of(scene.city.settings) as made:
        yield made


def near_a_main(scene: Scene, shape: shapely.Geometry) -> bool:
    """Whether a place is on a main, or its nearest point to one."""
    rows = scene.city.sql(
        "select 1 from data.gas_pipelines g where st_dwithin(g.geom, st_geomfromwkb(%s, 4547), 0.5)"
        " or geometrytype(st_geomfromwkb(%s, 4547)) <> 'POINT'",
        (shape.wkb, shape.wkb),
    )
    return bool(rows)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"dxf"}))
def test_every_role_gets_the_rows_of_its_list(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker, kind: str
) -> None:
    rights = {
        "planner": {},
        "dispatcher": {"all_districts": True},
        "utility": {"org_ids": (scene.companies[0],)},
        "supervisor": {"all_districts": True},
    }
    for role, right in rights.items():
        headers = module_sign_in(role, **right)
        listed = client.get("/api/findings?limit=1000", headers=headers).json()["items"]
        answer = client.get(f"/api/findings/export?format={kind}&crs=EPSG:4547", headers=headers)
        assert answer.status_code == 200, answer.text
        rows, shapes = read_back(kind, answer.content)
        by_id = {int(row["id"]): row for row in rows}
        assert sorted(by_id) == sorted(item["id"] for item in listed)
        for item in listed:
            row = by_id[item["id"]]
            assert (row["family"], row["severity"]) == (item["family"], item["severity"])
            for name in EVIDENCE:
                short = SHORT.get(name, name) if kind == "shp" else name
                told = item.get(name)
                assert (row[short] in (None, "")) == (told in (None, "")), (role, name)
        keys = {SHORT.get(name, name) if kind == "shp" else name for name in OF_MAINS}
        assert (
            keys <= set(rows[0]) if role in ("utility", "supervisor") else not (keys & set(rows[0]))
        )
        mains = [
            s for r, s in zip(rows, shapes, strict=True) if str(r["main"]) in ("1", "true", "True")
        ]
        assert bool(mains) == (role != "dispatcher")
        if role == "planner":
            assert all((s.x - 250) % 500 == 0 == (s.y - 250) % 500 for s in mains)
        elif mains:
            assert not any(near_a_main(scene, s) for s in mains)


def test_filters_are_those_of_the_list(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker
) -> None:
    planner = module_sign_in("planner")
    for asked in ("district=W", "severity=serious", "family=estate_without_shed", "layer=estates"):
        items = client.get(f"/api/findings?{asked}", headers=planner).json()["items"]
        answer = client.get(f"/api/findings/export?format=geojson&{asked}", headers=planner)
        assert [f["id"] for f in answer.json()["features"]] == [item["id"] for item in items]
    # a box selects nothing that is tied to mains: boxes could be as thin as one likes
    boxed = client.get("/api/findings/export?format=geojson&bbox=100,20,130,50", headers=planner)
    assert {f["properties"]["main"] for f in boxed.json()["features"]} == {False}


def test_an_export_of_findings_is_on_record(
    scene: Scene, client: TestClient, module_sign_in: KeyMaker
) -> None:
    headers = module_sign_in("supervisor", district_ids=(scene.districts[0],))
    answer = client.get("/api/findings/export?format=csv", headers=headers)
    rows, _ = read_back("csv", answer.content)
    told = scene.city.sql(
        "select action, role, person, object, rows, detail->>'format',"
        " coalesce(detail->>'purpose', '') from data.audit"
        " where action in ('look', 'export') order by id desc limit 2"
    )
    role = "gridwarden_supervisor"
    look = "export findings?format=csv"
    assert told == [
        ("export", role, "test supervisor", "findings", len(rows), "csv", ""),
        (
            "look",
            role,
            "test supervisor",
            "gas_pipelines",
            None,
            None,
            look,
        ),
    ]


@pytest.mark.parametrize("role", ["viewer", "administrator", "security", "auditor"])
def test_other_roles_are_turned_away(
    client: TestClient, module_sign_in: KeyMaker, role: str
) -> None:
    answer = client.get("/api/findings/export?format=csv", headers=module_sign_in(role))
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "asked", ["", "format=x", "format=csv&limit=1", "format=csv&cursor=1", "format=csv&format=csv"]
)
def test_what_is_asked_wrongly_is_a_400(
    client: TestClient, module_sign_in: KeyMaker, asked: str
) -> None:
    answer = client.get(f"/api/findings/export?{asked}", headers=module_sign_in("planner"))
    assert answer.status_code == 400, answer.text
