"""`gridwarden upgrade` and `gridwarden install`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gridwarden.database.backup import records
from gridwarden.installing import checking, journal
from gridwarden.installing.putting import Wanted, install
from gridwarden.installing.told import Tell, refusal
from gridwarden.installing.upgrading import go_on, upgrade
from gridwarden.settings import Settings
from gridwarden.watching.backups import PassphraseFile, passphrase_from
from gridwarden.words import say


def add_to(app: typer.Typer) -> None:
    """Put the commands on the command line."""
    app.command("upgrade")(upgrade_command)
    app.command("install")(install_command)


def upgrade_command(
    bundle: Annotated[Path | None, typer.Argument()] = None,
    archive: Annotated[Path | None, typer.Option(metavar="FOLDER")] = None,
    passphrase_file: PassphraseFile = None,
    finish: Annotated[bool, typer.Option("--go-on")] = False,
    seen: Annotated[bool, typer.Option("--seen", hidden=True)] = False,
    check: Annotated[bool, typer.Option("--check", hidden=True)] = False,
) -> None:
    """`gridwarden upgrade`."""
    settings = Settings()
    if seen:
        sys.stdout.write(checking.seen(settings).text())
        return
    if check:
        checking.check(settings, checking.Seen.read(sys.stdin.read()))
        return
    ask = partial(passphrase_from, settings, passphrase_file)
    with _watched(settings) as tell:
        if finish:
            go_on(settings, ask, tell, waits=True)
            return
        if bundle is None:
            raise refusal(settings, "which_bundle")
        last = records.last(settings, "backup")
        folder = archive or (Path(last.file).parent if last else settings.home)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a line that drops is no reason to stop
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # taken back, like Ctrl-C
        done = upgrade(settings, bundle, folder, ask, tell)
    words = {"old": done.old, "new": done.new, "archive": done.archive}
    typer.echo(say("installing.upgraded", settings.language, **words))


def install_command(
    root: Annotated[Path | None, typer.Option(metavar="DIR")] = None,
    crs: int | None = None,
    host: str | None = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    start: bool = True,
) -> None:
    """`gridwarden install`."""
    given = {"GRIDWARDEN_CRS": crs, "GRIDWARDEN_HOST": host, "GRIDWARDEN_PORT": port}
    wanted = Wanted({name: str(value) for name, value in given.items() if value is not None})
    settings = Settings()
    try:
        for line in install(settings, root, wanted, start=start and root is None):
            typer.echo(line)
    except OSError as error:
        told = {"place": error.filename or root or "/", "reason": error.strerror}
        raise refusal(settings, "put.ended", **told) from None


@contextmanager
def _watched(settings: Settings) -> Iterator[Tell]:
    """A bar on stderr: which step of how many."""
    steps = ("reading", *journal.STEPS)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        shown = bar.add_task("", total=len(steps))

        def tell(step: str) -> None:
            words = say(f"installing.step.{step}", settings.language)
            if step in steps:
                bar.update(shown, description=words, completed=steps.index(step))
            else:
                bar.update(shown, description=words)

        yield tell
