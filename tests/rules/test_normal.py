"""What is published of a pack: every row written out, every default filled in, every digit kept."""

import json
import re
from pathlib import Path
from typing import Any

from gridwarden.rules import load
from gridwarden.rules.normal import normal
from gridwarden.rules.reading import built_in_packs

from .examples import write

RULE_KEYS = {
    *("rule", "family", "kind", "subjects", "counterpart", "classes", "measured_from"),
    *("measured_to", "plane", "test", "strength", "clause", "edition", "valid_from", "valid_to"),
    *("verified", "certainty", "source", "text", "measures", "heuristic", "replaces"),
    *("relaxations", "rows"),
}
ROW_KEYS = {
    *("row_no", "pressure_class", "method", "dn_over", "dn_upto", "wall_min_mm", "wall_under_mm"),
    *("area_classes", "materials", "networks", "depth_over_m", "depth_upto_m", "limit_m"),
    *("figure", "points", "formula", "per_depth", "over_m", "severity", "verdict", "note"),
}


def tiny(folder: Path, **changes: tuple[str, str]) -> dict[str, Any]:
    """The rules of the tiny pack as they are published, by name."""
    return {rule["rule"]: rule for rule in normal(load(write(folder, **changes)))["rules"]}


def test_every_key_is_there_in_every_shipped_pack() -> None:
    for path in built_in_packs():
        for rule in normal(load(path))["rules"]:
            assert set(rule) == RULE_KEYS
            assert set(rule["test"]) == {"where", "counterpart_where", "people", "location"}
            assert [row["row_no"] for row in rule["rows"]] == [*range(1, len(rule["rows"]) + 1)]
            for row in rule["rows"]:
                assert set(row) == ROW_KEYS
                assert row["severity"] in ("general", "serious", "major")
                assert (row["verdict"] is not None) == (rule["kind"] == "activity")
                judged = "gas_pipelines" in (*rule["subjects"], rule["counterpart"])
                assert (row["networks"] is not None) == judged
                ways = [row[k] for k in ("limit_m", "figure", "points", "formula")]
                given = [way for way in ways if way is not None]
                measured = rule["kind"] != "attribute" and not rule["test"]["location"]
                assert len(given) == (1 if measured else 0), rule["rule"]


def test_lists_become_a_row_each_and_main_goes_into_all(tmp_path: Path) -> None:
    rules = tiny(tmp_path)
    band = [(r["pressure_class"], r["networks"], r["limit_m"]) for r in rules["band"]["rows"]]
    assert band == [("A", ["city"], 0.5), ("B", ["city"], 0.5)]
    dig = [(r["pressure_class"], r["method"], r["verdict"]) for r in rules["dig"]["rows"]]
    assert dig == [
        ("A", "hand", "prohibited"),
        ("A", "mechanical", "prohibited"),
        ("B", "piling", "notify"),
    ]
    assert [r["severity"] for r in rules["dig"]["rows"]] == ["serious", "serious", "general"]
    assert rules["dig"]["rows"][2]["per_depth"] == 1.5


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    rules = tiny(tmp_path)
    band, gap, sheds = rules["band"], rules["gap"], rules["sheds"]
    assert (band["counterpart"], band["classes"]) == ("gas_pipelines", "two")
    assert (band["measured_from"], band["measured_to"]) == ("outer_edge", "edge")
    assert gap["measured_to"] == "foundation"
    assert [row["networks"] for row in gap["rows"]] == [["city", "yard"]] * 2
    assert (sheds["counterpart"], sheds["classes"]) == ("buildings", None)
    assert sheds["rows"][0]["networks"] is None
    assert sheds["rows"][0]["figure"] == "spacing_m"
    for name in ("tall", "located"):
        assert rules[name]["counterpart"] is None
        assert rules[name]["measured_from"] is None
    assert rules["located"]["classes"] == "two"
    assert rules["hurt"]["rows"][0]["formula"] == "pir"


