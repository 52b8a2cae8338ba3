"""The ledger's pages: forms for what is legal alone, working without script, in both languages."""

import io
import re
from html import unescape
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator

from conftest import bearer, make_key, served
from hazards.town import Town


@pytest.fixture(scope="module")
def case(town: Town) -> dict[str, Any]:
    """A case that was assigned to the property company."""
    house = town.house(name="三号楼")
    town.followed()
    return town.done(
        town.case_of(house), ("inspector", "register"), ("supervisor", "assess"),
        ("supervisor", "assign"),
    )  # fmt: skip


def page(town: Town, path: str, role: str, lang: str = "zh") -> str:
    sign = "&" if "?" in path else "?"
    answer = town.client.get(f"{path}{sign}lang={lang}", headers=town.key(role))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    return answer.text


def forms(html: str) -> set[str]:
    """The acts that a page has a form for."""
    return set(re.findall(r'name="act" value="(\w+)"', html))


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        ("supervisor", {"assign", "accept", "plan", "report_done", "duplicate", "defer", "edit"}),
        ("contractor", {"accept", "decline", "plan", "report_done", "ask_extension"}),
        ("warden", {"accept", "report_done", "ask_extension"}),
        ("planner", set()),
    ],
)
def test_a_page_has_forms_for_what_is_legal_for_its_reader(
    town: Town, case: dict[str, Any], role: str, acts: set[str]
) -> None:
    html = page(town, f"/hazards/{case['id']}", role)
    assert forms(html) >= acts
    assert forms(html) == {one["act"] for one in town.case(case["id"], role)["legal"]}
    assert not forms(html) & {"extend", "refuse_extension"}, "nobody asked for more time"
    assert "三号楼" in html and case["hazard_no"][:5] in html


def test_more_time_is_given_where_somebody_asked_for_it(town: Town) -> None:
    house = town.house()
    town.followed()
    case = town.done(
        town.case_of(house), ("inspector", "register"), ("supervisor", "assess"),
        ("supervisor", "assign"),
    )  # fmt: skip
    deciding = {"extend", "refuse_extension"}
    unasked = town.move(case, "supervisor", "close")
    assert unasked.status_code == 409 and not deciding & set(unasked.json()["legal"])
    ((until,),) = town.sql(
        "select data.working_day_after(data.city_day(%s::timestamptz), 1)::text", (case["due_at"],)
    )
    asked = town.move(case, "contractor", "ask_extension", note="parts are late", until=until)
    assert asked.status_code == 200, asked.text
    html = page(town, f"/hazards/{case['id']}", "supervisor")
    legal = {one["act"] for one in town.case(case["id"])["legal"]}
    assert deciding <= forms(html) == legal
    assert town.move(case, "supervisor", "refuse_extension", note="no").status_code == 200
    assert not deciding & {one["act"] for one in town.case(case["id"])["legal"]}


def test_the_forms_work_without_script(town: Town, case: dict[str, Any]) -> None:
    def sent(role: str, **values: Any) -> Any:
        return town.client.post(
            f"/hazards/{case['id']}?lang=zh",
            data=values,
            headers={**town.key(role), "Accept": "text/html"},
            follow_redirects=False,
        )

    version = town.case(case["id"])["version"]
    refused = sent("contractor", act="report_done", version=version, note="已清理")
    assert refused.status_code == 409
    assert "须先上传整改后照片" in refused.text and "已清理" in refused.text
    stale = sent("contractor", act="accept", version=1)
    assert stale.status_code == 412 and "他人已处理" in stale.text
    done = sent("contractor", act="accept", version=version, measures="换阀门", amount_cny="300")
    assert (done.status_code, done.headers["Location"]) == (303, f"/hazards/{case['id']}")
    told = town.case(case["id"])
    assert told["state"] == "rectifying"
    assert told["plan"] == {"measures": "换阀门", "amount_cny": 300.0}
    for wrong in ({"version": "x"}, {"act": "plan", "version": "1", "colour": "red"}):
        assert sent("contractor", **wrong).status_code == 400
    corrected = {"act": "edit", "place_words": "东门", "next": "//elsewhere.example"}
    outward = sent("supervisor", version=told["version"], **corrected)
    assert outward.headers["Location"] == f"/hazards/{case['id']}"
    late = {"act": "assign", "org": "物业", "due_at": "2999-01-01T17:00"}
    answer = sent("supervisor", version=told["version"] + 1, **late)
    assert answer.status_code == 400
    unknown = sent("supervisor", act="assign", version=told["version"] + 1, org="无此单位")
    assert unknown.status_code == 404


