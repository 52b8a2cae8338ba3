"""The kinds of hazards (隐患类别): `categories.toml`, and which families of rules are of which."""

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, Final

from gridwarden.layers.catalogue import layers

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
"""The category of what a rule of this family finds, where it stands here."""


def categories_of(families: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The category of each family, of (family, layer) pairs: what the table says, else what the
    layer's own file says of its findings. One that neither names is `other`."""
    there = layers()
    named = {f: there[one].category or "" for f, one in families if one in there}
    return {f: name for f, name in named.items() if name in CATEGORIES} | dict(OF_FAMILY)
