"""The board by HTTP: each figure is its rows, a signed day stays, a campaign comes back."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from conftest import KeyMaker, Settings, owner, run_command
from hazards.histories import FIRST, Act, put, rows_of
from maps.small_city import add_box, add_dataset

DAY = FIRST + timedelta(days=6)
NAMES = ("朝阳区", "安宁区", "白云区")


def acts(*told: tuple[int, int, str, str, int, int, int | None]) -> list[Any]:
    return rows_of(
        [Act(a, h, state, grade, d, late, due) for a, h, state, grade, d, late, due in told]
    )


@pytest.fixture(scope="module")
def districts(module_city: Settings) -> list[int]:
    """Three districts, and cases of the first two, entered in March."""
    with owner(module_city) as c:
        made = add_dataset(c, "districts")
        ids = [
            add_box(c, "districts", made, name, (n * 1000, 0, n * 1000 + 1000, 1000))
            for n, name in enumerate(NAMES)
        ]
        one, two, _ = ids
        good = ((0, 1, "registered"), (0, 2, "assigned"), (1, 3, "awaiting_verification"))
        cases = [
            acts(*((a, h, s, "general", one, 0, 3) for a, h, s in (*good, (1, 4, "closed"))))
            for _ in range(9)
        ]
        cases += [
            acts(*((a, h, s, "major", two, late, 1) for a, h, s, late in told))
            for told in (
                [(0, 1, "registered", 0), (1, 2, "assigned", 0)],
                [(2, 1, "registered", 2), (0, 2, "assigned", 0), (1, 3, "invalid", 0)],
                [(0, 1, "registered", 0), (1, 2, "closed", 0), (2, 3, "registered", 0)],
                [
                    (0, 1, "registered", 0),
                    (1, 2, "awaiting_verification", 0),
                    (1, 3, "returned", 0),
                ],
            )
        ]
        put(c, cases)
    return ids


@pytest.fixture(scope="module")
def supervisor(module_sign_in: KeyMaker, districts: list[int]) -> dict[str, str]:
    return module_sign_in("supervisor", all_districts=True)


def board(client: TestClient, who: dict[str, str], **asked: object) -> dict[str, Any]:
    answer = client.get("/api/rankings", params={"day": str(DAY), **asked}, headers=who)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("by", ["district", "organisation", "family"])
def test_every_figure_is_the_sum_of_its_rows(
    module_client: TestClient, supervisor: dict[str, str], by: str
) -> None:
    told = board(module_client, supervisor, by=by)
    looked = 0
    for group in told["items"]:
        figures = [(group[name], address) for name, address in group["rows"].items()]
        figures += [(one["count"], one["rows"]) for one in group["penalties"]]
        for one in group["indicators"]:
            numbers = [one["n"]] if one["part"] is None else [one["part"], one["whole"]]
            figures += list(zip(numbers, one["rows"].values(), strict=True))
        for number, address in figures:
            if address is None:
                continue
            rows = module_client.get(address, headers=supervisor).json()
            counted = rows["number"] if "number" in rows else len(rows["items"])
            assert counted == number, address
            if "number" in rows:
                shown = sum(one["times"] for one in rows["items"])
                assert shown == number and not rows["withheld"] and rows["next"] is None
            looked += number > 0
    assert looked > 10


def test_places_and_words_in_both_languages(
    module_client: TestClient, supervisor: dict[str, str], districts: list[int]
) -> None:
    told = board(module_client, supervisor, lang="zh")
    by_name = {one["name"]: one for one in told["items"]}
    assert set(by_name) == set(NAMES)
    assert [one["name"] for one in told["items"]] == ["朝阳区", "安宁区", "白云区"]
    best = by_name["朝阳区"]
    assert (best["rank"], best["class"]["words"]) == (1, "优秀") or best["score"] < 90
    assert by_name["白云区"]["rank"] is None and by_name["白云区"]["score"] is None
    figures = {one["code"]: one for one in best["indicators"]}
    assert (figures["R2"]["part"], figures["R2"]["whole"]) == (9, 9)
    assert figures["R2"]["low_n"] and figures["R2"]["counted"] < figures["R2"]["value"] == 1.0
    assert figures["R1"]["value"] is None, "nobody reported what is known"
    weights = {one["code"]: one["weight"] for one in told["definitions"]["indicators"]}
    assert sum(weights.values()) == 100
    other = {one["code"]: one for one in by_name["安宁区"]["indicators"]}
    assert other["R7"]["part"] == 1 and other["R4"]["part"] == 3
    english = board(module_client, supervisor, lang="en")
    assert [one["key"] for one in english["items"]] == [one["key"] for one in told["items"]]
    assert english["items"][0]["indicators"][1]["name"] == "rectification rate"


def test_the_ledger_adds_up_and_leads_to_its_rows(
    module_client: TestClient, supervisor: dict[str, str]
) -> None:
    asked = {"from": str(FIRST), "to": str(DAY), "by": "district"}
    told = module_client.get("/api/hazards/ledger", params=asked, headers=supervisor).json()
    assert told["balanced"] is True
    assert len(told["items"]) == 7 * 3 * 3, "every day, district and grade, those with nothing, too"
    for line in told["items"]:
        came = line["opening"] + line["new"] + line["reopened"] + line["late"]
        assert came - line["closed"] == line["closing"]
        for name in ("new", "late", "closed", "closing"):
            if line[name]:
                rows = module_client.get(line["rows"] + name, headers=supervisor).json()
                assert rows["number"] == line[name]
    summed = {
        n: sum(one[n] for one in told["items"]) for n in ("new", "late", "reopened", "struck")
    }
    assert summed == {"new": 12, "late": 1, "reopened": 1, "struck": 1}


def test_files_hold_the_same_numbers(module_client: TestClient, supervisor: dict[str, str]) -> None:
    told = board(module_client, supervisor, lang="zh")
    answer = module_client.get(
        "/api/rankings", params={"day": str(DAY), "format": "csv", "lang": "zh"}, headers=supervisor
    )
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [one["名称"] for one in lines] == [one["name"] for one in told["items"]]
    assert float(lines[0]["得分"]) == told["items"][0]["score"]
    assert float(lines[0]["R2 整改率"]) == 1.0 and lines[0]["R2 n"] == "9"
    answer = module_client.get(
        "/api/rankings", params={"day": str(DAY), "format": "xlsx"}, headers=supervisor
    )
    book = load_workbook(io.BytesIO(answer.content))
    first, second = book.worksheets
    assert first.cell(2, 3).value == told["items"][0]["score"]
    assert sum(row[2] for row in second.iter_rows(min_row=2, values_only=True)) == 100
    asked = {"from": str(DAY), "to": str(DAY), "format": "csv"}
    answer = module_client.get("/api/hazards/ledger", params=asked, headers=supervisor)
    assert len(answer.text.splitlines()) == 1 + 3 * 3


def test_a_correction_counts_from_its_own_day_and_only_once(
    module_client: TestClient, supervisor: dict[str, str], districts: list[int]
) -> None:
    url = "/api/hazards/programmes/records"
    record = {"programme": "training", "measure": "themes", "quantity": 21}

    def enter(**more: object) -> Any:
        return module_client.post(url, json={"items": [{**record, **more}]}, headers=supervisor)

    first = enter().json()["ids"][0]
    assert enter(quantity=12, corrects=first).status_code == 201
    told = module_client.get("/api/hazards/programmes", headers=supervisor).json()["items"]
    themes = next(one for one in told if one["code"] == "training")["measures"][1]
    assert (themes["value"], themes["records"]) == (12, 1)
    both = module_client.get(
        f"{url}?programme=training&measure=themes&corrected=true", headers=supervisor
    )
    assert [one["quantity"] for one in both.json()["items"]] == ["21.00", "12.00"]
    assert enter(corrects=first).status_code == 409
    assert enter(corrects=10**15).status_code == 404
    assert enter(measure="registered", corrects=first).status_code == 404
    assert enter(quantity=1.5).status_code == 400
    assert enter(measure="themen").status_code == 400
    assert enter(day="2999-01-01").status_code == 400
    assert enter(district=districts[0], quantity=2).status_code == 201


def test_spot_checks_are_held_against_the_ledger(
    module_client: TestClient,
    module_sign_in: KeyMaker,
    supervisor: dict[str, str],
    districts: list[int],
) -> None:
    inspector = module_sign_in("inspector", district_ids=(districts[1],))
    asked = f"/api/rankings/rows?by=district&key={districts[1]}&figure="
    open_case = module_client.get(asked + "open", headers=supervisor).json()["items"][0]["id"]
    closed = module_client.get(
        f"/api/rankings/rows?by=district&key={districts[0]}&figure=closed", headers=supervisor
    ).json()["items"][0]["id"]
    visits: list[tuple[dict[str, Any], str]] = [
        ({"saw": "hazard", "case": open_case}, "agrees"),
        ({"saw": "never_was", "case": open_case}, "false"),
        ({"saw": "none", "case": open_case}, "agrees"),
        ({"saw": "hazard", "district": districts[1]}, "missed"),
        ({"saw": "none", "district": districts[1]}, "agrees"),
    ]
    told = [{"place_words": "解放路3号", **one} for one, _ in visits]
    url = "/api/hazards/spot-checks"
    made = module_client.post(url, json={"items": told}, headers=inspector)
    assert made.status_code == 201, made.text
    assert [one["outcome"] for one in made.json()["items"]] == [outcome for _, outcome in visits]
    foreign = [{"place_words": "x", "saw": "hazard", "case": closed}]
    assert module_client.post(url, json={"items": foreign}, headers=inspector).status_code == 404
    made = module_client.post(url, json={"items": foreign}, headers=supervisor)
    assert made.json()["items"][0]["outcome"] == "false", "closed, and the hazard is still there"
    today = module_client.get("/api/rankings", headers=supervisor).json()["items"]
    figures = {one["key"]: next(r for r in one["indicators"] if r["code"] == "R9") for one in today}
    told_of = figures[str(districts[1])]
    assert (told_of["part"], told_of["whole"], told_of["low_n"]) == (3, 5, True)
    rows = module_client.get(told_of["rows"]["spot_checked"], headers=inspector).json()["items"]
    assert len(rows) == 5
    assert not module_client.get(
        figures[str(districts[0])]["rows"]["spot_checked"], headers=inspector
    ).json()["items"], "visits of another district are not theirs"


@pytest.fixture(scope="module")
def signed(
    module_client: TestClient, module_sign_in: KeyMaker, supervisor: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """A day that a supervisor of the whole city signed."""
    url = f"/api/hazards/board/{DAY}/signature"
    planner = module_sign_in("planner", all_districts=True)
    part = module_sign_in("supervisor", district_ids=(1,))
    today = module_client.get("/api/rankings", headers=supervisor).json()["day"]
    assert module_client.get(url, headers=supervisor).status_code == 404
    assert module_client.post(url, headers=planner).status_code == 403
    assert module_client.post(url, headers=part).status_code == 403
    early = module_client.post(f"/api/hazards/board/{today}/signature", headers=supervisor)
    assert early.status_code == 409, early.text
    made = module_client.post(url, headers=supervisor)
    assert made.status_code == 201, made.text
    again = module_client.post(url, headers=supervisor)
    assert again.status_code == 409
    yield made.json()


def test_a_signed_day_never_changes_and_what_comes_later_stands_beside_it(
    module_client: TestClient,
    module_city: Settings,
    supervisor: dict[str, str],
    districts: list[int],
    signed: dict[str, Any],
) -> None:
    before = board(module_client, supervisor)
    text = module_client.get(f"/api/hazards/board/{DAY}/figures", headers=supervisor)
    assert hashlib.sha256(text.content).hexdigest() == signed["sha256"]
    assert json.loads(text.content)["boards"]["district"]["day"] == str(DAY)
    with owner(module_city) as c:
        row = c.execute("select detail from data.audit where action = 'board_signed'").fetchone()
        assert row is not None and row[0]["sha256"] == signed["sha256"]
        # entered three days later of what happened on the signed day; a district gets another name
        put(c, [acts((9, 1, "registered", "general", districts[0], 3, 3))])
        c.execute("update data.districts set name = '新名' where id = %s", (districts[2],))
    after = board(module_client, supervisor)
    later = {one["key"]: one.pop("entered_later") for one in after["items"]}
    assert later[str(districts[0])]["new"] == 1
    for one in before["items"]:
        del one["entered_later"]
    assert after == before
    told = module_client.get(f"/api/hazards/board/{DAY}/signature", headers=supervisor).json()
    assert told["intact"] is True
    assert told["differences"], "the new name is told to differ"
    assert all("/names/" in one or "/places/" in one for one in told["differences"])
    with owner(module_city) as c:
        c.execute("alter table data.board_signature disable trigger board_signature_stays")
        c.execute(
            "update data.board_signature set document = replace(document, '安宁区', '安宁市'),"
            " hash = sha256(convert_to(replace(document, '安宁区', '安宁市'), 'UTF8'))"
        )
        c.execute("alter table data.board_signature enable trigger board_signature_stays")
    assert board(module_client, supervisor)["signature"]["intact"] is False


def test_what_is_asked_wrongly_is_told(
    module_client: TestClient, supervisor: dict[str, str]
) -> None:
    for path in (
        *("/api/rankings?day=2026-13-01", "/api/rankings?day=2999-01-01", "/api/rankings?by=x"),
        *("/api/rankings?day=20260301", "/api/rankings?grade=x", "/api/rankings?format=pdf"),
        *("/api/rankings/rows?by=district", "/api/rankings/rows?by=district&figure=hours"),
        "/api/hazards/ledger?from=2026-03-05&to=2026-03-01",
        "/api/hazards/ledger?from=2020-01-01&to=2026-03-01",
        "/api/hazards/ledger/rows?by=district&figure=found",
        "/api/hazards/board/2999-01-01/signature",
        "/api/hazards/programmes?day=x",
        "/api/hazards/programmes/records?district=none",
        "/api/hazards/spot-checks?outcome=well",
    ):
        answer = module_client.get(path, headers=supervisor)
        assert answer.status_code in (400, 404), (path, answer.text)
        assert answer.json()["detail"]


def test_the_machine_tells_signs_and_verifies(
    module_city: Settings, districts: list[int], signed: dict[str, Any]
) -> None:
    """As the pages do; a day whose figures were changed behind the service's back ends with 1."""
    day = str(DAY + timedelta(days=1))
    told = run_command(module_city, "board", "ranking", day, "--json", "--as", "planner")
    assert told.returncode == 0, told.stderr
    keys = {one["key"] for one in json.loads(told.stdout)["items"]}
    assert keys == {str(one) for one in districts}
    lines = run_command(module_city, "board", "day", day, "--by", "family")
    assert lines.returncode == 0 and "期末" in lines.stdout, lines.stderr
    assert run_command(module_city, "board", "day", "2999-01-01").returncode == 1
    done = run_command(module_city, "board", "sign", day)
    assert done.returncode == 0, done.stderr
    assert run_command(module_city, "board", "sign", day).returncode == 1
    whole = run_command(module_city, "board", "verify", day)
    assert whole.returncode == 0 and "数据与签发时一致" in whole.stdout, whole.stderr
    with owner(module_city) as c:
        c.execute("alter table data.board_signature disable trigger board_signature_stays")
        c.execute(
            "update data.board_signature set document = document || ' ',"
            " hash = sha256(convert_to(document || ' ', 'UTF8')) where day = %s",
            (day,),
        )
        c.execute("alter table data.board_signature enable trigger board_signature_stays")
    spoilt = run_command(module_city, "board", "verify")
    assert spoilt.returncode == 1
    assert "数据与签发时不一致" in spoilt.stdout
