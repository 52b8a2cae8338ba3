"""Signing in by the office's provider, against a real one: who gets in, as whom, who does not."""

from collections.abc import Iterator
from typing import Any

import pytest
from oidc_office import (
    AUDIENCE,
    BASE,
    LABEL,
    PEOPLE,
    Office,
    asked_of,
    at_provider,
    browser,
    go,
    office_of,
    sign_in,
    who,
)

from conftest import bearer, owner
from gridwarden.settings import Settings


@pytest.fixture(scope="module")
def office(module_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office_of(module_city, tmp_path_factory.mktemp("office")) as made:
        made.start()
        yield made


def rows(settings: Settings, statement: str) -> list[tuple[Any, ...]]:
    with owner(settings) as c:
        return c.execute(statement).fetchall()  # type: ignore[call-overload,no-any-return]


def test_the_first_sign_in_makes_the_account_and_the_next_one_finds_it(office: Office) -> None:
    west, company = rows(office.settings, "select d.id, o.id from data.districts d,"
                         " data.organisations o where d.code = 'W'")[0]  # fmt: skip
    with browser(office) as b:
        home = sign_in(b, "1001", "/findings?severity=major")
        assert (home.status_code, home.headers["location"]) == (303, "/findings?severity=major")
        told = who(b)
        assert told and told["person"] == "wang.li" and told["role"] == "planner"
        assert told["district_ids"] == [west] and not told["all_districts"]
        assert "王力" in b.get("/account").text
    with browser(office) as b:
        assert sign_in(b, "1001").headers["location"] == "/"
    with browser(office) as b:
        sign_in(b, "1002")
        told = who(b)
        assert told and (told["role"], told["org_ids"]) == ("utility", [company])
    made = (
        "select name, subject, created_by, language, password_hash from access.account order by 2"
    )
    assert rows(office.settings, made) == [
        ("wang.li", "1001", office.issuer, "zh", None),
        ("li.na", "1002", office.issuer, "en", None),
    ]
    shown = rows(office.settings, "select detail -> 'shown' from data.audit where action = 'login'")
    assert shown == [(["oidc"],)] * 3


def test_other_groups_are_other_rights_and_none_is_no_access(office: Office) -> None:
    """Whoever is signed in elsewhere is out at once, and keys of the account end."""
    with browser(office) as former, browser(office) as b:
        sign_in(former, "1001")
        office.say(_1001=PEOPLE["1001"] | {"groups": ["map-planners", "map-supervisors"]})
        sign_in(b, "1001")
        told = who(b)
        assert told and told["role"] == "supervisor" and told["all_districts"]
        former.app.state.callers.forget()  # type: ignore[attr-defined]
        assert who(former) is None
        office.say(_1001=PEOPLE["1001"] | {"groups": []})
        with browser(office) as third:
            answer = sign_in(third, "1001")
            assert answer.status_code == 403 and who(third) is None
            for words in (
                "您不在可使用本系统的用户组内",
                "信息中心值班室，8123-4567",
                "wang li",
                LABEL,
            ):
                assert words in answer.text
            assert "/session/end?id_token_hint=" in answer.text
        b.app.state.callers.forget()  # type: ignore[attr-defined]
        assert who(b) is None
    office.say()
    reasons = rows(office.settings, "select person, detail ->> 'reason' from data.audit"
                   " where detail ? 'reason' and action = 'login_failed'")  # fmt: skip
    assert reasons == [("wang.li", "no_group")]


@pytest.mark.parametrize(("subject", "words"), [("1003", "用户组"), ("1004", "火星")])
def test_who_has_no_place_here_is_told_why(office: Office, subject: str, words: str) -> None:
    with browser(office) as b:
        answer = sign_in(b, subject)
        assert answer.status_code == 403 and words in answer.text and "8123-4567" in answer.text
        assert who(b) is None
    assert not rows(office.settings, f"select 1 from access.account where subject = '{subject}'")


def test_a_disabled_account_and_an_administrator_s_stay_out(office: Office) -> None:
    with browser(office) as b:
        sign_in(b, "1002")
    for change, words in (
        ("disabled_at = now()", "停用"),
        ("disabled_at = null, role = 'security', org_ids = '{}'", "管理员"),
    ):
        with owner(office.settings) as c:
            c.execute(f"update access.account set {change} where subject = '1002'")  # type: ignore[arg-type]
        with browser(office) as b:
            answer = sign_in(b, "1002")
            assert answer.status_code == 403 and words in answer.text and who(b) is None
            token = bearer(office.forged(sub="1002")) | {"Accept": "application/json"}
            assert b.get("/api/whoami", headers=token).status_code == 401
    with owner(office.settings) as c:
        c.execute("delete from access.credential where account_id in"
                  " (select id from access.account where subject = '1002')")  # fmt: skip
        c.execute("delete from access.account where subject = '1002'")


def test_a_name_that_is_taken_is_somebody_else_s(office: Office) -> None:
    with owner(office.settings) as c:
        c.execute("insert into access.account (name, full_name, role, all_districts)"
                  " values ('Li.Na', '李娜', 'planner', true)")  # fmt: skip
    with browser(office) as b:
        sign_in(b, "1002")
        told = who(b)
        assert told and told["person"].startswith("li.na.") and told["role"] == "utility"


def test_a_role_that_needs_a_second_factor_needs_it_here_unless_the_provider_has_it(
    office: Office,
) -> None:
    strict = Office(
        office.issuer, office.settings.model_copy(update={"factor_roles": ("planner",)})
    )
    with browser(strict) as b:
        assert sign_in(b, "1001", "/jobs").headers["location"] == "/login/enrol?next=%2Fjobs"
        assert who(b) is None
        office.say(_1001=PEOPLE["1001"] | {"level": "2"})
        assert sign_in(b, "1001", "/jobs").headers["location"] == "/jobs" and who(b)
        office.say()


def test_nothing_comes_back_twice_or_to_another_browser(office: Office) -> None:
    with browser(office) as b, browser(office) as other:
        address = go(b)
        asked = asked_of(address)
        assert asked["code_challenge_method"] == "S256" and len(asked["nonce"]) == 43
        assert asked["redirect_uri"] == f"{BASE}/login/provider/back"
        assert asked["response_type"] == "code" and asked["scope"] == "openid profile"
        again = go(b)
        assert not {asked[k] for k in ("state", "nonce", "code_challenge")} & set(
            asked_of(again).values()
        )
        home = at_provider(again, "1001")
        wrong = home.replace(asked_of(again)["state"], asked["state"])
        kept = dict(b.cookies)
        for client, url in (
            (other, home),  # a browser that was not sent
            (b, wrong),  # the state of an earlier one
            (b, home.replace("state=", "stat=")),
            (b, home.replace("iss=http", "iss=https")),
        ):
            refused = client.get(url)
            assert refused.status_code == 400 and "请在此重新登录" in refused.text, url
            assert who(client) is None
        # The last one was ours and of another issuer: it is used up.
        assert b.get(home).status_code == 400
        home = at_provider(go(b), "1001")
        kept = dict(b.cookies)
        assert b.get(home).status_code == 303 and who(b)
        other.cookies.update(kept)
        assert other.get(home).status_code == 400 and who(other) is None


def test_another_nonce_and_a_stolen_code_are_refused(office: Office) -> None:
    """A code that the provider made for another sign-in of the same service: PKCE, then nonce."""
    with browser(office) as b, browser(office) as thief:
        victim = asked_of(at_provider(go(b), "1001"))
        own = asked_of(go(thief))
        answer = thief.get("/login/provider/back", params=victim | {"state": own["state"]})
        assert answer.status_code == 400 and who(thief) is None
        # The provider was asked with another nonce than ours.
        address = go(thief)
        nonce = asked_of(address)["nonce"]
        home = at_provider(address.replace(nonce, "x" * 43), "1001")
        answer = thief.get(home)
        assert answer.status_code == 401 and who(thief) is None


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/x", "/\\evil.example", "/login", "x:y"]
)
def test_nobody_is_led_elsewhere(office: Office, elsewhere: str) -> None:
    with browser(office) as b:
        assert sign_in(b, "1001", elsewhere).headers["location"] == "/"


