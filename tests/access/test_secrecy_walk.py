"""Unlisted is denied: every relation, column and function × every role equals the declaration."""

import psycopg
import pytest

from conftest import owner
from gridwarden.access.roles import login_name, role_name
from gridwarden.database import OFFICE, ROLES
from gridwarden.database.cluster import login_dsn
from gridwarden.layers.catalogue import layers
from gridwarden.migrations.declared import SCHEMAS, declared
from gridwarden.settings import Settings

PRIVILEGES = ("select", "insert", "update", "delete", "truncate", "references", "trigger")
COLUMN_PRIVILEGES = ("select", "insert", "update", "references")
ROLE_NAMES = {role: role_name(role) for role in ROLES} | {
    login: login_name(login, "gridwarden") for login in ("web", "worker")
}
RELATIONS = """
select n.nspname || '.' || c.relname, c.relkind::text, c.oid
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%s) and c.relkind not in ('i', 'I', 'c', 't')"""
FUNCTIONS = """
select n.nspname, p.oid::regprocedure::text, p.oid
from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = any(%s)"""
TAKES_A_TABLE = """
select p.oid::regprocedure::text from pg_proc p
join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'public'
where has_function_privilege(%s, p.oid, 'execute')
  and not p.proargtypes::oid[] && array['internal'::regtype, 'cstring'::regtype]::oid[]
  and (p.proargtypes::oid[] && array['regclass'::regtype, 'oid'::regtype]::oid[]
       or p.proname ~* '(estimated_?extent|findextent|_postgis_(stats|selectivity|join|index))')"""


def test_every_relation_is_as_declared(module_city: Settings) -> None:
    said = declared()
    wrong, seen = [], set()
    with owner(module_city) as c:
        for name, kind, oid in c.execute(RELATIONS, (list(SCHEMAS),)).fetchall():
            schema = said.schemas.get(name.split(".")[0])
            if kind != "S":
                seen.add(name)
            if schema is None and kind != "S" and name not in said.relations:
                wrong.append(f"{name} is not declared")
                continue
            for role, role_as in ROLE_NAMES.items():
                allowed = schema or said.relations.get(name, {})
                expected = allowed.get(role, set()) & set(PRIVILEGES)
                if kind == "S":
                    has = c.execute(
                        "select has_sequence_privilege(%s, %s::oid, 'usage, select, update')",
                        (role_as, oid),
                    ).fetchone()
                    if has != (bool(schema and role in schema),):
                        wrong.append(f"sequence {name} × {role}")
                    continue
                actual = {
                    p
                    for p in PRIVILEGES
                    if c.execute(
                        "select has_table_privilege(%s, %s::oid, %s)", (role_as, oid, p)
                    ).fetchone()
                    == (True,)
                }
                if actual != expected:
                    wrong.append(f"{name} × {role}: {sorted(actual)}, not {sorted(expected)}")
    missing = set(said.relations) - seen
    assert not wrong and not missing, "\n".join([*wrong, *sorted(missing)])


def test_no_column_says_more_than_its_relation(module_city: Settings) -> None:
    said = declared()
    columns = """
    select n.nspname || '.' || c.relname, a.attname, c.oid, r.rolname, p.privilege
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    cross join unnest(%s::text[]) r(rolname) cross join unnest(%s::text[]) p(privilege)
    where n.nspname = any(%s) and c.relkind not in ('i', 'I', 'S', 'c', 't')
      and has_column_privilege(r.rolname, c.oid, a.attnum, p.privilege)"""
    back = {name: role for role, name in ROLE_NAMES.items()}
    wrong = []
    with owner(module_city) as c:
        values = (list(back), list(COLUMN_PRIVILEGES), list(SCHEMAS))
        rows = c.execute(columns, values).fetchall()
        for name, column, _oid, role_as, privilege in rows:
            allowed = said.schemas.get(name.split(".")[0]) or said.relations.get(name, {})
            if privilege not in allowed.get(back[role_as], set()):
                wrong.append(f"{name}.{column} × {role_as}: {privilege}")
    assert rows and not wrong, "\n".join(wrong)


