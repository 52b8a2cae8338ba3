"""Who edits what: the roles that bring a layer, a company its own datasets, and the database holds
it."""

from typing import Any

import psycopg

from gridwarden.database import WORK_ROLES
from gridwarden.database.accounts import connect_superuser
from gridwarden.layers.catalogue import layers
from intake.editing_city import ITEMS, LAT, City, line, number_in, square
from intake.editing_city import city as city

PIPE = {"pipe_id": "N1", "medium": "天然气", "pressure_class": "中压", "dn": "Φ219×6"}


def test_a_company_edits_mains_of_its_own_datasets_alone(city: City) -> None:
    path, tag = city.made("gas_pipelines", "utility", line(**PIPE), dataset="west net")
    here = city.send("GET", path, "utility")
    said = here.json()["properties"]
    assert (said["source_id"], said["medium"], said["pressure_class"]) == (
        "N1",
        "natural_gas",
        "MA",
    )
    assert (said["dn"], said["od_mm"], said["wall_mm"]) == (200, 219, 6)
    assert here.headers["cache-control"] == "no-store"
    part = city.patch(path, "utility", {"properties": {"dn": 300}}, tag)
    assert (part.json()["properties"]["dn"], part.json()["properties"]["od_mm"]) == (300, 219)
    [(org, owner_id)] = city.rows(
        "select p.org_id, d.org_id from data.gas_pipelines p join data.dataset d"
        " on d.id = p.dataset_id where p.id = %s",
        number_in(path),
    )
    assert (org, owner_id) == (city.known.west_gas, city.known.west_gas)

    [(theirs,)] = city.rows(
        "select min(id) from data.gas_pipelines where org_id = %s", city.known.east_gas
    )
    [(nobodys,)] = city.rows(
        "select min(id) from data.gas_pipelines where org_id = %s and id <> %s",
        city.known.west_gas,
        number_in(path),
    )
    items = ITEMS.format("gas_pipelines")
    kept = city.patch(
        f"{items}/{nobodys}", "utility", {"properties": {"operator": "东城燃气"}}, "*"
    )
    assert (kept.status_code, kept.headers["etag"]) == (200, '"2"'), "it gives no main away"
    [(works,)] = city.rows("select min(id) from data.excavations")
    works_path = f"{ITEMS.format('excavations')}/{works}"
    assert city.send("DELETE", works_path, "utility", If_Match="*").status_code == 403
    for number, status in ((theirs, 404), (10**9, 404), ("x", 404)):
        for tags in ({}, {"If_Match": '"1"'}, {"If_Match": '"9"'}):
            for method, body in (("PUT", line()), ("DELETE", None)):
                refused = city.send(method, f"{items}/{number}", "utility", body, **tags)
                assert refused.status_code == status, refused.text
                assert "etag" not in refused.headers
    for query in ("dataset=west net&org=东城燃气", "dataset=new&org=东城燃气"):
        refused = city.send("POST", f"{items}?{query}", "utility", line())
        assert (refused.status_code, refused.json()["field"]) == (403, "org")
    refused = city.send("POST", f"{items}?dataset=test", "utility", line())
    assert (refused.status_code, refused.json()["field"]) == (403, "dataset")
    usual, _ = city.made("gas_pipelines", "utility", line(lat=LAT + 0.001, pipe_id="N2"))
    in_it = city.send("GET", usual, "utility").json()["properties"]["dataset"]
    assert in_it == f"edited-{city.known.west_gas}"


def test_a_bureau_looks_before_it_edits_and_is_seen_looking(city: City) -> None:
    path, tag = city.made("gas_pipelines", "utility", line(lat=LAT + 0.002), dataset="west net")
    looks = "select count(*) from data.audit where action = 'look' and detail ->> 'purpose' = %s"
    purpose = f"PATCH items/{number_in(path)}"
    body = {"properties": {"laying": "buried"}}
    assert city.patch(path, "supervisor", body, '"7"').status_code == 412
    assert city.rows(looks, purpose) == [(1,)], "a look stays recorded though nothing came of it"
    assert city.patch(path, "east supervisor", body, tag).status_code == 404
    assert city.patch(path, "supervisor", body, tag).headers["etag"] == '"2"'
    assert city.rows(looks, purpose) == [(3,)]
    # what becomes of a main that a district does not see any more, nobody is told there
    [(number,)] = city.rows(
        "select min(p.id) from data.gas_pipelines p, data.districts d where d.id = %s"
        " and st_within(p.geom, d.geom)",
        city.known.east,
    )
    out = f"{ITEMS.format('gas_pipelines')}/{number}"
    away = city.send("PUT", out, "east supervisor", line(medium="gas"), If_Match='"1"')
    assert (away.status_code, away.content, away.headers["etag"]) == (204, b"", '"2"')
    assert city.patch(out, "east supervisor", body, '"2"').status_code == 404


def test_the_roles_that_bring_a_layer_edit_it_and_no_other(city: City) -> None:
    for layer, role, status in (
        ("gas_pipelines", "planner", 403),
        ("gas_pipelines", "administrator", 403),
        ("buildings", "planner", 403),
        ("buildings", "dispatcher", 403),
        ("coverage", "dispatcher", 403),
        ("nowhere", "supervisor", 404),
    ):
        here = ITEMS.format(layer)
        [(number,)] = city.rows(
            f"select min(id) from data.{layer}" if layer != "nowhere" else "select 1"
        )
        answers = [
            city.send("POST", here, role, square()),
            city.send("PUT", f"{here}/{number}", role, square(), If_Match="*"),
            city.send("DELETE", f"{here}/{number}", role, If_Match="*"),
            city.send("OPTIONS", here, role),
        ]
        reads = layer in layers() and role in layers()[layer].readers
        expected = [status] * 3 + [204 if reads else status]
        if role in ("dispatcher", "viewer"):  # it edits nothing at all
            assert {a.status_code for a in answers[:3]} == {403}
        assert [a.status_code for a in answers] == expected, (layer, role)
    assert city.send("POST", ITEMS.format("roads"), "viewer", line()).status_code == 403


