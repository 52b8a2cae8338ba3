"""The heat page as a person sees it, in Chromium, against figures that the test counts itself."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from conftest import KeyMaker, owner
from gridwarden.settings import Settings
from maps.conftest import Watched
from maps.small_city import DISTRICT_PAYLOAD, PAYLOAD, X0, Y0, Planted

TINTS = {"#D6E9F8": 1, "#F6C445": 2, "#EE8A2A": 3, "#A4121F": 4}
# Every cell as it is painted: where, in which colour, and with which number.
PAINTED = """() => Object.entries(window.geo_json_cells.gridwarden).map(([number, layer]) => {
    const cell = JSON.parse(document.getElementById('heat-data').textContent).cells[number];
    return {href: cell.href, title: cell.title, value: cell.value,
            fill: layer.getElement().getAttribute('fill'),
            box: layer.getBounds().toBBoxString()};
})"""
OPEN = "lang=en&measure=building_water"
"""What no main is part of: of the small city a viewer is told nothing else."""


def open_heat(watched: Watched, live: str, headers: dict[str, str], query: str = "") -> Page:
    watched.page.context.set_extra_http_headers(headers)
    watched.page.goto(f"{live}/maps/heat?{query}")
    watched.page.wait_for_selector("html[data-map=drawn]")
    return watched.page


def counted_by_hand(settings: Settings) -> dict[str, tuple[int, float]]:
    """Number and weight of each 500 m cell with findings, by comparing with the cell's edges."""
    statement = """
        select 'square-500/' || e.c || '/' || e.r, count(*),
            sum(case f.severity when 'general' then 1 when 'serious' then 3 else 9 end
                * case f.certainty when 'possible' then 0.5 else 1 end)
        from data.finding f
        join (select c, r from generate_series(990, 1020) c, generate_series(6790, 6820) r) e
          on f.x >= e.c * 500 and f.x < e.c * 500 + 500
         and f.y >= e.r * 500 and f.y < e.r * 500 + 500
        group by 1"""
    with owner(settings) as c:
        return {row[0]: (row[1], float(row[2])) for row in c.execute(statement)}


def painted(page: Page) -> dict[str, dict[str, Any]]:
    """What is painted, by cell; cells without findings have no list to lead to."""
    cells = page.evaluate(PAINTED)
    found = {}
    for cell in cells:
        if cell["href"]:
            key = cell["href"].removeprefix("/findings?cell=").replace("%2F", "/")
            found[key] = cell
        else:
            assert cell["fill"] not in TINTS, cell
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_painted_cells_are_the_counted_ones(
    module_city: Settings,
    module_live: str,
    module_sign_in: KeyMaker,
    planted: Planted,
    watched: Watched,
    lang: str,
) -> None:
    page = open_heat(watched, module_live, module_sign_in("planner"), f"lang={lang}")
    shown, counted = painted(page), counted_by_hand(module_city)
    assert {key: float(cell["value"]) for key, cell in shown.items()} == {
        key: weight for key, (_, weight) in counted.items()
    }
    ends = legend_ends(page)
    for key, cell in shown.items():
        weight = counted[key][1]
        assert TINTS[cell["fill"]] == 1 + sum(weight > end for end in ends), key
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[lang]
    heading = {"zh": "疑似问题热力图", "en": "Heat map of suspected problems"}[lang]
    assert page.locator("h1").inner_text() == heading
    assert watched.complaints == []


def legend_ends(page: Page) -> list[float]:
    """Upper ends of the first three classes, as the legend prints them."""
    rows = page.locator(".legend tr").all_inner_texts()
    numbers = [[float(n) for n in re.findall(r"\d+(?:\.\d+)?", row)] for row in rows[:4]]
    low, second, third, top = reversed(numbers)
    # "up to a", "over a, up to b", "over b, up to c", "over c": each is followed by its cells
    assert (low[0], second[1], third[1]) == (second[0], third[0], top[0])
    return [low[0], second[1], third[1]]


