"""One person with two keys is one person; where there is nobody else, that is said aloud."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient

from conftest import KeyMaker, bearer, make_key, owner
from gridwarden.access import credentials
from gridwarden.access.command import os_user
from gridwarden.database import Caller, as_caller, open_pool
from gridwarden.settings import Settings

from .examples import SMALL
from .test_sharing import in_force, told
from .test_sharing_routes import HTML, URL, gridwarden

ENGLISH = {"Accept-Language": "en"}


def made_by(settings: Settings, officer: str, person: str) -> tuple[dict[str, str], str]:
    """The headers of a key, and a login link, that a security officer makes for somebody."""

    async def run() -> tuple[str, str]:
        pool = await open_pool(settings, "web")
        try:
            async with as_caller(pool, Caller("security", officer)) as c:
                whom = Caller("administrator", person, all_districts=True)
                key = await credentials.make(c, "key", whom, timedelta(hours=1))
                link = await credentials.make(c, "link", whom, credentials.LINK)
                return key.secret, link.secret
        finally:
            await pool.close()

    key, link = asyncio.run(run())
    return bearer(key), link


def propose(client: TestClient, headers: dict[str, str]) -> str:
    """The address of a proposal of theirs."""
    made = client.post(URL, headers=headers, json={"files": {"p.toml": SMALL}})
    assert made.status_code == 201, made.text
    return str(made.headers["Location"])


def test_who_made_the_approvers_key_did_not_propose_it(city: Settings, client: TestClient) -> None:
    anna, _ = made_by(city, "cli:ops", "anna")
    carol, link = made_by(city, "cli:anna", "carol")
    bo, _ = made_by(city, "cli:ops", "bo")
    place = propose(client, anna)
    refused = client.post(f"{place}/approval", headers=carol | ENGLISH)
    assert refused.status_code == 409
    assert "made the key of the other" in refused.json()["detail"]
    seen = client.get(place, headers=carol).json()
    assert (seen["mine_to_decide"], seen["mine_to_take_back"]) == (False, False)
    page = client.get(f"/rules/proposals/{seen['id']}?lang=en", headers=carol | HTML).text
    assert 'value="approve"' not in page and "made the key of the other" in page

    # A session made from her link is hers, too.
    signed_in = client.post("/login", data={"link": link}, follow_redirects=False)
    cookie = {"Cookie": signed_in.headers["Set-Cookie"].partition(";")[0]}
    cookie |= {"Origin": "http://testserver"}
    assert client.post(f"{place}/approval", headers=cookie).status_code == 409
    client.cookies.clear()

    # Two whose keys somebody else made are two people, and everybody reads who made them.
    done = client.post(f"{place}/approval", headers=bo)
    assert done.status_code == 200, done.text
    assert (done.json()["proposed_key_by"], done.json()["decided_key_by"]) == ("cli:ops", "cli:ops")
    assert done.json()["alone"] is False
    page = client.get(f"/rules/proposals/{seen['id']}?lang=en", headers=bo | HTML).text
    assert "The key of who decided was made by cli:ops." in page
    with owner(city) as c:
        detail = c.execute("select detail from data.audit where action = 'approve'").fetchall()
    assert [(d["proposed_key_by"], d["decided_key_by"]) for (d,) in detail] == [
        ("cli:ops", "cli:ops")
    ]


def test_who_made_the_proposers_key_does_not_approve_it(city: Settings, client: TestClient) -> None:
    carol, _ = made_by(city, "cli:anna", "carol")
    anna, _ = made_by(city, "cli:ops", "anna")
    place = propose(client, carol)
    assert client.post(f"{place}/approval", headers=anna).status_code == 409
    assert "try-out" not in in_force(city)


def test_one_person_alone_says_so_at_the_machine(
    city: Settings, client: TestClient, sign_in: KeyMaker, tmp_path: Path
) -> None:
    file = tmp_path / "try-out.toml"
    file.write_text(SMALL, encoding="utf-8")
    number = json.loads(gridwarden(city, "propose", str(file), "--json").stdout)["id"]
    assert gridwarden(city, "approve", str(number)).returncode == 1
    nothing = gridwarden(city, "approve", str(number), "--alone", "  ")
    assert nothing.returncode == 1
    assert "Say why nobody else approves it" in nothing.stderr
    # Over HTTP nobody says so.
    sent = client.post(
        f"{URL}/{number}/approval",
        headers=bearer(make_key(city, "administrator")),
        json={"alone": "x"},
    )
    assert sent.status_code == 400
    assert told(city, number)["state"] == "waiting"

    done = gridwarden(city, "approve", str(number), "--alone", "a town with one engineer")
    assert done.returncode == 0, done.stderr
    assert "by one person alone, at the machine itself: a town with one engineer" in done.stdout
    assert in_force(city)["try-out"] == "1"
    one = told(city, number)
    person = f"cli:{os_user()}"
    assert (one["alone"], one["alone_why"]) == (True, "a town with one engineer")
    assert (one["proposed_by"], one["decided_by"]) == (person, person)
    page = client.get("/rules?lang=en", headers=sign_in("viewer") | HTML).text
    assert "a town with one engineer" in page
    with owner(city) as c:
        audit = c.execute(
            "select person, detail ->> 'why' from data.audit where action = 'approve alone'"
        ).fetchall()
        job = c.execute("select role, person from data.job where id = %s", (one["job"],)).fetchall()
    assert audit == [(person, "a town with one engineer")]
    assert job == [("gridwarden_administrator", person)]


def test_keys_say_who_made_them(city: Settings, client: TestClient, sign_in: KeyMaker) -> None:
    made_by(city, "cli:ops", "anna")
    listed = client.get("/api/keys", headers=sign_in("security")).json()["items"]
    assert [one["made_by"] for one in listed if one["person"] == "anna"] == ["cli:ops"]
