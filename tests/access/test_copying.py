"""Copy buttons on plain http, where a browser has no `navigator.clipboard`: a real Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from conftest import CHROMIUM_FLAGS, make_key, served
from gridwarden.access.tls import making
from gridwarden.settings import Settings

HOST = "office.gridwarden.example"
ROOMS = Path(making.__file__).parents[2]


@pytest.fixture(scope="module")
def office(module_city: Settings) -> Iterator[tuple[str, Page]]:
    """The service as an office PC reaches it, by http and by name, and a page of its browser."""
    making.make(module_city, making.names_of([HOST]), again=True)
    rules = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
    with served(module_city) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*CHROMIUM_FLAGS, rules]
        )
        context = browser.new_context(locale="zh-CN")
        base = f"http://{HOST}:{url.rpartition(':')[2]}"
        session = make_key(module_city, "security", kind="session")
        context.add_cookies([{"name": "gridwarden_session", "value": session, "url": base}])
        yield base, context.new_page()
        browser.close()
    for file in module_city.tls.iterdir():
        file.unlink()


def pasted(page: Page, base: str) -> str:
    """What the clipboard holds, as Ctrl+V brings it."""
    page.goto(f"{base}/login")
    page.fill("#name", "")
    page.focus("#name")
    page.keyboard.press("Control+V")
    return page.input_value("#name")


def test_a_button_copies_without_the_clipboard_api(office: tuple[str, Page]) -> None:
    base, page = office
    page.goto(f"{base}/tls")
    assert page.evaluate("navigator.clipboard === undefined && !window.isSecureContext")
    assert "当前页面未加密" in page.inner_text("main")
    button = page.locator("code:has-text('certutil') + button.copy")
    assert button.inner_text() == "复制"
    assert page.locator("button.copy").count() == page.locator("[data-copy]").count() == 2
    button.click()
    page.wait_for_function(
        "[...document.querySelectorAll('.copy')].some(b => b.innerText == '已复制')"
    )
    assert pasted(page, base) == "certutil -hashfile gridwarden-ca.crt SHA256"
    assert "此地址未加密" in page.inner_text("main")
    assert page.locator("main .note a[href='/tls']").count() == 1


def test_a_first_password_is_copied_whole(office: tuple[str, Page]) -> None:
    base, page = office
    page.goto(f"{base}/accounts")
    page.fill("input[name=name]", "liu")
    page.fill("input[name=full_name]", "刘洋")
    page.select_option("select[name=role]", "auditor")
    page.locator("form:has(input[name=full_name]) button[type=submit]").first.click()
    slip = page.locator("code.slip")
    shown = slip.inner_text()
    page.locator("code.slip + button.copy").click()
    assert pasted(page, base) == shown


def test_where_copying_is_refused_the_text_stays_marked(office: tuple[str, Page]) -> None:
    base, page = office
    page.goto(f"{base}/tls")
    page.evaluate("document.execCommand = () => false")
    button = page.locator("code:has-text('sha256sum') + button.copy")
    button.click()
    page.wait_for_function("getSelection().toString() == 'sha256sum gridwarden-ca.crt'")
    assert button.inner_text() == "已选中，请按Ctrl+C"


def test_every_page_with_something_to_copy_brings_the_script() -> None:
    pages = [p for p in ROOMS.glob("*/templates/**/*.html") if "data-copy" in p.read_text("utf-8")]
    assert [p.name for p in pages if "words/copying.html" not in p.read_text("utf-8")] == []
    assert len(pages) > 5
