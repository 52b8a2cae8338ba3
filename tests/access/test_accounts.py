"""Accounts: first password, own password, lock-out that locks nobody else out."""

import asyncio

import pytest
from people import (
    OWN,
    browser,
    forget_tries,
    new_account,
    officer,
    set_own,
    sign_in,
    token_of,
    try_in,
)
from pwdlib.hashers.argon2 import Argon2Hasher

from conftest import owner
from gridwarden.access.accounts.people import Wanted
from gridwarden.access.accounts.signing_in import account_by_provider
from gridwarden.access.bounds import Bounds
from gridwarden.database import open_pool
from gridwarden.database.guessable import is_common
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

FAST = {"lock_minutes": 15, "lock_tries": 3}


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Settings:
    return module_city.model_copy(update=FAST)


def wait_over(settings: Settings) -> None:
    """As if the time of a lock had passed."""
    with owner(settings) as c:
        c.execute(
            "update access.attempt set until = now() - interval '1 second' where until > now()"
        )


def audited(settings: Settings, account: int) -> list[str]:
    with owner(settings) as c:
        rows = c.execute(
            "select action from data.audit where detail ->> 'account' = %s order by id",
            (str(account),),
        ).fetchall()
    return [row[0] for row in rows]


def test_a_first_password_is_changed_and_then_signs_in(town: Settings) -> None:
    with browser(town) as b:
        made = new_account(b, officer(town), name="wang.li", full_name="王力")
        stored = b.get(f"/api/accounts/{made['id']}", headers=officer(town)).json()
        assert stored.items() <= made.items() and stored["must_change"]
        first = made["first_password"]
        refused = b.get("/api/whoami", headers={"Accept": "application/json"})
        assert refused.status_code == 401
        asked = try_in(b, "Wang.Li", first, next="/findings?x=1")
        assert asked.headers["location"] == "/login/password?next=%2Ffindings%3Fx%3D1"
        assert b.get("/api/whoami", headers={"Accept": "application/json"}).status_code == 401
        for weak in ("short", "Password2026!!", "wangli20260101", "aaaaaaaaaaaaaaa", first):
            assert set_own(b, weak).status_code == 400, weak
        twice = b.post("/login/password", data={"password": OWN, "again": OWN + "x"})
        assert twice.status_code == 400
        arrived = b.post(
            "/login/password", data={"password": OWN, "again": OWN, "next": "/findings"}
        )
        assert (arrived.status_code, arrived.headers["location"]) == (303, "/findings")
        me = b.get("/api/whoami").json()
        assert (me["person"], me["role"], me["all_districts"]) == ("wang.li", "planner", True)
        cookies = arrived.headers.get_list("set-cookie")
        [session] = [one.lower() for one in cookies if one.startswith("gridwarden_session=")]
        assert "httponly" in session and "samesite=lax" in session and "secure" not in session
    assert audited(town, made["id"])[:2] == ["account_added", "account_password_reset"]
    assert audited(town, made["id"])[-2:] == ["account_password_changed", "login"]


def test_secrets_are_kept_as_hashes_alone(town: Settings) -> None:
    with browser(town) as b:
        made = new_account(b, officer(town), name="hashed")
        sign_in(b, "hashed", made["first_password"])
    with owner(town) as c:
        kept = c.execute("select a::text from access.account a").fetchall()
        kept += c.execute("select f::text from access.former_password f").fetchall()
        kept += c.execute("select t::text from data.audit t").fetchall()
        hashes = c.execute("select password_hash from access.account where name = 'hashed'")
        assert str(hashes.fetchone()).count("$argon2id$") == 1
    everything = "\n".join(row[0] for row in kept)
    assert OWN not in everything and made["first_password"] not in everything


