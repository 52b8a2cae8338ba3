"""A district's own list beside the ledger: only theirs, only ours, different; confirmed once."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import owner
from gridwarden.hazards.cases.categories import CATEGORIES
from gridwarden.hazards.reconciling.comparing import category_meant
from gridwarden.hazards.reconciling.reading import grade_of, state_of
from gridwarden.settings import Settings
from gridwarden.words.page import today
from hazards.duty_cases import Town, town_of

LIST = """东区安全隐患排查台账（10月）
序号,隐患编号,单位名称,隐患部位,隐患类别,存在问题,隐患等级,整改情况,发现日期
1,DQ-2026-0001,阳光小区,三号楼东侧,消防车道,私家车占道,重大隐患,未整改,{day}
2,DQ-2026-0002,和平里小区,南门,电动自行车,飞线充电,一般,已整改,{day}
3,DQ-2026-0003,东湖路中学,食堂后厨,燃气,软管老化,较大,整改中,{day}
4,,阳光小区,5#楼,消防车道,杂物堆放,,,{day}
合计,4,,,,,,,
填表人：张三,,,,,,,,
"""


@pytest.fixture(scope="module")
def town(module_city: Settings, module_client: TestClient) -> Iterator[Town]:
    made = town_of(module_city, module_client)
    for words, category, what in (
        ("阳光小区3栋（东）", "life_passage", "消防车道被占"),
        ("阳光小区5号楼", "life_passage", "堆物"),
        ("和平里小区南门充电点", "e_bike", "飞线充电"),
        ("滨江花园地下车库", "water_system", "喷淋无水"),
    ):
        case = made.found(place_words=words, category=category, description=what)
        made.moved(case, "register", "assess")
    yield made


def day(town: Town) -> str:
    """Today where the office is: an owner's connection has no zone, and counts by UTC."""
    return today(town.settings.time_zone)


