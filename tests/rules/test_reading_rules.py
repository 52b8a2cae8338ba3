"""The rules as people read them: by HTTP edition by edition, and by command."""

import json
import subprocess
from pathlib import Path

from fastapi.testclient import TestClient

from commands import run_command
from conftest import KeyMaker
from gridwarden.rules.schema import shipped
from gridwarden.settings import Settings

from .examples import SMALL, write
from .test_publishing import put_in_force, small_pack


def gridwarden(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """A command, as a person types it."""
    return run_command(settings, *words, GRIDWARDEN_LANGUAGE="en")


def test_rules_are_read_with_their_clauses(client: TestClient, sign_in: KeyMaker) -> None:
    headers = sign_in("viewer")
    rules = {r["id"]: r for r in client.get("/api/rules", headers=headers).json()["items"]}
    assert rules["zy-3-protection-range"]["edition"] == "GB 55009-2021"
    assert rules["zy-3-protection-range"]["verified"] is False
    assert rules["estate-without-shed"]["clause"] == ""
    unset = {r["id"]: r["not_set"] for r in rules.values() if r["not_set"]}
    assert unset, "group rentals wait for the city's figures"
    one = client.get("/api/rules/site-control-range", headers=headers).json()
    assert {r["class"]: r["limit_m"] for r in one["rows"]}["HA"] == 50.0
    assert {tuple(r["network"]) for r in one["rows"]} == {("city", "yard")}
    assert one["measured"] == {"from": "outer_edge", "to": "edge"}
    assert one["in_force"] is True
    assert [e["version"] for e in one["editions"]] == [one["version"]]
    for wrong in ("nothing", "a%00b", "x" * 500):
        assert client.get(f"/api/rules/{wrong}", headers=headers).status_code == 404
        assert client.get(f"/api/rules/packs/{wrong}", headers=headers).status_code == 404
    for path in ("", "/packs", "/packs/cn-city-gas", "/zy-3-protection-range"):
        assert client.get(f"/api/rules{path}").status_code == 401


def test_packs_are_read_with_figures_and_editions(
    client: TestClient, sign_in: KeyMaker, city: Settings, tmp_path: Path
) -> None:
    headers = sign_in("auditor")
    assert put_in_force(city, small_pack(tmp_path))
    assert put_in_force(city, small_pack(tmp_path, **{'version = "1"': 'version = "2"'}))
    packs = {p["id"]: p for p in client.get("/api/rules/packs", headers=headers).json()["items"]}
    assert (packs["try-out"]["version"], packs["try-out"]["editions"]) == ("2", 2)
    assert packs["cn-city-gas"]["base"] is True
    one = client.get("/api/rules/packs/try-out", headers=headers).json()
    assert [(e["version"], e["in_force"]) for e in one["editions"]] == [("2", True), ("1", False)]
    assert [r["id"] for r in one["rules"]] == ["own-clearance"]
    rule = client.get("/api/rules/own-clearance", headers=headers).json()
    assert [(e["version"], e["in_force"]) for e in rule["editions"]] == [("2", True), ("1", False)]
    base = client.get("/api/rules/packs/cn-city-gas", headers=headers).json()
    assert base["class_system"] == "gb55009"
    assert [c["class"] for c in base["classes"] if c["system"] == "gb55009"] == [
        *("L", "MB", "MA", "SHB", "SHA", "HB", "HA", "XH")
    ]
    figures = {f["id"]: (f["value"], f["in_force"], f["set_by"]) for f in base["figures"]}
    assert figures["area_per_person_min_m2"] == (None, None, None)


def test_an_overlay_sets_a_figure_and_replaces_a_rule(
    client: TestClient, sign_in: KeyMaker, city: Settings, tmp_path: Path
) -> None:
    headers = sign_in("viewer")
    before = client.get("/api/rules", headers=headers).json()["items"]
    waiting = {r["id"] for r in before if "area_per_person_min_m2" in r["not_set"]}
    assert waiting
    head, rule = SMALL.split("[[rule]]")
    rule = rule.replace("strength = 5", 'strength = 5\nreplaces = ["zy-4-clearance"]')
    text = f"{head}[figures]\narea_per_person_min_m2 = 5.0\n\n[[rule]]{rule}"
    assert put_in_force(city, small_pack(tmp_path, **{SMALL: text}))
    after = {r["id"]: r for r in client.get("/api/rules", headers=headers).json()["items"]}
    assert "area_per_person_min_m2" not in {f for r in after.values() for f in r["not_set"]}
    assert "zy-4-clearance" not in after
    replaced = client.get("/api/rules/zy-4-clearance", headers=headers).json()
    assert replaced["in_force"] is False
    assert [r["rule"] for r in replaced["replaced_by"]] == ["own-clearance"]
    base = client.get("/api/rules/packs/cn-city-gas", headers=headers).json()
    figures = {f["id"]: (f["value"], f["in_force"], f["set_by"]) for f in base["figures"]}
    assert figures["area_per_person_min_m2"] == (None, 5.0, "try-out")


def test_the_commands_check_and_list(city: Settings, tmp_path: Path) -> None:
    tiny = gridwarden(city, "rules", "check", str(write(tmp_path)))
    assert "tiny@1: 7 rules, 11 rows, 0 verified against print" in tiny.stdout, tiny.stderr
    shipped_one = gridwarden(city, "rules", "check", "cn-city-gas")
    assert "cn-city-gas@" in shipped_one.stdout
    listed = gridwarden(city, "rules", "list").stdout
    assert "cn-city-gas@" in listed
    assert "area_per_person_min_m2" in listed.replace("\n", "")


def test_the_command_prints_the_schema(city: Settings) -> None:
    printed = gridwarden(city, "rules", "schema").stdout
    assert printed == shipped()
    assert json.loads(printed)["title"] == "Gridwarden rule pack"


def test_a_bad_file_is_one_sentence_with_its_line(city: Settings, tmp_path: Path) -> None:
    pack = write(tmp_path, rules=("limit_m = 0.7", "limit_m = -7"))
    refused = gridwarden(city, "rules", "check", str(pack))
    assert refused.returncode == 1
    assert "tiny/rules.toml:37: gap, row 1, limit_m: must be 0 or more" in refused.stderr
    assert "Traceback" not in refused.stderr
    missing = gridwarden(city, "rules", "check", str(tmp_path / "none.toml"))
    assert missing.returncode == 1
    assert "There is no pack" in missing.stderr
