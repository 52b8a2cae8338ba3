"""Maps in other people's pages: made, framed, printed, pictured, and refused in the same words."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from acceptance.embedding import SITE, make, path_of, told
from conftest import KeyMaker, owner
from gridwarden.database.cluster import login_dsn
from gridwarden.maps.embeds.links import holds, signed
from gridwarden.settings import Settings
from maps.conftest import assets, planted
from maps.small_city import Planted

__all__ = ["assets", "planted", "told"]


def cells_of(text: str) -> list[dict[str, Any]]:
    found = re.search(r'id="heat-data"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert found
    cells: list[dict[str, Any]] = json.loads(found[1])["cells"]
    return cells


def test_a_link_shows_one_frozen_map_and_nothing_is_remembered_of_who_looks(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker, told: Planted
) -> None:
    made = make(
        module_client,
        module_sign_in("planner"),
        cells="square-1000",
        measure="count",
        language="en",
        sites=[SITE, "http://10.1.2.3:8080/", f"{SITE}:443"],
        days=7,
    )
    assert made["html"].startswith('<iframe src="') and made["image"] == made["url"] + ".png"
    ends = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6) < ends < timedelta(days=8)
    shown = module_client.get(path_of(made))
    assert shown.status_code == 200
    policy = shown.headers["content-security-policy"]
    assert f"frame-ancestors {SITE} http://10.1.2.3:8080" == policy.rsplit("; ", 1)[1]
    nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
    assert nonce and "default-src 'none'" in policy
    for tag in re.findall(r"<script[^>]*>", shown.text):
        assert f'nonce="{nonce[1]}"' in tag
    assert "x-frame-options" not in shown.headers and "set-cookie" not in shown.headers
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", shown.text)
    assert "For publication" in shown.text and "Internal" not in shown.text
    assert "withheld: fewer than five" in shown.text and "no data: less than half" in shown.text
    cells = cells_of(shown.text)
    assert any(cell["withheld"] for cell in cells)
    assert all(cell["rows"] == [] and cell["worst"] == [] and not cell["href"] for cell in cells)
    with owner(module_city) as c:
        c.execute("update data.finding set severity = 'major' where family = 'shed_near_main'")
        c.execute("delete from data.finding where family = 'building_water'")
    assert cells_of(module_client.get(path_of(made)).text) == cells


def broken(token: str) -> Iterator[str]:
    """The same link, a little different."""
    for place in (0, 7, 20, 31, 32, 33, 50, len(token) - 1):
        other = "B" if token[place] == "A" else "A"
        yield token[:place] + other + token[place + 1 :]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    yield token[:-1] + alphabet[last ^ 1]  # the same bytes, written otherwise
    yield from (token[:-1], token + "A", token + "=", token.partition(".")[0], "x", "." * 76)
    yield from (token.replace(".", "%2E%2E"), "é" * 40, token.upper(), token + ".png.png")


def test_a_link_that_is_wrong_in_any_way_is_refused_in_the_same_words(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker, told: Planted
) -> None:
    planner = module_sign_in("planner")
    living, ended, revoked = (
        path_of(make(module_client, planner, cells="districts")) for _ in range(3)
    )
    numbers = [
        one["id"] for one in module_client.get("/api/embeds", headers=planner).json()["items"]
    ]
    with owner(module_city) as c:
        c.execute(
            "update data.embed set made_at = now() - interval '2 days',"
            " expires_at = now() - interval '1 second' where id = %s",
            (numbers[1],),
        )
    assert module_client.delete(f"/api/embeds/{numbers[0]}", headers=planner).status_code == 204
    assert module_client.delete(f"/api/embeds/{numbers[0]}", headers=planner).status_code == 404
    past = datetime.now(UTC) - timedelta(seconds=1)
    stranger = signed(module_city, datetime.now(UTC) + timedelta(days=3))
    assert holds(module_city, stranger) and not holds(module_city, signed(module_city, past))
    token = living.rsplit("/", 1)[1]
    wrong = [ended, revoked, f"/maps/embed/{stranger}", f"/maps/embed/{signed(module_city, past)}"]
    wrong += [f"/maps/embed/{one}" for one in broken(token)]
    widened = (
        "bbox=114,30,115,31",
        "at=2026-11-01",
        "cells=square-100",
        "lang=en",
        "x",
        "=",
        "a=1&b",
    )
    wrong += [f"{living}?{query}" for query in widened]
    wrong += [f"{living}.png?{query}" for query in widened]
    wrong += [ended + ".png", revoked + ".png"]
    told_so = set()
    for address in wrong:
        for accept in ("application/json", "text/html"):
            answer = module_client.get(address, headers={"accept": accept})
            assert answer.status_code == 403, address
            text = answer.text.replace(answer.headers["x-request-id"], "")
            if accept == "application/json":
                text = json.dumps({**json.loads(text), "instance": ""})
            else:
                text = re.sub(r'nonce="[^"]*"|href="[^"]*lang=[^"]*"|\d+ \w+ \d+:\d+', "", text)
            told_so.add((accept, text, tuple(sorted(set(answer.headers) - {"content-length"}))))
            assert "set-cookie" not in answer.headers
            assert answer.headers["referrer-policy"] == "no-referrer"
    assert len(told_so) == 2, "the same words, the same shape"
    assert module_client.get(living).status_code == 200
    assert module_client.get(living + ".png").status_code == 200


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"cells": "square-250"}, "cells"),
        ({"cells": "square-100"}, "cells"),
        ({"cells": "h3-8"}, "cells"),
        ({"measure": "beauty"}, "measure"),
        ({"cells": "square-500", "measure": "shed_near_main"}, "measure"),
        ({"district": 99}, "district"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
        ({"language": "fr"}, "language"),
        ({"bbox": "1,2,3,4"}, "bbox"),
        ({"at": "2026-11-01"}, "at"),
        ({"made_by": "somebody"}, "made_by"),
        ({"tied": False}, "tied"),
        *(
            ({"sites": [site]}, "sites")
            for site in (
                "*",
                "https:",
                "https://*.gov.cn",
                "https://a.cn/path",
                "https://a.cn; script-src *",
                "https://a.cn\r\nX-Frame-Options: ALLOWALL",
                "https://a.cn https://b.cn",
                "https://u:p@a.cn",
                "https://a.cn?x",
                "https://a.cn:99999",
                "javascript:alert(1)",
                "data:text/html,x",
                "'self'",
                "https://'unsafe-inline'",
                "https://a.cn'",
            )
        ),
    ],
    ids=str,
)
def test_what_an_embed_cannot_fix_is_said(
    module_client: TestClient,
    module_sign_in: KeyMaker,
    told: Planted,
    wanted: dict[str, Any],
    field: str,
) -> None:
    answer = module_client.post("/api/embeds", headers=module_sign_in("planner"), json=wanted)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["field"].split(".")[0] == field


def test_planners_and_supervisors_make_links_and_security_may_end_them(
    module_client: TestClient, module_sign_in: KeyMaker, told: Planted
) -> None:
    assert module_client.post("/api/embeds", json={}).status_code == 401
    for role in ("viewer", "utility", "dispatcher", "administrator", "security", "auditor"):
        answer = module_client.post("/api/embeds", headers=module_sign_in(role), json={})
        assert answer.status_code == 403, role
    made = make(module_client, module_sign_in("supervisor"), cells="districts")
    security = module_sign_in("security")
    listed = module_client.get("/api/embeds", headers=security).json()["items"]
    assert listed[0]["id"] == made["id"] and listed[0]["lives"]
    token = made["url"].rsplit("/", 1)[1]
    assert token not in json.dumps(listed), "a link is said once"
    assert module_client.delete(f"/api/embeds/{made['id']}", headers=security).status_code == 204
    assert module_client.get(path_of(made)).status_code == 403


def test_what_was_done_is_in_the_audit(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker, told: Planted
) -> None:
    made = make(module_client, module_sign_in("planner"), cells="districts", sites=[SITE])
    module_client.delete(f"/api/embeds/{made['id']}", headers=module_sign_in("planner"))
    with owner(module_city) as c:
        rows = c.execute(
            "select action, detail from data.audit where object = 'data.embed'"
            " and (detail ->> 'id')::bigint = %s order by id",
            (made["id"],),
        ).fetchall()
    assert [action for action, _ in rows] == ["embed_made", "embed_revoked"]
    assert rows[0][1]["sites"] == [SITE] and rows[0][1]["system"] == "districts"
    assert "shape" not in json.dumps(rows) and made["url"].rsplit("/", 1)[1] not in json.dumps(rows)


def test_the_role_embed_reads_what_was_frozen_and_nothing_else(module_city: Settings) -> None:
    with owner(module_city) as c:
        relations = c.execute(
            "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid ="
            " c.relnamespace where n.nspname in ('api', 'data', 'access', 'jobs')"
            " and c.relkind in ('r', 'v', 'm', 'p', 'f')"
        ).fetchall()
        functions = c.execute(
            "select p.oid::regprocedure::text from pg_proc p join pg_namespace n"
            " on n.oid = p.pronamespace where n.nspname in ('api', 'data', 'access', 'jobs')"
            " and has_function_privilege('gridwarden_embed', p.oid, 'execute')"
            " and has_schema_privilege('gridwarden_embed', n.oid, 'usage')"
        ).fetchall()
        assert [name for (name,) in functions] == ["api.embed_shown(bytea)"]
        assert len(relations) > 100
    with psycopg.connect(login_dsn(module_city, "web")) as c:
        c.execute("set role gridwarden_embed")
        for (name,) in relations:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), c.transaction():
                c.execute(f"select * from {name} limit 1")
        assert c.execute("select api.embed_shown('\\x00')").fetchone() == (None,)
        c.rollback()
