"""The schema that editors complete packs by: shipped as the models are, and as strict."""

import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gridwarden.rules import BadPackError, load
from gridwarden.rules.reading import built_in_packs
from gridwarden.rules.schema import SHIPPED, schema, shipped, written

from .examples import BASE, OVERLAY, RULES, write


def plain(found: Any) -> Any:
    """A document as JSON has it: days are texts."""
    if isinstance(found, dict):
        return {key: plain(value) for key, value in found.items()}
    if isinstance(found, list):
        return [plain(value) for value in found]
    return found if isinstance(found, bool | int | float | str) else found.isoformat()


def test_the_shipped_file_is_the_schema_of_the_models() -> None:
    assert shipped() == written(), "write it again: gridwarden rules schema > pack.schema.json"


def test_every_key_is_explained() -> None:
    told = schema()
    tables = [told, *told["$defs"].values()]
    keys = [(t["title"], k, v) for t in tables for k, v in t.get("properties", {}).items()]
    assert len(keys) > 100
    assert [(table, key) for table, key, said in keys if not said.get("description")] == []


def test_every_shipped_file_names_the_schema_and_fits_it() -> None:
    validator = jsonschema.Draft7Validator(schema())
    for path in built_in_packs():
        up = "../../" if path.is_dir() else "../"
        for file in path.glob("*.toml") if path.is_dir() else [path]:
            text = file.read_text(encoding="utf-8")
            assert text.startswith(f"#:schema {up}{SHIPPED}\n"), file.name
            assert (file.parent / up / SHIPPED).resolve().is_file()
            assert list(validator.iter_errors(plain(tomllib.loads(text)))) == []


@pytest.mark.parametrize("text", [BASE + RULES, BASE, RULES, OVERLAY])
def test_the_schema_takes_whole_packs_and_files_of_a_folder(text: str) -> None:
    jsonschema.Draft7Validator(schema()).validate(plain(tomllib.loads(text)))


WRONG = [
    ('severity = "general"', 'severity = "awful"'),
    ("limit_m = 0.7", "limit_m = -0.7"),
    ("limit_m = 0.7", 'limit_m = "0.7"'),
    ('"@spacing_m"', '"spacing_m"'),
    ("strength = 20", "strenght = 20"),
    ('class = "B"', "class = []"),
    ('method = "piling"', 'method = "spade"'),
    ("over = 21.0", 'over = "much"'),
    ("[1.6, 13.5]", "[1.6]"),
    ("verified = false", 'verified = "no"'),
]


@pytest.mark.parametrize(("old", "new"), WRONG)
def test_the_editor_underlines_what_loading_refuses(tmp_path: Path, old: str, new: str) -> None:
    text = RULES.replace(old, new, 1)
    assert list(jsonschema.Draft7Validator(schema()).iter_errors(plain(tomllib.loads(text))))
    with pytest.raises(BadPackError):
        load(write(tmp_path, rules=(old, new)))


def test_rules_in_a_folder_stand_alone() -> None:
    both = plain(tomllib.loads('[figures]\nx = 1\n[[rule]]\nid = "x"\n'))
    assert list(jsonschema.Draft7Validator(schema()).iter_errors(both))