def test_whatever_comes_back_is_no_server_error(office: Office) -> None:
    strange = (
        "",
        "\x00",
        "é" * 200,
        "x" * 4000,
        "' or 1=1",
        "{}",
        "\ud800".encode("utf-16", "surrogatepass").hex(),
    )
    with browser(office) as b:
        for value in strange:
            for name in ("code", "state", "iss", "error"):
                asked = {"state": asked_of(go(b))["state"], "code": "c", name: value}
                answer = b.get("/login/provider/back", params=asked)
                assert answer.status_code in (400, 401), (name, value, answer.text)
        assert b.get("/login/provider/back", params={"code": "x" * 5000}).status_code == 400
        state = asked_of(go(b))["state"]
        told = b.get(
            "/login/provider/back",
            params={"state": state, "error": "access_denied", "iss": office.issuer},
        )
        assert told.status_code == 401 and "已取消" in told.text


def test_signing_out_ends_the_session_there_too(office: Office) -> None:
    with browser(office) as b:
        sign_in(b, "1001")
        page = b.post("/logout")
        assert page.status_code == 200 and who(b) is None
        assert f"{office.issuer}/session/end?id_token_hint=ey" in page.text
        assert "post_logout_redirect_uri=http%3A%2F%2Ftestserver%2Flogin" in page.text
    hints = rows(office.settings, "select hint from access.credential where hint is not null")
    assert all("ey" not in hint[0][:3] for hint in hints)
    assert AUDIENCE not in str(hints)


def test_without_a_provider_there_is_no_such_way(module_city: Settings) -> None:
    with browser(Office("", module_city)) as b:
        assert b.get("/login/provider").status_code == 404
        assert b.get("/login/provider/back").status_code == 404
        assert "/login/provider" not in b.get("/login").text


def test_while_the_provider_is_down_passwords_still_work(office: Office) -> None:
    with browser(office) as b:
        office.stop()
        try:
            answer = b.get("/login/provider?next=/jobs")
            assert answer.status_code == 503 and answer.headers["Retry-After"] == "15"
            sentence = f"{LABEL}暂时无法用于登录，请改用本系统账号和密码登录"
            assert sentence in answer.text and 'id="password"' in answer.text
        finally:
            office.start()
