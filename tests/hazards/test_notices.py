"""Who is told what, once, in their own language, and the letters that a real mail server gets."""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from access.own_and_foreign import put
from commands import run_command
from conftest import client_of, owner
from gridwarden.database import open_pool
from gridwarden.hazards.notices.posting import Server
from gridwarden.hazards.notices.rules import read
from gridwarden.hazards.notices.sending import drain
from gridwarden.settings import Settings
from hazards.duty_cases import Town, town_of
from hazards.postbox import Postbox, postbox

PEOPLE = {
    # name: role, language, the key's rights in the town
    "lin": ("contractor", "zh", "org_ids"),
    "mary": ("contractor", "en", "org_ids"),
    "chen": ("supervisor", "zh", "district_ids"),
    "wu": ("supervisor", "zh", "district_ids"),
    "ins": ("inspector", "en", "district_ids"),
    "gao": ("warden", "zh", "grid_ids"),
    "far": ("supervisor", "zh", ""),
}


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Iterator[Town]:
    with client_of(module_city) as http:
        town = town_of(module_city, http)
        rights = {"org_ids": town.org, "district_ids": town.district, "grid_ids": town.grid}
        with owner(module_city) as c:
            for name, (role, language, right) in PEOPLE.items():
                columns = f", {right}" if right else ""
                value = ", array[%s]::bigint[]" if right else ""
                c.execute(
                    f"insert into access.account (name, full_name, role, language{columns})"
                    f" values (%s, %s, %s, %s{value})",
                    (name, f"{name} Full", role, language, *([rights[right]] if right else [])),
                )
        yield town


@pytest.fixture(autouse=True)
def nothing_waits(town: Town) -> Iterator[None]:
    yield
    with owner(town.settings) as c:
        c.execute("delete from data.notice")
        c.execute("delete from data.notice_address")


def address(town: Town, *names: str) -> None:
    for name in names:
        answer = town.http.put(
            "/api/notices/address",
            json={"address": f"{name}@office.example"},
            headers=town.key(PEOPLE[name][0], name),
        )
        assert answer.status_code == 200, answer.text


def told(town: Town, name: str, **asked: Any) -> list[tuple[str, int]]:
    key = town.key(PEOPLE[name][0], name)
    answer = town.http.get("/api/notices", params=asked, headers=key)
    assert answer.status_code == 200, answer.text
    return [(one["kind"], one["case_id"]) for one in answer.json()["items"]]


def deliver(town: Town, box: Postbox | None, **more: Any) -> None:
    """What the worker does."""
    url = f"smtp://127.0.0.1:{box.port}" if box else None
    known = {"smtp": SecretStr(url) if url else None, "mail_from": "ledger@office.example"}
    settings = town.settings.model_copy(update=known | more)

    async def work() -> None:
        pool = await open_pool(settings, "worker")
        try:
            await drain(pool, settings)
        finally:
            await pool.close()

    asyncio.run(work())


def hurry(town: Town) -> None:
    """The time of the next try has come."""
    with owner(town.settings) as c:
        c.execute("update data.notice set next_at = clock_timestamp() - interval '1 second'")


def test_an_assignment_is_told_to_whose_it_is_in_the_same_transaction(town: Town) -> None:
    case = town.assigned(description="盖板松动", place_words="滨江路7号后门")
    for name in ("lin", "mary", "gao"):
        assert told(town, name) == [("assigned", case["id"])], name
    for name in ("chen", "ins", "far"):
        assert told(town, name) == [], name
    refused = town.move(case, "assign", org_id=10**9)
    assert refused.status_code == 400 and len(told(town, "lin")) == 1, "nothing was done"
    by_lin = town.move(case, "accept", "contractor", by="lin")
    done = town.move(by_lin.json(), "report_done", "contractor", by="lin", no_photo_because="night")
    assert done.status_code == 200
    assert told(town, "chen") == told(town, "ins") == [("claimed", case["id"])]
    back = town.move(done.json(), "send_back", by="chen", note="灯未修好")
    assert back.status_code == 200, back.text
    assert told(town, "lin")[0] == told(town, "gao")[0] == ("returned", case["id"])
    assert told(town, "chen") == [("claimed", case["id"])], "who did it is not told of it"


