"""The JSON schema of a pack, by which an editor completes and explains its keys.

A TOML file whose first line is `#:schema ../pack.schema.json` has it in Taplo and Even Better TOML.
"""

import json
from importlib.resources import files
from typing import Any

from gridwarden.rules.format import Pack

SHIPPED = "pack.schema.json"
"""The file that comes with Gridwarden, beside the folder of the packs."""


def schema() -> dict[str, Any]:
    """The schema of a pack's file: a whole pack, or a file of rules in a pack's folder."""
    made = Pack.model_json_schema(by_alias=True)
    required = made.pop("required")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Gridwarden rule pack",
        "description": made.pop("description"),
        "anyOf": [{"required": required}, {"required": ["rule"], "maxProperties": 1}],
        **{key: value for key, value in made.items() if key != "title"},
    }


def written() -> str:
    """The schema as its file holds it."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


def shipped() -> str:
    """The text of the file that comes with Gridwarden."""
    return files("gridwarden.rules").joinpath(SHIPPED).read_text(encoding="utf-8")
