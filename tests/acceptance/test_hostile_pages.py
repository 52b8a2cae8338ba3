"""Names that are programs: in every text that can reach a page, opened in a real Chromium."""

from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from psycopg import sql
from psycopg.types.json import Jsonb

from access.own_and_foreign import EXAMPLES, World, city_of
from conftest import make_key, owner, served
from gridwarden.access.matrix import operations
from gridwarden.app import create_app
from gridwarden.settings import Settings
from maps.small_city import build_assets, plant

EVALUATED = str(6967 * 7919)
PAYLOAD = (
    "{{6967*7919}}${6967*7919}{%print(6967*7919)%}<%=6967*7919%>"
    "<img src=x onerror=\"window.pwned='img'\">`${window.pwned='tick'}`"
    "</script><script>window.pwned='script'</script>"
    '</style><svg onload="window.pwned=\'svg\'">\'" onmouseover="window.pwned=\'over\'" x="'
    "<a href=\"javascript:window.pwned='link'\">l</a>=HYPERLINK(1)\u202e"
)
NAMES = (
    *("name", "full_name", "why", "address", "contact", "operator", "file_name", "label", "title"),
    *("code", "pipe_id", "person", "made_by", "granted_by", "given_by", "note", "kind_said"),
    *("purpose", "reason", "remarks", "material", "source_name", "phone", "owner", "manager"),
    *("contractor", "property_company", "decided_by", "decided_why", "given_by", "ended_by"),
    *("clause", "edition", "source", "duty_phone", "survey_company", "words", "opinion", "text"),
    *("responsible", "document_no", "removed_why", "removed_by", "place_words", "programme"),
    *("person_responsible", "sender", "plain"),
)
"""Columns that hold what somebody wrote."""
TEXTS = (("rule", "text"), ("rule", "measures"), ("rule_row", "note"))
"""What a rule pack says, in every language."""
ROLES = ("supervisor", "utility", "planner", "viewer", "contractor", "security", "administrator")
PAGES = [one for one in operations(create_app(Settings())) if one.method == "GET"]


def poison(c: psycopg.Connection[Any]) -> set[str]:
    """The payload at the end of every text that somebody wrote; which columns took it."""
    took = set()
    found = c.execute(
        "select c.table_schema, c.table_name, c.column_name from information_schema.columns c"
        " join information_schema.tables t using (table_schema, table_name)"
        " where t.table_type = 'BASE TABLE' and c.data_type = 'text'"
        " and c.table_schema in ('data', 'access') and c.column_name = any(%s) order by 1, 2, 3",
        (list(NAMES),),
    ).fetchall()
    for schema, table, column in found:
        change = sql.SQL("update {} set {} = left({}, 20) || %s").format(
            sql.Identifier(schema, table), sql.Identifier(column), sql.Identifier(column)
        )
        try:
            with c.transaction():
                if c.execute(change, (PAYLOAD,)).rowcount:
                    took.add(f"{table}.{column}")
        except psycopg.Error:
            continue  # a constraint or a trigger: no such text can stand there
    for table, column in TEXTS:
        place = sql.Identifier("data", table), sql.Identifier(column)
        rows = c.execute(sql.SQL("select distinct {1} from {0}").format(*place)).fetchall()
        change = sql.SQL("update {0} set {1} = %s where {1} = %s").format(*place)
        for (said,) in rows:
            if said and c.execute(change, (Jsonb(worse(said)), Jsonb(said))).rowcount:
                took.add(f"{table}.{column}")
    return took


def worse(said: Any) -> Any:
    """What a rule says, with the payload at the end of each of its texts."""
    match said:
        case dict():
            return {name: worse(one) for name, one in said.items()}
        case list():
            return [worse(one) for one in said]
        case str():
            return said + PAYLOAD
        case _:
            return said


@pytest.fixture(scope="module")
def world(module_city: Settings) -> World:
    """Two of everything, findings on a map, and all of it named by somebody who means harm."""
    build_assets(module_city.home)
    plant(module_city)
    made = city_of(module_city)
    for role in ROLES:
        for kind in EXAMPLES:
            made.named(kind, role, foreign=False)
    with owner(module_city) as c:
        took = poison(c)
    must = {"organisations.name", "districts.name", "dataset.name", "buildings.name"}
    must |= {"export_request.why", "main_grant.why", "rule.text", "rule.measures", "rule.clause"}
    must |= {"excavations.code", "organisations.phone"}
    assert must <= took, f"only {sorted(took)}"
    return made


