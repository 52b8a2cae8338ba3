"""The small city, Leaflet's files, and a browser page that remembers what it asked for."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from gridwarden.settings import Settings
from maps.small_city import Planted, build_assets, plant


@pytest.fixture(scope="session")
def assets(installation: Settings) -> Path:
    """What script/assets fetches, in this installation's home."""
    build_assets(installation.home)
    return installation.assets


@pytest.fixture(scope="module")
def planted(module_city: Settings, assets: Path) -> Planted:
    """The small city, in the module's database."""
    return plant(module_city)


@dataclass
class Watched:
    """A browser page that remembers what it asked for and complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    """A new page whose every request and complaint is kept."""
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    page = context.new_page()
    found = Watched(page)
    context.on("request", lambda request: found.requests.append(request.url))
    page.on("console", lambda message: found.complaints.append(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    yield found
    context.close()
