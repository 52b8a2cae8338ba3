"""What a key may do within its role: `read` or `write` everything, or one part (`write:permits`).

Reading is GET and HEAD; every other method is writing. A part is the tag of a route.
"""

from typing import Final

from starlette.requests import Request

PARTS: Final = (
    "access",
    "audit",
    "embeds",
    "events",
    "features",
    "hazards",
    "import",
    "jobs",
    "layers",
    "maps",
    "permits",
    "rules",
    "run",
    "screening",
    "sheds",
)
SCOPES: Final = ("read", "write", *(f"{act}:{part}" for part in PARTS for act in ("read", "write")))
EVERYTHING: Final = frozenset({"read", "write"})
"""The scopes of a key that may do all that its role may."""
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def needed(request: Request) -> str:
    """The narrowest scope that this request asks for: `write:permits`."""
    act = "read" if request.method in _READING else "write"
    tags = getattr(request.scope.get("route"), "tags", None) or ["other"]
    return f"{act}:{tags[0]}"


def admits(scopes: frozenset[str] | None, request: Request) -> bool:
    """Whether a key of these scopes may send this request; None narrows nothing."""
    if scopes is None:
        return True
    wanted = needed(request)
    return wanted in scopes or wanted.partition(":")[0] in scopes