def test_letters_are_in_the_reader_s_language_and_hold_no_place(town: Town) -> None:
    address(town, "lin", "mary")
    with postbox() as box:
        cases = [
            town.assigned(description="盖板松动", place_words="滨江路7号后门") for _ in range(3)
        ]
        deliver(town, box, public_url="https://ledger.example")
        [chinese], [english] = box.of("lin@"), box.of("mary@")
        zh, en = (one.get_content() for one in (chinese, english))
        assert str(chinese["Subject"]) == "隐患台账：3条通知"
        assert str(english["Subject"]) == "3 notices of the hazard ledger"
        assert "lin Full" in zh and "请在期限前完成整改" in zh and "整改期限" in zh
        assert "Next: put it right" in en and "due " in en
        for case in cases:
            assert case["hazard_no"] in zh and case["hazard_no"] in en
            assert f"https://ledger.example/hazards/{case['id']}" in en
        for secret in ("滨江路", "盖板", "114."):
            assert secret not in zh and secret not in en
        assert english["Content-Language"] == "en" and english["Auto-Submitted"]
        deliver(town, box)
        assert len(box.letters) == 2, "nobody is told the same twice"
        page = town.http.get(
            "/notices", headers=town.key("contractor", "lin") | {"Accept": "text/html"}
        )
        assert cases[0]["hazard_no"] in page.text and "已发送" in page.text


def test_a_server_that_is_away_gets_it_later_and_a_dead_worker_s_letter_is_the_same(
    town: Town,
) -> None:
    address(town, "lin")
    case = town.assigned()
    with postbox() as box:
        away = Postbox()
        away.port = 9  # nobody listens there
        deliver(town, away)
        item = town.http.get("/api/notices", headers=town.key("contractor", "lin")).json()
        [one] = item["items"]
        assert one["error"] == "ConnectionRefusedError" and not one["gave_up"]
        deliver(town, box)
        assert box.letters == [], "its time has not come"
        box.refuses["*"] = "451 busy, come back"
        hurry(town)
        deliver(town, box)
        assert box.letters == []
        box.refuses.clear()
        hurry(town)
        deliver(town, box)
        [first] = box.letters
        with owner(town.settings) as c:  # the worker died before it wrote down that it was sent
            c.execute("update data.notice set sent_at = null")
        hurry(town)
        deliver(town, box)
        [_, again] = box.letters
        assert first["Message-ID"] == again["Message-ID"]
        assert told(town, "lin") == [("assigned", case["id"])]


def test_an_address_that_is_refused_for_good_stops_nobody_else(town: Town) -> None:
    address(town, "lin", "mary")
    case = town.assigned()
    with postbox() as box:
        box.refuses["lin@office.example"] = "550 no such mailbox"
        deliver(town, box)
        assert len(box.of("mary@")) == 1 and not box.of("lin@")
        [one] = town.http.get("/api/notices", headers=town.key("contractor", "lin")).json()["items"]
        assert one["gave_up"] and one["error"].startswith("550") and one["case_id"] == case["id"]
        hurry(town)
        deliver(town, box)
        assert not box.of("lin@")
        town.assigned()
        box.refuses["*"] = "451 later"
        for _ in range(4):
            hurry(town)
            deliver(town, box, mail_retry_s=(1.0, 1.0))
        items = town.http.get("/api/notices", headers=town.key("contractor", "mary")).json()
        assert items["items"][0]["gave_up"] and items["items"][0]["attempts"] == 3


def test_a_server_that_wants_a_password_gets_it(town: Town) -> None:
    address(town, "mary")
    town.assigned()
    with postbox("ledger", "s:e@c") as box:
        wrong = SecretStr(f"smtp://ledger:no@127.0.0.1:{box.port}")
        deliver(town, box, smtp=wrong)
        assert box.letters == []
        hurry(town)
        right = SecretStr(f"smtp://ledger:s%3Ae%40c@127.0.0.1:{box.port}")
        deliver(town, box, smtp=right)
        assert len(box.letters) == 1
    for text in ("http://host", "smtp://", "mail.example.com"):
        with pytest.raises(ValueError, match="GRIDWARDEN_SMTP"):
            Server.of(text)


