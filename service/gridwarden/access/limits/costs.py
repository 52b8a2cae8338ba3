"""What a route costs: declared on the route, beside its audience; most need not say anything.

@router.get("/maps/heat")
@costs("heavy")
async def heat_page(…): ...
"""

from collections.abc import Callable
from typing import Final, Literal, TypeVar

from starlette.requests import Request

Cost = Literal["free", "read", "write", "check", "heavy", "file"]
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MARK: Final = "gridwarden_cost"
F = TypeVar("F", bound=Callable[..., object])


def costs(cost: Cost) -> Callable[[F], F]:
    """Marks a route's function: `heavy` ones wait in a lane of their own and do not hold up the
    others, and a `file` keeps its place there until it is sent. `check` is the permit check, `free`
    is not counted. A route that says nothing costs `read` or `write`, by its method.
    """

    def marked(endpoint: F) -> F:
        vars(endpoint)[_MARK] = cost
        return endpoint

    return marked


def cost_of(request: Request) -> Cost:
    """The cost of the route that answers this request."""
    default: Cost = "read" if request.method in READING else "write"
    marked: Cost = getattr(request.scope.get("endpoint"), _MARK, default)
    return marked
