"""Proposals by HTTP, on the page and on the command line: the same two people."""

import hashlib
import json
import subprocess
from pathlib import Path

from fastapi.testclient import TestClient

from commands import run_command
from conftest import KeyMaker, bearer, make_key, owner
from gridwarden.rules import load_built_in
from gridwarden.settings import Settings

from .examples import SMALL
from .test_sharing import in_force

URL = "/api/rules/proposals"
HTML = {"Accept": "text/html"}


def administrator(settings: Settings, person: str) -> dict[str, str]:
    """The headers of this person's own key."""
    secret = make_key(settings, "administrator")
    digest = hashlib.sha256(secret.encode()).digest()
    with owner(settings) as c:
        c.execute("update access.credential set person = %s where hash = %s", (person, digest))
    return bearer(secret)


def test_a_pack_is_proposed_looked_at_and_approved_by_http(
    client: TestClient, city: Settings, sign_in: KeyMaker
) -> None:
    anna, bo = administrator(city, "anna"), administrator(city, "bo")
    made = client.post(URL, headers=anna, json={"files": {"p.toml": SMALL}, "why": "ours"})
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    assert made.headers["Location"] == f"{URL}/{number}"
    assert made.json()["files"] == {"p.toml": SMALL}
    listed = client.get(f"{URL}?state=waiting", headers=sign_in("viewer")).json()
    assert [(p["id"], p["changes"]) for p in listed["items"]] == [(number, 1)]
    own = client.post(f"{URL}/{number}/approval", headers=anna)
    assert (own.status_code, own.headers["Content-Type"]) == (409, "application/problem+json")
    assert (
        "somebody else approves"
        in client.post(f"{URL}/{number}/approval", headers=anna | {"Accept-Language": "en"}).json()[
            "detail"
        ]
    )
    for role in ("supervisor", "planner", "auditor"):
        asked = client.post(f"{URL}/{number}/approval", headers=sign_in(role))
        assert asked.status_code == 403
    done = client.post(f"{URL}/{number}/approval", headers=bo, json={"why": "read it"})
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["decided_why"]) == ("approved", "read it")
    assert client.get(f"/api/jobs/{done.json()['job']}", headers=bo).json()["state"] == "queued"
    assert in_force(city)["try-out"] == "1"
    again = client.post(URL, headers=bo, json={"files": {"p.toml": SMALL}})
    assert again.status_code == 409
    gone = client.post(URL, headers=bo, json={"withdraw": "try-out"}).json()["id"]
    why = client.post(f"{URL}/{gone}/rejection", headers=anna, json={})
    assert why.status_code == 400
    rejected = client.post(f"{URL}/{gone}/rejection", headers=anna, json={"why": "still needed"})
    assert rejected.json()["state"] == "rejected"
    assert in_force(city)["try-out"] == "1"


def test_a_pack_in_a_folder_and_one_that_extends_what_people_brought(
    client: TestClient, city: Settings
) -> None:
    anna, bo = administrator(city, "anna"), administrator(city, "bo")
    files = dict(load_built_in().documents)
    head = {
        name: text.replace('id = "cn-city-gas"', 'id = "own-base"') for name, text in files.items()
    }
    made = client.post(URL, headers=anna, json={"files": head, "instead_of_base": True})
    assert made.status_code == 201, made.text
    assert client.post(f"{URL}/{made.json()['id']}/approval", headers=bo).status_code == 200
    assert set(in_force(city)) == {"own-base"}
    overlay = SMALL.replace('extends = "cn-city-gas"', 'extends = "own-base"')
    second = client.post(URL, headers=bo, json={"files": {"p.toml": overlay}})
    assert second.status_code == 201, second.text
    assert second.json()["built_on"] == {"own-base": load_built_in().pack.pack.version}


NO_PROPOSALS = [
    b"",
    b"[]",
    b"{",
    b"{}",
    b'{"files": {}}',
    b'{"files": {"../x.toml": "a"}}',
    b'{"files": {"x.toml": 3}}',
    b'{"files": {"x.toml": "a\\u0000"}}',
    b'{"files": {"x.toml": "not toml"}}',
    b'{"files": "x"}',
    b'{"withdraw": 3}',
    b'{"withdraw": "x", "files": {"x.toml": "a"}}',
    b'{"why": "x", "other": 1}',
    b'{"withdraw": "x", "instead_of_base": "yes"}',
]


