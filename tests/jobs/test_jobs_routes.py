"""People watch and stop their own jobs; nobody sees another's; administrators see that they run."""

import json
import threading
import time

import httpx
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.settings import Settings


def put(settings: Settings, role: str, **columns: object) -> int:
    """A job of the caller that `sign_in(role)` gives."""
    values = {"kind": "import", "subject_id": 77, "say": '{"file": "城北.gpkg"}', **columns}
    names = ", ".join(values)
    marks = ", ".join(["%s"] * len(values))
    with owner(settings) as c:
        row = c.execute(
            f"insert into data.job (role, person, {names}) values (%s, %s, {marks}) returning id",
            (f"gridwarden_{role}", f"test {role}", *values.values()),
        ).fetchone()
    assert row
    return int(row[0])


def test_a_person_sees_their_own_jobs_newest_first_page_by_page(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    mine = [put(city, "planner", state="finished") for _ in range(5)]
    other = put(city, "supervisor")
    headers = sign_in("planner")
    found: list[int] = []
    path = "/api/jobs?limit=2"
    while path:
        page = client.get(path, headers=headers).json()
        found += [job["id"] for job in page["items"]]
        path = page["next"]
    assert found == mine[::-1]
    assert client.get(f"/api/jobs/{mine[0]}", headers=headers).json()["say"] == {
        "file": "城北.gpkg"
    }
    for path in (f"/api/jobs/{other}", f"/api/jobs/{other}/events"):
        assert client.get(path, headers=headers).status_code == 404
    assert client.delete(f"/api/jobs/{other}", headers=headers).status_code == 404
    with owner(city) as c:
        row = c.execute("select state, cancel from data.job where id = %s", (other,)).fetchone()
    assert row == ("queued", False)


def test_the_same_person_in_another_role_sees_none(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    job = put(city, "planner")
    with owner(city) as c:
        c.execute("update data.job set person = 'test viewer'")
    assert client.get(f"/api/jobs/{job}", headers=sign_in("viewer")).status_code == 404


def test_an_administrator_sees_that_jobs_run_and_not_what_they_are_about(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    job = put(city, "utility", state="running", done=3, total=9, unit="rows")
    headers = sign_in("administrator")
    [seen] = client.get("/api/jobs", headers=headers).json()["items"]
    assert (seen["id"], seen["state"], seen["done"], seen["total"]) == (job, "running", 3, 9)
    assert (seen["subject_id"], seen["say"]) == (None, {})
    assert client.get(f"/api/jobs/{job}", headers=headers).json() == seen


def test_a_waiting_job_stops_now_a_running_one_is_asked_and_an_ended_one_is_a_conflict(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    headers = sign_in("planner")
    waiting, running = put(city, "planner"), put(city, "planner", state="running")
    ended = put(city, "planner", state="finished")
    answer = client.delete(f"/api/jobs/{waiting}", headers=headers)
    assert (answer.status_code, answer.json()["state"]) == (202, "cancelled")
    answer = client.delete(f"/api/jobs/{running}", headers=headers)
    assert (answer.json()["state"], answer.json()["cancel"]) == ("running", True)
    answer = client.delete(f"/api/jobs/{ended}", headers=headers)
    assert answer.status_code == 409
    assert "finished" in answer.json()["detail"]


def test_events_tell_each_change_until_the_job_ends(
    city: Settings, live: str, sign_in: KeyMaker
) -> None:
    job = put(city, "planner", state="running", total=9, unit="rows")

    def work() -> None:
        for done, state in ((4, "running"), (9, "finished")):
            time.sleep(1.2)
            with owner(city) as c:
                c.execute(
                    "update data.job set done = %s, state = %s where id = %s", (done, state, job)
                )

    worker = threading.Thread(target=work)
    worker.start()
    url = f"{live}/api/jobs/{job}/events"
    with httpx.stream("GET", url, headers=sign_in("planner"), timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = [json.loads(s[6:]) for s in answer.iter_lines() if s.startswith("data: ")]
    worker.join()
    assert [(t["done"], t["state"]) for t in told] == [
        (0, "running"),
        (4, "running"),
        (9, "finished"),
    ]
