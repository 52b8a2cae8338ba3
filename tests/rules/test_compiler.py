"""Compiling: only declared names reach SQL, and a new layer in a rule needs no code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import gridwarden.layers
from conftest import owner
from gridwarden.layers.catalogue import layer
from gridwarden.layers.catalogue.tables import layer_sql
from gridwarden.rules import compile_statement, load
from gridwarden.rules.publishing import normal
from gridwarden.settings import Settings

from .test_packs import SMALL

KIOSKS = '''"""Kiosks: a layer of the tests."""

from gridwarden.layers.catalogue.model import EVERYONE, Layer, Words

LAYER = Layer(
    id="kiosks",
    title=Words("Kiosks", "报亭"),
    geometry="any",
    columns=(),
    readers=EVERYONE,
    importers=("supervisor",),
)
'''


@pytest.fixture
def kiosks(tmp_path: Path) -> Iterator[Path]:
    """A layer file outside the package."""
    folder = tmp_path / "layers"
    folder.mkdir()
    (folder / "kiosks.py").write_text(KIOSKS, encoding="utf-8")
    gridwarden.layers.__path__.append(str(folder))
    yield folder
    gridwarden.layers.__path__.remove(str(folder))


def test_a_name_that_no_layer_declares_never_becomes_sql() -> None:
    with pytest.raises(KeyError):
        compile_statement("f", "buildings; drop table data.finding", "pairs")
    test = {
        "over": {
            "column": "height_m) or true --",
            "instead": "storeys",
            "factor": 3,
            "possible_from": 19,
            "certain_over": 23,
        },
        "unless": {"column": "water_system_state", "equals": "ok"},
    }
    with pytest.raises(KeyError):
        compile_statement("f", "buildings", "attribute", "p", "r", test)
    with pytest.raises(KeyError):
        compile_statement("f", "estates", "absence", "p", "r", {"counterpart": "nothing"})


def test_a_new_layer_is_judged_by_a_rule_that_names_it(
    city: Settings, kiosks: Path, tmp_path: Path
) -> None:
    file = tmp_path / "try-out.toml"
    file.write_text(SMALL.replace('["buildings"]', '["kiosks"]'), encoding="utf-8")
    loaded = load(file)
    assert {r["subject_layer"] for r in normal(loaded)["rows"]} == {"kiosks"}
    with owner(city) as c:
        c.execute(layer_sql(layer("kiosks")).replace("{srid}", str(city.crs)))  # type: ignore[arg-type]
        c.execute("set search_path to default")
        c.execute(
            "insert into data.rule_pack (id, version, base, title, normal, document)"
            " values ('try-out', '1', false, '{}', '{}', '')"
        )
        c.execute(
            "insert into data.rule_row (pack, rule, row_no, family, kind, subject_layer,"
            " pressure_class, limit_m, severity, strength, clause, edition, verified, certainty,"
            " source, text, measures) values ('try-out', 'own-clearance', 1, 'own_family',"
            " 'clearance', 'kiosks', 'L', 0.7, 'general', 5, '', '', false, 'design', '',"
            " '{}', '{}')"
        )
        c.execute(
            "with d as (insert into data.dataset (layer, name) values ('kiosks', 'k'),"
            " ('gas_pipelines', 'k') returning id, layer), m as ("
            " insert into data.gas_pipelines (dataset_id, source_id, pressure_class, od_mm,"
            " accuracy_m, geom) select id, '1', 'L', 100, 0, st_geomfromtext("
            "'MULTILINESTRING((500000 3400000, 500100 3400000))', 4547) from d"
            " where layer = 'gas_pipelines')"
            " insert into data.kiosks (dataset_id, source_id, accuracy_m, geom)"
            " select id, '1', 0, st_geomfromtext('POINT(500050 3400003.5)', 4547) from d"
            " where layer = 'kiosks'"
        )
        found = c.execute(compile_statement("own_family", "kiosks", "pairs").sql).fetchall()
    assert [(row[0], row[1], row[5], float(row[20])) for row in found] == [
        ("own_family", "kiosks", "certain", 0.45)
    ]