def test_wrong_name_and_wrong_password_say_and_do_the_same(
    town: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    real = Argon2Hasher.verify

    def counted(self: Argon2Hasher, password: bytes, kept: str) -> bool:
        compared.append(kept)
        return real(self, password, kept)

    monkeypatch.setattr(Argon2Hasher, "verify", counted)
    with browser(town) as b:
        made = new_account(b, officer(town), name="there")
        new_account(b, officer(town), name="gone")
        locked = new_account(b, officer(town), name="locked")
        people = b.get("/api/accounts", headers=officer(town)).json()["items"]
        gone = next(one["id"] for one in people if one["name"] == "gone")
        b.post(f"/api/accounts/{gone}/disable", headers=officer(town))
        for _ in range(4):
            try_in(b, "locked", "not this one at all")
        compared.clear()
        answers = [
            try_in(b, name, password)
            for name, password in (
                ("nobody", made["first_password"]),
                ("there", "not this one at all"),
                ("gone", "not this one at all"),
                ("locked", locked["first_password"]),
            )
        ]
    assert len(compared) == len(set(compared)) == 4  # each once, nobody's own among them
    said = {answer.text.split('role="alert">')[1].split("</div>")[0] for answer in answers}
    assert len(said) == 1
    assert {answer.status_code for answer in answers} == {401}
    forget_tries(town)


def test_a_lock_is_counted_before_and_opens_by_time_or_by_the_officer(town: Settings) -> None:
    with browser(town) as b:
        made = new_account(b, officer(town), name="often")
        for _ in range(3):
            assert try_in(b, "often", "wrong wrong wrong").status_code == 401
        assert try_in(b, "often", made["first_password"]).status_code == 401
        one = b.get(f"/api/accounts/{made['id']}", headers=officer(town)).json()
        assert one["locked_until"] is not None
        assert "account_locked" in audited(town, made["id"])
        opened = b.post(f"/api/accounts/{made['id']}/unlock", headers=officer(town))
        assert opened.json()["locked_until"] is None
        assert try_in(b, "often", made["first_password"]).status_code == 303
        for _ in range(3):
            try_in(b, "often", "wrong wrong wrong")
        wait_over(town)
        assert try_in(b, "often", made["first_password"]).status_code == 303
    forget_tries(town)


def test_an_attacker_cannot_lock_the_owner_s_own_browser_out(town: Settings) -> None:
    with browser(town) as own, browser(town) as foreign:
        made = new_account(own, officer(town), name="target")
        sign_in(own, "target", made["first_password"])
        for _ in range(6):
            assert try_in(foreign, "target", "guess guess guess").status_code == 401
        assert try_in(foreign, "target", OWN).status_code == 401
        own.post("/logout")
        assert try_in(own, "target", OWN).status_code == 303
        # and it has a count of its own
        own.post("/logout")
        for _ in range(3):
            try_in(own, "target", "guess guess guess")
        assert try_in(own, "target", OWN).status_code == 401
    forget_tries(town)


def test_an_address_that_fails_too_often_is_closed_to_unknown_browsers_alone(
    town: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gridwarden.access.accounts import signing_in

    waited: list[float] = []

    async def waits(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(signing_in.asyncio, "sleep", waits)
    strict = town.model_copy(update={"address_tries": 14})
    with browser(strict) as own, browser(strict) as foreign:
        made = new_account(own, officer(town), name="neighbour")
        sign_in(own, "neighbour", made["first_password"])
        forget_tries(town)
        for n in range(14):
            assert try_in(foreign, f"guess{n}", "guess guess guess").status_code == 401
        closed = try_in(foreign, "neighbour", OWN)
        assert closed.status_code == 429 and int(closed.headers["retry-after"]) > 60
        assert waited and sorted(waited) == waited and waited[-1] <= 4
        own.post("/logout")
        assert try_in(own, "neighbour", OWN).status_code == 303
    forget_tries(town)


def test_an_old_password_is_changed_and_former_ones_are_not_taken(town: Settings) -> None:
    with browser(town) as b:
        made = new_account(b, officer(town), name="old")
        sign_in(b, "old", made["first_password"])
        b.post("/logout")
        with owner(town) as c:
            c.execute(
                "update access.account set password_at = now() - interval '91 days'"
                " where name = 'old'"
            )
        assert try_in(b, "old", OWN).headers["location"] == "/login/password"
        assert set_own(b, OWN).status_code == 400
        assert set_own(b, OWN + "!").status_code == 303
        assert b.get("/api/whoami").json()["person"] == "old"


def test_a_first_password_ends_and_a_step_is_no_session(town: Settings) -> None:
    with browser(town) as b:
        made = new_account(b, officer(town), name="late")
        assert try_in(b, "late", made["first_password"]).status_code == 303
        step = b.cookies["gridwarden_step"]
        for cookie in ({"gridwarden_session": step}, {}):
            answer = b.get("/api/whoami", headers={"Accept": "application/json"}, cookies=cookie)
            assert answer.status_code == 401
        assert b.get("/login/factor", headers={"Accept": "application/json"}).status_code == 401
        with owner(town) as c:
            c.execute(
                "update access.account set password_until = now() - interval '1 second'"
                " where name = 'late'"
            )
        assert try_in(b, "late", made["first_password"]).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 1},
        {"password_hash": "x"},
        {"created_by": "me"},
        {"role": "owner"},
        {"role": "embed"},
        {"role": "import"},
        {"name": "a b"},
        {"name": "cli:root"},
        {"name": "<script>"},
        {"full_name": " "},
        {"full_name": "a\nb"},
        {"language": "fr"},
        {"all_districts": False},
        {"districts": ["no such"]},
        {"role": "utility", "organisations": []},
        {"role": "contractor"},
        {"role": "auditor", "all_districts": True},
        {"name": "x\u0000"},
        {"districts": ["1"] * 500},
    ],
)
def test_nothing_but_what_is_asked_for_can_be_assigned(
    town: Settings, wrong: dict[str, object]
) -> None:
    good = {"name": "assigned", "full_name": "A", "role": "planner", "all_districts": True}
    with browser(town) as b:
        answer = b.post("/api/accounts", json=good | wrong, headers=officer(town))
        assert 400 <= answer.status_code < 500, answer.text
        people = b.get("/api/accounts", headers=officer(town)).json()["items"]
    assert "assigned" not in {one["name"] for one in people}


