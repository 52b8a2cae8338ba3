"""Compiling: only declared names reach SQL, and a new layer in a rule needs no code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gridwarden.layers
from conftest import owner
from gridwarden.layers.catalogue import layer
from gridwarden.layers.catalogue.tables import layer_sql
from gridwarden.rules import BadPackError, load
from gridwarden.settings import Settings

from .examples import SMALL
from .test_publishing import put_in_force, small_pack

KIOSKS = '''"""Kiosks: a layer of the tests."""

from gridwarden.layers.catalogue.model import EVERYONE, Column, Layer, Words

LAYER = Layer(
    id="kiosks",
    title=Words("Kiosks", "报亭"),
    geometry="any",
    columns=(Column("trade", "text", Words("trade", "行业")),),
    readers=EVERYONE,
    importers=("supervisor",),
)
'''
ODD = "it's \\\" not; drop table data.finding --"
HAS_TRADE = f'strength = 5\nwhere = [{{ column = "trade", is = ["{ODD}"] }}]'


@pytest.fixture
def kiosks(tmp_path: Path) -> Iterator[Path]:
    """A layer file outside the package."""
    folder = tmp_path / "layers"
    folder.mkdir()
    (folder / "kiosks.py").write_text(KIOSKS, encoding="utf-8")
    gridwarden.layers.__path__.append(str(folder))
    yield folder
    gridwarden.layers.__path__.remove(str(folder))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["buildings"]', '["buildings; drop table data.finding"]'),
        ('"own_family"', '"own\' or true --"'),
        ("strength = 5", 'strength = 5\nwhere = [{ column = "use) or true --", is = ["x"] }]'),
        ("strength = 5", 'strength = 5\nwhere = [{ column = "use", is = ["{{counted}}"] }]'),
        ('class = "L"', 'class = "L\'"'),
    ],
)
def test_a_name_that_is_not_declared_never_comes_near_sql(
    tmp_path: Path, old: str, new: str
) -> None:
    assert old in SMALL
    (tmp_path / "try-out.toml").write_text(SMALL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(BadPackError):
        load(tmp_path / "try-out.toml")


def found(settings: Settings, family: str) -> list[dict[str, Any]]:
    """What the statements of a family find now."""
    with owner(settings) as c:
        statements = c.execute(
            "select sql from data.statements() where family = %s", (family,)
        ).fetchall()
        rows = []
        for (text,) in statements:
            rows += c.execute(f"select to_jsonb(f) from ({text}) f").fetchall()
    return [row[0] for row in rows]


def test_a_new_layer_is_judged_by_a_rule_that_names_it(
    city: Settings, kiosks: Path, tmp_path: Path
) -> None:
    with owner(city) as c:
        c.execute(layer_sql(layer("kiosks")).replace("{srid}", str(city.crs)))  # type: ignore[arg-type]
        c.execute("set search_path to default")
        c.execute(
            "with d as (insert into data.dataset (layer, name) values ('kiosks', 'k'),"
            " ('gas_pipelines', 'k') returning id, layer), m as ("
            " insert into data.gas_pipelines (dataset_id, source_id, pressure_class, od_mm,"
            " accuracy_m, geom) select id, '1', 'L', 100, 0, st_geomfromtext("
            "'MULTILINESTRING((500000 3400000, 500100 3400000))', 4547) from d"
            " where layer = 'gas_pipelines')"
            " insert into data.kiosks (dataset_id, source_id, accuracy_m, trade, geom)"
            " select id, t.trade, 0, t.trade, st_geomfromtext('POINT(500050 3400003.5)', 4547)"
            " from d cross join (values ('news'), (%s)) t(trade) where layer = 'kiosks'",
            (ODD.replace("\\", ""),),
        )
    changes = {'["buildings"]': '["kiosks"]'}
    assert put_in_force(city, small_pack(tmp_path, **changes))
    plain = found(city, "own_family")
    assert [(f["layer"], f["certainty"], f["distance_m"]) for f in plain] == [
        ("kiosks", "certain", 0.45)
    ] * 2
    changes |= {'version = "1"': 'version = "2"', "strength = 5": HAS_TRADE}
    assert put_in_force(city, small_pack(tmp_path, **changes))
    assert len(found(city, "own_family")) == 1, "the condition is met by the odd one alone"