def test_a_pack_says_which_mains_are_meant(tmp_path: Path) -> None:
    head = ("missing_od_mm = 300.0", 'missing_od_mm = 300.0\nnetworks = ["transmission"]')
    rules = tiny(tmp_path, pack=head)
    assert [row["networks"] for row in rules["gap"]["rows"]] == [["transmission"]] * 2
    assert [row["networks"] for row in rules["band"]["rows"]] == [["city"]] * 2


def test_conditions_hold_what_was_written(tmp_path: Path) -> None:
    rules = tiny(tmp_path)
    assert rules["tall"]["test"]["where"] == [
        {
            "column": "height_m",
            "over": 21.0,
            "estimate": {
                "column": "storeys",
                "factor": 3.0,
                "possible_from": 19.0,
                "certain_over": 23.0,
            },
        },
        {"column": "water_system_state", "not": ["ok"]},
    ]
    assert rules["hurt"]["test"]["people"] == {"column": "households", "figure": "least_m2"}
    assert rules["located"]["test"]["location"]["classes"] == [
        {"id": "1", "upto": 12.0},
        {"id": "2", "upto": 79.0},
        {"id": "3", "upto": None},
    ]


def test_points_and_relaxations_are_whole(tmp_path: Path) -> None:
    gap = tiny(tmp_path)["gap"]
    assert gap["rows"][1]["points"] == [[0.8, 5.0], [1.6, 13.5]]
    assert gap["rows"][1]["limit_m"] is None
    assert gap["relaxations"] == [
        {
            "id": "wall",
            "limit_m": 3.0,
            "classes": ["B"],
            "wall_min_mm": 11.9,
            "agreement": False,
            "certainty": "recalled",
            "text": {"en": "A thick wall.", "zh": "厚壁。"},
            "source": None,
        }
    ]


def test_the_head_of_a_base_and_of_an_overlay(tmp_path: Path) -> None:
    base = normal(load(write(tmp_path)))
    assert base["pack"]["base"] is True
    assert base["pack"]["class_system"] == "two"
    assert base["pack"]["valid_from"] == "2026-01-01"
    assert base["pack"]["profiles"][0]["tolerance_zone_m"] == 0.6096
    assert [(c["class"], c["rank"], c["closed_below"]) for c in base["classes"]] == [
        ("A", 0, False),
        ("B", 1, True),
    ]
    assert base["outer_diameters"] == [{"material": "steel", "dn": 100.0, "od_mm": 114.3}]
    assert [(f["id"], f["unit"], f["value"]) for f in base["figures"]] == [
        ("spacing_m", "m", None),
        ("least_m2", "m2", 5.0),
    ]
    city = normal(load(tmp_path / "deeper.toml"))
    assert (city["pack"]["base"], city["pack"]["extends"]) == (False, "tiny")
    assert (city["pack"]["class_system"], city["pack"]["state"]) == (None, "CA")
    assert (city["pack"]["missing_od_mm"], city["classes"]) == (None, [])
    assert city["figures"] == [
        {
            "id": "spacing_m",
            "value": 6.0,
            "unit": None,
            "title": None,
            "source": None,
            "certainty": None,
        }
    ]
    assert city["rules"][0]["replaces"] == ["band"]


def test_every_distance_has_the_digits_of_its_file() -> None:
    """What a file says as limit_m = 0.6096 leaves as 0.6096, not as what a float makes of it."""
    for path in built_in_packs():
        loaded = load(path)
        files = "\n".join(loaded.documents.values())
        bare = re.sub(r"#[^\n]*", "", files)
        said = {float(text): text for text in re.findall(r"\blimit_m = ([0-9.]+)", bare)}
        sent = json.dumps(normal(loaded))
        told = set(re.findall(r'"limit_m": ([0-9.e+-]+)', sent))
        assert told == {text if "." in text else f"{text}.0" for number, text in said.items()}, (
            path.name
        )
