"""`gridwarden rules propose · approve · reject · withdraw · proposals · show`.

The person is `cli:` and the operating system's user; whoever approves is somebody else.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from gridwarden.access.command import acting, os_user
from gridwarden.database import as_caller
from gridwarden.rules import sharing
from gridwarden.rules.owning import approve_alone
from gridwarden.rules.reading import LoadedPack
from gridwarden.rules.sharing import Connection
from gridwarden.rules.telling import change_words, hands
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem

Role = Annotated[str, typer.Option("--as")]
Number = Annotated[int, typer.Argument(min=1)]
Why = Annotated[str, typer.Option("--why")]
AsJson = Annotated[bool, typer.Option("--json")]
console = Console()


def add_to(rules: typer.Typer, read: Callable[[Path], LoadedPack]) -> None:
    """Add the commands to the group `rules`; `read` loads a pack from what a person names."""

    @rules.command("propose")
    def propose(
        pack: Annotated[Path | None, typer.Argument()] = None,
        withdraw: str | None = None,
        instead_of_base: Annotated[bool, typer.Option("--instead-of-base")] = False,
        why: Why = "",
        role: Role = "administrator",
        as_json: AsJson = False,
    ) -> None:
        """`gridwarden rules propose`."""
        if (pack is None) == (withdraw is None):
            raise Problem("missing_value", "rules.sharing.one_of", field="PACK")
        loaded = read(pack) if pack is not None else None

        async def act(connection: Connection) -> int:
            if loaded is None:
                return await sharing.propose_withdrawal(connection, withdraw or "", why)
            return await sharing.propose(
                connection, loaded, why, instead_of_base=instead_of_base, settings=Settings()
            )

        _show(*_done(role, act), as_json)

    @rules.command("approve")
    def approve(
        proposal: Number,
        why: Why = "",
        alone: str | None = None,
        role: Role = "administrator",
        as_json: AsJson = False,
    ) -> None:
        """`gridwarden rules approve`."""

        async def act(connection: Connection) -> int:
            if alone is None:
                await sharing.approve(connection, proposal, Settings(), why)
            return proposal

        if alone is not None:
            asyncio.run(approve_alone(Settings(), f"cli:{os_user()}", proposal, why, alone))

        _show(*_done(role, act), as_json)

    @rules.command("reject")
    def reject(
        proposal: Number, why: Why = "", role: Role = "administrator", as_json: AsJson = False
    ) -> None:
        """`gridwarden rules reject`."""

        async def act(connection: Connection) -> int:
            await sharing.reject(connection, proposal, why)
            return proposal

        _show(*_done(role, act), as_json)

    @rules.command("withdraw")
    def withdraw(
        proposal: Number, why: Why = "", role: Role = "administrator", as_json: AsJson = False
    ) -> None:
        """`gridwarden rules withdraw`."""

        async def act(connection: Connection) -> int:
            await sharing.take_back(connection, proposal, why)
            return proposal

        _show(*_done(role, act), as_json)

    @rules.command("show")
    def show(proposal: Number, role: Role = "administrator", as_json: AsJson = False) -> None:
        """`gridwarden rules show`."""

        async def act(_: Connection) -> int:
            return proposal

        _show(*_done(role, act), as_json)

    @rules.command("proposals")
    def proposals(
        state: str | None = None,
        role: Role = "administrator",
        as_json: AsJson = False,
    ) -> None:
        """`gridwarden rules proposals`."""
        if state is not None and state not in sharing.STATES:
            states = ", ".join(sharing.STATES)
            raise Problem("invalid_value", "rules.sharing.states", field="--state", states=states)
        found, language = asyncio.run(_list(role, state))
        if as_json:
            typer.echo(json.dumps(found, ensure_ascii=False))
            return
        columns = ("number", "act", "pack", "state", "proposed_by", "decided_by", "why")
        table = Table(
            *(Column(say(f"rules.proposal.{c}", language), overflow="fold") for c in columns)
        )
        for one in found:
            table.add_row(
                str(one["id"]),
                say(f"rules.act.{one['act']}", language),
                f"{one['pack']}@{one['version']}",
                say(f"rules.state.{one['state']}", language),
                Text(one["proposed_by"]),
                Text(one["decided_by"] or "-"),
                Text(one["why"] or "-"),
            )
        console.print(table)


def _done(role: str, act: Callable[[Connection], Awaitable[int]]) -> tuple[dict[str, Any], str]:
    """Act in the role; the proposal as it is then, and the language."""

    async def run() -> tuple[dict[str, Any], str]:
        async with acting(role) as (pool, caller, settings):
            try:
                async with as_caller(pool, caller, sharing.TIMEOUT_MS) as connection:
                    number = await act(connection)
                async with as_caller(pool, caller) as connection:
                    return await sharing.proposal(connection, number), settings.language
            except sharing.NOT_ALLOWED as error:
                raise Problem("forbidden", field="--as", role=role) from error

    return asyncio.run(run())


async def _list(role: str, state: str | None) -> tuple[list[dict[str, Any]], str]:
    async with acting(role) as (pool, caller, settings), as_caller(pool, caller) as connection:
        return await sharing.proposals(connection, state), settings.language


def _show(told: dict[str, Any], language: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    head = {
        "number": told["id"],
        "act": say(f"rules.act.{told['act']}", language),
        "pack": f"{told['pack']}@{told['version']}",
        "state": say(f"rules.state.{told['state']}", language),
        "person": told["proposed_by"],
    }
    plain = Console(markup=False, highlight=False, soft_wrap=True)
    plain.print(say("rules.proposal.head", language, **head))
    if told["why"]:
        plain.print(told["why"])
    for line in hands(told, language):
        plain.print(line)
    if told["instead_of"]:
        plain.print(say("rules.proposal.instead", language, pack=told["instead_of"]))
    if told["judged_again"]:
        named = ", ".join(f"{one['family']} · {one['layer']}" for one in told["judged_again"])
        plain.print(say("rules.proposal.judged_again", language, named=named, job=told["job"]))
    if not told["changes"]:
        plain.print(say("rules.changes.none", language))
    for change in told["changes"]:
        what = say(f"rules.what.{change['what']}", language)
        how = say(f"rules.change.{change['change']}", language)
        plain.print(f"{how}  {what} {change['id']}")
        for line in change_words(change, language):
            plain.print(f"    {line}")
