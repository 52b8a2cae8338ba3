"""The nearest sheds by straight line: order, free places, age of the news, and what is refused."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from commands import run_command
from conftest import KeyMaker, bearer, make_key, owner, served
from gridwarden.access.audience import COOKIE
from gridwarden.database import ADMINISTRATORS, ASKERS, OFFICE

from .conftest import Field, X, Y, lonlat


def codes(items: list[dict[str, object]]) -> list[object]:
    return [item["code"] for item in items]


def test_sheds_come_nearest_first_with_what_is_known_of_them(sheds: Field) -> None:
    found = sheds.nearest(k=6)
    assert codes(found) == ["north", "east", "south", "west", "dark", "untold"]
    assert [item["distance_m"] for item in found] == [90, 100, 200, 300, 500, 600]
    north = found[0]
    assert north["id"] == sheds.ids["north"] and north["name"] == "shed north"
    assert (north["by"], north["free"], north["places"]) == ("line", 3, 10)
    assert (north["status"], north["status_age_min"]) == ("working", 90)
    assert (found[5]["free"], found[5]["status_age_min"]) == (None, None)
    assert (north["lon"], north["lat"]) == pytest.approx(lonlat(X, Y + 90), abs=1e-7)


def test_the_metric_order_is_not_the_order_of_degrees(sheds: Field) -> None:
    """90 m north is more degrees of latitude than 100 m east is of longitude."""
    here, north, east = lonlat(X, Y), lonlat(X, Y + 96), lonlat(X + 100, Y)
    assert north[1] - here[1] < east[0] - here[0]  # 30° N: a degree of longitude is shorter
    found = codes(sheds.nearest(x=3, y=-3, k=2))
    assert found == ["north", "east"]
    assert codes(sheds.nearest(x=10, y=-10, k=2)) == ["east", "north"]


def test_five_come_unless_another_number_is_asked_for(sheds: Field) -> None:
    assert len(sheds.nearest()) == 5
    assert codes(sheds.nearest(k=1)) == ["north"]
    assert len(sheds.nearest(k=50)) == 6


@pytest.mark.parametrize("free", ["true", "1", "yes", ""])
def test_free_leaves_out_what_is_full_broken_dark_or_not_known(sheds: Field, free: str) -> None:
    assert codes(sheds.nearest(free=free)) == ["north", "west"]
    assert len(sheds.nearest(free="false")) == 5


def test_the_answer_equals_a_count_by_hand(sheds: Field) -> None:
    with owner(sheds.settings) as c:
        by_hand = c.execute(
            "select code, round(st_distance(geom, st_setsrid(st_point(%s, %s), 4547))::numeric, 1)"
            " from data.charging_sheds order by 2, id limit 4",
            (X + 170, Y + 35),
        ).fetchall()
    found = sheds.nearest(x=170, y=35, k=4)
    assert [(item["code"], item["distance_m"]) for item in found] == [
        (code, float(metres)) for code, metres in by_hand
    ]


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"by": "road"}, "by", "by=line, the straight line"),
        ({"by": "air"}, "by", "is line"),
        ({"k": 0}, "k", "1 to 50"),
        ({"k": 51}, "k", "1 to 50"),
        ({"k": "2.5"}, "k", "1 to 50"),
        ({"k": "²"}, "k", "1 to 50"),
        ({"lon": ""}, "lon", "degrees"),
        ({"lat": 91}, "lat", "-90 to 90"),
        ({"lon": "nan"}, "lon", "degrees"),
        ({"lat": "inf"}, "lat", "degrees"),
        ({"lon": 0.0, "lat": 0.0}, "lon", "outside the area"),
        ({"free": "maybe"}, "free", "true or false"),
        ({"K": 5}, "K", ""),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    sheds: Field, wrong: dict[str, object], field: str, words: str
) -> None:
    asked = {"lon": 114.0, "lat": 30.9, "lang": "en"} | wrong
    sent = sheds.http.get("/api/sheds/nearest", params=asked, headers=sheds.keys)
    assert sent.status_code == 400
    assert sent.headers["content-type"] == "application/problem+json"
    assert sent.json()["field"] == field and words in sent.json()["detail"]


def test_every_asker_finds_sheds_and_no_administrator(
    sheds: Field, module_sign_in: KeyMaker
) -> None:
    asked = {"lon": 114.0, "lat": 30.9}
    for role in ASKERS + ADMINISTRATORS:
        headers = module_sign_in(role)
        for path in ("/api/sheds/nearest", "/sheds/nearest"):
            status = sheds.http.get(path, params=asked, headers=headers).status_code
            assert status == (200 if role in OFFICE else 403), (role, path)
    assert sheds.http.get("/api/sheds/nearest", params=asked).status_code == 401


def test_the_search_walks_the_index(sheds: Field) -> None:
    from gridwarden.dispatch.nearest import Q

    with owner(sheds.settings) as c:
        c.execute("set enable_seqscan = off")
        values = {"x": X, "y": Y, "srid": 4547, "k": 5, "free": False}
        plan = "\n".join(row[0] for row in c.execute("explain " + Q["nearest"], values).fetchall())
    assert "Index Scan using charging_sheds_geom" in plan and "Order By: (geom <-> " in plan


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    values=st.dictionaries(
        st.sampled_from(["lon", "lat", "k", "by", "free", "x"]),
        st.one_of(st.text(max_size=12), st.floats().map(str), st.integers().map(str)),
    )
)
def test_no_query_breaks_the_service(sheds: Field, values: dict[str, str]) -> None:
    for path in ("/api/sheds/nearest", "/sheds/nearest"):
        sent = sheds.http.get(path, params=values, headers=sheds.keys)
        assert sent.status_code in (200, 400), sent.text


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "by straight line, not by road"), ("zh", "直线距离")]
)
def test_the_page_says_that_the_line_is_straight(
    sheds: Field, chromium: Browser, lang: str, words: str
) -> None:
    session = make_key(sheds.settings, "viewer", kind="session")
    lon, lat = lonlat(X, Y)
    with served(sheds.settings) as url:
        context = chromium.new_context(java_script_enabled=False)
        context.add_cookies([{"name": COOKIE, "value": session, "url": url}])
        page = context.new_page()
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"{url}/sheds/nearest?lang={lang}")
        page.fill("#lon", str(lon))
        page.fill("#lat", str(lat))
        page.click("main form button")
        page.wait_for_load_state("load")
        assert words in page.inner_text("main caption")
        assert "shed north" in page.inner_text("main tbody tr:first-child")
        body = page.locator("body").bounding_box()
        assert body is not None and body["width"] <= 390
        page.goto(f"{url}/sheds/nearest?lang={lang}&lon=0&lat=0")
        assert page.locator(".problem .sentence").count() == 1
        context.close()


def test_the_command_line_finds_the_same(sheds: Field) -> None:
    lon, lat = lonlat(X, Y)
    for more in (["--lang", "en"], ["--json"]):
        done = run_command(sheds.settings, "sheds", "nearest", lon, lat, "-k", 2, *more)
        assert done.returncode == 0, done.stderr
        if more == ["--json"]:
            assert codes(json.loads(done.stdout)["items"]) == ["north", "east"]
        else:
            assert "straight line" in done.stdout and "shed north" in done.stdout


def test_a_city_without_sheds_says_what_to_do(sheds: Field) -> None:
    headers = bearer(make_key(sheds.settings, "viewer"))
    sent = sheds.http.get("/sheds/nearest?lang=en&free=yes&k=1&lon=114&lat=30.9", headers=headers)
    assert "shed west" in sent.text or "shed north" in sent.text
    with owner(sheds.settings) as c:
        c.execute("delete from data.charging_sheds")
    sent = sheds.http.get("/sheds/nearest?lang=en&lon=114&lat=30.9", headers=headers)
    assert sent.status_code == 200 and "import the layer" in sent.text
