"""Every operation of the service with what it declares, read from the running application."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi.routing import APIRoute

from gridwarden.access.audience import Anybody, Audience
from gridwarden.access.matrix.model import Operation, Whose

UNDECLARED: Final = "undeclared"
PARAMETER: Final = re.compile(r"{(\w+)(:\w+)?}")


def routes_of(router: Any) -> Iterator[Any]:
    """Every route, those of included routers among them."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from routes_of(inner)


def audiences_of(dependant: Any) -> Iterator[Audience | Anybody]:
    """What the dependencies of a route declare."""
    if isinstance(dependant.call, (Audience, Anybody)):
        yield dependant.call
    for below in dependant.dependencies:
        yield from audiences_of(below)


def operations(app: Any) -> list[Operation]:
    """All operations, in the order of their paths.

    Raises ValueError for a route that declares no audience or several.
    """
    found = []
    for route in routes_of(app):
        if not isinstance(route, APIRoute):
            continue
        declared = list(audiences_of(route.dependant))
        if len(declared) != 1:
            raise ValueError(f"{route.path} declares {len(declared)} audiences")
        roles = declared[0].roles if isinstance(declared[0], Audience) else None
        told = (route.description or "").strip().partition("\n")[0]
        tag = str(route.tags[0]) if route.tags else ""
        whose = whose_of(route.path)
        found += [
            Operation(method, route.path, told, tag, roles, whose)
            for method in sorted(set(route.methods or ()) - {"HEAD"})
        ]
    return sorted(found, key=lambda one: (one.path, one.method))


def whose_of(path: str) -> Whose | None:
    """Whose the thing is that a path names; None where it names none (or a layer alone).

    The segment before the parameter tells the kind; what objects.toml lacks is UNDECLARED, and a
    test fails.
    """
    segments = path.split("/")
    named = [
        (segments[at - 1], PARAMETER.search(one)) for at, one in enumerate(segments) if "{" in one
    ]
    kinds = [kind for kind, found in named if found and found[1] != "layer"]
    if not kinds:
        return None
    return known_objects().get(kinds[-1], Whose(kinds[-1], UNDECLARED, None))


@cache
def known_objects() -> dict[str, Whose]:
    """What paths can name, by the segment before it."""
    text = files(__package__).joinpath("objects.toml").read_text(encoding="utf-8")
    return {
        kind: Whose(kind, said["whose"], said.get("foreign"))
        for kind, said in tomllib.loads(text).items()
    }
