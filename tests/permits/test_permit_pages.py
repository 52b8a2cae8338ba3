"""The form and the printed answer in a real browser, without JavaScript; and the command line."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from commands import run_command
from conftest import make_key, served
from gridwarden.access.audience import COOKIE

from .conftest import EDGE_M, METRES, Ground, X, Y, box, lonlat

SIZES = ((1366, 768), (390, 844))


@pytest.fixture(scope="module")
def url(ground: Ground) -> Iterator[str]:
    with served(ground.settings) as base:
        yield base


@pytest.fixture
def clerk(ground: Ground, url: str, chromium: Browser) -> Iterator[Page]:
    """A clerk of company A, in a browser without JavaScript."""
    session = make_key(ground.settings, "utility", org_ids=(ground.orgs["A"],), kind="session")
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([{"name": COOKIE, "value": session, "url": url}])
    page = context.new_page()
    yield page
    context.close()


def ask(page: Page, url: str, text: str, lang: str = "en", crs: str = "EPSG:4326") -> str:
    """Fill the form in and send it; the text of the page that comes."""
    page.goto(f"{url}/permits/check?lang={lang}")
    page.fill("#area", text)
    page.select_option("#crs", crs)
    page.select_option("#method", "mechanical")
    page.click("main form button")
    page.wait_for_load_state("load")
    return page.inner_text("main")


def corners(y: float) -> str:
    """A dig area of 20 m × 4 m as somebody types it: four corners, not closed."""
    ring = box(y)["coordinates"][0][:-1]
    return "; ".join("{:.8f},{:.8f}".format(*lonlat(x, y)) for x, y in ring)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("lang", "words", "other"),
    [
        ("en", "Prohibited", "禁止施工"),
        ("zh", "禁止施工", "Prohibited"),
    ],
)
def test_the_answer_is_read_in_both_languages_and_fits_the_screen(
    ground: Ground, url: str, clerk: Page, size: tuple[int, int], lang: str, words: str, other: str
) -> None:
    y = ground.lane()
    ground.main("A", y, code="A-17")
    clerk.set_viewport_size({"width": size[0], "height": size[1]})
    text = ask(clerk, url, corners(y - 2), lang)
    assert clerk.inner_text(".verdict strong") == words
    assert other in clerk.inner_text(".verdict .other")
    assert "0712-119" in text and "A-17" in text and "5.1.8" in text and "cn-city-gas@" in text
    number = re.search(r"\d{4}-\d{6}", text)
    assert number is not None
    sentence = clerk.locator(".verdict .sentence").bounding_box()
    page_width = clerk.locator("body").bounding_box()
    assert sentence is not None and sentence["y"] + sentence["height"] < size[1]
    assert page_width is not None and page_width["width"] <= size[0]


def test_on_paper_the_answer_stands_in_the_first_third(
    ground: Ground, url: str, clerk: Page
) -> None:
    y = ground.lane()
    ground.main("A", y, "SHB")
    ground.main("B", y, "MB")
    ask(clerk, url, corners(y - 2))
    clerk.emulate_media(media="print")
    clerk.set_viewport_size({"width": 680, "height": 1000})  # A4 within its margins, 96 dpi
    verdict = clerk.locator(".verdict").bounding_box()
    assert verdict is not None and verdict["y"] + verdict["height"] < 1000 / 3
    assert clerk.locator(".signature").is_visible()
    assert not clerk.locator("nav").first.is_visible()
    assert not clerk.locator("main a.button").is_visible()
    paper = clerk.pdf(format="A4", prefer_css_page_size=True)
    assert paper.count(b"/Type /Page\n") <= 2


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_clear_is_neither_green_nor_called_safe(
    ground: Ground, url: str, clerk: Page, lang: str
) -> None:
    text = ask(clerk, url, corners(ground.lane()), lang)
    assert clerk.locator(".verdict.clear").count() == 1
    assert not re.search(r"\bsafe|安全|可以施工", text)
    style = clerk.locator(".verdict.clear").evaluate(
        "e => [getComputedStyle(e).borderLeftColor, getComputedStyle(e).backgroundColor]"
        ".map(c => c.match(/[0-9.]+/g).map(Number))"
    )
    for red, green, blue, *alpha in style:
        assert alpha == [0] or green <= max(red, blue)


def test_ground_without_records_is_called_unknown_on_the_page(
    ground: Ground, url: str, clerk: Page
) -> None:
    lon, lat = lonlat(X, Y + 20_000)
    text = ask(clerk, url, f"{lon},{lat}")
    assert clerk.inner_text(".verdict strong") == "No data, cannot be judged"
    assert "not surveyed" in text and "radius of 3 m" in text


def test_full_width_typing_and_a_line_are_read_as_meant(
    ground: Ground, url: str, clerk: Page
) -> None:
    y = ground.lane()
    one, two = (lonlat(X + dx, y) for dx in (10, 60))
    typed = f"{one[0]:.8f},{one[1]:.8f}\n{two[0]:.8f},{two[1]:.8f}"
    wide = typed.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789.,"})
    assert "50 m long" in ask(clerk, url, wide)


def test_a_wrong_outline_comes_back_with_its_place_and_what_was_typed(
    ground: Ground, url: str, clerk: Page
) -> None:
    a, b, c, d = corners(ground.lane()).split("; ")
    typed = "; ".join([a, c, b, d])
    text = ask(clerk, url, typed)
    assert "crosses or touches itself at" in text
    assert clerk.input_value("#area") == typed
    assert clerk.input_value("#method") == "mechanical"
    assert "neither GeoJSON nor a list" in ask(clerk, url, "next to the church")


def test_a_file_is_taken_in_the_place_of_text(
    ground: Ground, url: str, clerk: Page, tmp_path: Path
) -> None:
    y = ground.lane()
    ground.main("A", y)
    ring = [lonlat(*place) for place in box(y - 2)["coordinates"][0]]
    area = tmp_path / "dig area.geojson"
    area.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), encoding="utf-8-sig")
    clerk.goto(f"{url}/permits/check?lang=en")
    clerk.set_input_files("#file", area)
    clerk.select_option("#method", "blasting")
    clerk.click("main form button")
    clerk.wait_for_load_state("load")
    assert clerk.inner_text(".verdict strong") == "Prohibited"


def test_a_name_is_shown_as_text(ground: Ground, url: str, clerk: Page) -> None:
    y = ground.lane()
    name = "A{{7*191}}<img src=x onerror=alert(1)>{contacts}"
    ground.insert("organisations", "companies", name=name, kind="gas_company", phone="1{phone}")
    ground.main(name, y)
    text = ask(clerk, url, corners(y - 2))
    assert "A{{7*191}}<img src=x onerror=alert(1)>" in text
    assert clerk.locator("main img").count() == 0


def test_another_site_cannot_ask_with_the_clerks_cookie(ground: Ground, url: str) -> None:
    import httpx

    session = make_key(ground.settings, "utility", org_ids=(ground.orgs["A"],), kind="session")
    form = {"area": corners(Y), "method": "hand"}
    for origin, status in ((url, 200), ("https://elsewhere.example", 403)):
        headers = {"Origin": origin}
        sent = httpx.post(
            f"{url}/permits/check", data=form, headers=headers, cookies={COOKIE: session}
        )
        assert sent.status_code == status


def run(ground: Ground, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`gridwarden permit check …`."""
    return run_command(ground.settings, "permit", "check", *arguments, GRIDWARDEN_LANGUAGE="en")


