"""`gridwarden rules`: which packs are in force, is a file good, put it in force."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gridwarden.access.command import acting
from gridwarden.database import as_caller
from gridwarden.jobs import queue_screen
from gridwarden.rules.loading import BadPackError, LoadedPack, built_in_packs, load
from gridwarden.rules.publishing import Q, normal, publish
from gridwarden.words import say
from gridwarden.words.problems import Problem

Role = Annotated[str, typer.Option("--as", help="The role to act in.")]
console = Console()


def add_to(app: typer.Typer) -> None:
    """Add the `rules` group."""
    rules = typer.Typer(help="Rule packs: list, check, publish.", no_args_is_help=True)
    rules.command("list")(list_packs)
    rules.command("check")(check)
    rules.command("publish")(publish_file)
    app.add_typer(rules, name="rules")


def list_packs(role: Role = "planner") -> None:
    """The packs in force, and how many of their rules somebody has compared with print."""
    asyncio.run(_list(role))


async def _list(role: str) -> None:
    async with acting(role) as (pool, caller, settings), as_caller(pool, caller) as connection:
        rows = await (await connection.execute(Q["packs"])).fetchall()
    language = settings.language
    table = Table(
        *(say(f"rules.column.{c}", language) for c in ("pack", "title", "rules", "verified", "at"))
    )
    for pack_id, version, title, published_at, rules, verified in rows:
        at = published_at.strftime("%Y-%m-%d %H:%M %z")
        table.add_row(f"{pack_id}@{version}", title[language], str(rules), str(verified), at)
    console.print(table)


def check(pack: Annotated[Path, typer.Argument(help="A TOML file, or the id of a pack.")]) -> None:
    """Read a pack without publishing it; a bad one is refused with file, line and reason."""
    loaded = _load(pack)
    rows = normal(loaded)["rows"]
    head = loaded.pack.pack
    console.print(
        f"{head.id}@{head.version}: {len(loaded.pack.rule)} rules, {len(rows)} rows, "
        f"{sum(r.verified for r in loaded.pack.rule)} verified against print"
    )


def publish_file(
    pack: Annotated[Path, typer.Argument(help="A TOML file, or the id of a pack.")],
    role: Role = "administrator",
) -> None:
    """Put a pack in force and queue a full screen. The same pack again changes nothing."""
    loaded = _load(pack)
    job = asyncio.run(_publish(loaded, role))
    head = loaded.pack.pack
    told = f"published; screening is queued as job {job}" if job else "unchanged"
    console.print(f"{head.id}@{head.version}: {told}")


async def _publish(loaded: LoadedPack, role: str) -> int | None:
    async with acting(role) as (pool, caller, _), as_caller(pool, caller) as connection:
        if not await publish(connection, loaded):
            return None
        return await queue_screen(connection)


def _load(pack: Path) -> LoadedPack:
    built_in = {path.stem: path for path in built_in_packs()}
    try:
        return load(built_in.get(str(pack), pack))
    except BadPackError as error:
        raise Problem("refused", str(error), field="PACK") from error
    except OSError as error:
        raise Problem("not_found", "rules.no_file", field="PACK", pack=str(pack)) from error
