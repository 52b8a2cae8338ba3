"""The import pages, as a person at a screen uses them: send, look, answer, publish."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from conftest import bearer, client_of, make_key, owner, served
from gridwarden.access.audience import COOKIE
from gridwarden.settings import Settings

from .conftest import work

ROAD = """
with d as (
    insert into data.dataset (layer, name, version) values ('roads', 'roads', 1) returning id)
insert into data.roads (dataset_id, source_id, source_date, geom)
select d.id, '1', '2026-05-04', st_multi(st_transform(st_geomfromtext(
    'LINESTRING (114.10 30.934, 114.14 30.934)', 4326), data.working_srid()))
from d
"""
SHEDS = """编号,名称,经度,纬度,车位,状态
A1,<b>甲</b>,114.1221,30.9312,20,正常
A2,乙棚,114.1255,30.9320,12,故障
A3,丙棚,见图,30.9330,8,正常
"""
REMOVED = re.compile(r"<td>删除</td>")


@pytest.fixture(scope="module")
def city(module_city: Settings) -> Settings:
    with owner(module_city) as c:
        c.execute(ROAD)
    return module_city


@pytest.fixture(scope="module")
def client(city: Settings) -> Iterator[TestClient]:
    with client_of(city) as made:
        yield made


@pytest.fixture(scope="module")
def held(city: Settings, client: TestClient, bureau: dict[str, str]) -> int:
    """An import that waits for an answer, made before a browser runs its own loop."""
    number = send(client, bureau, SHEDS, dataset="held")
    done(city, client, bureau, number)
    return number


@pytest.fixture(scope="module")
def bureau(city: Settings) -> dict[str, str]:
    return bearer(make_key(city, "supervisor", all_districts=True))


def send(client: TestClient, who: dict[str, str], text: str, **form: str) -> int:
    """Send a CSV by the page's form; gives the number of its page."""
    values = {"layer": "charging_sheds", "dataset": "sheds", "dry_run": "yes"} | form
    files = {"file": ("sheds.csv", text.encode())}
    sent = client.post("/imports?lang=zh", headers=who, data=values, files=files,
                       follow_redirects=False)  # fmt: skip
    assert sent.status_code == 303, sent.text
    return int(sent.headers["location"].rsplit("/", 1)[1])


def done(city: Settings, client: TestClient, who: dict[str, str], number: int) -> str:
    """The page once the work that waits is done."""
    job = client.get(f"/api/imports/{number}", headers=who).json()["job_id"]
    work(city, job)
    shown = client.get(f"/imports/{number}?lang=zh", headers=who)
    assert shown.status_code == 200
    return shown.text


def click(client: TestClient, who: dict[str, str], path: str, **form: str) -> None:
    """Press a button of the page."""
    empty = {name: (None, value) for name, value in (form or {"nothing": ""}).items()}
    pressed = client.post(path, headers=who, files=empty, follow_redirects=False)
    assert pressed.status_code == 303, pressed.text


def test_a_file_is_looked_at_answered_and_published(
    city: Settings, client: TestClient, bureau: dict[str, str]
) -> None:
    number = send(client, bureau, SHEDS)
    here = f"/imports/{number}"
    waiting = client.get(f"{here}?lang=zh", headers=bureau).text
    assert 'http-equiv="refresh"' in waiting

    held = done(city, client, bureau, number)
    assert 'http-equiv="refresh"' not in held
    assert "<b>甲</b>" not in held and "&lt;b&gt;甲&lt;/b&gt;" in held
    offered = re.findall(r'name="crs" value="([^"]+)"', held)
    assert offered == ["EPSG:4326", "gcj02", "bd09"]
    picture = client.get(f"/api{here}/question.svg?lang=zh", headers=bureau)
    assert picture.status_code == 200 and picture.text.count("<circle") >= 2

    click(client, bureau, f"{here}/answer", crs="gcj02")
    looked = done(city, client, bureau, number)
    assert "故障" in looked and "见图" in looked
    assert f"/api{here}/changes.svg" in looked and looked.count("<td>新增</td>") == 2
    changes = client.get(f"/api{here}/changes.svg?lang=zh", headers=bureau)
    assert changes.headers["content-type"] == "image/svg+xml"
    assert "新增：2" in changes.text and "2026" in changes.text
    with owner(city) as c:
        assert c.execute("select count(*) from data.charging_sheds").fetchone() == (0,)

    click(client, bureau, f"{here}/publish")
    published = done(city, client, bureau, number)
    assert "已发布" in published
    with owner(city) as c:
        places = "select st_x(st_transform(geom, 4326)) from data.charging_sheds order by code"
        found = [x for (x,) in c.execute(places).fetchall()]
    # GCJ-02 lies some 500 m east of the truth there
    assert found == pytest.approx([114.1166, 114.1200], abs=5e-4)


def test_what_goes_is_named_before_it_goes(
    city: Settings, client: TestClient, bureau: dict[str, str]
) -> None:
    rows = "".join(f"{i},棚{i},114.12{i},30.93,正常\n" for i in range(1, 6))
    head = "source_id,名称,wgs84_lon,wgs84_lat,状态\n"
    first = send(client, bureau, head + rows, dataset="five", dry_run="no")
    assert "已发布" in done(city, client, bureau, first)
    less = send(client, bureau, head + rows.splitlines()[0] + "\n", dataset="five", dry_run="no")
    held = done(city, client, bureau, less)
    assert 'name="remove" value="4"' in held and len(REMOVED.findall(held)) == 4
    click(client, bureau, f"/imports/{less}/answer", remove="4")
    assert "已发布" in done(city, client, bureau, less)


def test_a_wrong_form_says_what_is_wrong_and_where(
    client: TestClient, bureau: dict[str, str]
) -> None:
    values = {"layer": "charging_sheds", "dataset": "x", "crs": "EPSG:4214"}
    files = {"file": ("sheds.csv", SHEDS.encode())}
    refused = client.post("/imports?lang=en", headers=bureau, data=values, files=files)
    assert refused.status_code == 422 or refused.status_code == 400
    assert "common points" in refused.text and "class=wrong" in refused.text
    assert client.get("/imports/999999", headers=bureau).status_code == 404


def test_nobody_sees_another_s_import(
    city: Settings, client: TestClient, bureau: dict[str, str]
) -> None:
    number = send(client, bureau, SHEDS, dataset="mine")
    stranger = bearer(make_key(city, "planner"))
    for path in (f"/imports/{number}", f"/api/imports/{number}/changes.svg"):
        assert client.get(path, headers=stranger).status_code == 404
    assert "sheds.csv" not in client.get("/imports", headers=stranger).text


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
def test_the_pages_fit_the_screen(
    city: Settings, held: int, chromium: Browser, lang: str, size: tuple[int, int]
) -> None:
    with served(city) as url:
        session = make_key(city, "supervisor", all_districts=True, kind="session")
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
        context.add_cookies([{"name": COOKIE, "value": session, "url": url}])
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        for path, shown in (("/imports", "form.send button"), (f"/imports/{held}", "figure img")):
            page.goto(f"{url}{path}?lang={lang}")
            assert page.locator(shown).is_visible()
            assert page.evaluate(wide) <= 0
        drawn = page.evaluate("document.querySelector('figure img').naturalWidth")
        assert drawn > 0
        assert complaints == []
        context.close()