def test_the_command_line_answers_the_same(ground: Ground, tmp_path: Path) -> None:
    y = ground.lane()
    ground.main("A", y, code="A-99")
    area = tmp_path / "area.geojson"
    area.write_text(json.dumps(box(y + EDGE_M + 0.42)), encoding="utf-8")
    work = (str(area), "--method", "mechanical", "--depth", "2.5", "--crs", METRES)
    own = run(ground, *work, "--as", "utility", "--org", "A", "--lang", "en")
    assert own.returncode == 0, own.stderr
    assert own.stdout.startswith("Prohibited\nProhibited: mechanical digging here reaches")
    assert "A-99" in own.stdout and "0.42" in own.stdout
    asked = ground.ask(box(y + EDGE_M + 0.42), depth_m=2.5)
    told = json.loads(run(ground, *work, "--as", "utility", "--org", "A", "--json").stdout)
    for answer in (asked, told):
        answer["data"].pop("snapshot"), answer["data"].pop("asked_at"), answer.pop("number")
    assert told["mains"] == asked["mains"] and told["says"] == asked["says"]


def test_the_command_line_refuses_with_one_sentence(ground: Ground, tmp_path: Path) -> None:
    missing = run(ground, str(tmp_path / "none.geojson"), "--method", "hand")
    assert missing.returncode == 1 and "There is no file or folder" in missing.stderr
    wrong = tmp_path / "wrong.geojson"
    wrong.write_text("hello", encoding="utf-8")
    refused = run(ground, str(wrong), "--method", "hand")
    assert refused.returncode == 1 and "neither GeoJSON" in refused.stderr
    assert "Traceback" not in missing.stderr + refused.stderr
