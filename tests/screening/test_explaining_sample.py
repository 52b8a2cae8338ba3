"""Whatever the sample city's rules find, its explanation adds up and agrees with the finding."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, client_of, owner
from gridwarden.sample.city import write_city
from gridwarden.sample.load import load
from gridwarden.settings import Settings

from .explained import explained, put_in_force, steps

TAKEN = ("half_counterpart", "half_subject", "half_line")
FEW = """
select id from (
    select f.id, e.rule, e.pressure_class, f.certainty, row_number() over (
        partition by e.rule, e.pressure_class, f.certainty order by f.subject_id) as n
    from data.finding f join data.finding_exact e on e.finding_id = f.id) one
where n = 1 order by rule, pressure_class, certainty"""


@pytest.fixture(scope="module")
def city(module_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The sample city under the national pack and Shanghai's, screened."""
    put_in_force(module_city, "cn-shanghai")
    folder = tmp_path_factory.mktemp("city-5")
    write_city(5, "s", folder)
    asyncio.run(load(module_city, folder, lambda what, done, total: None))
    return module_city


@pytest.fixture(scope="module")
def client(city: Settings) -> Iterator[TestClient]:
    with client_of(city) as made:
        yield made


def check(found: dict[str, Any]) -> None:
    """One explanation against itself."""
    told, rule = steps(found), found["rule"]
    assert rule["text"]["zh"] and found["subject"]["geometry"]["type"]
    assert found["because"], rule["id"]
    assert found["data"]["changed_since"] in (False, None), rule["id"]
    if "gap" in told:
        points = [s["value"] for s in found["construction"] if s["step"] == "point"]
        taken = sum(told.get(name, 0) for name in TAKEN) + sum(points)
        assert told["ground"] + taken == pytest.approx(found["distance_m"], abs=1.6e-4)
        assert told["gap"] == found["distance_m"]
    if found["main"] and found["required_m"] is not None:
        own = [band for band in found["bands"] if band["own"]]
        assert found["certainty"] in {band["inside"] for band in own}, rule["id"]
    stricter = [
        band["rule"]
        for band in found["bands"]
        if band["inside"] == "certain" and band["strength"] > rule["strength"]
    ]
    assert not stricter, "a stronger rule that is surely met would have made the finding"


def test_every_explanation_adds_up(
    city: Settings, client: TestClient, module_sign_in: KeyMaker, request: pytest.FixtureRequest
) -> None:
    """One finding of every rule, class and certainty; a third of them where time is short."""
    headers = module_sign_in("supervisor", all_districts=True)
    with owner(city) as c:
        numbers = [row[0] for row in c.execute(FEW).fetchall()]
    assert len(numbers) > 60
    for number in numbers if request.config.getoption("--deep") else numbers[::3]:
        check(explained(client, headers, number))
        picture = client.get(f"/api/findings/{number}/picture.svg", headers=headers)
        assert picture.status_code == 200, number
        for lang in ("en", "zh"):
            page = client.get(f"/findings/{number}?lang={lang}", headers=headers)
            assert page.status_code == 200, number
