"""A finding's page and picture in a real browser: to scale, escaped, on phone and paper."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page

from conftest import KeyMaker, client_of, make_key, served
from gridwarden.access.audience import COOKIE
from gridwarden.settings import Settings

from .conftest import DrawnCity, line, point, rectangle
from .explained import put_in_force

SVG = "{http://www.w3.org/2000/svg}"
NAME = "Lane <b>3</b> & co \x07{{7*191}}"
SIZES = ((1366, 768), (390, 844))


@pytest.fixture(scope="module")
def numbers(module_city: Settings) -> dict[str, int]:
    """Findings of one city, by rule: near, on, a point, two lines, far away, by record."""
    city = DrawnCity(module_city)
    put_in_force(module_city, "cn-shanghai")
    dated = {"source_date": "2026-05-04", "accuracy_m": 0.05}
    steel = {"pressure_class": "MA", "material": "steel", "od_mm": 219.0, "code": "G-17"}
    city.main(line((-4000, 0), (9000, 0)), **steel, **dated)
    city.wall(1.0, name=NAME, **dated)
    city.add("buildings", rectangle(200, -5, 230, 9), name="on it", **dated)
    city.add("charging_sheds", point(400, 4.2), name="shed", **dated)
    water = {"kind": "water", "od_mm": 300.0, "name": "water", **dated}
    city.add("underground_lines", line((600, 0.6), (640, 0.6)), **water)
    city.add("estates", rectangle(0, 3000, 60, 3040), name="estate", **dated)
    tall = {"storeys": 9, "use": "住宅", "water_system_state": "fault"}
    city.add("buildings", rectangle(0, 5000, 30, 5020), name="tower", **tall, **dated)
    return {found["rule"]: found["id"] for found in city.screen()}


@pytest.fixture(scope="module")
def url(numbers: dict[str, int], module_city: Settings) -> Iterator[str]:
    with served(module_city) as base:
        yield base


@pytest.fixture(scope="module")
def client(numbers: dict[str, int], module_city: Settings) -> Iterator[TestClient]:
    with client_of(module_city) as made:
        yield made


@pytest.fixture
def reader(module_city: Settings, url: str, chromium: Browser) -> Iterator[Page]:
    """A bureau's browser without JavaScript; whatever it complains about fails the test."""
    session = make_key(module_city, "supervisor", all_districts=True, kind="session")
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([{"name": COOKIE, "value": session, "url": url}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    yield page
    context.close()
    assert complaints == []


@pytest.mark.parametrize(("lang", "status"), [("en", "fault"), ("zh", "故障")])
def test_values_of_the_record_are_in_the_reader_s_language(
    numbers: dict[str, int],
    client: TestClient,
    module_sign_in: KeyMaker,
    lang: str,
    status: str,
) -> None:
    who = module_sign_in("supervisor", all_districts=True)
    page = client.get(f"/findings/{numbers['tall-building-water']}?lang={lang}", headers=who).text
    cells = re.findall(r"<dd>([^<]*)</dd>", page)
    assert {status, "住宅", "9"} <= {cell.strip() for cell in cells}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("How the number came about", "Why certain", "What each rule pack asks here")),
        ("zh", ("数值的由来", "为什么判为“确定”", "各规则包的要求")),
    ],
)
def test_the_page_fits_the_screen_in_both_languages(
    numbers: dict[str, int],
    url: str,
    reader: Page,
    size: tuple[int, int],
    lang: str,
    words: tuple[str, ...],
) -> None:
    reader.set_viewport_size({"width": size[0], "height": size[1]})
    for rule, number in numbers.items():
        reader.goto(f"{url}/findings/{number}?lang={lang}")
        width = reader.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0], rule
        sentence = reader.locator(".verdict .sentence").bounding_box()
        assert sentence is not None and sentence["y"] + sentence["height"] < size[1], rule
        assert reader.locator("svg.picture").count() == 1, rule
    reader.goto(f"{url}/findings/{numbers['zy-4-clearance']}?lang={lang}")
    text = reader.inner_text("main")
    assert all(word in text for word in words)
    assert "cn-city-gas@2026.2" in text and "cn-shanghai@2026.1" in text
    assert "1.0000 m" in text and "−0.10950 m" in text and "0.8905 m" in text


