"""The other front door: `gridwarden …`. Each room brings its own commands.

A clerk waits for every import: what one command alone needs (Alembic, the web service, Folium,
GDAL) it imports itself.
"""

import asyncio
import signal
import sys
from contextlib import nullcontext, suppress
from functools import cache, partial
from typing import Annotated, NoReturn

import psycopg
import typer
from procrastinate.exceptions import ConnectorException
from pydantic import ValidationError
from rich.console import Console

from gridwarden import __version__
from gridwarden.access import commands as access
from gridwarden.access.audit import commands as audit
from gridwarden.access.oidc import watching as _provider  # noqa: F401  (a line of doctor)
from gridwarden.access.tls import commands as tls
from gridwarden.access.tls import watching as _certificates  # noqa: F401  (a line of doctor)
from gridwarden.database import cluster
from gridwarden.database import commands as database
from gridwarden.database.beside import cluster_beside
from gridwarden.database.ports import check_port
from gridwarden.database.trouble import SetUpError
from gridwarden.dispatch import commands as dispatch
from gridwarden.hazards.batches import commands as batches_commands
from gridwarden.hazards.beginnings import ensure_begun
from gridwarden.hazards.board import commands as board_commands
from gridwarden.hazards.cases import commands as hazards
from gridwarden.hazards.deadlines import commands as deadlines
from gridwarden.hazards.notices import commands as notices_commands
from gridwarden.hazards.proof import commands as proof_commands
from gridwarden.installing import commands as installing
from gridwarden.installing.upgrading import go_on
from gridwarden.intake import commands as intake
from gridwarden.jobs import away, work
from gridwarden.jobs.beside import end_with_service, worker_beside
from gridwarden.layers.export import commands as exports
from gridwarden.layers.export import requests_commands as export_requests
from gridwarden.layers.features import commands as features
from gridwarden.layers.granted import commands as granted
from gridwarden.maps import commands as maps
from gridwarden.permits import commands as permits
from gridwarden.permits.clip import commands as tickets
from gridwarden.rules import commands as rules
from gridwarden.rules import ensure_published
from gridwarden.sample import commands as sample
from gridwarden.screening import changes_commands as changes
from gridwarden.screening import commands as screening
from gridwarden.screening import what_if_commands as what_if
from gridwarden.settings import Settings
from gridwarden.watching import backups
from gridwarden.watching import database_health as _health  # noqa: F401  (lines of doctor)
from gridwarden.watching import through as _through  # noqa: F401  (doctor --through)
from gridwarden.watching import waiting as _waiting  # noqa: F401  (lines of status and doctor)
from gridwarden.watching.compliance import commands as compliance
from gridwarden.watching.settings_checked import mistakes
from gridwarden.words import say, telling
from gridwarden.words.command_line import speak
from gridwarden.words.mistyped import mistyped
from gridwarden.words.problems import Problem
from gridwarden.words.refused import no_file, spoken, wrong_settings

