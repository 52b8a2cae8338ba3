"""Who may touch what, as declared: each room's `grants.toml` and each layer's file, together.

The catalogue of a migrated database must equal this, object by object: what is not declared is
a fault, and so is what is declared and not there.
"""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import as_file, files

from gridwarden.access.matrix import Kind, Share
from gridwarden.layers.catalogue import layers
from gridwarden.layers.catalogue.tables import layer_grants

Grants = dict[str, dict[str, set[str]]]
SCHEMAS = ("access", "api", "data", "jobs")


@dataclass
class Declared:
    """Privileges by object and role; roles as in `database.ROLES`, logins as `web`, `worker`."""

    relations: Grants = field(default_factory=dict)
    functions: Grants = field(default_factory=dict)
    schemas: Grants = field(default_factory=dict)
    """Whole schemas that belong to a library."""


def declared() -> Declared:
    """Everything that is declared. Raises ValueError when one object is declared twice."""
    together = Declared()
    with as_file(files("gridwarden")) as package:
        for file in sorted(package.glob("**/grants.toml")):
            text = tomllib.loads(file.read_text(encoding="utf-8"))
            for kind, into in (
                ("relation", together.relations),
                ("function", together.functions),
                ("schema", together.schemas),
            ):
                _add(into, text.get(kind, {}))
    for one in layers().values():
        _add(together.relations, layer_grants(one))
    return together


def _add(into: Grants, more: dict[str, dict[str, list[str]]]) -> None:
    for name, roles in more.items():
        if name in into:
            raise ValueError(f"{name} is declared twice")
        into[name] = {role: set(privileges) for role, privileges in roles.items()}


@cache
def shares() -> tuple[Share, ...]:
    """The same for the matrix: layers with whose rows each role reads, then what is granted."""
    said = declared()
    read = [
        Share(
            "layer",
            one.id,
            dict(one.readers),
            one.importers,
            {"en": one.title.en, "zh": one.title.zh},
        )
        for one in layers().values()
    ]
    of_kinds: tuple[tuple[Kind, Grants], ...] = (
        ("relation", said.relations),
        ("function", said.functions),
    )
    granted = [
        Share(kind, name, {role: " ".join(sorted(rights)) for role, rights in roles.items()})
        for kind, things in of_kinds
        for name, roles in sorted(things.items())
        if roles
    ]
    return (*read, *granted)
