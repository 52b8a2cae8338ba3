"""`gridwarden findings changes --from DAY`: why the number is another one than it was."""

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gridwarden.access.command import acting
from gridwarden.database import as_caller
from gridwarden.screening.changes import BESIDE, FILTERS, PARTS, changes, changes_query
from gridwarden.screening.listing import COMPARING
from gridwarden.words import known, say
from gridwarden.words.figures import when
from gridwarden.words.problems import Problem

findings = typer.Typer(name="findings", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the group `findings`."""
    app.add_typer(findings)


@findings.callback()
def _group() -> None:
    """`gridwarden findings`."""


@findings.command("changes")
def changes_command(
    since: Annotated[str, typer.Option("--from")],
    until: Annotated[str | None, typer.Option("--to")] = None,
    family: str | None = None,
    layer: str | None = None,
    severity: str | None = None,
    certainty: str | None = None,
    district: str | None = None,
    limit: int = 20,
    role: Annotated[str, typer.Option("--as")] = "planner",
    org: str | None = None,
    lang: str | None = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """`gridwarden findings changes`."""
    values = (family, layer, severity, certainty, district)
    given = [(n, v) for n, v in zip(FILTERS, values, strict=True) if v is not None]
    given += [("from", since), ("limit", str(limit))]
    given += [("to", until)] if until is not None else []
    found, language, zone = asyncio.run(_changes(given, role, org, lang))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        show(found, language, zone, Console(markup=False))


async def _changes(
    given: list[tuple[str, str]], role: str, org: str | None, lang: str | None
) -> tuple[dict[str, Any], str, str]:
    if role not in COMPARING:
        raise Problem("forbidden", field="--as", role=role)
    async with acting(role, org) as (pool, caller, settings):
        asked = changes_query(given, settings.time_zone)
        async with as_caller(pool, caller) as c:
            found = await changes(c, caller, asked)
        language = lang if lang in ("zh", "en") else settings.language
        return found, language, settings.time_zone


def show(found: dict[str, Any], lang: str, zone: str, console: Console) -> None:
    """The sum in one line, then each list as a table."""
    console.print(sum_line(found, lang), soft_wrap=True, highlight=False)
    lists = {**found["parts"], **found["beside"]}
    for name in (*PARTS, *BESIDE):
        one = lists[name]
        title = f"{say(f'time.list.{name}', lang)} · {one['count']}"
        if not one["count"]:
            console.print(title, style="dim", highlight=False)
            continue
        table = Table(title=title, title_justify="left")
        for key in ("id", "act", "family", "severity", "at"):
            table.add_column(say(f"time.column.{key}", lang))
        for item in one["items"]:
            table.add_row(
                str(item["id"]),
                say(f"time.act.{item['act']}", lang),
                family_title(item["family"], lang),
                say(f"severity.{item['severity']}", lang),
                when(datetime.fromisoformat(item["at"]), lang, zone=zone),
            )
        console.print(table)


def sum_line(found: dict[str, Any], lang: str) -> str:
    """`then` and `now` with every part between them, as one sentence."""
    parts = {name: f"{found['parts'][name]['difference']:+d}" for name in PARTS}
    return say("time.sum", lang, then=found["then"], now=found["now"], **parts)


def family_title(family: str, lang: str) -> str:
    """A family's words; one that a pack brought itself keeps its name."""
    return say(f"family.{family}", lang) if known(f"family.{family}") else family
