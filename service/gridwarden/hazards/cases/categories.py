"""The kinds of hazards (隐患类别): `categories.toml`, and which families of rules are of which."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

_TOLD: Final[Mapping[str, Any]] = tomllib.loads(
    files(__package__ or "gridwarden.hazards.cases")
    .joinpath("categories.toml")
    .read_text(encoding="utf-8")
)
CATEGORIES: Final[tuple[str, ...]] = (*_TOLD["families"], *_TOLD["others"]["names"])
"""What a case can be of."""
OF_FAMILY: Final[Mapping[str, str]] = {
    family: category for category, names in _TOLD["families"].items() for family in names
}
"""The category of what a rule of this family finds; `other` for one that stands nowhere."""