def due(town: Town, case: dict[str, Any], interval: str) -> None:
    """Another due time, as if days had passed."""
    with owner(town.settings) as c:
        c.execute(
            "update data.hazard_case set due_at = clock_timestamp() + %s::interval,"
            " assigned_at = clock_timestamp() - interval '90 days' where id = %s",
            (interval, case["id"]),
        )


def test_days_are_told_once_for_each_level(town: Town) -> None:
    case = town.assigned(grade="general")
    with owner(town.settings) as c:
        c.execute("delete from data.notice")
    due(town, case, "30 days")
    deliver(town, None)
    assert told(town, "lin") == []
    due(town, case, "20 hours")
    for _ in range(2):
        deliver(town, None)
    assert told(town, "lin") == told(town, "gao") == [("due_soon", case["id"])]
    assert told(town, "chen") == []
    due(town, case, "-1 hour")
    for _ in range(2):
        deliver(town, None)
    assert told(town, "lin") == [("overdue", case["id"]), ("due_soon", case["id"])]
    assert told(town, "chen") == [], "the first level is the responsible organisation's"
    due(town, case, "-40 days")
    deliver(town, None)
    levels = town.http.get("/api/notices", headers=town.key("supervisor", "chen")).json()["items"]
    assert sorted(one["level"] for one in levels) == [2, 3]
    assert told(town, "far") == []


def test_a_listing_s_decision_and_its_going_higher_are_told_once(town: Town) -> None:
    """To the bureaus of its district and to who supervises it; never to who rectifies."""
    case = town.assigned()
    with owner(town.settings) as c:
        c.execute("update data.hazard_case set due_at = null where id <> %s", (case["id"],))
    body = {"case": case["id"], "list_no": "督〔2026〕77号", "level": "county", "why": "久拖未改"}
    body |= {"supervisor": "ins Full", "deadline": str(date.today() + timedelta(300))}
    made = town.http.post("/api/listings", json=body, headers=town.key("supervisor", "wu"))
    assert made.status_code == 201, made.text
    url = f"/api/listings/{made.json()['id']}"

    def passed(days: int) -> None:
        """So many days more since it was listed; then what the worker does, twice."""
        with owner(town.settings) as c:
            c.execute(
                "update data.listing set listed_day = listed_day - %s, decision_due = decision_due"
                " - %s, escalate_on = escalate_on - %s where case_id = %s",
                (days, days, days, case["id"]),
            )
            c.execute("delete from data.notice")
        for _ in range(2):
            deliver(town, None)

    passed(0)
    assert told(town, "chen") == []
    for days, kind in ((7, "decision_soon"), (1, "decision_late"), (172, "goes_higher")):
        passed(days)
        for name in ("chen", "wu", "ins"):
            kinds = [one for one in told(town, name) if one[0] == f"listing_{kind}"]
            assert kinds == [(f"listing_{kind}", case["id"])], (name, kind)
        assert told(town, "lin") == told(town, "gao") == told(town, "far") == []
    page = town.http.get("/notices?lang=zh", headers=town.key("supervisor", "chen")).text
    assert "久拖未改，应提级督办" in page
    address(town, "chen")
    with postbox() as box:
        deliver(town, box)
        [letter] = box.letters
    assert "挂牌督办" in str(letter) or "挂牌督办" in letter.get_content()
    assert "整改期限" not in letter.get_content(), "it is the decision's day, not the case's"
    headers = town.key("supervisor") | {"If-Match": f'"{made.json()["version"]}"'}
    decided = {"step": "decision", "decision": "no_stop", "words": "不停产，限期整改"}
    assert town.http.post(f"{url}/steps", json=decided, headers=headers).status_code == 200
    passed(1)
    assert {kind for kind, _ in told(town, "wu")} == {"listing_goes_higher"}, "it is decided"


def test_what_is_tied_to_mains_is_told_to_nobody_whose_grid_does_not_see_it(town: Town) -> None:
    case = town.found(role="supervisor")
    with owner(town.settings) as c:
        c.execute("update data.hazard_case set main = true where id = %s", (case["id"],))
    town.moved(case, "register", "assess", "assign")
    assert told(town, "gao") == [] and told(town, "lin") == [("assigned", case["id"])]


