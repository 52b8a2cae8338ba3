"""A migrated database is what the layer files say, and goes back without losing its roles."""

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from conftest import owner
from gridwarden import migrations
from gridwarden.access.roles import role_name
from gridwarden.database import ROLES
from gridwarden.database.cluster import owner_url
from gridwarden.layers.catalogue import layers
from gridwarden.layers.catalogue.tables import metadata
from gridwarden.migrations.altering import declared, frozen
from gridwarden.migrations.compare import compare_type, include_object
from gridwarden.migrations.generate import frozen_texts, layer_statements
from gridwarden.settings import Settings

VERSIONS = Path(migrations.__file__).parent / "versions"


@pytest.mark.parametrize("layer_id", layers())
def test_the_last_migration_of_a_layer_is_what_the_generator_writes(layer_id: str) -> None:
    """Written again from today's file and the migrations before it; those stay as they ran."""
    chain = list(frozen_texts(ScriptDirectory.from_config(migrations.configuration())))
    own = [n for n, (path, _) in enumerate(chain) if re.fullmatch(rf"m\d+_{layer_id}", path.stem)]
    path, up = chain[own[-1]]
    down = path.with_suffix(".down.sql").read_text("utf-8")
    earlier = [sql for _, sql in chain[: own[-1]]]
    assert layer_statements(layers()[layer_id], earlier) == (up, down, len(own) > 1)


@pytest.mark.parametrize("layer_id", layers())
def test_a_layer_file_says_what_its_migrations_made(layer_id: str) -> None:
    """A changed layer file needs a migration of its own; this one says so."""
    chain = frozen_texts(ScriptDirectory.from_config(migrations.configuration()))
    assert frozen(layer_id, [sql for _, sql in chain]) == declared(layers()[layer_id])


def test_the_tables_have_the_declared_columns(module_city: Settings) -> None:
    engine = create_engine(owner_url(module_city))
    declared = metadata()
    with engine.connect() as connection:
        options = {
            "include_schemas": True,
            "include_object": include_object,
            "compare_type": compare_type,
        }
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, declared)
    engine.dispose()
    assert differences == []


def test_every_layer_keeps_history(module_city: Settings) -> None:
    with owner(module_city) as c:
        rows = c.execute(
            "select tgrelid::regclass::text, array_agg(tgname::text order by tgname::text)"
            " from pg_trigger where tgname like 'a\\_%' and not tgisinternal group by 1"
        ).fetchall()
    expected = [
        "a_next_version",
        "a_no_truncate",
        "a_remember_delete",
        "a_remember_insert",
        "a_remember_update",
    ]
    assert dict(rows) == {f"data.{layer}": expected for layer in layers()}


def test_the_revisions_are_one_chain(module_city: Settings) -> None:
    down = {}
    for file in VERSIONS.glob("m*.py"):
        found = re.search(r'^down_revision = "?(\w+)"?', file.read_text(), re.MULTILINE)
        assert found
        down[file.stem] = found[1]
    assert sorted(down.values()) == sorted(set(down.values()))
    assert migrations.is_current(module_city)


def test_a_city_goes_back_to_nothing_and_comes_again(city: Settings) -> None:
    """Downgrade with rows in the tables; the roles are the server's and stay."""
    with owner(city) as c:
        c.execute("insert into data.dataset (layer, name) values ('districts', 'd')")
        c.execute(
            "insert into data.districts (dataset_id, source_id, name, geom) select id, 'x', '东区',"
            " st_multi(st_makeenvelope(500000, 0, 500100, 100, 4547)) from data.dataset"
        )
    migrations.downgrade(city, "base")
    engine = create_engine(owner_url(city))
    with engine.connect() as connection:
        left = connection.scalars(
            text(
                "select n.nspname || '.' || c.relname from pg_class c"
                " join pg_namespace n on n.oid = c.relnamespace"
                " where n.nspname in ('data', 'api', 'access', 'jobs')"
            )
        ).all()
        roles = set(connection.scalars(text("select rolname from pg_roles")))
    engine.dispose()
    assert left == []
    assert {role_name(r) for r in ROLES} <= roles
    migrations.upgrade(city)
    with owner(city) as c:
        assert c.execute("select count(*) from data.districts").fetchone() == (0,)
