"""`gridwarden down`, `status` and `doctor`."""

import json
from functools import partial
from importlib.metadata import version
from itertools import chain
from typing import Annotated

import typer
from rich.cells import set_cell_size

from gridwarden.database import cluster, doctor
from gridwarden.database.backup import records
from gridwarden.database.pasteable import pasteable
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words import say

WIDTH = 14
"""Cells of the names in `status`."""
NOT_RUNNING = 3
"""Exit status of `status` for a database that does not run, as service managers have it."""


def add_to(app: typer.Typer) -> None:
    """Put this room's commands on the command line."""
    app.command()(down)
    app.command()(status)
    app.command("doctor")(examine)


def down() -> None:
    """`gridwarden down`."""
    settings = Settings()
    if settings.database_url is not None:
        typer.echo(say("status.outside", settings.language))
    elif cluster.down(settings):
        typer.echo(say("status.down", settings.language))
        if url := doctor.answered(settings):
            told = say("doctor.still_served", settings.language, url=url)
            typer.echo(told, err=True)
    else:
        typer.echo(say("status.was_down", settings.language))


def status() -> None:
    """`gridwarden status`."""
    settings = Settings()
    lang = settings.language
    rows = [
        ("version", version("gridwarden")),
        ("home", str(settings.home)),
        ("crs", f"EPSG:{settings.crs}"),
    ]
    try:
        rows.append(("database", doctor.server_version(settings)))
        rows.append(("size", f"{doctor.size_mb(settings)} MB"))
        rows += [(what, one(settings)) for what, one in doctor.lines]
        running = True
    except SetUpError as error:
        rows.append(("database", say("status.not_running", lang, reason=error)))
        running = False
    url = doctor.answered(settings)
    served = "answers" if url else "is_silent"
    rows.append(("service", say(f"status.{served}", lang, url=url or settings.own_url)))
    made, tested = records.last(settings, "backup"), records.last(settings, "drill")
    rows.append(("backup", records.told_age(settings, made)))
    rows.append(("drill", records.told_age(settings, tested)))
    for what, value in rows:
        typer.echo(set_cell_size(say(f"status.name.{what}", lang), WIDTH) + value)
    if not running:
        raise typer.Exit(NOT_RUNNING)


def examine(
    through: Annotated[str | None, typer.Option(metavar="URL")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """`gridwarden doctor`."""
    settings = Settings()
    found = [doctor.examine(settings)]
    if through is not None:
        found = [look(settings, through) for look in doctor.throughs]
    bad, told = 0, []
    for finding in chain(*found):
        bad += not finding.good
        clean = partial(pasteable, settings)
        if as_json:
            told.append({
                "check": finding.what,
                "name": finding.name(settings.language),
                "good": finding.good,
                "wrong": clean(finding.wrong) or None,
                "mend": clean(finding.mend) or None,
            })  # fmt: skip
            continue
        mark = say(f"doctor.{'good' if finding.good else 'bad'}", settings.language)
        typer.echo(f"{mark} {finding.name(settings.language)}")
        if finding.told:
            typer.echo(f"    {clean(finding.told)}")
    if as_json:
        typer.echo(json.dumps({"good": not bad, "findings": told}, ensure_ascii=False, indent=1))
    if bad:
        raise typer.Exit(1)
