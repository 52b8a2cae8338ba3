"""`gridwarden layers promise LAYER DATASET DAYS` and `gridwarden layers late`."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from gridwarden.access.command import acting
from gridwarden.database import as_caller
from gridwarden.layers.age import status as _status  # noqa: F401  (the line of `status`)
from gridwarden.layers.age.ages import dataset_called, late_suppliers, promise
from gridwarden.layers.catalogue.model import MOST_DAYS
from gridwarden.words import say
from gridwarden.words.problems import Problem

As = Annotated[str, typer.Option("--as")]
Org = Annotated[str | None, typer.Option()]


def add_to(group: typer.Typer) -> None:
    """Put them beside the other commands of `layers`."""
    group.command("promise")(promise_command)
    group.command("late")(late_command)


def promise_command(
    layer: str,
    dataset: str,
    days: str,
    role: As = "supervisor",
    org: Org = None,
) -> None:
    """`gridwarden layers promise`."""
    if days != "none" and not (days.isascii() and days.isdigit() and 1 <= int(days) <= MOST_DAYS):
        raise Problem("invalid_value", "age.days", field="DAYS", most=MOST_DAYS)
    asyncio.run(_promise(layer, dataset, None if days == "none" else int(days), role, org))


async def _promise(layer: str, dataset: str, days: int | None, role: str, org: str | None) -> None:
    async with acting(role, org) as (pool, caller, settings), as_caller(pool, caller) as c:
        told = await promise(c, await dataset_called(c, layer, dataset), days)
    was, now = (
        say("age.none" if n is None else "age.every", settings.language, n=n)
        for n in (told["was"], told["update_days"])
    )
    typer.echo(say("age.promise_kept", settings.language, dataset=dataset, was=was, now=now))


def late_command(role: As = "supervisor", org: Org = None) -> None:
    """`gridwarden layers late`."""
    asyncio.run(_late(role, org))


async def _late(role: str, org: str | None) -> None:
    async with acting(role, org) as (pool, caller, settings), as_caller(pool, caller) as c:
        rows = await late_suppliers(c)
    lang = settings.language
    if not rows:
        typer.echo(say("age.all_kept", lang))
        return
    heads = ("supplier", "records", "dated", "days", "promise", "due", "days_late", "contact")
    table = Table(*(Column(say(f"age.head.{one}", lang), overflow="fold") for one in heads))
    for row in rows:
        table.add_row(
            row["supplier"] or say("age.nobody", lang),
            " ".join(filter(None, (row["layer"], row["dataset"]))),
            row["dated"].isoformat(),
            str(row["age_days"]),
            str(row["update_days"]),
            row["due_on"].isoformat(),
            str(row["late_days"]),
            row["duty_phone"] or row["phone"] or "–",
        )
    Console(markup=False).print(table)