def test_a_cell_lies_where_its_findings_are(
    module_city: Settings,
    module_live: str,
    module_sign_in: KeyMaker,
    planted: Planted,
    watched: Watched,
) -> None:
    page = open_heat(watched, module_live, module_sign_in("planner"))
    cell = painted(page)[f"square-500/{X0 // 500}/{Y0 // 500}"]
    west, south, east, north = map(float, cell["box"].split(","))
    with owner(module_city) as c:
        row = c.execute(
            "select st_x(p), st_y(p) from st_transform(st_setsrid("
            "st_makepoint(%s, %s), 4547), 4326) p",
            (X0 + 100, Y0 + 100),
        ).fetchone()
    assert row and west < row[0] < east and south < row[1] < north


def test_a_popup_lists_what_is_in_the_cell(
    module_city: Settings,
    module_live: str,
    module_sign_in: KeyMaker,
    planted: Planted,
    watched: Watched,
) -> None:
    page = open_heat(watched, module_live, module_sign_in("planner"), "lang=en")
    page.locator("[data-cell]").first.click()
    popup = page.locator(".leaflet-popup-content")
    rows = [line.split("\t") for line in popup.locator("tbody tr").all_inner_texts()]
    with owner(module_city) as c:
        counted = c.execute(
            "select family, severity, certainty, count(*)::text from data.finding"
            " where x >= %s and x < %s and y >= %s and y < %s group by 1, 2, 3",
            (X0, X0 + 500, Y0, Y0 + 500),
        ).fetchall()
    families = {
        "main_encroachment": "Structure on or near main",
        "building_water": "Tall building, fire water out",
    }
    assert sorted(rows) == sorted([families[row[0]], *row[1:]] for row in counted)
    link = popup.locator("a", has_text="List these findings")
    link.click()
    assert page.locator("table.findings tbody tr").count() == sum(int(row[3]) for row in counted)


NUMBERED = """() => {
    const map = window.map_heat, told = [];
    map.options.zoomSnap = 0;
    for (let zoom = 10; zoom < 15; zoom += 0.25) {
        map.setView(window.geo_json_cells.getBounds().getCenter(), zoom, {animate: false});
        told.push([...document.querySelectorAll('.cell-number')].map(one => one.textContent));
    }
    const cells = JSON.parse(document.getElementById('heat-data').textContent).cells;
    return [told, Object.values(cells).filter(one => one.count).map(one => one.value)];
}"""
"""The numbers that are shown zoom by zoom, and all that there are."""


def test_where_numbers_are_shown_the_greatest_is(
    module_live: str, module_sign_in: KeyMaker, planted: Planted, watched: Watched
) -> None:
    def longer(route: Route) -> None:
        answer = route.fetch()
        body, n = re.subn(r'("value": ?)"26"', r'\1"1026.5"', answer.text())
        assert n
        route.fulfill(response=answer, body=body)

    watched.page.route("**/maps/heat?*", longer)
    page = open_heat(watched, module_live, module_sign_in("planner"), "lang=en")
    zooms, figures = page.evaluate(NUMBERED)
    greatest = max(figures, key=float)
    assert greatest == "1026.5"
    assert not any(zooms[0]) and len(zooms[-1]) == len(figures)
    for shown in filter(None, zooms):
        assert greatest in shown


def test_names_show_as_text_and_nothing_runs(
    module_live: str, module_sign_in: KeyMaker, planted: Planted, watched: Watched
) -> None:
    page = open_heat(watched, module_live, module_sign_in("planner"), "lang=en")
    for number in range(page.locator("[data-cell]").count()):
        page.locator("[data-cell]").nth(number).click()
        page.wait_for_selector(".leaflet-popup-content")
        if number == 0:
            assert PAYLOAD in page.locator(".leaflet-popup-content").inner_text()
    page.goto(f"{module_live}/findings?lang=en")
    assert PAYLOAD in page.locator("table.findings").inner_text()
    assert DISTRICT_PAYLOAD in page.locator("table.findings").inner_text()
    page = open_heat(watched, module_live, module_sign_in("viewer"), OPEN)
    assert DISTRICT_PAYLOAD in page.locator(".top").inner_text()
    assert DISTRICT_PAYLOAD in page.locator(".cell-number").first.inner_text()
    for text in (page.content(), page.locator("body").inner_text()):
        assert "1337" not in text
    assert page.evaluate("typeof window.pwned") == "undefined"
    assert page.locator("main img").count() == 0
    assert watched.complaints == []