def test_an_administrator_edits_what_it_brings_and_reads_nothing_by_that(city: City) -> None:
    made = city.send("POST", ITEMS.format("estates"), "administrator", square(households=10))
    assert (made.status_code, made.content, made.headers["etag"]) == (201, b"", '"1"')
    path = made.headers["location"].removeprefix("http://testserver")
    assert city.send("GET", path, "administrator").status_code == 403
    part = city.patch(path, "administrator", {"properties": {"households": 11}}, '"1"')
    assert (part.status_code, part.content, part.headers["etag"]) == (204, b"", '"2"')
    assert city.send("GET", path, "viewer").json()["properties"]["households"] == 11
    # districts are drawn by an administrator, and are not held to where districts are
    city.made("districts", "administrator", square(114.2, name="new district"))
    organisation = {"type": "Feature", "geometry": None, "properties": {"name": "新燃气"}}
    path, tag = city.made("organisations", "administrator", organisation)
    placed = city.send(
        "PUT",
        path,
        "administrator",
        organisation | {"geometry": square()["geometry"]},
        If_Match=tag,
    )
    assert (placed.status_code, placed.json()["field"]) == (400, "geometry")
    gone = city.send("DELETE", path, "administrator", If_Match=tag)
    assert gone.status_code == 204


def test_options_say_what_a_role_may_do(city: City) -> None:
    for layer, role, items, item in (
        ("roads", "planner", "GET, POST, OPTIONS", "GET, PUT, PATCH, DELETE, OPTIONS"),
        ("roads", "viewer", "GET, OPTIONS", "GET, OPTIONS"),
        ("districts", "administrator", "POST, OPTIONS", "PUT, PATCH, DELETE, OPTIONS"),
    ):
        here = ITEMS.format(layer)
        assert city.send("OPTIONS", here, role).headers["allow"] == items
        told = city.send("OPTIONS", f"{here}/1", role)
        assert (told.status_code, told.headers["allow"]) == (204, item)
        assert ("accept-patch" in told.headers) == ("PATCH" in item)
        # the framework's own refusal names them as well
        refused = city.send("PATCH", here, "planner", {})
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST, OPTIONS")
    conforms = city.client.get("/ogc/conformance").json()["conformsTo"]
    assert {one.rsplit("/", 1)[1] for one in conforms if "features-4" in one} == {
        "create-replace-delete",
        "update",
        "features",
        "optimistic-locking-etags",
    }
    described = city.client.get("/ogc/api").json()["paths"][
        "/ogc/collections/{layer}/items/{feature}"
    ]
    assert set(described) >= {"get", "put", "patch", "delete", "options"}
    assert "application/merge-patch+json" in described["patch"]["requestBody"]["content"]


def test_a_correction_says_so_in_history(city: City) -> None:
    path, _ = city.made("roads", "planner", line(lat=LAT + 0.003), nature="correction")
    body: Any = {"properties": {"name": "right"}}
    for query, status in (("", 200), ("?nature=correction", 200), ("?nature=whim", 400)):
        answer = city.patch(path + query, "planner", body, "*")
        assert answer.status_code == status
        body = {"properties": {"name": "righter"}}
    assert answer.json()["field"] == "nature"
    kept = city.rows(
        "select version, nature from data.history where layer = 'roads' and feature_id = %s"
        " order by version",
        number_in(path),
    )
    assert kept == [(1, "correction"), (2, None), (3, "correction")]


def test_the_database_itself_refuses_who_may_not(city: City) -> None:
    """No route is asked: the doors, in the role."""
    [(main,)] = city.rows("select min(id) from data.gas_pipelines")
    [(house,)] = city.rows("select min(id) from data.buildings")
    doors = (
        "select api.change_feature(%s, %s, null, '{}', false, null)",
        "select api.remove_feature(%s, %s, null, null)",
        "select api.create_feature(%s, %s || 'x', null, '{}', null, true)",
    )

    def answers(role: str, layer: str, number: int) -> list[Any]:
        out: list[Any] = []
        for door in doors:
            with connect_superuser(city.settings, "gridwarden") as c:
                try:
                    with c.transaction(force_rollback=True):
                        c.execute("select set_config('role', %s, true)", (f"gridwarden_{role}",))
                        out += c.execute(door, (layer, number)).fetchone() or []
                except psycopg.errors.InsufficientPrivilege:
                    out.append("denied")
        return out

    for role in ("planner", "dispatcher"):
        gone, forbidden = {"gone": True}, {"forbidden": True}
        assert answers(role, "gas_pipelines", main) == [gone, gone, "denied"]
        assert answers(role, "buildings", house) == [forbidden, forbidden, "denied"]
    assert answers("utility", "gas_pipelines", main) == [{"gone": True}] * 2 + ["denied"]
    for role in ("viewer", "security", "auditor", *WORK_ROLES):
        assert answers(role, "buildings", house) == ["denied"] * 3
