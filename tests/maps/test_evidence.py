"""The list shows what is measured from a main to those who may read that main, and records it."""

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.settings import Settings
from maps.small_city import plant


def add_evidence(settings: Settings) -> None:
    """The clause and distance of every finding that is tied to a main."""
    with owner(settings) as c:
        c.execute(
            "insert into data.finding_exact (finding_id, pack, pack_version, rule, row_id, clause,"
            " edition, verified, distance_m, required_m, margin_m, missing, assumed, told)"
            " select id, 'p', '1', 'r', 1, '5.1.6', 'GB 55009-2021', false, -0.005, 12.34, -12.345,"
            " '{}', '{}', '{}' from data.finding where main"
        )


def looks(settings: Settings) -> int:
    with owner(settings) as c:
        row = c.execute("select count(*) from data.audit where action = 'look'").fetchone()
    return int(row[0]) if row else 0


def test_a_planner_gets_the_band_alone(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    plant(city)
    add_evidence(city)
    text = client.get("/findings?lang=en&district=1", headers=sign_in("planner")).text
    assert "0–5" in text and "not shown" in text
    assert "5.1.6" not in text and "12.34" not in text
    assert looks(city) == 0


def test_a_company_reads_the_evidence_of_its_own_mains(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    planted = plant(city)
    add_evidence(city)
    headers = sign_in("utility", org_ids=(planted.companies[0],))
    text = client.get("/findings?lang=en", headers=headers).text
    assert text.count("GB 55009-2021 5.1.6 ") == 2
    assert "−0.005" in text and "12.34" in text and "not checked against print" in text
    assert looks(city) == 0


def test_a_bureau_s_look_is_recorded_and_ends_at_its_districts(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    planted = plant(city)
    add_evidence(city)
    headers = sign_in("supervisor", district_ids=(planted.districts[1],))
    text = client.get("/findings?lang=en", headers=headers).text
    assert text.count("GB 55009-2021 5.1.6 ") == 1
    assert "2 suspected problems" in text
    assert looks(city) == 1
    with owner(city) as c:
        row = c.execute(
            "select person, detail ->> 'districts' from data.audit where action = 'look'"
        ).fetchone()
    assert row == ("test supervisor", str(planted.districts[1]))


@pytest.mark.parametrize("name", ["family", "rule", "layer", "severity", "certainty"])
def test_a_filter_by_what_is_not_there_is_refused_and_not_empty(
    city: Settings, client: TestClient, sign_in: KeyMaker, name: str
) -> None:
    plant(city)
    known = {
        "family": "building_water",
        "rule": "zy-1-on-main",
        "layer": "buildings",
        "severity": "major",
        "certainty": "possible",
    }[name]
    headers = sign_in("planner")
    for address in ("/findings", "/api/findings"):
        answer = client.get(f"{address}?{name}=zzz&lang=en", headers=headers)
        assert (answer.status_code, answer.json()["field"]) == (400, name)
        assert known in answer.json()["detail"]
        assert "permit" not in answer.json()["detail"], "no finding is a permit's"
        assert client.get(f"{address}?{name}={known}", headers=headers).status_code == 200


def test_a_district_s_number_may_be_any_and_no_inner_name_is_told(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    for address in ("/findings", "/api/findings"):
        answer = client.get(f"{address}?district={'9' * 21}", headers=sign_in("planner"))
        assert (answer.status_code, answer.json()["field"]) == (400, "district")
        assert "constrained" not in answer.text