def test_the_list_leads_to_the_cases_and_says_why_it_is_empty(
    town: Town, case: dict[str, Any]
) -> None:
    html = page(town, "/hazards?state=open", "supervisor")
    assert f'href="/hazards/{case["id"]}"' in html and 'aria-current="page"' in html
    assert "没有符合条件的隐患" in page(town, "/hazards?state=deferred", "supervisor")
    empty = page(town, "/hazards?q=nothing-like-it", "warden", "en")
    assert "No case fits these filters" in empty


def test_a_person_enters_what_they_found(town: Town, case: dict[str, Any]) -> None:
    headers = {**town.key("warden"), "Accept": "text/html"}
    html = page(town, "/hazards/report", "warden")
    assert 'name="description"' in html
    values = {"category": "e_bike", "source": "patrol", "description": "飞线充电"}
    missing = town.client.post("/hazards/report", data=values, headers=headers)
    assert missing.status_code == 400 and "飞线充电" in missing.text
    place = {"lon": str(case["lon"]), "lat": str(case["lat"])}
    made = town.client.post(
        "/hazards/report", data=values | place, headers=headers, follow_redirects=False
    )
    assert made.status_code == 303
    assert "飞线充电" in page(town, made.headers["Location"], "warden")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pages_fit_a_phone(
    town: Town, case: dict[str, Any], chromium: Browser, lang: str
) -> None:
    secret = make_key(town.settings, "supervisor", district_ids=(town.districts[0],))
    with served(town.settings) as url:
        context = chromium.new_context(
            viewport={"width": 390, "height": 844}, extra_http_headers=bearer(secret)
        )
        seen = context.new_page()
        for path in (
            *("/hazards", f"/hazards/{case['id']}", "/hazards/report", "/hazards/bulk"),
            *("/hazards/bulk?due_before=2099-01-01", "/hazards/board?by=family", "/batches"),
        ):
            seen.goto(f"{url}{path}{'&' if '?' in path else '?'}lang={lang}")
            assert seen.locator("h1").count() == 1
            wide = seen.evaluate("document.documentElement.scrollWidth")
            assert wide <= 390, (path, wide)
        table = seen.locator(".table-scroll").first  # the batches', wider than the phone
        assert shaded(table) == (False, True), "there is more of it to the right"
        table.evaluate("one => one.scrollLeft = one.scrollWidth")
        assert shaded(table) == (True, False), "and then to the left"
        context.close()


def shaded(table: Locator) -> tuple[bool, bool]:
    """Whether a table has a shadow at its left edge, and at its right one: no pixel is white."""
    image = Image.open(io.BytesIO(table.screenshot())).convert("L")
    top, end = image.height // 4, image.height * 3 // 4
    edges = (image.crop((x, top, x + 1, end)) for x in (1, image.width - 2))
    left, right = (edge.getextrema()[1] < 250 for edge in edges)
    return bool(left), bool(right)


def test_the_board_of_kinds_lists_those_that_were_registered(
    town: Town, case: dict[str, Any]
) -> None:
    shown = page(town, "/hazards/board?by=family", "supervisor")
    lines = shown.partition('<table class="ledger">')[2].partition("</table>")[0]
    assert '<th scope="col">隐患类型</th>' in lines and "高层消防给水失效" in lines
    assert "电动自行车" not in lines, "a warden's word that nobody registered has no line"
    figure = re.search(r'href="(/hazards/board/ledger-rows[^"]+figure=new)"', lines)
    assert figure is not None
    behind = page(town, unescape(figure[1]), "supervisor")
    assert "高层消防给水失效" in behind.partition("</h1>")[0] and case["hazard_no"] in behind
