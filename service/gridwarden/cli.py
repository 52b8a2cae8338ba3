"""The other front door: `gridwarden …`. Each room brings its own commands."""

import asyncio
import signal
import subprocess
import sys

import typer
import uvicorn
from pydantic import ValidationError
from rich.console import Console

from gridwarden import migrations
from gridwarden.access import commands as access
from gridwarden.app import create_app
from gridwarden.database import cluster
from gridwarden.database import commands as database
from gridwarden.database.ports import check_port
from gridwarden.database.trouble import SetUpError
from gridwarden.dispatch import commands as dispatch
from gridwarden.intake import commands as intake
from gridwarden.intake import tasks as _intake  # noqa: F401  (registers the job `import`)
from gridwarden.jobs import work
from gridwarden.layers.features import commands as features
from gridwarden.maps import commands as maps
from gridwarden.migrations import commands as of_migrations
from gridwarden.permits import commands as permits
from gridwarden.rules import commands as rules
from gridwarden.rules import ensure_published
from gridwarden.sample import commands as sample
from gridwarden.screening import commands as screening
from gridwarden.screening import tasks as _screening  # noqa: F401  (registers the job `screen`)
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem

app = typer.Typer(
    name="gridwarden",
    help="The open city-safety map 城市安全一张图.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console = Console(stderr=True)
ROOMS = (
    database,
    access,
    features,
    of_migrations,
    intake,
    rules,
    screening,
    dispatch,
    maps,
    permits,
    sample,
)
"""The rooms' commands, in the order of the help."""


@app.command()
def up() -> None:
    """Start the database (made when missing) and bring its tables up to date."""
    settings = Settings()
    cluster.up(settings, lambda line: console.print(line, highlight=False))
    if not migrations.is_current(settings):
        console.print("Bringing the tables up to date")
        migrations.upgrade(settings)
    if asyncio.run(ensure_published(settings)):
        console.print("The built-in rules are in force")


@app.command()
def serve(
    worker: bool = typer.Option(True, help="Run a worker process beside the service."),
) -> None:
    """Serve the pages and the API on GRIDWARDEN_HOST:GRIDWARDEN_PORT until Ctrl-C."""
    settings = Settings()
    check_port(settings)
    child = subprocess.Popen([sys.executable, "-m", "gridwarden", "worker"]) if worker else None
    try:
        uvicorn.run(
            create_app(settings), host=settings.host, port=settings.port, log_level="warning"
        )
    finally:
        if child is not None:
            child.send_signal(signal.SIGTERM)
            child.wait(30)


@app.command()
def worker() -> None:
    """Run queued jobs (imports, screenings) until Ctrl-C."""
    asyncio.run(work(Settings()))


def gather() -> typer.Typer:
    """The commands of every room, added once."""
    for commands in ROOMS:
        commands.add_to(app)
    return app


def main() -> None:
    """Run a command; a refusal is one sentence on stderr and status 1."""
    try:
        gather()(standalone_mode=True)
    except (Problem, SetUpError) as refusal:
        console.print(str(refusal), style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)
    except ValidationError as refusal:
        told = wrong_settings(refusal)
        console.print(told, style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)


def wrong_settings(refusal: ValidationError) -> str:
    """Which GRIDWARDEN_… variable to change, and why; never its value, which may be a secret."""
    told = [
        f"GRIDWARDEN_{'_'.join(map(str, error['loc'])).upper()}: {error['msg']}"
        for error in refusal.errors(include_input=False)
        if error["type"] != "default_factory_not_called"  # a consequence of another one
    ]
    return f"Change these settings: {'; '.join(told)}."
