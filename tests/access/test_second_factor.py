"""TOTP without a network: enrolment, replay, recovery codes, and that nothing is kept in clear."""

import time
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient
from people import OWN, browser, code_of, new_account, officer, sealed_of, set_own, try_in

from conftest import owner
from gridwarden.access.accounts import factor
from gridwarden.settings import Settings

AS_JSON = {"Accept": "application/json"}


def enrolled(b: TestClient, settings: Settings, name: str, role: str) -> tuple[str, list[str], str]:
    """An account of this role with a second factor, signed in; its secret, its recovery codes, and
    the code that enrolled it."""
    import re

    made = new_account(b, officer(settings), name=name, role=role)
    assert try_in(b, name, made["first_password"]).headers["location"] == "/login/password"
    assert set_own(b).headers["location"] == "/login/enrol"
    assert b.get("/api/whoami", headers=AS_JSON).status_code == 401
    shown = b.get("/login/enrol").text
    sealed, secret = sealed_of(shown)
    assert "<svg" in shown and "qrline" in shown
    wrong = b.post("/login/enrol", data={"sealed": sealed, "code": "000000"})
    assert wrong.status_code == 400 and sealed_of(wrong.text)[1] == secret
    first = code_of(secret, -1)
    done = b.post("/login/enrol", data={"sealed": sealed, "code": first})
    assert done.status_code == 200
    assert b.get("/api/whoami", headers=AS_JSON).json()["role"] == role
    return secret, re.findall(r"<code>([0-9A-Z-]{19})</code>", done.text), first


def again(b: TestClient, name: str) -> None:
    """As far as the second factor."""
    b.post("/logout")
    assert try_in(b, name, OWN).headers["location"] == "/login/factor"


def show(b: TestClient, code: str) -> Any:
    return b.post("/login/factor", data={"code": code})


def forget_tries(settings: Settings) -> None:
    with owner(settings) as c:
        c.execute("delete from access.attempt")


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Settings:
    return module_city


def test_an_administrator_enrols_and_each_code_is_good_once(town: Settings) -> None:
    with browser(town) as b:
        secret, codes, first = enrolled(b, town, "sys", "administrator")
        assert len(set(codes)) == factor.CODES
        again(b, "sys")
        assert b.get("/api/whoami", headers=AS_JSON).status_code == 401
        assert show(b, first).status_code == 401  # that one enrolled
        assert show(b, code_of(secret, 9)).status_code == 401
        now = code_of(secret)
        assert show(b, f" {now[:3]} {now[3:]} ").status_code == 303
        assert b.get("/api/whoami", headers=AS_JSON).json()["person"] == "sys"
        again(b, "sys")
        assert show(b, now).status_code == 401
        assert show(b, codes[0].lower().replace("-", " ")).status_code == 303
        again(b, "sys")
        assert show(b, codes[0]).status_code == 401
        assert show(b, codes[1]).status_code == 303
        assert "8" in b.get("/account?lang=en").text
        forget_tries(town)


def test_secret_and_codes_are_not_in_the_database_nor_in_the_audit(town: Settings) -> None:
    with browser(town) as b:
        secret, codes, _ = enrolled(b, town, "quiet", "auditor")
    with owner(town) as c:
        kept = [str(row) for row in c.execute("select a::text from access.account a").fetchall()]
        kept += [str(row) for row in c.execute("select t::text from data.audit t").fetchall()]
        kept += [str(r) for r in c.execute("select r::text from access.recovery_code r").fetchall()]
        sealed = c.execute("select id, totp from access.account where name = 'quiet'").fetchone()
    everything = "\n".join(kept)
    for hidden in (secret, codes[0], codes[0].replace("-", "")):
        assert hidden not in everything
    assert sealed
    assert factor.opened(town, sealed[0], sealed[1]) == secret
    assert factor.opened(town, sealed[0] + 1, sealed[1]) is None  # nor in another's place
    assert factor.opened(town, sealed[0], sealed[1][:-2] + "AA") is None


def test_too_many_codes_close_and_the_officer_takes_a_lost_factor_away(town: Settings) -> None:
    strict = town.model_copy(update={"lock_tries": 3})
    with browser(strict) as b:
        secret, codes, _ = enrolled(b, strict, "lost", "administrator")
        again(b, "lost")
        for _ in range(3):
            assert show(b, "123456").status_code == 401
        closed = show(b, code_of(secret))
        assert closed.status_code == 429
        assert show(b, codes[0]).status_code == 429
        people = b.get("/api/accounts", headers=officer(town)).json()["items"]
        one = next(p for p in people if p["name"] == "lost")
        assert one["locked_until"] and one["has_factor"]
        path = f"/api/accounts/{one['id']}"
        assert not b.post(f"{path}/reset-factor", headers=officer(town)).json()["has_factor"]
        assert try_in(b, "lost", OWN).headers["location"] == "/login/enrol"
        forget_tries(town)


def test_who_enrols_of_the_own_will_is_asked_and_may_do_without_again(town: Settings) -> None:
    with browser(town) as b:
        made = new_account(b, officer(town), name="willing")
        try_in(b, "willing", made["first_password"])
        set_own(b)
        sealed, secret = sealed_of(b.get("/account/factor").text)
        form = {"sealed": sealed, "code": code_of(secret), "current": "wrong"}
        assert b.post("/account/factor", data=form).status_code == 403
        before = b.cookies["gridwarden_session"]
        assert b.post("/account/factor", data=form | {"current": OWN}).status_code == 200
        assert b.cookies["gridwarden_session"] != before
        again(b, "willing")
        assert show(b, code_of(secret, 1)).status_code == 303
        assert b.post("/account/factor/remove", data={"current": OWN}).status_code == 303
        b.post("/logout")
        assert try_in(b, "willing", OWN).headers["location"] == "/"
        foreign = {"sealed": sealed[:-3] + "AAA", "code": "1", "current": OWN}
        assert b.post("/account/factor", data=foreign).status_code == 400


def test_an_enrolment_is_of_one_account(town: Settings) -> None:
    """A secret that was shown to one is not taken for another."""
    with browser(town) as a, browser(town) as b:
        for one, name in ((a, "first"), (b, "second")):
            made = new_account(one, officer(town), name=name)
            try_in(one, name, made["first_password"])
            set_own(one)
        sealed, secret = sealed_of(a.get("/account/factor").text)
        form = {"sealed": sealed, "code": code_of(secret), "current": OWN}
        assert b.post("/account/factor", data=form).status_code == 400


def test_the_numbers_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B (SHA-1), the last six digits."""
    import base64

    secret = base64.b32encode(b"12345678901234567890").decode()
    vectors = ((59, "287082"), (1111111109, "081804"), (2000000000, "279037"))
    for at, digits in vectors:
        assert pyotp.TOTP(secret).at(at) == digits
        assert factor.step_of(secret, digits, at) == at // 30
        assert factor.step_of(secret, digits, at + 30) == at // 30
        assert factor.step_of(secret, digits, at + 90) is None
    assert factor.step_of(secret, "２８７０８２", 59) == 1
    assert factor.step_of(secret, "", time.time()) is None
