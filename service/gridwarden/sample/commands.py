"""`gridwarden sample`: write the sample city, or load it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

console = Console(stderr=True)
sample = typer.Typer(
    invoke_without_command=True, help="The sample city 样例市: fictitious, the same for each seed."
)


class Size(StrEnum):
    """About 3,000, 30,000 or 300,000 buildings."""

    s = "s"
    m = "m"
    l = "l"  # noqa: E741  (what people type)


Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Same seed, same city.")]
Big = Annotated[Size, typer.Option("--size", help="s, m or l: each ten times the one before.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for the files; the state folder's sample/ otherwise."),
]


def folder_of(settings: Settings, seed: int, size: str) -> Path:
    """Where the files of a sample city go when nobody says."""
    return settings.home / "sample" / f"{seed}-{size}"


@sample.callback()
def make(context: typer.Context, seed: Seed = 7, size: Big = Size.s, out: Out = None) -> None:
    """Write one file per dataset: GeoPackage, GeoJSON, zipped Shapefile and CSV."""
    if context.invoked_subcommand is None:
        folder = out or folder_of(Settings(), seed, size.value)
        rows = generate(seed, size.value, folder)
        console.print(f"{rows} rows of the sample city, seed {seed}, in {folder}", highlight=False)


def generate(seed: int, size: str, folder: Path) -> int:
    """Write the files; returns the rows. Raises Problem when the folder cannot be written."""
    from gridwarden.sample.city import write_city  # numpy and GDAL: not for every command

    try:
        return sum(dataset.rows for dataset in write_city(seed, size, folder))
    except OSError as error:
        raise Problem(
            "refused", "sample.cannot_write", field="--out", folder=folder, reason=error.strerror
        ) from error


def add_to(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(sample, name="sample")
