"""One case as a folder: what its page tells the same reader, with the hash of every file."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import owner
from gridwarden.settings import Settings
from hazards.duty_cases import Town, town_of
from hazards.photographs import photo


@pytest.fixture(scope="module")
def town(module_city: Settings, module_client: TestClient) -> Iterator[Town]:
    yield town_of(module_city, module_client)


def opened(town: Town, case: dict[str, Any], role: str, lang: str = "zh") -> zipfile.ZipFile:
    url = f"/api/hazards/{case['id']}/folder.zip?lang={lang}"
    answer = town.http.get(url, headers=town.key(role))
    assert answer.status_code == 200, answer.text
    assert case["hazard_no"] in answer.headers["content-disposition"]
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_a_folder_holds_story_photos_history_and_a_list_that_checks_them(town: Town) -> None:
    words = "<script>alert(1)</script>"
    case = town.assigned(place_words="=2+3", description=words)
    body = photo()
    files = {"file": ("整改 前/1.jpg", body, "image/jpeg")}
    url = f"/api/hazards/{case['id']}/proof"
    sent = town.http.post(url, data={"kind": "before"}, files=files, headers=town.key("contractor"))
    assert sent.status_code == 201, sent.text
    folder = opened(town, case, "supervisor")
    assert folder.testzip() is None
    names = folder.namelist()
    assert {"index.html", "index.en.html", "case.json", "history.csv"} <= set(names)
    (taken,) = [name for name in names if name.startswith("photos/001_before_")]
    assert folder.read(taken) == body
    sums = dict(
        reversed(line.split("  ", 1))
        for line in folder.read("SHA256SUMS.txt").decode().splitlines()
    )
    assert set(sums) == set(names) - {"SHA256SUMS.txt"}
    assert all(hashlib.sha256(folder.read(name)).hexdigest() == h for name, h in sums.items())
    page = folder.read("index.html").decode()
    assert case["hazard_no"] in page and "交办" in page and words not in page
    assert "assign" in folder.read("index.en.html").decode()
    history = folder.read("history.csv").decode("utf-8-sig").splitlines()
    assert [line.split(",")[4] for line in history[1:]] == ["find", "register", "assess", "assign"]
    with owner(town.settings) as c:
        told = c.execute(
            "select count(*) from data.audit where action = 'hazard_folder' and object = %s",
            (f"hazards/{case['id']}",),
        ).fetchone()
    assert told == (1,)
    shown = town.http.get(f"/hazards/{case['id']}", headers=town.key("supervisor")).text
    assert f"/api/hazards/{case['id']}/folder.zip" in shown


def test_the_folder_keeps_what_the_page_keeps_from_the_same_reader(town: Town) -> None:
    case = town.assigned(place_words="人民路12号", description="管线上方")
    files = {"file": ("a.jpg", photo(), "image/jpeg")}
    url = f"/api/hazards/{case['id']}/proof"
    town.http.post(url, data={"kind": "before"}, files=files, headers=town.key("contractor"))
    with owner(town.settings) as c:
        c.execute("update data.hazard_case set main = true where id = %s", (case["id"],))
    veiled = opened(town, case, "planner")
    everything = b"".join(veiled.read(name) for name in veiled.namelist())
    assert "人民路12号".encode() not in everything and "管线上方".encode() not in everything
    assert [n for n in veiled.namelist() if n.startswith("photos/")] in (
        [], ["photos/001_before_preview.jpg"]
    )  # fmt: skip
    assert "人民路12号".encode() in opened(town, case, "supervisor").read("index.html")
    for role, status in (("warden", 404), ("viewer", 403)):
        answer = town.http.get(f"/api/hazards/{case['id']}/folder.zip", headers=town.key(role))
        assert answer.status_code == status
