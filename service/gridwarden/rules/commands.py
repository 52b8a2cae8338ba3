"""`gridwarden rules`: which packs are in force, is a pack good, what an editor knows of it."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Column, Table

from gridwarden.access.command import acting
from gridwarden.database import as_caller
from gridwarden.rules import explaining_commands, sharing_commands, trying_commands
from gridwarden.rules.normal import normal
from gridwarden.rules.publishing import Q
from gridwarden.rules.reading import BadPackError, LoadedPack, built_in_packs, load
from gridwarden.rules.schema import written
from gridwarden.words import say
from gridwarden.words.problems import Problem
from gridwarden.words.refused import spoken

Role = Annotated[str, typer.Option("--as")]
console = Console()


def add_to(app: typer.Typer) -> None:
    """Add the `rules` group."""
    rules = typer.Typer(no_args_is_help=True)
    rules.command("list")(list_packs)
    rules.command("check")(check)
    rules.command("schema")(schema)
    sharing_commands.add_to(rules, read)
    trying_commands.add_to(rules, read)
    explaining_commands.add_to(rules)
    app.add_typer(rules, name="rules")


def list_packs(role: Role = "planner") -> None:
    """`gridwarden rules list`."""
    asyncio.run(_list(role))


async def _list(role: str) -> None:
    async with acting(role) as (pool, caller, settings), as_caller(pool, caller) as connection:
        rows = await (await connection.execute(Q["packs"])).fetchall()
    language, zone = settings.language, ZoneInfo(settings.time_zone)
    table = Table(
        *(
            Column(say(f"rules.column.{c}", language), overflow="fold")
            for c in ("pack", "level", "title", "rules", "verified", "unset", "at")
        )
    )
    for pack_id, version, level, title, published_at, rules, verified, unset in rows:
        table.add_row(
            f"{pack_id}@{version}",
            say(f"rules.level.{level}", language),
            title[language],
            str(rules),
            str(verified),
            ", ".join(unset) or "-",
            f"{published_at.astimezone(zone):%Y-%m-%d %H:%M}",
        )
    console.print(table)


def check(pack: Path) -> None:
    """`gridwarden rules check`."""
    loaded = read(pack)
    rules = normal(loaded)["rules"]
    head = loaded.pack.pack
    numbers = {
        "rules": len(rules),
        "rows": sum(len(rule["rows"]) for rule in rules),
        "verified": sum(rule["verified"] for rule in rules),
    }
    told = say("rules.checked", spoken(), pack=f"{head.id}@{head.version}", **numbers)
    console.print(told, highlight=False, soft_wrap=True)


def schema() -> None:
    """`gridwarden rules schema`."""
    sys.stdout.write(written())


def read(pack: Path) -> LoadedPack:
    """The pack of a file or folder, or the built-in one of this id. Raises Problem."""
    built_in = {path.stem: path for path in built_in_packs()}
    try:
        return load(built_in.get(str(pack), pack))
    except BadPackError as error:
        raise Problem("refused", str(error), field="PACK") from error
    except OSError as error:
        raise Problem("not_found", "rules.no_file", field="PACK", pack=str(pack)) from error