def test_a_name_is_shown_as_text_and_never_run(
    numbers: dict[str, int], url: str, reader: Page, client: TestClient, module_sign_in: KeyMaker
) -> None:
    reader.goto(f"{url}/findings/{numbers['zy-4-clearance']}?lang=en")
    assert "Lane <b>3</b> & co" in reader.inner_text("main")
    assert "{{7*191}}" in (reader.text_content("svg.picture") or "")
    assert reader.locator("main b").count() == 0
    headers = module_sign_in("supervisor", all_districts=True)
    picture = client.get(
        f"/api/findings/{numbers['zy-4-clearance']}/picture.svg?lang=en", headers=headers
    )
    assert "Lane <b>3</b> & co" in ET.fromstring(picture.text).findtext(f"{SVG}title", "")
    assert "\x07" not in picture.text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_picture_is_a_file_of_its_own_true_to_scale(
    numbers: dict[str, int], client: TestClient, module_sign_in: KeyMaker, lang: str
) -> None:
    headers = module_sign_in("supervisor", all_districts=True)
    for rule, number in numbers.items():
        answer = client.get(f"/api/findings/{number}/picture.svg?lang={lang}", headers=headers)
        assert answer.headers["content-type"].startswith("image/svg+xml"), rule
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        drawing = ET.fromstring(answer.text)
        assert not list(drawing.iter(f"{SVG}script")) + list(drawing.iter(f"{SVG}style"))
        assert " style=" not in answer.text and "href" not in answer.text
    number = numbers["zy-4-clearance"]
    text = client.get(f"/api/findings/{number}/picture.svg?lang={lang}", headers=headers).text
    assert 'stroke-width="0.219"' in text, "the main has its outer diameter, in metres"
    scale = float(re.search(r"scale\(([\d.]+)\)\" stroke-linejoin", text)[1])  # type: ignore[index]
    ends = re.search(r'<path d="M([-\d.]+) ([-\d.]+)L([-\d.]+) ([-\d.]+)"', text)
    assert ends is not None
    x1, y1, x2, y2 = map(float, ends.groups())
    assert ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 / scale == pytest.approx(0.8905, abs=1e-4)
    spots = [float(n) for n in re.findall(r"-?\d+\.?\d*", re.search(r'd="(M -[^"]+)"', text)[1])]  # type: ignore[index]
    assert max(map(abs, spots)) < 100, "a main of 13 km is cut off at the frame"
    for word in ("0.89 m", "219", "1.50", "T.6.3.3-1", "G-17"):
        assert word in text, word
    assert ("drawn true" if lang == "en" else "按实际外径绘制") in text
    assert ("4 May 2026" if lang == "en" else "2026年5月4日") in text


def test_a_colourless_print_keeps_what_is_what(
    numbers: dict[str, int], url: str, reader: Page
) -> None:
    reader.goto(f"{url}/findings/{numbers['zy-4-clearance']}?lang=en")
    swatches = reader.locator("svg.picture pattern").count()
    assert swatches == 3, "surfaces differ by pattern"
    reader.emulate_media(media="print")
    reader.set_viewport_size({"width": 680, "height": 1000})  # A4 within its margins, 96 dpi
    verdict = reader.locator(".verdict").bounding_box()
    picture = reader.locator("svg.picture").bounding_box()
    assert verdict is not None and verdict["y"] + verdict["height"] < 1000 / 3
    assert picture is not None and picture["y"] + picture["height"] < 1000
    assert not reader.locator("nav").first.is_visible()
    assert not reader.locator("main a.button").is_visible()
    assert reader.locator("table.bands thead").is_visible()
    paper = reader.pdf(format="A4", prefer_css_page_size=True)
    assert paper.count(b"/Type /Page\n") <= 2


def test_the_list_leads_to_the_page_and_back(
    numbers: dict[str, int], url: str, reader: Page
) -> None:
    number = numbers["zy-4-clearance"]
    reader.goto(f"{url}/findings?lang=en")
    reader.click(f'a[href="/findings/{number}"]')
    assert reader.url == f"{url}/findings/{number}"
    reader.click("main a.button")
    assert reader.url == f"{url}/findings"
