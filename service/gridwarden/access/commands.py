"""`gridwarden token`, `login-link`, `keys` and `revoke`: the machine itself hands out access."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from gridwarden.access import credentials
from gridwarden.access.accounts import commands as people_commands
from gridwarden.access.bounds import BY_GRID, BY_ORGANISATION, Bounds, demand_fitting, demand_role
from gridwarden.access.browser import login_url
from gridwarden.access.by_hand import psql
from gridwarden.access.command import acting, os_user, with_org
from gridwarden.access.named import district_called, grid_called
from gridwarden.access.scopes import EVERYTHING, SCOPES
from gridwarden.access.tls.address import printed_url
from gridwarden.database import ADMINISTRATORS, ASKERS, Caller, Pool, as_caller
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.command_line import listing
from gridwarden.words.problems import Problem
from gridwarden.words.refused import spoken

Role = Annotated[str, typer.Argument(help=" · ".join((*ASKERS, *ADMINISTRATORS)))]
Org = Annotated[str | None, typer.Option()]
District = Annotated[list[str] | None, typer.Option()]
Grid = Annotated[list[str] | None, typer.Option()]
AllDistricts = Annotated[bool, typer.Option("--all-districts")]
Person = Annotated[str | None, typer.Option()]
console = Console(stderr=True)
HANDED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""Options that are not ours are psql's."""
OPTIONS = {"organisations": "--org", "districts": "--district", "grids": "--grid"}


def add_to(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command("psql", context_settings=HANDED_ON)(psql)
    people_commands.add_to(app)

    @app.command()
    def token(
        role: Role,
        org: Org = None,
        district: District = None,
        grid: Grid = None,
        all_districts: AllDistricts = False,
        days: int = 90,
        person: Person = None,
        label: str | None = None,
        scope: list[str] | None = None,
    ) -> None:
        """`gridwarden token`."""
        if strange := sorted(set(scope or ()) - set(SCOPES)):
            known = ", ".join(SCOPES)
            raise Problem(
                "invalid_value", "accounts.no_scope", field="--scope", scope=strange[0], known=known
            )
        if not 1 <= days <= 3650:
            raise Problem("invalid_value", "access.days", field="--days")
        wanted = _Wanted(role, org, district or [], grid or [], all_districts, person)
        made, _ = asyncio.run(_make("key", wanted, timedelta(days=days), label, scope))
        told = say("access.key_made", spoken(), id=made.id, role=role, n=days)
        console.print(told, highlight=False, markup=False, soft_wrap=True)
        print(made.secret)

    @app.command("login-link")
    def login_link(
        role: Role,
        org: Org = None,
        district: District = None,
        grid: Grid = None,
        all_districts: AllDistricts = False,
        person: Person = None,
        base: str | None = None,
    ) -> None:
        """`gridwarden login-link`."""
        wanted = _Wanted(role, org, district or [], grid or [], all_districts, person)
        made, settings = asyncio.run(_make("link", wanted, credentials.LINK, None))
        print(login_url(base or printed_url(settings), made.secret))

    @app.command()
    def keys() -> None:
        """`gridwarden keys`."""
        lang = spoken()
        table = listing(
            lang,
            *("number", "role", "person", "organisations", "districts", "grids", "scopes"),
            *("until", "last_used", "made_by", "label"),
        )
        for one in asyncio.run(_keys()):
            everywhere, used = one["all_districts"], one["last_used_at"]
            table.add_row(
                str(one["id"]),
                one["role"],
                one["person"],
                _numbers(one["org_ids"]),
                say("listing.all", lang) if everywhere else _numbers(one["district_ids"]),
                _numbers(one["grid_ids"]),
                " ".join(one["scopes"]),
                f"{one['expires_at']:%Y-%m-%d}",
                f"{used:%Y-%m-%d}" if used else say("listing.never", lang),
                one["made_by"] or "-",
                one["label"] or "",
            )
        Console().print(table)

    @app.command()
    def rotate(key: int) -> None:
        """`gridwarden rotate`."""
        made = asyncio.run(_rotate(key))
        if made is None:
            raise Problem("not_found", "access.no_key", field="key")
        print(made.secret)

    @app.command()
    def revoke(key: int) -> None:
        """`gridwarden revoke`."""
        if not asyncio.run(_revoke(key)):
            raise Problem("not_found", "access.no_key", field="key")


class _Wanted:
    """Whom a new credential acts as, in the words of the command line."""

    def __init__(
        self,
        role: str,
        org: str | None,
        districts: list[str],
        grids: list[str],
        all_districts: bool,
        person: str | None,
    ) -> None:
        demand_role(role, "ROLE")
        if person is not None and not (person.strip() and person.isprintable()):
            raise Problem("invalid_value", "access.bad_person", field="--person")
        self.role, self.org, self.grids = role, org, grids
        self.districts = [] if all_districts else districts
        self.person, self.named = person or os_user(), person is not None

    async def caller(self, pool: Pool) -> Caller:
        """The caller with ids looked up. Raises Problem `not_found` or `conflict`, and as for an
        account for bounds that do not fit the role.
        """
        async with as_caller(pool, Caller("security", self.person)) as c:
            ids = [await district_called(c, name, "--district") for name in self.districts]
            grids = [await grid_called(c, name, "--grid") for name in self.grids]
        bound = self.role in (*BY_ORGANISATION, *BY_GRID, *ADMINISTRATORS)
        everywhere = not self.districts and not bound
        caller = Caller(self.role, self.person, (), tuple(ids), everywhere, grid_ids=tuple(grids))
        caller = await with_org(pool, caller, self.org)
        bounds = Bounds(caller.org_ids, caller.district_ids, caller.grid_ids, everywhere)
        demand_fitting(self.role, bounds, OPTIONS)
        return caller


async def _make(
    kind: Literal["key", "link"],
    wanted: _Wanted,
    lifetime: timedelta,
    label: str | None,
    scopes: Iterable[str] | None = None,
) -> tuple[credentials.Made, Settings]:
    async with acting("security") as (pool, officer, settings):
        caller = await wanted.caller(pool)
        async with as_caller(pool, officer) as c:
            made = await credentials.make(
                c,
                kind,
                caller,
                lifetime,
                label,
                own_person=not wanted.named,
                scopes=scopes or EVERYTHING,
            )
            return made, settings


async def _keys() -> list[dict[str, Any]]:
    async with acting("security") as (pool, officer, _), as_caller(pool, officer) as c:
        return await credentials.keys(c)


async def _rotate(key: int) -> credentials.Made | None:
    async with acting("security") as (pool, officer, settings), as_caller(pool, officer) as c:
        return await credentials.rotate(c, key, timedelta(hours=settings.key_grace_hours))


async def _revoke(key: int) -> bool:
    async with acting("security") as (pool, officer, _), as_caller(pool, officer) as c:
        return await credentials.revoke(c, key)


def _numbers(ids: list[int]) -> str:
    return ", ".join(map(str, ids))
