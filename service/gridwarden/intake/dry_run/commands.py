"""`gridwarden publish IMPORT`, and the table of changes that a dry run prints."""

import asyncio
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridwarden.access.command import acting
from gridwarden.database import Caller, Pool
from gridwarden.words import say
from gridwarden.words.problems import Problem

console = Console()
FIRST = 20
"""Changes that a dry run prints; the others are in the API and on the page."""


def publish_command(
    import_id: Annotated[int, typer.Argument(metavar="IMPORT")],
    remove: Annotated[int | None, typer.Option("--remove", min=0)] = None,
    role: Annotated[str | None, typer.Option("--as")] = None,
    org: Annotated[str | None, typer.Option("--org")] = None,
) -> None:
    """`gridwarden publish`."""
    said = asyncio.run(_publish(import_id, remove, role or ("utility" if org else None), org))
    console.print(said, highlight=False, markup=False, soft_wrap=True)


async def _publish(import_id: int, remove: int | None, role: str | None, org: str | None) -> str:
    from gridwarden.intake import tasks  # noqa: F401  (registers the job)
    from gridwarden.intake.dry_run.changes import publish
    from gridwarden.intake.routes import words_of
    from gridwarden.intake.seeing import found
    from gridwarden.jobs.command import watched

    async with acting(role or "supervisor", org) as (pool, caller, settings):
        job = await publish(pool, caller, settings, import_id, remove)
        state = await watched(job, settings, say("intake.working", settings.language))
        document = await found(pool, caller, import_id)
    if state != "finished":
        kept = (document["say"] or {}).get(settings.language)
        raise Problem("held" if state == "held" else "refused", str(kept or state), field="IMPORT")
    return str(words_of(document, settings.language)["say"])


async def first_changes(
    pool: Pool, caller: Caller, document: dict[str, Any], language: str
) -> Table | None:
    """What an import would change as a table; None when it would change nothing."""
    from gridwarden.intake.dry_run.changes import KEPT_FOR, page, told

    if document["state"] not in KEPT_FOR:
        return None
    _, features, _ = await page(pool, caller, document["id"], after=0, limit=FIRST, op=None)
    if not features:
        return None
    table = Table(box=None, pad_edge=False)
    for name in ("op", "row", "values"):
        table.add_column(say(f"nothing_lost.column.{name}", language))
    for op, source_id, values, moved in told(features):
        where = [say("nothing_lost.moved", language)] if moved else []
        words = "; ".join([*where, *([values] if values else [])])
        table.add_row(say(f"nothing_lost.op.{op}", language), Text(source_id), Text(words))
    total = sum(document[name] or 0 for name in ("added", "changed", "removed"))
    if total > len(features):
        table.caption = say("nothing_lost.more", language, n=total - len(features))
    return table