def test_every_function_is_as_declared(module_city: Settings) -> None:
    said = declared()
    wrong, seen = [], set()
    with owner(module_city) as c:
        for schema, signature, oid in c.execute(FUNCTIONS, (list(SCHEMAS),)).fetchall():
            whole = said.schemas.get(schema)
            seen.add(signature)
            if whole is None and signature not in said.functions:
                wrong.append(f"{signature} is not declared")
                continue
            allowed = whole or said.functions[signature]
            for role, role_as in ROLE_NAMES.items():
                has = c.execute(
                    "select has_function_privilege(%s, %s::oid, 'execute')", (role_as, oid)
                ).fetchone()
                if has != ("execute" in allowed.get(role, set()),):
                    wrong.append(f"{signature} × {role}: {has}")
    missing = set(said.functions) - seen
    assert not wrong and not missing, "\n".join([*wrong, *sorted(missing)])


def test_public_has_nothing_in_our_schemas(module_city: Settings) -> None:
    open_things = """
    select c.oid::regclass::text from pg_class c
    join pg_namespace n on n.oid = c.relnamespace and n.nspname = any(%(schemas)s),
    lateral aclexplode(c.relacl) x where x.grantee = 0
    union all
    select p.oid::regprocedure::text from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace and n.nspname = any(%(schemas)s),
    lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x where x.grantee = 0
    union all
    select n.nspname from pg_namespace n, lateral aclexplode(n.nspacl) x
    where n.nspname = any(%(schemas)s) and x.grantee = 0"""
    with owner(module_city) as c:
        assert c.execute(open_things, {"schemas": list(SCHEMAS)}).fetchall() == []


def test_roles_own_nothing_and_are_members_of_no_owner(module_city: Settings) -> None:
    with owner(module_city) as c:
        names = list(ROLE_NAMES.values())
        owned = "select relname from pg_class where pg_get_userbyid(relowner) = any(%s)"
        assert c.execute(owned, (names,)).fetchall() == []
        flags = """select rolname from pg_roles where rolname = any(%s)
            and (rolinherit or rolsuper or rolcreaterole or rolcreatedb or rolbypassrls)"""
        assert c.execute(flags, (names,)).fetchall() == []
        members = """select r.rolname from pg_roles r
            where r.rolname = any(%s) and pg_has_role(r.rolname, current_user, 'member')"""
        assert c.execute(members, (names,)).fetchall() == []


@pytest.mark.parametrize("login", ["web", "worker"])
def test_a_bare_login_reads_nothing_not_even_an_extent(module_city: Settings, login: str) -> None:
    with psycopg.connect(login_dsn(module_city, login), autocommit=True) as c:  # type: ignore[arg-type]
        for layer in layers():
            for schema in ("data", "api"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    c.execute(f"select count(*) from {schema}.{layer}")
            for extent in (
                f"select st_estimatedextent('data', '{layer}', 'geom')",
                f"select _postgis_stats('data.{layer}', 'geom')",
                f"select _postgis_selectivity('data.{layer}', 'geom', 'POINT(0 0)')",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    c.execute(extent)
        for secret in ("data.history", "data.change", "data.main_piece", "data.audit"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                c.execute(f"select count(*) from {secret}")


@pytest.mark.parametrize("role", ROLES)
def test_no_role_reaches_a_postgis_function_that_reads_tables(
    module_city: Settings, role: str
) -> None:
    with owner(module_city) as c:
        assert c.execute(TAKES_A_TABLE, (role_name(role),)).fetchall() == []


def test_only_the_two_that_need_them_read_mains() -> None:
    mains = layers()["gas_pipelines"]
    assert dict(mains.readers) == {"utility": "own", "supervisor": "look"}
    assert set(OFFICE) - set(mains.readers) == {"planner", "dispatcher", "viewer"}


def test_no_definer_finds_another_s_function_before_the_system_s(module_city: Settings) -> None:
    definers = """
    select p.oid::regprocedure::text, coalesce((
        select substr(s, length('search_path=') + 1) from unnest(p.proconfig) s
        where s like 'search\\_path=%%'), '')
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = any(%s) and p.prosecdef"""
    with owner(module_city) as c:
        found = {
            n: path.split(", ") for n, path in c.execute(definers, (list(SCHEMAS),)).fetchall()
        }
    assert {"data.remember()", "data.cut_mains()", "api.queue_job(text,bigint,text)"} <= set(found)
    wrong = {n: p for n, p in found.items() if (p[0], p[-1]) != ("pg_catalog", "pg_temp")}
    assert not wrong