def bring(town: Town, text: str, sender: str = "东区住建局", **more: str) -> Any:
    files = {"file": ("台账.csv", text.format(day=day(town)).encode("gbk"), "text/csv")}
    data = {"sender": sender, "district": "420102", **more}
    answer = town.http.post(
        "/api/hazards/lists", files=files, data=data, headers=town.key("supervisor")
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def rows(town: Town, number: int) -> dict[int, dict[str, Any]]:
    url = f"/api/hazards/lists/{number}/rows"
    items = town.http.get(url, headers=town.key("supervisor")).json()["items"]
    return {one["number"]: one for one in items}


def test_a_gbk_list_without_our_numbers_finds_its_cases_and_tells_the_rest(town: Town) -> None:
    told = bring(town, LIST)
    assert (told["rows"], told["proposed"], told["only_theirs"]) == (4, 3, 1)
    found = rows(town, told["id"])
    assert found[3]["case"]["place_words"] == "阳光小区3栋（东）", "三号楼 is 3栋, and not 5号楼"
    assert found[6]["case"]["place_words"] == "阳光小区5号楼"
    assert found[4]["case"]["place_words"] == "和平里小区南门充电点"
    assert found[5]["case"] is None and found[5]["standing"] == "only"
    assert found[3]["score"] > 0.45 and {"words", "category", "day"} <= found[3]["parts"].keys()
    assert found[3]["differs"] == ["grade"], "theirs is major, ours serious"
    assert set(found[4]["differs"]) == {"grade", "state"}
    url = f"/api/hazards/lists/{told['id']}"
    ours = town.http.get(f"{url}/only-ours", headers=town.key("supervisor")).json()
    assert [one["place_words"] for one in ours["items"]] == ["滨江花园地下车库"]
    read = town.http.get(url, headers=town.key("supervisor")).json()
    assert read["columns"]["place_words"] == ["单位名称", "隐患部位"]
    assert town.http.get(url, headers=town.key("inspector")).status_code == 404, (
        "it is its bringer's"
    )
    files = {"file": ("x.csv", b"a,b\n1,2\n", "text/csv")}
    for data, status in (
        ({"sender": "x"}, 400),
        ({}, 400),
        ({"sender": "x", "crs": "EPSG:1"}, 400),
    ):
        answer = town.http.post(
            "/api/hazards/lists", files=files, data=data, headers=town.key("supervisor")
        )
        assert answer.status_code == status, answer.text


def test_positions_are_scored_by_metres_and_days_outside_the_list_are_not_missed(
    town: Town,
) -> None:
    """A list with places alone is matched by them; one of last year holds none of our cases."""
    case = town.found(lon=114.02, lat=30.92, category="gas", description="调压箱被围挡")
    town.moved(case, "register", "assess")
    head = "编号,地址,经度,纬度,发现日期\n"
    near = f"{head}P-00001,,114.0205,30.92,{{day}}\nP-00002,,114.05,30.92,{{day}}\n"
    told = bring(town, near, "西街办", crs="EPSG:4490")
    found = rows(town, told["id"])
    [near_one, far_one] = sorted(found.values(), key=lambda row: row["external_no"])
    assert near_one["case"]["id"] == case["id"] and far_one["case"] is None
    assert near_one["parts"]["position"] == pytest.approx(1 - 47.8 / 300, abs=0.02)
    assert near_one["parts"]["day"] == 1 and "words" not in near_one["parts"]
    old = bring(town, f"{head}Q-00001,老街,,,2020-03-01\n", "北街办")
    url = f"/api/hazards/lists/{old['id']}/only-ours"
    assert town.http.get(url, headers=town.key("supervisor")).json()["total"] == 0
    wide = bring(town, f"{head}Q-00001,老街,,,2020-03-01\n", "北街办", to_on=day(town))
    url = f"/api/hazards/lists/{wide['id']}/only-ours"
    ours = town.http.get(url, headers=town.key("supervisor")).json()
    assert ours["total"] == len(ours["items"]) >= 5


def test_the_same_place_with_another_category_is_proposed_last_and_never_ticked(
    town: Town,
) -> None:
    case = town.found(lon=114.03, lat=30.93, category="gas", place_words="春晓路9号院")
    town.moved(case, "register", "assess")
    head = "编号,地址,经度,纬度,类别,发现日期\n"
    row = "R-0000{n},春晓路9号院,114.03,30.93,{what},{day}\n"
    scores = []
    for n, what in enumerate(("燃气", "消防车道", "安全")):
        text = head + row.format(n=n, what=what, day=day(town))
        found = rows(town, bring(town, text, f"{n}街办", crs="EPSG:4490")["id"])
        [one] = found.values()
        assert one["case"]["id"] == case["id"]
        scores.append(one["score"])
    assert scores[0] > 0.9 and scores[1] == pytest.approx(0.45) and scores[2] > 0.8, scores


def test_a_category_is_known_by_its_words_or_asked_for(town: Town) -> None:
    """Words of two categories, or of none, name none: who registers the row says it."""
    known = {
        "燃气": "gas", "gas": "gas", "消防车道": "life_passage", "消防通道堵塞": "life_passage",
        "电动车违规停放": "e_bike", "飞线充电": "e_bike", "消火栓无水": "water_system",
        "电气焊作业": "welding", "电气线路": "power", "违章建筑": "illegal_structure",
        "施工工地": "construction", "群租": "group_rental", "醇基燃料": "liquid_fuel",
        "近管施工": "gas", "e-bikes": "e_bike", "Building sites": "construction",
    }  # fmt: skip
    assert {said: category_meant(said) for said in known} == known
    doubtful = ("充电", "安全", "其他", "", "高层建筑", "燃气施工", "estate", "gasoline", "people")
    assert [category_meant(said) for said in doubtful] == [None] * len(doubtful)
    words = tomllib.loads(
        (files("gridwarden.hazards.reconciling") / "category_words.toml").read_text("utf-8")
    )
    assert set(words) <= set(CATEGORIES)
    all_words = [word for several in words.values() for word in several]
    assert len(set(all_words)) == len(all_words)

    text = LIST.replace("燃气,软管老化", "安全,燃气软管老化")
    page = f"/hazards/lists/{bring(town, text, '东区应急局')['id']}"
    headers = town.key("supervisor")
    shown = town.http.get(f"{page}?part=theirs&lang=zh", headers=headers).text
    assert "selected" not in shown and '<option value="">请选择类别</option>' in shown
    sent = {"row": "5", "category": ""}
    refused = town.http.post(f"{page}/register?lang=zh", data=sent, headers=headers)
    assert refused.status_code == 400 and "请选择隐患类别" in refused.text


def test_what_is_confirmed_once_is_known_in_the_sender_s_next_list(town: Town) -> None:
    first = bring(town, LIST, "东区城管局")
    found = rows(town, first["id"])
    pairs = [
        {"row": 3, "case": found[3]["case"]["id"]},
        {"row": 4, "case": found[4]["case"]["id"], "same": False},
    ]
    url = f"/api/hazards/lists/{first['id']}/pairs"
    said = town.http.post(url, json={"pairs": pairs}, headers=town.key("supervisor"))
    assert said.json() == {"decided": 2}
    after = rows(town, first["id"])
    assert after[3]["standing"] == "confirmed" and after[4]["standing"] == "only"
    taken = {"row": 6, "case": found[3]["case"]["id"]}
    clash = town.http.post(url, json={"pairs": [taken]}, headers=town.key("supervisor"))
    assert clash.status_code == 409
    nobody = town.http.post(
        url, json={"pairs": [{"row": 99, "case": 1}]}, headers=town.key("supervisor")
    )
    assert nobody.status_code == 404
    # the next month's list calls the same place otherwise; its number is the same
    second = bring(town, LIST.replace("阳光小区,三号楼东侧", "阳光花园,3号楼旁"), "东区城管局")
    again = rows(town, second["id"])
    assert again[3]["standing"] == "confirmed" and again[3]["parts"]["known"] == 1
    assert again[4]["standing"] != "confirmed", "what is not the same is not proposed again"
    assert (again[4]["case"] or {}).get("id") != pairs[1]["case"]


def test_one_row_is_one_case_and_one_case_one_row(town: Town) -> None:
    told = bring(town, LIST, "东区消防站")
    case = next(one["case"]["id"] for one in rows(town, told["id"]).values() if one["case"])
    url, headers = f"/api/hazards/lists/{told['id']}/pairs", town.key("supervisor")
    for second in ({"row": 4, "case": case}, {"row": 3, "case": case}):
        said = {"pairs": [{"row": 3, "case": case}, second]}
        status = town.http.post(url, json=said, headers=headers).status_code
        assert status == (200 if second["row"] == 3 else 409)


def test_a_row_that_only_they_have_becomes_a_registered_case(town: Town) -> None:
    before = str(date.fromisoformat(day(town)) - timedelta(days=4))
    told = bring(town, LIST.replace("{day}", before), "东区教育局")
    page = f"/hazards/lists/{told['id']}"
    headers = town.key("supervisor")
    shown = town.http.get(f"{page}?part=theirs&lang=en", headers=headers).text
    assert "东湖路中学 食堂后厨" in shown and 'value="gas" selected' in shown
    done = town.http.post(
        f"{page}/register", data={"row": "5", "category": "gas"}, headers=headers,
        follow_redirects=False,
    )  # fmt: skip
    assert done.status_code == 303, done.text
    row = rows(town, told["id"])[5]
    assert row["standing"] == "registered" and row["case"]["hazard_no"].startswith("420102")
    case = town.http.get(f"/api/hazards/{row['case']['id']}", headers=headers).json()
    assert (case["state"], case["external_no"]) == ("registered", "DQ-2026-0003")
    assert case["district_id"] == town.district and case["lon"] is None
    days = [(one["day"], one["entered_day"] > before) for one in case["acts"]]
    assert days == [(before, True)] * 2, "found on their day, entered late"
    twice = town.http.post(
        f"/api/hazards/lists/{told['id']}/register", json={"row": 5, "category": "gas"},
        headers=headers,
    )  # fmt: skip
    assert twice.status_code == 404
    other = bring(town, LIST, "东区教育局")
    assert rows(town, other["id"])[5]["standing"] == "confirmed"


@pytest.mark.parametrize("part", ["proposed", "theirs", "ours", "different", "confirmed", "unread"])
def test_every_part_of_the_page_stands_and_ticked_pairs_are_taken(town: Town, part: str) -> None:
    told = bring(town, LIST, f"{part} 局")
    page, headers = f"/hazards/lists/{told['id']}", town.key("supervisor")
    assert town.http.get(f"{page}?part={part}", headers=headers).status_code == 200
    if part == "proposed":
        found = rows(town, told["id"])
        pair = [f"{n}:{found[n]['case']['id']}" for n in (3, 6)]
        sent = {"part": part, "same": "yes", "pair": pair}
        done = town.http.post(page, data=sent, headers=headers, follow_redirects=False)
        assert done.status_code == 303
        after = rows(town, told["id"])
        assert [after[n]["standing"] for n in (3, 6)] == ["confirmed", "confirmed"]
        assert town.http.post(page, data={"same": "yes"}, headers=headers).status_code == 400


def test_words_of_grades_and_states_are_understood_as_offices_write_them() -> None:
    assert [grade_of(one) for one in ("重大隐患", "较大", "一般隐患", "Serious", "红色", "？")] == [
        "major", "serious", "general", "serious", "major", None
    ]  # fmt: skip
    states = ("未整改", "已销号", "整改中", "已完成整改", "是", "否", "")
    assert [state_of(one) for one in states] == [
        "open", "closed", "open", "closed", "closed", "open", None
    ]  # fmt: skip


def test_places_are_compared_as_people_write_them(town: Town) -> None:
    with owner(town.settings) as c:
        plain = [
            c.execute("select data.place_plain(%s)", (one,)).fetchone()
            for one in (
                "阳光小区三号楼",
                "阳光小区 3#楼",
                "阳光小区３栋",
                "第十二中学",
                "二十五号院",
            )
        ]
    assert [row[0] for row in plain if row] == [
        "阳光小区3", "阳光小区 3", "阳光小区3", "第12中学", "25"
    ]  # fmt: skip


def test_a_day_that_there_is_not_is_shown_with_its_row_and_the_reason(town: Town) -> None:
    theirs = "西湖路小学,配餐间,燃气,阀门漏气,较大,整改中,2026-11-31"
    told = bring(town, re.sub("东湖路中学.*", theirs, LIST), "东区商务局")
    page, headers = f"/hazards/lists/{told['id']}", town.key("supervisor")
    assert (told["rows"], told["unread"]) == (4, 1)
    row = rows(town, told["id"])[5]
    assert row["found_on"] is None and row["place_words"] == "西湖路小学 配餐间"
    assert row["unread"] == {"found_on": {"said": "2026-11-31", "reason": "bad_date"}}
    for part in ("proposed" if row["standing"] == "proposed" else "theirs", "unread"):
        shown = town.http.get(f"{page}?part={part}&lang=zh", headers=headers).text
        assert "发现日期“2026-11-31”：不是日期，按未填写处理。" in shown, part
    assert shown.count('<td class="number">') == 1, "that row, and no other"
    clean = bring(town, LIST, "东区商务局")
    shown = town.http.get(f"/hazards/lists/{clean['id']}?lang=zh", headers=headers).text
    assert "日期有误" not in shown
    sent = {"row": "5", "category": "gas"}
    town.http.post(f"{page}/register?lang=zh", data=sent, headers=headers)
    case = rows(town, told["id"])[5]["case"]
    story = town.http.get(f"/api/hazards/{case['id']}", headers=headers).json()
    assert "2026-11-31" in story["acts"][-1]["note"] or "2026-11-31" in story["acts"][0]["note"]
