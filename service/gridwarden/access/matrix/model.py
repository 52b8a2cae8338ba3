"""What the matrix is made of: operations, objects, and whose an object is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["layer", "relation", "function"]
READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose the things are that a path names, and what is answered about somebody else's.

    `foreign`: the status for one that is there and not the caller's; None where all who may use
    the route read all of them.
    """

    kind: str
    whose: str
    foreign: int | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one route. `roles` is None where anybody may use it, without signing in."""

    method: str
    path: str
    summary: str
    tag: str
    roles: tuple[str, ...] | None
    whose: Whose | None

    @property
    def of_a_layer(self) -> bool:
        """Whether the path names a layer, whose readers or importers then count, too."""
        return "{layer}" in self.path

    @property
    def reads(self) -> bool:
        """Whether it changes nothing."""
        return self.method in READING

    @property
    def scope(self) -> str:
        """The narrowest scope of a key that may use it."""
        return f"{'read' if self.reads else 'write'}:{self.tag}"

    def may(self, role: str) -> bool:
        """Whether the route answers this role."""
        return self.roles is None or role in self.roles

    def may_on(self, role: str, layer: "Share") -> bool:
        """Whether it answers this role about this layer."""
        share = layer.roles.get(role, "")
        held = layer.bring if not self.reads else tuple(layer.roles) if share else ()
        return self.may(role) and role in held


@dataclass(frozen=True, slots=True)
class Share:
    """A layer, relation or function, and what each role may do with it.

    `roles`: of a layer, which rows (`all`, `own`, `look`, `districts`, `grids`); of others the
    privileges. `bring`: who may change a layer's features. `title` by language, for layers.
    """

    kind: Kind
    name: str
    roles: Mapping[str, str]
    bring: tuple[str, ...] = ()
    title: Mapping[str, str] | None = None