def test_nothing_is_asked_of_another_host(
    module_live: str, module_sign_in: KeyMaker, planted: Planted, watched: Watched
) -> None:
    headers = module_sign_in("planner")
    for query in ("cells=square-500", "cells=square-1000&measure=count", "cells=districts"):
        page = open_heat(watched, module_live, headers, query)
        page.locator("[data-cell]").first.click()
        page.mouse.wheel(0, -300)
        page.wait_for_timeout(300)
        html = page.evaluate("() => fetch(location.href).then(r => r.text())")
        assert not re.findall(r"""(?:https?:)?//[\w-]+\.[\w.-]+""", html)
    assert len(watched.requests) > 10
    assert {url for url in watched.requests if not url.startswith(module_live)} == set()
    assert watched.complaints == []


def test_a_phone_reads_the_sentence_before_the_map(
    module_live: str, module_sign_in: KeyMaker, planted: Planted, watched: Watched
) -> None:
    watched.page.set_viewport_size({"width": 390, "height": 844})
    page = open_heat(watched, module_live, module_sign_in("planner"))
    sentence, ground = (
        page.locator(".sentence").bounding_box(),
        page.locator(".map-ground").bounding_box(),
    )
    assert sentence and ground
    assert sentence["y"] + sentence["height"] <= ground["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    watched.page.set_viewport_size({"width": 1366, "height": 768})
    wide = page.locator(".map-ground").bounding_box()
    assert wide and wide["width"] >= 0.6 * 1366


@pytest.mark.parametrize("size", [(390, 844), (1366, 768)])
def test_a_popup_lies_over_north_and_mark_which_stay_where_they_are(
    module_live: str,
    module_sign_in: KeyMaker,
    planted: Planted,
    watched: Watched,
    size: tuple[int, int],
) -> None:
    watched.page.set_viewport_size({"width": size[0], "height": size[1]})
    page = open_heat(watched, module_live, module_sign_in("planner"), "lang=zh")
    mark, north = page.locator(".map-mark"), page.locator(".furniture .north")
    ground = page.locator(".map-ground").bounding_box()
    before = mark.bounding_box(), north.bounding_box()
    assert ground and before[0] and before[1]
    middle = before[0]["x"] + 4, before[0]["y"] + 4
    for box in before:
        assert box
        assert 0 < ground["x"] + ground["width"] - box["x"] - box["width"] < 20
        assert 0 < box["y"] - ground["y"] < 40
    page.locator("[data-cell]").first.click()
    page.wait_for_selector(".leaflet-popup-content")
    # bring the popup's upper right part to where the furniture is
    page.evaluate(
        """() => {
            window.map_heat.stop();
            const popup = document.querySelector('.leaflet-popup-content-wrapper')
                .getBoundingClientRect();
            const mark = document.querySelector('.map-mark').getBoundingClientRect();
            window.map_heat.panBy([popup.right - mark.right - 6, popup.top - mark.top + 8],
                {animate: false});
        }"""
    )
    zoom = page.locator(".leaflet-control-zoom").bounding_box()
    shown = page.locator(".map-ground").bounding_box()
    assert zoom and shown
    assert size[0] > 390 or zoom["y"] > shown["y"] + shown["height"] / 2, "it hides the title"
    for locator in (mark, north):
        box = locator.bounding_box()
        assert box
        on_top = page.evaluate(
            """([x, y]) => {
                const all = document.querySelectorAll('.furniture, .furniture *');
                all.forEach(one => { one.style.pointerEvents = 'auto'; });
                return Boolean(document.elementFromPoint(x, y).closest('.leaflet-popup'));
            }""",
            [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
        )
        assert on_top
    page.evaluate("window.scrollTo(0, 0)")
    page.evaluate("() => { window.map_heat.closePopup().zoomIn(1, {animate: false}); }")
    page.wait_for_selector(".leaflet-popup", state="detached")
    ground_now = page.locator(".map-ground").bounding_box()
    assert ground_now == ground
    assert (mark.bounding_box(), north.bounding_box()) == before
    over = page.evaluate(
        """([x, y]) => document.elementFromPoint(x, y).className""",
        middle,
    )
    assert over == "map-mark", "the cells lie over the mark"
    assert watched.complaints == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_legend_names_what_is_ranked(
    module_live: str, module_sign_in: KeyMaker, planted: Planted, watched: Watched, lang: str
) -> None:
    for system, unit in (
        ("districts", {"zh": "大于0的行政区", "en": "the districts above zero"}),
        ("square-500", {"zh": "大于0的统计格", "en": "the cells above zero"}),
    ):
        page = open_heat(
            watched, module_live, module_sign_in("planner"), f"lang={lang}&cells={system}"
        )
        told = page.locator(".map-more > .small").inner_text()
        assert unit[lang] in told
        assert system != "districts" or ("cell" not in told and "统计格" not in told)


def test_a_phone_shows_the_grade_first_and_whole(
    module_live: str, module_sign_in: KeyMaker, planted: Planted, watched: Watched
) -> None:
    watched.page.set_viewport_size({"width": 390, "height": 844})
    page = watched.page
    page.context.set_extra_http_headers(module_sign_in("planner"))
    for lang in ("zh", "en"):
        page.goto(f"{module_live}/findings?lang={lang}")
        for chip in page.locator("table.findings .chip").all():
            box = chip.bounding_box()
            assert box and box["x"] >= 0 and box["x"] + box["width"] <= 200
        # names are short here: none needs the width of a phone
        subject = page.locator("table.findings tbody tr").last.locator("td").nth(2).bounding_box()
        assert subject and subject["x"] + subject["width"] <= 390


def test_a_print_has_no_way_to_other_pages(
    module_live: str, module_sign_in: KeyMaker, planted: Planted, watched: Watched
) -> None:
    page = watched.page
    page.context.set_extra_http_headers(module_sign_in("planner"))
    page.goto(f"{module_live}/findings?lang=zh")
    footer = page.locator(".frame-foot")
    assert "关于" in footer.inner_text()
    page.emulate_media(media="print")
    assert "关于" not in footer.inner_text() and "内部资料" in footer.inner_text()
    # A4 between its margins, at 96 dots an inch: no column is cut off
    page.set_viewport_size({"width": 680, "height": 1000})
    table = page.locator("table.findings").bounding_box()
    assert table and table["x"] + table["width"] <= 680


ROLES = ("utility", "supervisor", "planner", "dispatcher", "viewer", "warden", "inspector")
ROLES += ("contractor", "administrator", "security", "auditor")


def test_the_menus_fit_one_row_for_every_role_and_go_by_keyboard(
    module_live: str, module_sign_in: KeyMaker, planted: Planted, watched: Watched
) -> None:
    page = watched.page
    for role in ROLES:
        page.context.set_extra_http_headers(module_sign_in(role))
        page.goto(f"{module_live}/?lang=en")
        row = page.locator("ul.menus").bounding_box()
        assert row is not None and row["height"] < 40, (role, row)
    page.context.set_extra_http_headers(module_sign_in("supervisor"))
    page.goto(f"{module_live}/hazards/report?lang=en")
    assert page.locator("ul.menus .current").all_inner_texts() == ["Hazards"]
    menu = page.locator("details.menu", has_text="Hazard ledger")
    assert menu.locator("a").first.get_attribute("aria-current") == "true"
    for size in ((1366, 768), (390, 844)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        menu.locator("summary").focus()
        page.keyboard.press("Enter")
        assert menu.locator("a").last.is_visible()
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Hazard ledger"
        page.keyboard.press("Escape")
        assert menu.get_attribute("open") is None
        assert page.evaluate("document.activeElement.textContent") == "Hazards"
    assert watched.complaints == []
