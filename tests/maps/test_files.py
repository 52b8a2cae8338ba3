"""The heat map as one file, and the files that script/assets fetches."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from commands import run_command
from gridwarden.settings import Settings
from maps.conftest import Watched
from maps.small_city import DISTRICT_PAYLOAD, ROOT, Planted, build_assets

NODE = ROOT / ".venv" / "bin" / "node"


def gridwarden(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command(settings, *arguments, GRIDWARDEN_LANGUAGE="en")


def test_the_map_as_a_file_opens_without_a_service(
    module_city: Settings, planted: Planted, tmp_path: Path, watched: Watched
) -> None:
    file = tmp_path / "heat map.html"
    measure = ("--measure", "building_water")
    done = gridwarden(module_city, "map", "heat", "-o", str(file), "--lang", "en", *measure)
    assert done.returncode == 0, done.stderr
    assert "5 suspected problems" in done.stdout
    page = watched.page
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-map=drawn]")
    page.locator("[data-cell]").first.click()
    assert DISTRICT_PAYLOAD in page.locator(".leaflet-popup-content").inner_text()
    assert "For publication" in page.locator(".map-mark").inner_text()
    assert page.locator(".map-told tbody tr").count() == 4
    assert {url for url in watched.requests if not url.startswith(("file:", "data:"))} == set()
    assert page.evaluate("typeof window.pwned") == "undefined"
    assert watched.complaints == []


def test_the_command_line_has_the_page_s_figures(module_city: Settings, planted: Planted) -> None:
    measure = ("--measure", "building_water")
    done = gridwarden(module_city, "cells", "districts", "--as", "viewer", *measure)
    assert done.returncode == 0, done.stderr
    values = [f["properties"]["value"] for f in json.loads(done.stdout)["features"]]
    assert sorted(values) == [1, 4]
    refused = gridwarden(module_city, "cells", "square-100", "--as", "planner")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "cells=square-500" in refused.stderr.replace("\n", " ")


def test_assets_are_fetched_once_whatever_the_folder_is_called(tmp_path: Path) -> None:
    home = tmp_path / "a folder 文件夹"
    build_assets(home)
    made = (home / "assets" / ".made-from").stat().st_mtime_ns
    script = (home / "assets" / "leaflet" / "leaflet.js").read_text("utf-8")
    assert script.startswith("/* @preserve\n * Leaflet 1.9.4")
    closed = build_assets(home, npm_config_registry="http://127.0.0.1:9")
    assert closed.returncode == 0, "a second start asks the network"
    assert (home / "assets" / ".made-from").stat().st_mtime_ns == made


def test_a_closed_network_is_one_sentence(tmp_path: Path) -> None:
    failed = build_assets(
        tmp_path,
        npm_config_registry="http://127.0.0.1:9",
        npm_config_cache=str(tmp_path / "empty"),
        npm_config_fetch_retries="0",
    )
    assert failed.returncode == 1
    assert "could not be fetched from the npm registry" in failed.stderr.splitlines()[-1]
    assert not (tmp_path / "assets" / ".made-from").exists()


@pytest.mark.parametrize(
    ("css", "refused"),
    [
        ("a { background: url(images/x.png) }", False),
        ("a { background: url(//cdn.example.com/x.png) }", True),
        ("a { background: url( 'https://cdn.example.com/x.png' ) }", True),
        ('@import "https://fonts.example.com/x.css";', True),
    ],
)
def test_a_stylesheet_that_fetches_from_elsewhere_is_refused(
    tmp_path: Path, css: str, refused: bool
) -> None:
    package = tmp_path / "node_modules" / "plugin"
    package.mkdir(parents=True)
    (package / "plugin.css").write_text(css, "utf-8")
    listed = {"gridwarden": {"files": {"plugin/plugin.css": "plugin.css"}}}
    (tmp_path / "package.json").write_text(json.dumps(listed), "utf-8")
    shutil.copy(ROOT / "web" / "collect.mjs", tmp_path)
    done = subprocess.run(
        [str(NODE), "collect.mjs", str(tmp_path / "assets"), "stamp"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) is refused
    assert (tmp_path / "assets" / ".made-from").exists() is not refused


def test_every_package_is_locked_by_hash_and_names_no_registry() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages
    for name, one in packages.items():
        assert one["integrity"].startswith("sha512-"), name
        assert "resolved" not in one, name
    assert not re.search(r"https?://", json.dumps(packages))