def test_dormant_accounts_and_keys_are_found(town: Settings) -> None:
    with browser(town) as b:
        made = new_account(b, officer(town), name="sleeper")
        asked = {"role": "viewer", "label": "old display", "all_districts": True}
        b.post("/api/keys", json=asked, headers=officer(town))
        with owner(town) as c:
            c.execute(
                "update access.account set created_at = now() - interval '100 days'"
                " where name = 'sleeper'"
            )
            c.execute(
                "update access.credential set created_at = now() - interval '95 days'"
                " where label = 'old display'"
            )
        answer = b.get("/api/accounts/dormant", headers=officer(town)).json()
        found = [(one["what"], one["name"], one["never"]) for one in answer["items"]]
        assert found == [("account", "sleeper", True), ("key", "old display", True)]
        assert (
            b.get("/api/accounts/dormant?days=99", headers=officer(town)).json()["items"][0]["id"]
            == made["id"]
        )


def test_common_passwords_are_told_from_good_ones() -> None:
    for easy in (
        "P@ssw0rd123456",
        "Gridwarden2026!",
        "1qaz2wsx3edc",
        "qwertyuiop1234",
        "zhangwei19900101",
        "Anna-Li-2026!",
    ):
        assert is_common(easy, ("anna.li",)), easy
    for good in ("tX7#kk29-vmQ", "lamp river seven bread", "梧桐树下第三盏灯亮着了吗"):
        assert not is_common(good, ("anna.li",)), good


def test_the_form_s_token_and_the_clock_matter(town: Settings) -> None:
    with browser(town) as b:
        form = {"form": token_of(b), "name": "nobody", "password": "x"}
        b.cookies.clear()
        answer = b.post("/login", data=form)
        assert answer.status_code == 400
        assert "Cookie" in answer.text


def test_a_provider_s_person_is_found_again_and_no_administrator_is_made(town: Settings) -> None:
    def by(subject: str, offered: Wanted | None) -> int | None:
        async def found() -> int | None:
            pool = await open_pool(town, "web")
            try:
                return await account_by_provider(pool, "https://id.example", subject, offered)
            finally:
                await pool.close()

        return asyncio.run(found())

    planner = Wanted("from.outside", "外来", "planner", Bounds(all_districts=True))
    assert by("1", None) is None
    made = by("1", planner)
    assert made is not None and by("1", None) == made == by("1", planner)
    other = by("2", planner)
    assert other not in (None, made)
    with owner(town) as c:
        names = c.execute("select name from access.account where issuer is not null order by id")
        assert [row[0].partition(".")[0] for row in names.fetchall()] == ["from", "from"]
    with pytest.raises(Problem) as refused:
        by("3", Wanted("boss", "老板", "administrator"))
    assert refused.value.kind == "forbidden"
