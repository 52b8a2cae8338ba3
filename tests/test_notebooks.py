"""Every notebook runs against a real installation, and shows what it says that it shows."""

import asyncio
import html
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import Browser

from commands import run_command
from conftest import TEMPLATE, copy_database, environment, owner, served
from gridwarden.sample.city import write_city
from gridwarden.sample.load import load
from gridwarden.settings import Settings
from maps.small_city import build_assets

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
WRITE_A_RULE = FOLDER / "write_a_rule.ipynb"
RULE = "my-city-structure-protection"
HAN = re.compile(r"[一-鿿]")
RED, AMBER, ROAD = "#A4121F", "#EE8A2A", "#B4BCC5"
KEPT = (
    "select r.id, r.version, r.in_force from data.rule_pack r order by 1, 2",
    "select id, severity, certainty, first_seen::text from data.finding order by id",
)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_kept_without_its_outputs(path: Path) -> None:
    """Outputs are of one machine and one day; what they show is looked at below."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
            assert not cell.metadata


@pytest.fixture(scope="module")
def sample(installation: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The sample city, screened and served as a city's office would."""
    folder = tmp_path_factory.mktemp("city")
    write_city(7, "s", folder)
    copy_database(installation, TEMPLATE, "gridwarden")
    asyncio.run(load(installation, folder, lambda what, done, total: None))
    build_assets(installation.home)
    with served(installation) as url:
        yield installation.model_copy(update={"port": int(url.rpartition(":")[2])})


def kept(settings: Settings) -> list[list[Any]]:
    """Packs and findings as they are."""
    with owner(settings) as c:
        return [c.execute(statement).fetchall() for statement in KEPT]  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def executed(sample: Settings, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook after every cell of it has run; a cell that fails fails this."""
    before = kept(sample)
    place = tmp_path_factory.mktemp("jupyter")
    notebook = nbformat.read(WRITE_A_RULE, as_version=4)
    with pytest.MonkeyPatch.context() as patched:
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            patched.setenv(name, str(place / name.lower()))
        client = NotebookClient(notebook, timeout=300, kernel_name="python3")
        client.execute(env=os.environ | environment(sample))
    assert kept(sample) == before, "a try must leave nothing"
    return notebook


def said(notebook: Any, cell_id: str) -> str:
    """What a cell printed or displayed, as text."""
    (cell,) = [one for one in notebook.cells if one.id == cell_id]
    found = []
    for output in cell.outputs:
        data = output.get("data", {})
        found.append(output.get("text", "") or data.get("text/markdown", data.get("text/html", "")))
    return "\n".join(found)


def table(notebook: Any) -> list[list[str]]:
    """The rows of the table of what would be flagged."""
    lines = [row for row in said(notebook, "tried").splitlines() if row.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in lines[1:]]


def test_it_says_what_is_in_force_and_what_is_wrong_with_a_pack(executed: Any) -> None:
    assert "cn-city-gas@" in said(executed, "set-up")
    assert "my-city@1: 1 rules" in said(executed, "write")
    refused = said(executed, "refused")
    assert re.search(rf"wrong\.toml:\d+: {RULE}", refused), refused
    assert "my-city" not in said(executed, "left")


def test_it_lists_what_the_command_line_would(executed: Any, sample: Settings) -> None:
    """The table's rows are those that `rules try` finds when a person runs it by hand."""
    (write,) = [one for one in executed.cells if one.id == "write"]
    text = write.source.split('"""')[1].lstrip()
    file = sample.home / "by-hand.toml"
    file.write_text(text, "utf-8")
    done = run_command(sample, "rules", "try", file, "--json", "--examples", "100")
    mine = [one for one in json.loads(done.stdout)["differences"] if one["rule"] == RULE]
    counted = {one["act"]: one["n"] for one in mine}
    rows = table(executed)
    acts = [row[0] for row in rows]
    assert {act: acts.count(act) for act in counted} == counted
    assert counted["added"] >= 3
    assert counted["changed"] >= 10
    for _, structure, gap, grade, _ in rows:
        assert structure
        assert float(gap) <= 5.0
        assert grade.endswith("serious")


def test_the_map_shows_them_and_asks_nobody(
    executed: Any, sample: Settings, chromium: Browser
) -> None:
    """In a browser: as many structures as rows, in their colours, over the city's roads."""
    frame = said(executed, "drawn")
    page_text = html.unescape(re.search(r'srcdoc="([^"]*)"', frame)[1])  # type: ignore[index]
    context = chromium.new_context(viewport={"width": 1000, "height": 480})
    asked: list[str] = []
    complaints: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_content(page_text)
    page.wait_for_selector("path.leaflet-interactive")
    acts = [row[0] for row in table(executed)]
    for colour, act in ((RED, "added"), (AMBER, "changed")):
        rings = page.locator(f"path[stroke='{colour}'][fill='none']").count()
        shapes = page.locator(f"path[stroke='{colour}']:not([fill='none'])").count()
        assert (rings, shapes) == (acts.count(act), acts.count(act))
    assert page.locator(f"path[stroke='{ROAD}']").count() > 20
    seen = page.locator("path.leaflet-interactive").first.bounding_box()
    assert seen is not None
    assert [url for url in asked if url.startswith("http")] == []
    assert complaints == []
    context.close()


def test_it_speaks_english_with_chinese_terms() -> None:
    notebook = nbformat.read(WRITE_A_RULE, as_version=4)
    told = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert all(HAN.search(text) for text in told)
