"""Sessions of browsers: they end unused, with their rights, and when their owner says so."""

from fastapi.testclient import TestClient
from people import OWN, browser, forget_tries, new_account, officer, sign_in, try_in

from conftest import owner
from gridwarden.settings import Settings


def test_a_session_ends_unused_and_lives_at_most_its_hours(module_city: Settings) -> None:
    with browser(module_city) as b:
        made = new_account(b, officer(module_city), name="idle")
        sign_in(b, "idle", made["first_password"])

        def holds() -> bool:
            b.app.state.callers.forget()  # type: ignore[attr-defined]
            return b.get("/api/whoami", headers={"Accept": "application/json"}).status_code == 200

        def age(column: str, by: str) -> None:
            with owner(module_city) as c:
                c.execute(
                    f"update access.credential set {column} = {column} - interval '{by}'"
                    " where kind = 'session' and person = 'idle'"
                )

        assert holds()
        age("last_used_at", "19 minutes")
        assert holds()  # and this use counts
        age("last_used_at", "19 minutes")
        assert holds()
        age("last_used_at", "21 minutes")
        assert not holds()
        answer = b.get("/login")
        assert "20" in answer.text and 'class="note"' in answer.text
        assert try_in(b, "idle", OWN).status_code == 303
        age("expires_at", "13 hours")
        assert not holds()


def test_use_is_written_once_a_minute(module_city: Settings) -> None:
    with browser(module_city) as b:
        made = new_account(b, officer(module_city), name="busy")
        sign_in(b, "busy", made["first_password"])

        def seen() -> object:
            with owner(module_city) as c:
                return c.execute(
                    "select last_used_at, xmin::text from access.credential"
                    " where kind = 'session' and person = 'busy'"
                ).fetchone()

        b.get("/api/whoami")
        first = seen()
        for _ in range(3):
            b.app.state.callers.forget()  # type: ignore[attr-defined]
            b.get("/api/whoami")
        assert seen() == first


def test_own_sessions_are_listed_and_ended_and_nobody_else_s(module_city: Settings) -> None:
    with browser(module_city) as one, browser(module_city) as two, browser(module_city) as other:
        made = new_account(one, officer(module_city), name="twice")
        stranger = new_account(one, officer(module_city), name="stranger")
        sign_in(one, "twice", made["first_password"])
        assert try_in(two, "twice", OWN).status_code == 303
        sign_in(other, "stranger", stranger["first_password"])
        listed = one.get("/api/sessions").json()["items"]
        assert [item["current"] for item in listed].count(True) == 1 and len(listed) == 2
        [foreign] = other.get("/api/sessions").json()["items"]
        as_json = {"Accept": "application/json"}
        path = f"/api/sessions/{foreign['id']}"
        assert one.delete(path, headers=as_json).status_code == 404
        assert one.delete("/api/sessions", headers=as_json).status_code == 204
        two.app.state.callers.forget()  # type: ignore[attr-defined]
        assert two.get("/api/whoami", headers=as_json).status_code == 401
        assert one.get("/api/whoami", headers=as_json).status_code == 200
        assert other.get("/api/whoami", headers=as_json).status_code == 200


def test_signing_in_and_changing_the_password_give_the_session_another_secret(
    module_city: Settings,
) -> None:
    with browser(module_city) as b, browser(module_city) as elsewhere:
        made = new_account(b, officer(module_city), name="turning")
        sign_in(b, "turning", made["first_password"])
        assert try_in(elsewhere, "turning", OWN).status_code == 303
        before = b.cookies["gridwarden_session"]
        wrong = b.post(
            "/account/password", data={"current": "wrong", "password": OWN * 2, "again": OWN * 2}
        )
        assert wrong.status_code == 403
        new = "harbour-umbrella-3-violin"
        right = b.post("/account/password", data={"current": OWN, "password": new, "again": new})
        assert right.status_code == 303, right.text
        assert b.cookies["gridwarden_session"] != before
        assert b.get("/api/whoami").json()["person"] == "turning"
        as_json = {"Accept": "application/json"}
        for browser_of, cookie in ((elsewhere, None), (b, before)):
            browser_of.app.state.callers.forget()  # type: ignore[attr-defined]
            cookies = {"gridwarden_session": cookie} if cookie else None
            fresh = TestClient(browser_of.app, base_url="http://testserver")
            fresh.cookies.update(cookies or dict(elsewhere.cookies))
            assert fresh.get("/api/whoami", headers=as_json).status_code == 401
        again = b.cookies["gridwarden_session"]
        assert try_in(b, "turning", new).status_code == 303
        assert b.cookies["gridwarden_session"] != again


def test_other_rights_and_disabling_end_sessions_and_keys_at_once(module_city: Settings) -> None:
    with browser(module_city) as b:
        headers = officer(module_city)
        made = new_account(b, headers, name="moved")
        sign_in(b, "moved", made["first_password"])
        asked = {"role": "planner", "label": "gis", "account": "moved", "all_districts": True}
        key = b.post("/api/keys", json=asked, headers=headers).json()["key"]
        with_key = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        assert b.get("/api/whoami", headers=with_key).json()["person"] == "moved"
        assert "gis" in b.get("/account").text
        wide = asked | {"role": "supervisor"}
        assert b.post("/api/keys", json=wide, headers=headers).status_code == 409
        path = f"/api/accounts/{made['id']}"
        assert b.patch(path, json={"role": "viewer"}, headers=headers).json()["role"] == "viewer"
        as_json = {"Accept": "application/json"}
        assert b.get("/api/whoami", headers=as_json).status_code == 401
        assert b.get("/api/whoami", headers=with_key).status_code == 401
        assert try_in(b, "moved", OWN).status_code == 303
        assert b.post(f"{path}/disable", headers=headers).json()["disabled_at"]
        assert b.get("/api/whoami", headers=as_json).status_code == 401
        assert try_in(b, "moved", OWN).status_code == 401
        forget_tries(module_city)
