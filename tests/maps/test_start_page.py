"""The start page says what is loaded, what is missing and what to do next, from the data."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from markupsafe import escape

from conftest import KeyMaker, owner
from gridwarden.settings import Settings
from maps.small_city import plant

ROLES = ("utility", "supervisor", "planner", "dispatcher", "viewer")


def start(client: TestClient, headers: dict[str, str], lang: str = "en") -> str:
    answer = client.get(f"/?lang={lang}", headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_an_empty_city_says_what_to_load_first(
    client: TestClient, sign_in: KeyMaker, assets: Path
) -> None:
    for role in (*ROLES, "administrator"):
        text = start(client, sign_in(role))
        assert "Nothing is loaded yet" in text and "gridwarden import FILE" in text
    assert "尚未载入任何数据" in start(client, sign_in("planner"), "zh")
    for page in ("/findings", "/maps/heat"):
        assert 'class="empty"' in client.get(page, headers=sign_in("planner")).text


@pytest.mark.parametrize("role", ["security", "auditor"])
def test_who_may_see_no_layer_is_told_so(client: TestClient, sign_in: KeyMaker, role: str) -> None:
    text = start(client, sign_in(role))
    assert "the layers are not shown to it" in text
    assert "What is loaded" not in text


def test_a_loaded_city_is_listed_and_its_gaps_named(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    plant(city)
    text = start(client, sign_in("planner"))
    assert re.search(r"Buildings</th>\s*<td class=\"number\">11</td>", text)
    assert re.search(r"Districts</th>\s*<td class=\"number\">2</td>", text)
    assert "20 Nov 17:00" in text
    for missing in ("No gas mains", "No construction sites", "No estates", "No charging sheds"):
        assert missing in text
    for there in ("No districts", "No buildings", "No surveyed coverage", "No organisations"):
        assert there not in text
    assert "has not been screened yet" in text
    assert "2 gas companies have no duty phone" in text
    assert "No gas mains" in start(client, sign_in("viewer"))


def test_a_figure_on_the_start_page_is_the_list_s(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    planted = plant(city)
    callers = [
        sign_in("planner"),
        sign_in("utility", org_ids=(planted.companies[0],)),
        sign_in("utility"),
        sign_in("supervisor", district_ids=(planted.districts[1],)),
    ]
    for headers in callers:
        figures = re.findall(r'<div class="figure">(\d+)</div>', start(client, headers))
        listed = []
        for severity in ("major", "serious", "general"):
            text = client.get(f"/findings?severity={severity}", headers=headers).text
            listed.append(str(text.count('<span class="chip ' + severity)))
        assert figures == listed


def test_a_screen_and_what_came_after_it_are_dated(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    plant(city)
    with owner(city) as c:
        c.execute("delete from data.change")
        c.execute(
            "insert into data.job (kind, state, finished_at, role)"
            " values ('screen', 'finished', '2026-11-20T10:00:00Z', 'gridwarden_screen')"
        )
        c.execute(
            "insert into data.screening (at, reason, packs_before, packs_after, changes,"
            " statements, of_statements, seconds) values ('2026-11-20T09:59:00Z', 'asked', '{}',"
            " data.packs_in_force(), 0, 0, 0, 0)"
        )
    text = start(client, sign_in("viewer"))
    assert "Screened 20 Nov 18:00" in text and "not yet screened" not in text
    with owner(city) as c:
        c.execute("update data.buildings set height_m = 30 where name = '4号楼'")
    text = start(client, sign_in("viewer"))
    assert "Changes have come in since the last screening" in text
    assert "排查时间" in start(client, sign_in("viewer"), "zh")


def test_a_dataset_s_name_is_text(city: Settings, client: TestClient, sign_in: KeyMaker) -> None:
    name = "<script>1</script>{{7*191}}"
    with owner(city) as c:
        c.execute(
            "insert into data.dataset (layer, name, version, published_at)"
            " values ('roads', %s, 1, now())",
            (name,),
        )
    text = start(client, sign_in("planner"))
    assert str(escape(name)) in text and name not in text


def test_a_network_s_name_is_for_its_company_and_the_bureau(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    a, b = plant(city).companies
    with owner(city) as c:
        c.execute(
            "insert into data.dataset (layer, name, org_id, version, published_at)"
            " values ('gas_pipelines', 'NET-OF-A', %s, 3, '2026-11-21T09:00:00Z')",
            (a,),
        )
    row = re.compile(r"Gas mains</th>.*?</tr>", re.DOTALL)
    for headers, named in (
        (sign_in("utility", org_ids=(a,)), True),
        (sign_in("supervisor"), True),
        (sign_in("utility", org_ids=(b,)), False),
        (sign_in("utility"), False),
        *((sign_in(role), False) for role in ("planner", "dispatcher", "viewer", "administrator")),
    ):
        text = start(client, headers)
        [mains] = row.findall(text)
        assert ("NET-OF-A" in text) == named
        assert ("withheld" in mains and "NET-OF-A" not in mains) == (not named)
        assert "No gas mains" not in text
        assert "21 Nov 17:00" in text  # the data's date is one for all
        assert "test" in text  # other layers' datasets are named


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_about_page_credits_the_map_library(
    client: TestClient, sign_in: KeyMaker, assets: Path, lang: str
) -> None:
    text = client.get(f"/about?lang={lang}", headers=sign_in("viewer")).text
    assert "Leaflet" in text and "BSD-2-Clause" in text
    licence = client.get("/assets/leaflet/LICENSE")
    assert "Redistribution and use" in licence.text


def test_what_is_withheld_is_never_a_nought(
    city: Settings, client: TestClient, sign_in: KeyMaker
) -> None:
    plant(city)
    with owner(city) as c:
        c.execute(
            "insert into data.dataset (layer, name, version, published_at)"
            " values ('gas_pipelines', 'net', 1, now())"
        )
        c.execute(
            "insert into data.job (kind, state, finished_at, role)"
            " values ('screen', 'finished', now(), 'gridwarden_screen')"
        )
    row = re.compile(r"Gas mains</th>\s*<td class=\"number\">(.*?)</td>")
    text = start(client, sign_in("supervisor", all_districts=True))
    assert "on request: looking at them is recorded" in row.findall(text)[0]
    assert row.findall(start(client, sign_in("utility")))[0] == "0"
    text = start(client, sign_in("administrator"))
    cards = re.findall(r'<div class="figure(.*?)</div>', text, re.DOTALL)[:3]
    assert all("withheld" in card and "swatch" in card and "0" not in card for card in cards)
    with owner(city) as c:
        looked = c.execute("select count(*) from data.audit where action = 'look'").fetchone()
    assert looked == (0,), "a figure of the start page is no look"
    # nothing found where one may see it is a nought
    with owner(city) as c:
        c.execute("delete from data.finding")
    figures = re.findall(r'<div class="figure">(.*?)</div>', start(client, sign_in("viewer")))
    assert figures[:3] == ["0", "0", "0"]
