"""One's own keys on `/account`: exchanged and ended there, by whoever shows that it is they."""

import re

from fastapi.testclient import TestClient
from people import OWN, browser, new_account, officer, sign_in

from conftest import bearer, owner
from gridwarden.settings import Settings

JSON = {"Accept": "application/json"}


def holds(client: TestClient, key: str) -> bool:
    client.app.state.callers.forget()  # type: ignore[attr-defined]
    return bool(client.get("/api/whoami", headers=bearer(key) | JSON).status_code == 200)


def test_a_person_exchanges_and_ends_the_own_keys_and_nobody_else_s(module_city: Settings) -> None:
    with browser(module_city) as b, browser(module_city) as other:
        headers = officer(module_city)
        made = {}
        for client, name in ((b, "qian"), (other, "sun")):
            first = new_account(client, headers, name=name)["first_password"]
            sign_in(client, name, first)
            asked = {"role": "planner", "label": f"gis {name}", "account": name}
            told = client.post("/api/keys", json=asked | {"all_districts": True}, headers=headers)
            made[name] = told.json()
        mine, theirs = made["qian"], made["sun"]
        page = b.get("/account").text
        assert "gis qian" in page and "gis sun" not in page

        def act(key: object, act: str, current: str = OWN) -> tuple[int, str]:
            form = {"key": str(key), "act": act, "current": current}
            answer = b.post("/account/keys", data=form)
            return answer.status_code, answer.text

        for key, status in ((theirs["id"], 404), (10**17, 404), ("x", 400), ("", 400), ("²", 400)):
            for one in ("rotate", "end"):
                assert act(key, one)[0] == status
        assert act(mine["id"], "rotate", "wrong")[0] == 403
        assert act(mine["id"], "burn")[0] == 400
        assert holds(b, mine["key"]) and holds(b, theirs["key"])
        status, text = act(mine["id"], "rotate")
        new = re.search(r"<code[^>]*data-copy>(gw_[\w-]+)</code>", text)
        assert status == 200 and new and new[1] not in b.get("/account").text
        assert holds(b, new[1]) and holds(b, mine["key"])  # the one before, for the time of grace
        assert act(mine["id"], "end")[0] == 303
        assert not holds(b, new[1]) and not holds(b, mine["key"]) and holds(b, theirs["key"])
        by_key = b.post("/account/keys", data={"key": "1"}, headers=bearer(theirs["key"]))
        assert by_key.status_code in (400, 403)
    with owner(module_city) as c:
        acts = c.execute(
            "select action, person from data.audit where detail ->> 'id' = %s order by id",
            (str(mine["id"]),),
        ).fetchall()
    assert [row[0] for row in acts] == ["key_made", "key_rotated", "key_revoked"]
    assert [row[1] for row in acts][1:] == ["qian", "qian"]


def test_who_has_no_password_here_signs_in_again_first(module_city: Settings) -> None:
    with browser(module_city) as b:
        headers = officer(module_city)
        sign_in(b, "li", new_account(b, headers, name="li")["first_password"])
        asked = {"role": "planner", "label": "x", "account": "li", "all_districts": True}
        key = b.post("/api/keys", json=asked, headers=headers).json()
        with owner(module_city) as c:
            c.execute("update access.account set password_hash = null where name = 'li'")
        assert 'name="current"' not in b.get("/account").text
        assert b.post("/account/keys", data={"key": key["id"], "act": "rotate"}).status_code == 200
        with owner(module_city) as c:
            c.execute("update access.credential set created_at = now() - interval '20 minutes'"
                      " where person = 'li' and kind = 'session'")  # fmt: skip
        assert b.post("/account/keys", data={"key": key["id"], "act": "rotate"}).status_code == 403