def signed_in(chromium: Browser, world: World, url: str, role: str) -> BrowserContext:
    """A browser of one role over the whole city, which tells when a text has run."""
    rights = world.rights(role, 0) if role in ("utility", "contractor") else {"all_districts": True}
    secret = make_key(world.settings, role, kind="session", **rights)
    context = chromium.new_context(locale="en-GB", extra_http_headers={"Accept": "text/html"})
    context.add_cookies([{"name": "gridwarden_session", "value": secret, "url": url}])
    context.add_init_script("window.pwned = undefined")
    return context


def harmless(page: Page, where: str) -> None:
    """Nothing ran, here and in what is framed; nothing was worked out on the server."""
    for frame in page.frames:
        assert frame.evaluate("window.pwned") is None, where
        assert EVALUATED not in frame.content(), f"{where}: a template was evaluated"


def paths(world: World, role: str) -> list[str]:
    """The pages that the role may open, with things of its own."""
    found = []
    for one in PAGES:
        if (one.roles and role not in one.roles) or "api" in one.path or "ogc" in one.path:
            continue
        if one.path in ("/metrics", "/openapi.json", "/docs/access.json", "/healthz", "/readyz"):
            continue
        path = one.path
        if "{" in path:
            kind = one.whose.kind if one.whose else ""
            own = world.named(kind, role, foreign=False) if kind in EXAMPLES else "1"
            path = path[: path.index("{")] + str(own) + path[path.index("}") + 1 :]
        found.append(path)
    return found


def test_no_name_runs_on_any_page(module_city: Settings, world: World, chromium: Browser) -> None:
    shown = 0
    with served(module_city) as url:
        for role in ROLES:
            context = signed_in(chromium, world, url, role)
            page = context.new_page()
            dialogs: list[str] = []
            page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))  # noqa: B023
            for path in paths(world, role):
                answer = page.goto(url + path, wait_until="load")
                assert answer is not None
                assert answer.status < 500, (role, path)
                harmless(page, f"{role} {path}")
                shown += "6967*7919" in page.content()
                if path == "/maps/heat":
                    popups(page, f"{role} {path}")
            assert dialogs == []
            context.close()
    assert shown >= 10, "the names are on the pages, as texts"


def test_no_name_runs_in_another_site_s_page(
    module_city: Settings, world: World, chromium: Browser
) -> None:
    """An embed, frozen from names that mean harm: its page, and the same as a file."""
    with served(module_city) as url:
        key = {"Authorization": f"Bearer {make_key(module_city, 'planner', all_districts=True)}"}
        for system in ("districts", "square-500"):
            wanted = {"cells": system, "measure": "count", "language": "en"}
            made = httpx.post(f"{url}/api/embeds", json=wanted, headers=key)
            assert made.status_code == 201, made.text
            context = chromium.new_context(locale="en-GB")
            page = context.new_page()
            answer = page.goto(made.json()["url"], wait_until="load")
            assert answer is not None and answer.status == 200
            harmless(page, system)
            popups(page, system)
            context.close()


def popups(page: Page, where: str) -> None:
    """Open what the map tells of its cells."""
    page.wait_for_selector("path.leaflet-interactive")
    cells = page.locator("path.leaflet-interactive")
    for n in range(min(cells.count(), 4)):
        cells.nth(n).dispatch_event("click")
        page.wait_for_timeout(60)
        harmless(page, where)


def test_what_comes_with_a_request_does_not_run_either(
    module_city: Settings, world: World, chromium: Browser
) -> None:
    from urllib.parse import quote

    evil = quote(PAYLOAD, safe="")
    with served(module_city) as url:
        context = signed_in(chromium, world, url, "supervisor")
        page = context.new_page()
        page.set_extra_http_headers(
            {"Accept-Language": "{{6967*7919}}<script>window.pwned=1</script>"}
        )
        for path in (
            f"/login?next=%2F{evil}",
            f"/login?link={evil}",
            f"/{evil}",
            f"/findings?family={evil}",
            f"/findings/{evil}",
            f"/maps/heat?cells={evil}",
            f"/maps/heat?measure={evil}",
            f"/maps/heat?at={evil}",
            f"/docs/access?q={evil}",
            f"/rules/{evil}",
            f"/maps/embed/{evil}",
            f"/imports/{evil}",
            f"/?lang={evil}",
            f"/?{evil}={evil}",
        ):
            answer = page.goto(url + path, wait_until="load")
            assert answer is not None
            assert answer.status < 500, path
            harmless(page, path)
        context.close()
