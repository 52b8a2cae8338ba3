"""System, security and audit administration: three people, none of whom reads a main."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from fastapi.testclient import TestClient
from people import browser, new_account, officer

from conftest import bearer, make_key, owner
from gridwarden.access.roles import role_name
from gridwarden.database import ADMINISTRATORS
from gridwarden.database.cluster import login_dsn
from gridwarden.layers.catalogue import layers
from gridwarden.settings import Settings

CARRIES_MAINS = (
    "gas_pipelines",
    "main_piece",
    "history",
    "change",
    "finding_exact",
    "staged",
    "quarantine",
    "permit",
)


def add(client: TestClient, settings: Settings, **wanted: object) -> int:
    asked = {"role": "auditor", "full_name": "x"} | wanted
    return client.post("/api/accounts", json=asked, headers=officer(settings)).status_code


def test_no_person_is_two_of_the_three(module_city: Settings) -> None:
    with browser(module_city) as b:
        made = new_account(b, officer(module_city), name="zhao", full_name="赵 明", role="auditor")
        for name, full_name in (("zhao2", "赵明"), ("zhao2", "赵·明"), ("赵明", "somebody")):
            status = add(b, module_city, name=name, full_name=full_name, role="administrator")
            assert status == 409, (name, full_name)
        assert add(b, module_city, name="zhao3", full_name="赵明", role="auditor") == 201
        other = new_account(b, officer(module_city), name="qian", full_name="钱", role="planner")
        path = f"/api/accounts/{other['id']}"
        renamed = {"full_name": "赵明", "role": "security", "all_districts": False, "districts": []}
        assert b.patch(path, json=renamed, headers=officer(module_city)).status_code == 409
        for name in ("zhao", "zhao3"):
            people = b.get("/api/accounts", headers=officer(module_city)).json()["items"]
            number = next(one["id"] for one in people if one["name"] == name)
            b.post(f"/api/accounts/{number}/disable", headers=officer(module_city))
        assert add(b, module_city, name="zhao4", full_name="赵明", role="administrator") == 201
        back = b.post(f"/api/accounts/{made['id']}/enable", headers=officer(module_city))
        assert back.status_code == 409


def test_neither_by_a_key_or_link_that_is_made_on_the_machine(module_city: Settings) -> None:
    insert = (
        "insert into access.credential (kind, hash, role, person, expires_at)"
        " values (%s, sha256(gen_random_uuid()::text::bytea), %s, %s, now() + '1 day')"
    )
    with owner(module_city) as c:
        c.execute(insert, ("key", "administrator", "Sun Li"))
    for role, person in (
        ("security", "sun li"),
        ("auditor", "ＳＵＮ·ＬＩ"),
        ("security", "Sun-Li"),
    ):
        for kind in ("key", "link"):
            with pytest.raises(psycopg.Error) as refused, owner(module_city) as c:
                c.execute(insert, (kind, role, person))
            assert refused.value.sqlstate == "GW409"
    with owner(module_city) as c:
        c.execute(insert, ("key", "planner", "Sun Li"))
        c.execute("update access.credential set revoked_at = now() where person = 'Sun Li'")
        c.execute(insert, ("key", "security", "Sun Li"))
        with pytest.raises(psycopg.Error):
            c.execute(
                "update access.credential set revoked_at = null"
                " where person = 'Sun Li' and role = 'administrator'"
            )


def test_of_two_at_once_one_is_made(module_city: Settings) -> None:
    def make(role: str) -> bool:
        try:
            with owner(module_city) as c:
                c.execute(
                    "insert into access.account (name, full_name, role) values (%s, '周', %s)",
                    (f"zhou.{role}", role),
                )
                c.execute("select pg_sleep(0.1)")
        except psycopg.Error:
            return False
        return True

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(make, ADMINISTRATORS)) == [False, False, True]


def test_nobody_changes_the_own_account(module_city: Settings) -> None:
    with browser(module_city) as b, owner(module_city) as c:
        made = new_account(b, officer(module_city), name="wu", role="security")
        key = make_key(module_city, "security")
        c.execute("update access.credential set person = 'wu' where role = 'security'")
        c.commit()
        own = bearer(key) | {"Accept": "application/json"}
        path = f"/api/accounts/{made['id']}"
        assert b.patch(path, json={"full_name": "Wu"}, headers=own).status_code == 409
        for act in ("disable", "reset-password", "reset-factor"):
            assert b.post(f"{path}/{act}", headers=own).status_code == 409, act


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_none_of_them_touches_what_carries_a_main(module_city: Settings, role: str) -> None:
    tables = """
    select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('data', 'api') and c.relkind in ('r', 'v', 'm')
      and exists (select from unnest(%s::text[]) p where c.relname like p || '%%')
      and (has_table_privilege(%s, c.oid, 'select')
           or has_any_column_privilege(%s, c.oid, 'select'))
    """
    geometries = """
    select a.attrelid::regclass::text from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'v', 'm')
    join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('data', 'api')
    where a.atttypid = 'geometry'::regtype and has_column_privilege(%s, c.oid, a.attnum, 'select')
    """
    name = role_name(role)
    functions = """
    select p.oid::regprocedure::text from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace and n.nspname in ('data', 'api')
    where has_function_privilege(%s, p.oid, 'execute')
      and ('geometry'::regtype = p.prorettype or p.proname = 'look'
           or p.proname ~ '(main|saw|permit|what_if|exact|piece|clip|mvt)')
    """
    with owner(module_city) as c:
        assert c.execute(functions, (name,)).fetchall() == []
        assert c.execute(tables, (list(CARRIES_MAINS), name, name)).fetchall() == []
        found = {row[0] for row in c.execute(geometries, (name,)).fetchall()}
    # These show what one's own import would do; whoever may import mains is none of the three.
    assert found <= {"api.import_row", "api.import_change"}
    assert not set(layers()["gas_pipelines"].importers) & set(ADMINISTRATORS)


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_no_route_that_carries_mains_answers_them(
    module_city: Settings, module_client: TestClient, role: str
) -> None:
    key = bearer(make_key(module_city, role))
    asked = [
        ("GET", "/ogc/collections/gas_pipelines/items"),
        ("GET", "/ogc/collections/gas_pipelines/items/1"),
        ("GET", "/api/layers/gas_pipelines/export?format=geojson"),
        ("GET", "/api/main-cells"),
        ("GET", "/api/main-grants/mains"),
        ("GET", "/api/hazards"),
        ("GET", "/api/findings"),
        ("GET", "/api/findings/1"),
        ("POST", "/api/permits/check"),
        ("POST", "/api/what-if"),
        ("GET", "/maps/heat"),
        ("GET", "/api/cells/square-500"),
    ]
    for method, path in asked:
        answer = module_client.request(method, path, headers=key, json={})
        assert answer.status_code == 403, (method, path, answer.status_code)


def test_the_auditor_reads_every_act_of_the_other_two(module_city: Settings) -> None:
    headers = officer(module_city)
    with browser(module_city) as b:
        made = new_account(b, headers, name="watched")
        path = f"/api/accounts/{made['id']}"
        b.patch(path, json={"full_name": "Watched"}, headers=headers)
        for act in ("reset-password", "reset-factor", "unlock", "disable", "enable"):
            assert b.post(f"{path}/{act}", headers=headers).status_code == 200
        asked = {"role": "viewer", "label": "l", "all_districts": True}
        key = b.post("/api/keys", json=asked, headers=headers).json()["id"]
        b.post(f"/api/keys/{key}/rotate", headers=headers)
        b.delete(f"/api/keys/{key}", headers=headers)
    with psycopg.connect(login_dsn(module_city, "web")) as c:  # type: ignore[arg-type]
        c.execute("set role gridwarden_auditor")
        rows = c.execute(
            "select action from data.audit where role = 'gridwarden_security'"
            " and (detail ->> 'account' = %s or detail ->> 'id' = %s) order by id",
            (str(made["id"]), str(key)),
        ).fetchall()
    assert [row[0] for row in rows] == [
        "account_added",
        "account_password_reset",
        "account_changed",
        "account_password_reset",
        "account_factor_reset",
        "account_unlocked",
        "account_disabled",
        "account_enabled",
        "key_made",
        "key_rotated",
        "key_revoked",
    ]
