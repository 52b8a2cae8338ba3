"""`gridwarden coordinates`: local systems fitted by common points, and those there are."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gridwarden.access.command import acting
from gridwarden.intake.coordinates.commands import NorthFirst
from gridwarden.words import say
from gridwarden.words.problems import Problem

console = Console()
group = typer.Typer(no_args_is_help=True)
Role = Annotated[str | None, typer.Option("--as")]
Org = Annotated[str | None, typer.Option("--org")]
MAX_BYTES = 1 << 20


@group.command("fit")
def fit_command(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    points: Annotated[Path, typer.Argument(metavar="POINTS.csv")],
    crs: Annotated[str | None, typer.Option("--crs")] = None,
    north_first: NorthFirst = None,
    dry_run: Annotated[bool, typer.Option("--dry-run")] = False,
    role: Role = None,
    org: Org = None,
) -> None:
    """`gridwarden coordinates fit`."""
    if not points.is_file() or points.stat().st_size > MAX_BYTES:
        raise Problem("not_found", "intake.no_such_file", field="POINTS.csv", file=points)
    raw = points.read_bytes()
    document, language = asyncio.run(_fit(name, raw, crs, north_first, dry_run, role, org))
    console.print(_residuals(document, language), highlight=False)
    console.print(document["say"], highlight=False, markup=False, soft_wrap=True)
    if not dry_run:
        told = say("coordinates.local.kept", language, name=document["crs_name"],
                   version=document["version"])  # fmt: skip
        console.print(told, highlight=False, markup=False, soft_wrap=True)


@group.command("list")
def list_command(role: Role = None, org: Org = None) -> None:
    """`gridwarden coordinates list`."""
    found, language = asyncio.run(_listed(role, org))
    table = Table(box=None, pad_edge=False)
    for head in ("name", "version", "points", "accuracy", "made"):
        table.add_column(say(f"coordinates.local.column.{head}", language))
    for one in found:
        checked = "was_checked" if one["checked"] else "not_checked"
        table.add_row(
            Text(f"local:{one['name']}"),
            str(one["version"]),
            say(f"coordinates.local.{checked}", language),
            f"{one['accuracy_m']:.2f} m",
            Text(f"{one['made_at'][:10]} {one['made_by'] or ''}"),
        )
    console.print(table, highlight=False)


async def _fit(
    name: str,
    raw: bytes,
    crs: str | None,
    north_first: bool | None,
    dry_run: bool,
    role: str | None,
    org: str | None,
) -> tuple[dict[str, Any], str]:
    from gridwarden.intake.coordinates.local import fitted
    from gridwarden.intake.coordinates.local_routes import shown
    from gridwarden.intake.coordinates.named import checked_name, keep
    from gridwarden.intake.coordinates.points import points_of_text
    from gridwarden.intake.formats.encoding import of_text

    text = raw.decode(of_text([raw]), "replace")
    async with acting(role or ("utility" if org else "supervisor"), org) as (pool, caller, home):
        system = fitted(points_of_text(text), crs, north_first, home.crs)
        if dry_run:
            document = system.document() | {"name": checked_name(name), "version": None}
        else:
            document = await keep(pool, caller, name, org, system)
        return shown(document, home.language), home.language


async def _listed(role: str | None, org: str | None) -> tuple[list[dict[str, Any]], str]:
    from gridwarden.intake.coordinates.named import listed

    async with acting(role or ("utility" if org else "supervisor"), org) as (pool, caller, home):
        return await listed(pool, caller, None, 500), home.language


def _residuals(document: dict[str, Any], language: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in ("point", "residual", "left_out"):
        table.add_column(say(f"coordinates.local.column.{head}", language))
    for one in document["points"]:
        apart = one["left_out_m"]
        told = "–" if apart is None else f"{apart:.3f}"
        table.add_row(Text(one["name"]), f"{one['residual_m']:.3f}", told)
    return table
