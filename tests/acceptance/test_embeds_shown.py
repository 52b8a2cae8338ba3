"""An embed as it is seen: framed, printed, as a picture; and made and ended by page and command."""

import http.server
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from playwright.sync_api import Browser

from acceptance.embedding import SITE, make, path_of, told
from commands import run_command
from conftest import KeyMaker
from gridwarden.access.tls.address import printed_url
from gridwarden.settings import Settings
from maps.conftest import assets, planted
from maps.small_city import Planted

__all__ = ["assets", "planted", "told"]


@pytest.fixture
def elsewhere() -> Iterator[http.server.ThreadingHTTPServer]:
    """Somebody else's site, which shows what `frame` names."""

    class Site(http.server.BaseHTTPRequestHandler):
        frame = ""

        def do_GET(self) -> None:
            body = f'<h1>Somebody</h1><iframe src="{Site.frame}" width="900" height="600">'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_sites_that_are_named_frame_it_and_no_other_does(
    module_live: str,
    module_client: TestClient,
    module_sign_in: KeyMaker,
    told: Planted,
    chromium: Browser,
    elsewhere: http.server.ThreadingHTTPServer,
) -> None:
    port = elsewhere.server_address[1]
    made = make(
        module_client, module_sign_in("planner"), language="zh", sites=[f"http://localhost:{port}"]
    )
    address = module_live + path_of(made)
    elsewhere.RequestHandlerClass.frame = address  # type: ignore[attr-defined]
    context = chromium.new_context()
    page = context.new_page()
    asked: list[Any] = []
    context.on("request", lambda request: asked.append(request))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"http://localhost:{port}/")
    frame = page.frames[1]
    frame.wait_for_selector("html[data-map=drawn]")
    assert "疑似问题热力图" in frame.locator("h1").inner_text()
    assert "不予显示" in frame.locator(".legend").inner_text()
    assert frame.locator(".leaflet-interactive").count() > 5
    assert complaints == []
    own = [one for one in asked if one.url.startswith(module_live)]
    assert {one.url for one in asked} - {one.url for one in own} == {f"http://localhost:{port}/"}
    token = address.rsplit("/", 1)[1]
    assert len(own) > 3
    for one in own:
        assert one.url == address or token not in (one.headers.get("referer") or "")
    assert context.cookies() == []
    page.goto(f"http://127.0.0.1:{port}/")
    page.wait_for_timeout(600)
    assert any("frame-ancestors" in one for one in complaints), complaints
    assert all("疑似问题" not in one.content() for one in page.frames)
    page.goto(address)
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    printed = page.locator("body").inner_text()
    assert "数据表" in printed and "截至" in printed and "数据发布时间" in printed
    assert page.pdf(format="A4").startswith(b"%PDF")
    context.close()


def test_the_picture_tells_zero_no_data_and_withheld_apart_in_grey(
    module_client: TestClient, module_sign_in: KeyMaker, told: Planted
) -> None:
    for lang in ("zh", "en"):
        made = make(module_client, module_sign_in("planner"), language=lang)
        answer = module_client.get(path_of(made) + ".png")
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["cache-control"] == "no-store"
        picture = Image.open(BytesIO(answer.content)).convert("L")
        assert picture.size == (1600, 1060)
        # the swatches of the legend, from the gravest down: four tints, zero, no data, withheld
        grey = []
        for n in range(7):
            top = 152 + 28 * n
            swatch = picture.crop((1118, top + 3, 1140, top + 15)).tobytes()
            grey.append((sum(swatch) / len(swatch), max(swatch) - min(swatch)))
        tints = [mean for mean, _ in grey[:4]]
        assert tints == sorted(tints) and tints[-1] < 240
        assert all(spread < 12 for _, spread in grey[:4]), grey
        zero, no_data, withheld = grey[4:]
        assert zero[0] > 250 and no_data[1] > 60 and withheld[1] > 60
        assert abs(no_data[0] - withheld[0]) > 4


def test_the_page_makes_lists_and_ends_links_in_both_languages(
    module_client: TestClient, module_sign_in: KeyMaker, told: Planted
) -> None:
    headers = module_sign_in("planner")
    page = {"accept": "text/html", **headers}
    form = {
        "cells": "districts",
        "measure": "weighted",
        "days": "9",
        "sites": SITE,
        "language": "zh",
    }
    made = module_client.post("/embeds?lang=zh", headers=page, data=form)
    assert made.status_code == 200 and "链接只在此处显示一次" in made.text
    link = re.search(r'id="link" readonly data-copy value="([^"]+)"', made.text)
    assert link and module_client.get("/" + link[1].split("/", 3)[3]).status_code == 200
    listed = module_client.get("/embeds?lang=en", headers=page)
    assert link[1] not in listed.text and SITE in listed.text
    number = re.search(r'action="/embeds/(\d+)/revoke"', listed.text)
    assert number
    ended = module_client.post(f"/embeds/{number[1]}/revoke", headers=page, follow_redirects=False)
    assert (ended.status_code, ended.headers["location"]) == (303, "/embeds")
    assert module_client.get("/" + link[1].split("/", 3)[3]).status_code == 403
    for wrong in ({"days": "nine"}, {"sites": "https://a.cn/x"}, {"cells": "square-100"}):
        refused = module_client.post("/embeds?lang=en", headers=page, data={**form, **wrong})
        assert refused.status_code == 400 and 'role="alert"' in refused.text, wrong


def test_the_command_line_makes_and_ends_links(
    module_city: Settings, module_client: TestClient, told: Planted, tmp_path: Path
) -> None:
    def gridwarden(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(module_city, *arguments)

    made = gridwarden("embed", "make", "--cells", "districts", "--site", SITE, "--lang", "en")
    assert made.returncode == 0, made.stderr
    path = "/" + made.stdout.strip().split("/", 3)[3]
    assert module_client.get(path).status_code == 200
    number = re.search(r"Embed (\d+)", made.stderr)
    assert number
    assert made.stdout.startswith(f"{printed_url(module_city)}/maps/embed/")
    [one] = [
        one
        for one in json.loads(gridwarden("embed", "list", "--json").stdout)["items"]
        if one["id"] == int(number[1])
    ]
    assert one["lives"] and one["sites"] == [SITE]
    assert SITE in gridwarden("embed", "list").stdout
    assert gridwarden("embed", "revoke", number[1]).returncode == 0
    assert module_client.get(path).status_code == 403
    assert gridwarden("embed", "make", "--as", "viewer").returncode == 1
