"""A file that would take away much of what is there waits until somebody says how much."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from commands import run_command
from conftest import KeyMaker, owner
from gridwarden.settings import Settings
from intake.conftest import Bring, work
from intake.makers import geojson, line, polygon, table

Count = Callable[..., Any]


def mains(path: Path, n: int) -> Path:
    rows = [
        (line((0, i / 1000), (0.01, i / 1000)), {"pipe_id": f"p{i}", "medium": "gas"})
        for i in range(n)
    ]
    return geojson(path, rows)


def houses(path: Path, n: int) -> Path:
    return geojson(path, [(polygon(at=i), {"id": f"b{i}"}) for i in range(n)])


def test_a_file_that_was_cut_short_removes_nothing_until_its_number_is_confirmed(
    city: Settings, client: TestClient, bring: Bring, tmp_path: Path, count: Count
) -> None:
    bring(mains(tmp_path / "1.geojson", 50), layer="gas_pipelines", dataset="net")
    history = count("select count(*) from data.history")
    seen = bring(mains(tmp_path / "2.geojson", 1), layer="gas_pipelines", dataset="net")
    assert (seen["state"], seen["removed"], seen["version"]) == ("held", 49, 1)
    assert seen["finished_at"] is None
    for language in ("en", "zh"):
        assert "49" in seen["say"][language]
        assert "50" in seen["say"][language]
        assert "--remove 49" in seen["say"][language]
        assert f"/api/imports/{seen['id']}/answer" in seen["say"][language]
        assert '{"remove": 49}' in seen["say"][language]
    assert count("select count(*) from data.gas_pipelines") == 50
    assert count("select count(*) from data.history") == history
    assert count("select count(*) from data.dataset_version") == 1
    job = client.get(seen["job_url"], headers=seen["headers"]).json()
    assert (job["state"], job["finished_at"], job["say"]["en"]) == ("held", None, seen["say"]["en"])

    wrong = client.post(seen["answer_url"], headers=seen["headers"], json={"remove": 48})
    assert (wrong.status_code, wrong.json()["field"]) == (409, "remove")
    assert "49" in wrong.json()["detail"]
    answer = client.post(seen["answer_url"], headers=seen["headers"], json={"remove": 49})
    assert answer.status_code == 202, answer.text
    assert client.get(seen["url"], headers=seen["headers"]).json()["state"] == "queued"
    assert count("select count(*) from jobs.procrastinate_jobs where args ->> 'job_id' = %s::text"
                 " and status = 'todo'", str(answer.json()["job"])) == 2  # fmt: skip
    assert work(city, answer.json()["job"]) == "finished"
    after = client.get(seen["url"], headers=seen["headers"]).json()
    assert (after["state"], after["removed"], after["version"]) == ("published", 49, 2)
    assert count("select count(*) from data.gas_pipelines") == 1
    assert count("select role || ' ' || person || ' ' || (detail ->> 'remove') from data.audit"
                 " where action = 'import_answer'") == (
        "gridwarden_supervisor test supervisor 49"
    )  # fmt: skip
    twice = client.post(seen["answer_url"], headers=seen["headers"], json={"remove": 49})
    assert (twice.status_code, "published" in twice.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    ("there", "left", "state"),
    [(20, 18, "published"), (20, 17, "held"), (9, 8, "held"), (1, 1, "unchanged")],
)
def test_a_tenth_may_go_without_a_question_and_no_more(
    bring: Bring, tmp_path: Path, there: int, left: int, state: str
) -> None:
    bring(houses(tmp_path / "1.geojson", there), layer="buildings")
    assert bring(houses(tmp_path / "2.geojson", left), layer="buildings")["state"] == state


def test_a_dry_run_tells_the_number_and_the_number_said_at_once_publishes(
    bring: Bring, tmp_path: Path, count: Count
) -> None:
    bring(houses(tmp_path / "1.geojson", 5), layer="buildings")
    short = houses(tmp_path / "2.geojson", 2)
    told = bring(short, layer="buildings", dry_run="true")
    assert (told["state"], told["removed"], told["notes"]) == ("checked", 3, ["would_hold:3"])
    assert bring(short, layer="buildings", remove=2)["state"] == "held"
    assert bring(short, layer="buildings", remove=3)["state"] == "published"
    assert count("select count(*) from data.buildings") == 2


def test_an_answer_counts_for_what_is_there_when_it_is_published(
    city: Settings, client: TestClient, bring: Bring, tmp_path: Path, count: Count
) -> None:
    """Three were to go; meanwhile somebody removed one of them."""
    bring(houses(tmp_path / "1.geojson", 5), layer="buildings")
    seen = bring(houses(tmp_path / "2.geojson", 2), layer="buildings")
    with owner(city) as c:
        c.execute("delete from data.buildings where source_id = 'b4'")
    answer = client.post(seen["answer_url"], headers=seen["headers"], json={"remove": 3})
    assert work(city, answer.json()["job"]) == "held"
    again = client.get(seen["url"], headers=seen["headers"]).json()
    assert (again["state"], again["removed"]) == ("held", 2)
    assert count("select count(*) from data.buildings") == 4


def test_a_held_import_can_be_cancelled(
    client: TestClient, bring: Bring, tmp_path: Path, count: Count
) -> None:
    bring(houses(tmp_path / "1.geojson", 5), layer="buildings")
    seen = bring(houses(tmp_path / "2.geojson", 2), layer="buildings")
    cancelled = client.delete(seen["job_url"], headers=seen["headers"])
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    after = client.get(seen["url"], headers=seen["headers"]).json()
    assert (after["state"], after["say"], after["answer_url"]) == ("cancelled", None, None)
    late = client.post(seen["answer_url"], headers=seen["headers"], json={"remove": 3})
    assert (late.status_code, "cancelled" in late.json()["detail"]) == (409, True)
    assert count("select count(*) from data.buildings") == 5


def test_a_newer_version_ends_the_older_question(
    client: TestClient, bring: Bring, tmp_path: Path
) -> None:
    bring(houses(tmp_path / "1.geojson", 5), layer="buildings")
    seen = bring(houses(tmp_path / "2.geojson", 2), layer="buildings")
    bring(houses(tmp_path / "3.geojson", 6), layer="buildings")
    assert client.get(seen["url"], headers=seen["headers"]).json()["state"] == "cancelled"
    assert client.get(seen["job_url"], headers=seen["headers"]).json()["state"] == "cancelled"


def test_only_who_may_import_the_layer_answers_and_a_company_for_its_own(
    city: Settings, client: TestClient, bring: Bring, sign_in: KeyMaker, tmp_path: Path
) -> None:
    bring(mains(tmp_path / "1.geojson", 5), layer="gas_pipelines", dataset="net")
    seen = bring(mains(tmp_path / "2.geojson", 2), layer="gas_pipelines", dataset="net")
    with owner(city) as c:
        c.execute("update data.import set org_id = 7")
    for headers, status in (
        ({}, 401),
        (sign_in("viewer"), 403),
        (sign_in("planner"), 404),
        (sign_in("utility", org_ids=(8,)), 404),
        (sign_in("utility", org_ids=(7,)), 202),
    ):
        answer = client.post(seen["answer_url"], headers=headers, json={"remove": 3})
        assert answer.status_code == status, answer.text


def test_another_person_s_question_is_as_if_there_were_none(
    city: Settings, client: TestClient, bring: Bring, tmp_path: Path
) -> None:
    bring(houses(tmp_path / "1.geojson", 5), layer="buildings")
    seen = bring(houses(tmp_path / "2.geojson", 2), layer="buildings")
    for person, status in (("somebody else", 404), (seen["person"], 202)):
        with owner(city) as c:
            c.execute("update data.import set person = %s where id = %s", (person, seen["id"]))
        answer = client.post(seen["answer_url"], headers=seen["headers"], json={"remove": 3})
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize("body", [{}, {"remove": "3"}, {"remove": -1}, {"remove": 2**63}, [], None])
def test_an_odd_answer_is_refused(client: TestClient, sign_in: KeyMaker, body: object) -> None:
    answer = client.post("/api/imports/1/answer", headers=sign_in("planner"), json=body)
    assert answer.status_code in (400, 422), answer.text


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "9" * 30, "٣"])
def test_an_odd_number_in_the_form_is_refused(
    client: TestClient, sign_in: KeyMaker, tmp_path: Path, text: str
) -> None:
    from intake.conftest import post

    made = houses(tmp_path / "1.geojson", 1)
    answer = post(client, sign_in("planner"), made, layer="buildings", dataset="d", remove=text)
    assert (answer.status_code, answer.json()["field"]) == (400, "remove")


def test_a_question_left_by_a_process_that_died_is_still_a_question(
    city: Settings, client: TestClient, bring: Bring, tmp_path: Path
) -> None:
    """It died between keeping the import and keeping its job."""
    bring(houses(tmp_path / "1.geojson", 5), layer="buildings")
    seen = bring(houses(tmp_path / "2.geojson", 2), layer="buildings")
    with owner(city) as c:
        c.execute("update data.job set state = 'running' where id = %s", (seen["job_id"],))
    early = client.post(seen["answer_url"], headers=seen["headers"], json={"remove": 3})
    assert (early.status_code, "running" in early.json()["detail"]) == (409, True)
    assert work(city, seen["job_id"]) == "held"
    answer = client.post(seen["answer_url"], headers=seen["headers"], json={"remove": 3})
    assert answer.status_code == 202
    assert work(city, seen["job_id"]) == "finished"


def test_the_command_ends_with_1_and_the_number_said_publishes(
    city: Settings, tmp_path: Path, count: Count
) -> None:
    header = ["id", "lon", "lat"]
    rows = [[f"s{i}", 114.3 + i / 1000, 30.5] for i in range(5)]

    def command(n: int, *words: str) -> subprocess.CompletedProcess[str]:
        made = table(tmp_path / "s.csv", header, rows[:n])
        told = (str(made), "--layer", "charging_sheds", "--dataset", "d", "--crs", "EPSG:4326")
        return run_command(city, "import", *told, *words, GRIDWARDEN_LANGUAGE="en")

    assert command(5).returncode == 0
    held = command(3)
    assert held.returncode == 1
    assert "2 of the 5 rows" in held.stderr
    assert "--remove 2" in held.stderr
    assert count("select count(*) from data.charging_sheds") == 5
    done = command(3, "--remove", "2")
    assert (done.returncode, "2 removed" in done.stdout) == (0, True), done.stderr
    assert count("select count(*) from data.charging_sheds") == 3