app = typer.Typer(
    name="gridwarden",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console = Console(stderr=True)
ROOMS = (
    database,
    access,
    audit,
    tls,
    features,
    exports,
    export_requests,
    granted,
    intake,
    rules,
    screening,
    changes,
    what_if,
    dispatch,
    hazards,
    deadlines,
    batches_commands,
    board_commands,
    notices_commands,
    proof_commands,
    maps,
    permits,
    tickets,
    sample,
    compliance,
    backups,
    installing,
)
"""The rooms' commands, in the order of the help."""


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def every(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """`gridwarden`."""


@app.command()
def up() -> None:
    """`gridwarden up`."""
    from gridwarden import migrations

    settings = Settings()
    for mistake in mistakes(settings):
        console.print(str(mistake), style="yellow", highlight=False, markup=False, soft_wrap=True)
    cluster.up(settings, lambda line: console.print(line, highlight=False))
    ask = partial(backups.passphrase_from, settings, None)
    language = settings.language
    go_on(settings, ask, lambda step: console.print(say(f"installing.step.{step}", language)))
    if not migrations.is_current(settings):
        console.print(say("status.step.tables", settings.language))
        migrations.upgrade(settings)
    else:
        migrations.keep(settings)
    asyncio.run(ensure_begun(settings))
    begun = asyncio.run(ensure_published(settings))
    if begun is None:
        return
    told = [say("upgrades.in_force", language, packs=", ".join(begun.packs))]
    told += [
        say("upgrades.own_rules", language, id=pack, pack=name) for pack, name in begun.own_before
    ]
    for line in told:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


IDLE_S = 75
"""A connection that nobody asks on stays so long: longer than proxies and clients keep one (nginx:
60 s), or one that is about to be closed is asked on, and the answer is a reset."""


@app.command()
def serve(
    worker: bool = typer.Option(True),
    redirect_from: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
) -> None:
    """`gridwarden serve`."""
    import uvicorn

    from gridwarden.access.tls.serving import certificate_options, redirecting
    from gridwarden.app import create_app

    settings = Settings()
    check_port(settings)
    telling.begin()
    for mistake in mistakes(settings):
        telling.log.warning("settings", why=str(mistake))
    service = create_app(settings)
    # A signal must reach the `finally` of the worker: uvicorn raises it again when it has ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with (
        cluster_beside(settings),
        worker_beside() if worker else nullcontext(),
        redirecting(service, settings, redirect_from) if redirect_from else nullcontext(),
        suppress(KeyboardInterrupt),
    ):
        uvicorn.run(
            service,
            **certificate_options(settings),
            host=settings.host,
            port=settings.port,
            log_level="warning",
            log_config=None,
            # GRIDWARDEN_TRUSTED_PROXIES says whom to believe; the server itself believes 127.0.0.1.
            proxy_headers=False,
            timeout_keep_alive=IDLE_S,
        )


@app.command()
def worker(beside: Annotated[bool, typer.Option(hidden=True)] = False) -> None:
    """`gridwarden worker`."""
    telling.begin()
    if beside:
        end_with_service()
    # Importing them registers the kinds of jobs, and what goes on beside them in this order.
    from gridwarden.intake import tasks as _imports  # noqa: F401
    from gridwarden.screening import tasks as _screens  # noqa: F401

    # isort: split
    from gridwarden.hazards import tasks as _hazards  # noqa: F401

    # isort: split
    from gridwarden.jobs.webhooks import sending as _senders  # noqa: F401

    # isort: split
    from gridwarden.jobs import sealing as _sealing  # noqa: F401

    asyncio.run(work(Settings()))


@cache
def gather() -> typer.Typer:
    """The commands of every room, added once."""
    for commands in ROOMS:
        commands.add_to(app)
    for group in app.registered_groups:
        if group.name == "layers" and group.typer_instance is not None:
            group.typer_instance.command("migration")(migration)
    return app


def migration(
    layer_id: str,
) -> None:
    """`gridwarden layers migration`."""
    from gridwarden.layers.catalogue import layers
    from gridwarden.migrations.generate import next_migration

    known = layers()
    if layer_id not in known:
        raise Problem("not_found", "layers.no_file", field="layer", layer=layer_id)
    typer.echo(next_migration(known[layer_id]))
    typer.echo(say("layers.migration_written", spoken()))


def main() -> None:
    """Run a command; a refusal is one sentence on stderr and status 1."""
    command = typer.main.get_command(gather())
    speak(command, spoken())
    try:
        sys.exit(command.main(standalone_mode=False))
    except typer.TyperException as refusal:
        for line in mistyped(refusal, spoken()):
            typer.echo(line, err=True)
        sys.exit(refusal.exit_code)
    except typer.Abort:
        _end(say("usage.ended", spoken()))
    except Problem as refusal:
        _end(refusal.said(spoken()))
    except SetUpError as refusal:
        _end(str(refusal))
    except (psycopg.OperationalError, ConnectorException) as error:
        if not away(error):
            raise
        _end(say("status.away", spoken()))
    except ValidationError as refusal:
        _end(wrong_settings(refusal, spoken()))
    except OSError as error:
        if error.filename is None:
            raise
        _end(no_file(error, spoken()))


def _end(told: str) -> NoReturn:
    """The last sentence: for whoever sits there, or a line of the log."""
    if telling.begun():
        telling.log.error("ended", why=told)
    else:
        console.print(told, style="red", highlight=False, markup=False, soft_wrap=True)
    sys.exit(1)