def test_one_s_own_notices_and_address_alone(town: Town) -> None:
    address(town, "lin")
    case = town.assigned()
    [other] = told(town, "mary")
    assert other == ("assigned", case["id"])
    headers = town.key("contractor", "lin")
    assert town.http.get("/api/notices/address", headers=headers).json() == {
        "address": "lin@office.example"
    }
    nobody = town.http.put(
        "/api/notices/address", json={"address": "a@b"}, headers=town.key("warden")
    )
    assert nobody.status_code == 409
    for bad in ("no", "a b@c", "a@b\r\nBcc: x@y", "<a@b>", "我@b"):
        answer = town.http.put("/api/notices/address", json={"address": bad}, headers=headers)
        assert answer.status_code == 400, bad
    document = town.http.get("/api/notices?unseen=true", headers=headers).json()
    assert document["unseen"] == 1
    upto = {"upto": document["items"][0]["id"]}
    assert town.http.post("/api/notices/seen", json=upto, headers=headers).json() == {"seen": 1}
    assert told(town, "lin", unseen=True) == [] and len(told(town, "mary", unseen=True)) == 1
    assert town.http.get("/api/notices?limit=1", headers=headers).json()["next"] is None


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ('kind = "a"\nacts = ["fly"]\ntells = []\nnext = "none"', "no such act"),
        ('kind = "a"\nacts = ["close"]\ntells = ["all"]\nnext = "none"', "no such part"),
        ('kind = "a"\nacts = []\ntells = []\nnext = "none"', "a day does"),
        ('kind = "a"\nacts = ["close"]\ntells = []', "nothing else"),
    ],
)
def test_a_table_of_notices_that_does_not_fit_is_refused(row: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(f"[[notice]]\n{row}\n")


def test_the_machine_tells_whether_letters_go_out(town: Town) -> None:
    address(town, "lin")
    town.assigned()
    told = run_command(town.settings, "notices", "status", GRIDWARDEN_LANGUAGE="en")
    assert told.returncode == 0, told.stderr
    assert "1 notices wait" in told.stdout and "2 are for people without" in told.stdout
    assert "GRIDWARDEN_SMTP" in told.stdout
    with postbox() as box:
        sent = {"GRIDWARDEN_LANGUAGE": "en", "GRIDWARDEN_SMTP": f"smtp://127.0.0.1:{box.port}"}

        def tried(where: str) -> tuple[int, str]:
            done = run_command(town.settings, "notices", "test", where, **sent)
            return done.returncode, done.stdout + done.stderr

        assert tried("no address")[0] == 1
        code, said = tried("kai@office.example")
        assert code == 0 and "took a letter to kai@office.example" in said
        assert str(box.letters[0]["To"]) == "kai@office.example"
        box.refuses["*"] = "451 busy"
        code, said = tried("kai@office.example")
        assert code == 1 and "451 busy" in said


def test_no_letter_tells_of_a_case_that_has_left_its_reader_s_sight(town: Town) -> None:
    with owner(town.settings) as c:
        other = put(c, "organisations", None, name="六建公司", kind="contractor")
    address(town, "lin", "chen")
    case = town.found(role="contractor")
    with owner(town.settings) as c:
        c.execute("update data.hazard_case set found_by = 'lin' where id = %s", (case["id"],))
    case = town.moved(case, "register", "assess", "assign")
    given = town.move(case, "assign", org_id=other, note="不归其管")
    assert given.status_code == 200, given.text
    done = town.move(given.json(), "report_done", no_photo_because="night")
    closed = town.move(done.json(), "close", by="wu")
    assert closed.status_code == 200, closed.text
    with owner(town.settings) as c:
        kinds = "select kind from data.notice where account_id = (select id from access.account"
        told_lin = c.execute(kinds + " where name = 'lin') order by id").fetchall()
    assert told_lin == [("assigned",)], "while it was his, and not that it was closed"
    with postbox() as box:
        deliver(town, box)
        told = {
            name: "".join(one.get_content() for one in box.of(f"{name}@"))
            for name in ("chen", "lin")
        }
    assert case["hazard_no"] in told["chen"] and case["hazard_no"] not in told["lin"]
