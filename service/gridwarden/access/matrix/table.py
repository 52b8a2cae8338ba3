"""The matrix as people and programs read it: of all roles, or of the caller's own alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gridwarden.access.matrix.model import Operation, Share
from gridwarden.database import ADMINISTRATORS, ASKERS, PICTURES, ROLES

EVERY = (*ROLES, "web", "worker")
"""All that anything is granted to: the roles and the two logins."""
SHOWN = (*ASKERS, *PICTURES, *ADMINISTRATORS)
"""Roles with a column on the page; the JSON has EVERY one."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Roles across; operations, layers and objects of the database down."""

    roles: tuple[str, ...]
    operations: Sequence[Operation]
    layers: Sequence[Share]
    shares: Sequence[Share]

    def document(self) -> dict[str, Any]:
        """The matrix as JSON: a role that is not named may not."""
        return {
            "roles": list(self.roles),
            "routes": [self._route(one) for one in self.operations],
            "layers": [
                {
                    "id": one.name,
                    "read": {r: s for r, s in one.roles.items() if r in self.roles},
                    "bring": [r for r in one.bring if r in self.roles],
                }
                for one in self.layers
            ],
            "database": [
                {
                    "kind": one.kind,
                    "name": one.name,
                    "roles": {r: p.split() for r, p in one.roles.items() if r in self.roles},
                }
                for one in self.shares
            ],
        }

    def _route(self, one: Operation) -> dict[str, Any]:
        told: dict[str, Any] = {
            "method": one.method,
            "path": one.path,
            "summary": one.summary,
            "roles": "everyone" if one.roles is None else [r for r in self.roles if one.may(r)],
        }
        if one.roles is not None:
            told["scope"] = one.scope
        if one.whose is not None:
            told["object"] = {"kind": one.whose.kind, "whose": one.whose.whose}
            if one.whose.foreign is not None:
                told["object"]["foreign"] = one.whose.foreign
        if one.of_a_layer:
            told["layers"] = {
                layer.name: [r for r in self.roles if one.may_on(r, layer)] for layer in self.layers
            }
        return told


def matrix_for(role: str, operations: Iterable[Operation], shares: Iterable[Share]) -> Matrix:
    """What a caller of this role is shown: administrators all columns, others their own.

    Others are shown the rows alone that concern them: an inventory of what exists besides is for
    those who answer for it.
    """
    every = list(shares)
    layers = [one for one in every if one.kind == "layer"]
    rest = [one for one in every if one.kind != "layer"]
    if role in ADMINISTRATORS:
        return Matrix(EVERY, list(operations), layers, rest)
    return Matrix(
        (role,),
        [one for one in operations if one.may(role)],
        [one for one in layers if role in one.roles or role in one.bring],
        [one for one in rest if role in one.roles],
    )


def sought(found: Matrix, text: str, role: str) -> Matrix:
    """The rows whose name, path or summary holds `text`, of what `role` may do; empty: all."""
    words = text.casefold().split()

    def holds(*texts: str) -> bool:
        told = " ".join(texts).casefold()
        return all(word in told for word in words)

    alone = role in found.roles
    roles = (role,) if alone else found.roles
    return Matrix(
        roles,
        [
            one
            for one in found.operations
            if holds(one.method, one.path, one.summary, one.tag) and (not alone or one.may(role))
        ],
        [
            one
            for one in found.layers
            if holds(one.name, *(one.title or {}).values())
            and (not alone or role in one.roles or role in one.bring)
        ],
        [one for one in found.shares if holds(one.name) and (not alone or role in one.roles)],
    )
