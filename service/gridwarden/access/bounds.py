"""Which records an account or key may reach: organisations, districts, grids, by name or number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from gridwarden.access.named import district_called, grid_called, organisation_called
from gridwarden.database import ADMINISTRATORS, ASKERS
from gridwarden.database.caller import PICTURES
from gridwarden.words.problems import Problem

BY_ORGANISATION: Final = ("utility", "contractor")
BY_GRID: Final = ("warden",)
MOST: Final = 200
"""Names in one list."""
NAMED: Final[Mapping[str, str]] = {name: name for name in ("organisations", "districts", "grids")}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ids of rows of `organisations`, `districts` and `warden_grids`."""

    org_ids: tuple[int, ...] = ()
    district_ids: tuple[int, ...] = ()
    grid_ids: tuple[int, ...] = ()
    all_districts: bool = False

    def within(self, wider: "Bounds") -> bool:
        """Whether everything of these is in the wider ones."""
        return (
            set(self.org_ids) <= set(wider.org_ids)
            and set(self.grid_ids) <= set(wider.grid_ids)
            and (wider.all_districts or set(self.district_ids) <= set(wider.district_ids))
            and (wider.all_districts or not self.all_districts)
        )


NO_BOUNDS: Final = Bounds()


async def bounds_called(
    c: AsyncConnection[TupleRow],
    organisations: list[str],
    districts: list[str],
    grids: list[str],
    all_districts: bool,
) -> Bounds:
    """The bounds of these names, codes or numbers.

    Raises Problem `invalid_value` for what is not there and `conflict` for what is several.
    """
    orgs = [await organisation_called(c, one, "organisations") for one in organisations]
    found = [await district_called(c, one, "districts") for one in districts]
    cells = [await grid_called(c, one, "grids") for one in grids]
    return Bounds(tuple(orgs), tuple(found), tuple(cells), all_districts)


def demand_role(role: str, field: str = "role") -> None:
    """Raises Problem `invalid_value` for what is no role of a person or a machine's key."""
    if role in PICTURES:
        raise Problem("invalid_value", "access.not_of_people", field=field, role=role)
    if role not in ASKERS + ADMINISTRATORS:
        roles = ", ".join((*ASKERS, *ADMINISTRATORS))
        raise Problem("invalid_value", "access.no_such_role", field=field, role=role, roles=roles)


def demand_fitting(role: str, bounds: Bounds, fields: Mapping[str, str] = NAMED) -> None:
    """Least privilege is said, not left out: raises Problem `missing_value` for a role that sees
    nothing without bounds, and `invalid_value` for bounds that a role has no use for. `fields`:
    what the front door calls them.
    """
    areas = bool(bounds.district_ids) or bounds.all_districts
    if role in ADMINISTRATORS:
        if bounds != NO_BOUNDS:
            raise Problem("invalid_value", "accounts.no_bounds", field=fields["districts"])
    elif role in BY_ORGANISATION:
        if not bounds.org_ids:
            field = fields["organisations"]
            raise Problem("missing_value", "accounts.needs_organisation", field=field)
    elif role in BY_GRID:
        if not bounds.grid_ids:
            raise Problem("missing_value", "accounts.needs_grid", field=fields["grids"])
    elif not areas:
        raise Problem("missing_value", "accounts.needs_district", field=fields["districts"])
