"""Signing in by the office's provider in a real Chromium, on a name that is not localhost."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from oidc_office import LABEL, office_of
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright

from conftest import CHROMIUM_FLAGS, served
from gridwarden.access.oidc import watching as _watching  # noqa: F401  (a line of doctor)
from gridwarden.settings import Settings

HOST = "office.gridwarden.example"
"""Another site than the provider's, as an office's name is."""
PHONE: ViewportSize = {"width": 390, "height": 844}
SET = {"oidc_client_id": "x", "oidc_rules": Path("rules.toml"), "oidc_issuer": "https://id.example"}


@pytest.fixture(scope="module")
def office_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        rules = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
        made = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*CHROMIUM_FLAGS, rules]
        )
        yield made
        made.close()


def at_provider(page: Page, subject: str) -> None:
    page.fill("input[name=login]", subject)
    page.fill("input[name=password]", "x")
    page.click("button[type=submit]")


def told(message: ConsoleMessage) -> str:
    return f"{message.location['url']}: {message.text}"


def test_a_person_s_way_in_and_out_in_both_languages(
    module_city: Settings, tmp_path: Path, office_browser: Browser
) -> None:
    """From the page that was asked for to the provider's and back, over plain http on a name that
    is not localhost; then out of both; then somebody who has no place here."""
    with ExitStack() as stack:
        office = stack.enter_context(office_of(module_city, tmp_path))
        url = stack.enter_context(served(office.settings))
        base = f"http://{HOST}:{urlsplit(url).port}"
        office.back = [f"{base}/login/provider/back"]
        office.start()
        said: list[str] = []
        for lang, button, out, no_access in (
            ("zh-CN", f"通过{LABEL}登录", "已退出登录", "信息中心值班室"),
            ("en-GB", f"Sign in with {LABEL}", "Signed out", "Ask for access"),
        ):
            context = office_browser.new_context(
                viewport={"width": 390, "height": 844}, locale=lang
            )
            page = context.new_page()
            page.on("console", lambda m: said.append(told(m)) if m.type == "error" else None)
            page.goto(f"{base}/findings?severity=major")
            page.get_by_role("link", name=button).click()
            at_provider(page, "1001")
            page.wait_for_url(f"{base}/findings?severity=major")
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            page.goto(f"{base}/account")
            assert page.locator("#current").count() == 0
            with page.expect_response("**/logout") as left:
                page.locator("form[action='/logout'] button").click()
            assert out in left.value.text()
            page.wait_for_url(f"{office.issuer}/session/end**")
            page.click("button[value=yes]")
            page.wait_for_url(f"{base}/login**")
            page.get_by_role("link", name=button).click()
            at_provider(page, "1003")
            page.wait_for_selector("[role=alert]")
            assert no_access in page.inner_text("main") and "8123-4567" in page.inner_text("main")
            context.close()
        assert [one for one in said if HOST in one and "403" not in one] == []
