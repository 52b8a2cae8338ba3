"""In the sample city, a feature proposed in its own place is found what it is found already."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from psycopg.rows import dict_row

from conftest import KeyMaker, client_of, owner
from gridwarden.sample.city import write_city
from gridwarden.sample.load import load
from gridwarden.settings import Settings

from .explained import explained, put_in_force
from .what_if_town import METRES

SAID = ("family", "layer", "rule", "clause", "severity", "certainty")
NUMBERS = ("distance_m", "required_m", "accuracy_m")
FEW = """
select layer, subject_id, main_id from (
    select f.layer, f.subject_id, f.main_id, e.rule, f.certainty, row_number() over (
        partition by e.rule, f.layer, f.certainty order by f.subject_id) as n
    from data.finding f join data.finding_exact e on e.finding_id = f.id) one
where n = 1 order by rule, layer, certainty"""
RECORD = """
select jsonb_strip_nulls(to_jsonb(t) - array['geom', 'extra', 'repair']) as properties,
    st_asgeojson(t.geom, 9)::jsonb as geometry
from data.{} t where t.id = %s and st_npoints(t.geom) < 2000 and st_isvalid(t.geom)"""
FOUND = """
select f.*, e.* from data.finding f join data.finding_exact e on e.finding_id = f.id
where f.layer = %(layer)s and f.subject_id = %(id)s
   or %(layer)s = 'gas_pipelines' and f.main_id = %(id)s"""


@pytest.fixture(scope="module")
def city(module_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The sample city under the national pack and Shanghai's, screened."""
    put_in_force(module_city, "cn-shanghai")
    folder = tmp_path_factory.mktemp("city-7")
    write_city(7, "s", folder)
    asyncio.run(load(module_city, folder, lambda what, done, total: None))
    return module_city


@pytest.fixture(scope="module")
def client(city: Settings) -> Iterator[TestClient]:
    with client_of(city) as made:
        yield made


def said(row: dict[str, Any]) -> tuple[Any, ...]:
    numbers = (None if row[n] is None else round(float(row[n]), 4) for n in NUMBERS)
    return (*(row[name] for name in SAID), *numbers, tuple(sorted(row["missing"])))


@pytest.fixture
def thinned(request: pytest.FixtureRequest) -> int:
    """One in so many of the features is asked about: every one with `--deep`."""
    return 1 if request.config.getoption("--deep") else 3


def bands(told: dict[str, Any]) -> list[list[Any]]:
    names = ("pack", "rule", "limit_m", "gap_m", "inside", "own", "severity")
    return sorted(([band[name] for name in names] for band in told["bands"]), key=str)


def test_a_feature_in_its_own_place_is_found_the_same_and_ends_nothing(
    city: Settings, client: TestClient, module_sign_in: KeyMaker, thinned: int
) -> None:
    headers = module_sign_in("supervisor", all_districts=True)
    asked = 0
    with owner(city) as c, c.cursor(row_factory=dict_row) as cursor:
        chosen = cursor.execute(FEW).fetchall()[::thinned]
        features = {(r["layer"], r["subject_id"]) for r in chosen}
        mains = sorted({r["main_id"] for r in chosen if r["main_id"]})
        features |= {("gas_pipelines", number) for number in mains[:: len(mains) // 15 + 1]}
        for layer, number in sorted(features):
            record = cursor.execute(RECORD.format(layer), (number,)).fetchone()
            if record is None:
                continue
            body = {"layer": layer, "feature": {"type": "Feature"} | record, "replaces": number}
            text = json.dumps(body | {"crs": METRES})
            response = client.post("/api/what-if", content=text, headers=headers)
            assert response.status_code == 200, response.text
            told = response.json()
            found = cursor.execute(FOUND, {"layer": layer, "id": number}).fetchall()
            mine = sorted(map(said, told["findings"]), key=str)
            assert mine == sorted(map(said, found), key=str), (layer, number)
            assert told["ends"] == []
            asked += 1
    assert asked > 60 / thinned


def test_it_tells_of_bands_and_room_what_the_findings_explanation_tells(
    city: Settings, client: TestClient, module_sign_in: KeyMaker, thinned: int
) -> None:
    headers = module_sign_in("supervisor", all_districts=True)
    compared = 0
    with owner(city) as c, c.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(FEW).fetchall()[::thinned]:
            layer, number = row["layer"], row["subject_id"]
            record = cursor.execute(RECORD.format(layer), (number,)).fetchone()
            if layer == "gas_pipelines" or record is None:
                continue
            body = {"layer": layer, "feature": {"type": "Feature"} | record, "replaces": number}
            text = json.dumps(body | {"crs": METRES})
            told = client.post("/api/what-if", content=text, headers=headers).json()
            ids = cursor.execute(FOUND, {"layer": layer, "id": number}).fetchall()
            for finding in ids:
                why = explained(client, headers, finding["finding_id"])
                one = next(o for o in told["findings"] if said(o) == said(finding))
                assert one["edge_may_move_m"] == why["edge_may_move_m"], why["rule"]["id"]
                assert bands(one) == bands(why), why["rule"]["id"]
                compared += 1
    assert compared > 40 / thinned
