"""A layer that grew: made and then altered, it is in the database what its file makes at once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.script import ScriptDirectory

from conftest import owner
from gridwarden import migrations
from gridwarden.access.roles import role_name
from gridwarden.database import ROLES
from gridwarden.layers.catalogue import EVERYONE, Column, Layer, Words, layers
from gridwarden.layers.catalogue.model import SQL_TYPES
from gridwarden.layers.catalogue.tables import READ_COLUMNS, layer_sql
from gridwarden.migrations.altering import altering_sql, declared
from gridwarden.migrations.generate import frozen_texts, next_migration
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

KIOSKS = Layer(
    id="kiosks",
    title=Words("Kiosks", "报刊亭"),
    geometry="any",
    columns=(
        Column("goods", "text", Words("goods", "货物")),
        Column("places", "integer", Words("places", "位数")),
    ),
    readers={"planner": "all", "supervisor": "look"},
    importers=("planner",),
)
GROWN = replace(
    KIOSKS,
    columns=(
        Column("opened_on", "date", Words("opened on", "开业日期")),
        *KIOSKS.columns,
        Column("width_m", "real", Words("width, m", "宽度 m")),
    ),
    readers=EVERYONE,
    importers=("supervisor", "administrator"),
)
MADE_OF = """
select jsonb_build_object(
    'columns', (select jsonb_object_agg(attname, format_type(atttypid, atttypmod))
        from pg_attribute where attrelid = to_regclass('data.' || %(id)s)
          and attnum > 0 and not attisdropped),
    'seen', (select jsonb_agg(attname order by attnum) from pg_attribute
        where attrelid = to_regclass('api.' || %(id)s) and attnum > 0),
    'view', pg_get_viewdef(to_regclass('api.' || %(id)s)),
    'granted', (select jsonb_object_agg(c.relnamespace::regnamespace || ' ' || r || ' ' || p,
                       has_table_privilege(r, c.oid, p))
        from pg_class c, unnest(%(roles)s::text[]) r,
             unnest(array['select', 'insert', 'update', 'delete']) p
        where c.oid in (to_regclass('data.' || %(id)s), to_regclass('api.' || %(id)s))),
    'told', (select to_jsonb(l) from data.layer l where l.id = %(id)s))"""


def made_of(c: psycopg.Connection[Any], layer_id: str) -> dict[str, Any]:
    """What the database has of a layer: columns, view, grants and its row."""
    names = {"id": layer_id, "roles": [role_name(r) for r in ROLES]}
    found = c.execute(MADE_OF, names).fetchone()
    assert found
    return dict(found[0])


def run(c: psycopg.Connection[Any], statements: str) -> None:
    c.execute(statements.replace("{srid}", "4547").encode())


def test_made_and_altered_is_what_the_file_makes_at_once(city: Settings) -> None:
    up, down = altering_sql(GROWN, declared(KIOSKS))
    with owner(city) as c:
        run(c, layer_sql(KIOSKS))
        first = made_of(c, "kiosks")
        c.execute("insert into data.dataset (layer, name) values ('kiosks', 'd')")
        row = "select id, 's', st_point(500000, 0, 4547) from data.dataset where layer = 'kiosks'"
        c.execute(f"insert into data.kiosks (dataset_id, source_id, geom) {row}".encode())
        run(c, up)
        altered = made_of(c, "kiosks")
        c.execute("update data.kiosks set opened_on = '2026-11-01', width_m = 2.5")
        kept = c.execute(
            "select version, row ->> 'width_m' from data.history where layer = 'kiosks' order by 1"
        ).fetchall()
        run(c, down)
        back = made_of(c, "kiosks")
    with owner(city) as c:
        c.execute("drop view api.kiosks")
        c.execute("drop table data.kiosks")
        c.execute("delete from data.layer where id = 'kiosks'")
        run(c, layer_sql(GROWN))
        at_once = made_of(c, "kiosks")
        c.rollback()
    assert altered == at_once
    assert back == first != altered
    assert kept == [(1, None), (2, "2.5")]


@pytest.mark.parametrize("layer_id", layers())
def test_the_migrated_city_has_what_the_file_says(module_city: Settings, layer_id: str) -> None:
    one = layers()[layer_id]
    with owner(module_city) as c:
        found = made_of(c, layer_id)
    types = dict(SQL_TYPES) | {"timestamp": "timestamp with time zone"}
    own = {column.name: types[column.type] for column in one.all_columns}
    assert {name: found["columns"].get(name) for name in own} == own
    assert set(found["columns"]) == {*READ_COLUMNS, *own, "extra", "repair", "geom"}
    assert found["seen"] == [*READ_COLUMNS, *own, "extra", "repair", "geom"]
    assert found["told"] == {
        "id": layer_id,
        "secret": one.secret,
        "importers": list(one.importers),
    }
    reading = {
        key.split()[1] for key, yes in found["granted"].items() if yes and key.startswith("api ")
    }
    assert reading == {role_name(r) for r in one.readers}


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (replace(KIOSKS), "nothing to do"),
        (replace(KIOSKS, columns=KIOSKS.columns[:1]), "no longer has places"),
        (
            replace(KIOSKS, columns=(KIOSKS.columns[0], replace(KIOSKS.columns[1], type="real"))),
            "kiosks.places is integer in the table and double precision in the file",
        ),
        (replace(KIOSKS, geometry="polygon"), "another geometry"),
    ],
    ids=["same", "removed", "retyped", "geometry"],
)
def test_what_would_lose_or_reread_rows_is_refused(changed: Layer, says: str) -> None:
    with pytest.raises(Problem, match=says) as refused:
        altering_sql(changed, declared(KIOSKS))
    assert refused.value.said("zh") != refused.value.said("en")


def test_the_command_s_files_alter_what_a_migration_made(tmp_path: Path) -> None:
    first = next_migration(KIOSKS, tmp_path)
    made = first.with_suffix(".sql").read_text("utf-8")
    assert "create table data.kiosks" in made
    assert made.endswith("select data.twin('kiosks');\n")
    second = next_migration(GROWN, tmp_path)
    assert int(second.stem[1:5]) == int(first.stem[1:5]) + 1
    up, down = altering_sql(GROWN, declared(KIOSKS))
    goes, comes = "select data.untwin('kiosks');\n", "select data.twin('kiosks');\n"
    assert second.with_suffix(".sql").read_text("utf-8") == goes + up + comes
    assert second.with_suffix(".down.sql").read_text("utf-8") == goes + down + comes
    script = ScriptDirectory.from_config(migrations.configuration([tmp_path]))
    assert script.get_current_head() == second.stem
    assert [path.stem for path, _ in frozen_texts(script)][-2:] == [first.stem, second.stem]
