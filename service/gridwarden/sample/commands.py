"""`gridwarden sample`: write the sample city, or load it."""

import asyncio
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from gridwarden.layers.catalogue import layer
from gridwarden.settings import Settings
from gridwarden.words import say
from gridwarden.words.problems import Problem

if TYPE_CHECKING:
    from gridwarden.sample.load import Brought

console = Console(stderr=True)
sample = typer.Typer(invoke_without_command=True)


class Size(StrEnum):
    """About 3,000 buildings (a town), 100,000 (a county) or 1,000,000 (a large city)."""

    s = "s"
    m = "m"
    l = "l"  # noqa: E741  (what people type)


Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1)]
Big = Annotated[Size, typer.Option("--size")]
Day = Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"])]
REFERENCE_DATE = datetime(2026, 11, 1)  # a day: the files hold no hour of it
Out = Annotated[Path | None, typer.Option("--out")]


def folder_of(settings: Settings, seed: int, size: str) -> Path:
    """Where the files of a sample city go when nobody says."""
    return settings.home / "sample" / f"{seed}-{size}"


@sample.callback()
def make(
    context: typer.Context,
    seed: Seed = 7,
    size: Big = Size.s,
    day: Day = REFERENCE_DATE,
    out: Out = None,
) -> None:
    """`gridwarden sample`."""
    if context.invoked_subcommand is None:
        folder = out or folder_of(Settings(), seed, size.value)
        rows = generate(seed, size.value, folder, day.date())
        words = {"rows": rows, "seed": seed, "folder": folder}
        console.print(say("sample.written", Settings().language, **words), highlight=False)


@sample.command("load")
def load_command(
    seed: Seed = 7, size: Big = Size.s, day: Day = REFERENCE_DATE, out: Out = None
) -> None:
    """`gridwarden sample load`."""
    from gridwarden.sample.load import load  # the importer: not for every command
    from gridwarden.screening.commands import findings_table

    settings = Settings()
    folder = out or folder_of(settings, seed, size.value)
    generate(seed, size.value, folder, day.date())
    language = settings.language
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    what = TextColumn("{task.fields[what]}")
    with Progress(*parts, what, console=console, transient=True) as bar:
        shown = bar.add_task(say("sample.loading", language), total=None, what="")
        loaded = asyncio.run(
            load(
                settings,
                folder,
                lambda what, done, total: bar.update(shown, completed=done, total=total, what=what),
            )
        )
    out_console = Console()
    out_console.print(_files_table(loaded.files, language))
    out_console.print(findings_table(loaded.screened, language))


def _files_table(files: "tuple[Brought, ...]", language: str) -> Table:
    """One row per file, with the importer's own counts."""
    table = Table()
    for name in ("dataset", "layer", "rows", "published", "quarantined", "state"):
        numeric = name in ("rows", "published", "quarantined")
        table.add_column(
            say(f"sample.column.{name}", language), justify="right" if numeric else "left"
        )
    for one in files:
        table.add_row(
            one.dataset,
            layer(one.layer).title.in_(language),
            str(one.rows_in),
            str(one.rows_good),
            str(one.quarantined),
            say(f"sample.state.{one.state}", language),
        )
    return table


def generate(seed: int, size: str, folder: Path, day: date) -> int:
    """Write the files; returns the rows. Raises Problem when the folder cannot be written."""
    from pyogrio.errors import DataSourceError  # numpy and GDAL: not for every command

    from gridwarden.sample.city import write_city

    try:
        return sum(dataset.rows for dataset in write_city(seed, size, folder, day))
    except (OSError, DataSourceError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Problem(
            "refused", "sample.cannot_write", field="--out", folder=folder, reason=reason
        ) from error


def add_to(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(sample, name="sample")