def test_what_is_no_proposal_is_refused_in_a_sentence(client: TestClient, city: Settings) -> None:
    anna = administrator(city, "anna")
    for body in NO_PROPOSALS:
        answer = client.post(URL, headers=anna, content=body)
        assert answer.status_code == 400, (body, answer.text)
        assert answer.json()["detail"]


def test_a_bad_pack_is_refused_with_file_and_line(client: TestClient, city: Settings) -> None:
    bad = SMALL.replace("limit_m = 0.7", "limit_m = -7")
    anna = administrator(city, "anna")
    answer = client.post(URL, headers=anna, json={"files": {"mine.toml": bad}})
    assert answer.status_code == 400
    line = 1 + bad[: bad.index("-7")].count("\n")
    assert f"mine.toml:{line}: " in answer.json()["detail"]


def test_the_pages_show_and_decide(client: TestClient, city: Settings, sign_in: KeyMaker) -> None:
    anna, bo = (administrator(city, p) | HTML for p in ("anna", "bo"))
    first = client.get("/rules?lang=en", headers=anna).text
    assert "Nothing waits" in first
    assert "not verified" in first
    asked = {"withdraw": "", "built_in": "", "text": SMALL, "why": "the <b>city's</b> own"}
    made = client.post("/rules/proposals", headers=anna, data=asked, follow_redirects=False)
    assert made.status_code == 303, made.text
    place = made.headers["Location"]
    hers = client.get(place, headers=anna).text
    assert 'value="take_back"' in hers and 'value="approve"' not in hers
    assert "own-clearance" in hers and "the <b>city" not in hers
    his = client.get(place, headers=bo).text
    assert 'value="approve"' in his
    assert 'value="approve"' not in client.get(place, headers=sign_in("planner") | HTML).text
    refused = client.post(place, headers=anna, data={"decision": "approve"})
    assert refused.status_code == 409
    assert "anna" in refused.text
    assert client.post(place, headers=bo, data={"decision": "shred"}).status_code == 400
    done = client.post(place, headers=bo, data={"decision": "approve"}, follow_redirects=False)
    assert done.status_code == 303
    rule = client.get("/rules/own-clearance?lang=en", headers=sign_in("viewer") | HTML).text
    assert "Nobody has compared these numbers" in rule
    assert "0.7 m" in rule
    assert client.get("/rules/no-such", headers=bo).status_code == 404


def test_every_rule_has_a_page_in_both_languages(
    client: TestClient, city: Settings, sign_in: KeyMaker
) -> None:
    headers = sign_in("planner")
    rules = client.get("/api/rules", headers=headers).json()["items"]
    assert len(rules) > 20
    for one in rules:
        for lang in ("en", "zh"):
            shown = client.get(f"/rules/{one['id']}?lang={lang}", headers=headers | HTML)
            assert shown.status_code == 200, one["id"]
            assert one["text"][lang][:10] in shown.text


def gridwarden(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """A command, as a person types it."""
    return run_command(settings, "rules", *words, GRIDWARDEN_LANGUAGE="en")


def test_the_commands_propose_and_another_person_approves(
    city: Settings, client: TestClient, tmp_path: Path
) -> None:
    file = tmp_path / "try-out.toml"
    file.write_text(SMALL, encoding="utf-8")
    proposed = gridwarden(city, "propose", str(file), "--why", "ours")
    assert proposed.returncode == 0, proposed.stderr
    assert "Proposal 1: publish try-out@1, waiting" in proposed.stdout
    assert "+ L · 0.7 m" in proposed.stdout or "0.7 m" in proposed.stdout
    own = gridwarden(city, "approve", "1")
    assert own.returncode == 1
    assert "somebody else approves it" in own.stderr
    assert "Traceback" not in own.stderr
    bo = administrator(city, "bo")
    assert client.post(f"{URL}/1/approval", headers=bo).status_code == 200
    listed = json.loads(gridwarden(city, "proposals", "--json").stdout)
    assert [(p["id"], p["state"]) for p in listed] == [(1, "approved")]
    gone = json.loads(gridwarden(city, "propose", "--withdraw", "try-out", "--json").stdout)
    assert gone["act"] == "withdraw"
    taken = gridwarden(city, "withdraw", str(gone["id"]))
    assert "taken back" in taken.stdout
    forbidden = gridwarden(city, "propose", str(file), "--as", "planner")
    assert forbidden.returncode == 1
    assert "Traceback" not in forbidden.stderr
    for wrong in (("propose",), ("propose", str(file), "--withdraw", "x")):
        assert gridwarden(city, *wrong).returncode == 1
