"""Who am I, and this room's other routes: signing in, one's own account, accounts and keys."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from gridwarden.access import keys_routes, login_routes
from gridwarden.access.accounts import own_routes, people_pages, people_routes
from gridwarden.access.audience import allow
from gridwarden.access.oidc import routes as oidc_routes
from gridwarden.access.tls import routes as tls_routes
from gridwarden.database import ADMINISTRATORS, ASKERS, Caller

router = APIRouter()
for part in (
    login_routes,
    oidc_routes,
    own_routes,
    people_routes,
    people_pages,
    keys_routes,
    tls_routes,
):
    router.include_router(part.router)
Anyone = Annotated[Caller, allow(*ASKERS, *ADMINISTRATORS)]


class WhoAmI(BaseModel):
    """The caller as the service sees them."""

    role: str
    person: str
    org_ids: list[int]
    district_ids: list[int]
    grid_ids: list[int]
    all_districts: bool
    scopes: list[str] | None
    language: str


@router.get("/api/whoami", tags=["access"])
async def whoami(caller: Anyone) -> WhoAmI:
    """Your role, whose records you may read, and what your key may do (null: all of that)."""
    return WhoAmI(
        role=caller.role,
        person=caller.person,
        org_ids=list(caller.org_ids),
        district_ids=list(caller.district_ids),
        grid_ids=list(caller.grid_ids),
        all_districts=caller.all_districts,
        scopes=None if caller.scopes is None else sorted(caller.scopes),
        language=caller.language,
    )
