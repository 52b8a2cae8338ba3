"""`gridwarden upgrade BUNDLE`: the new version runs, or the old one goes on; nothing between.

The new version is placed beside, the database copied aside, migrated and looked at by the new
version itself, and only then is `current` switched, by one rename. Before it everything is taken
back when a step fails; after it everything is finished. Each step is written down before it is
done, so that whoever is killed in the middle is finished, or taken back, at the next start.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import psycopg

from gridwarden.database.backup import records
from gridwarden.database.passwords import sync_folder
from gridwarden.database.trouble import SetUpError
from gridwarden.installing import copying, journal
from gridwarden.installing.bundle import Bundle, is_newer, read_facts, sweep, unpacked
from gridwarden.installing.journal import Journal
from gridwarden.installing.layout import FACTS, Layout, of_program
from gridwarden.installing.machine import Machine, answer
from gridwarden.installing.told import Tell, refusal
from gridwarden.settings import Settings

Ask = Callable[[], str]
"""Gives the passphrase of the archives."""
SWITCHED: Final = journal.STEPS.index("starting")


@dataclass(frozen=True, slots=True)
class Upgraded:
    """From which version to which, and where the archive of the old one is."""

    old: str
    new: str
    archive: str


def upgrade(settings: Settings, file: Path, archive: Path, ask: Ask, tell: Tell) -> Upgraded:
    """Run the version that a bundle holds instead of this one; `tell` hears each step, `ask` gives
    the passphrase of the backup when all else is there, once: the way back needs it, too.

    Raises SetUpError; the version that ran before then runs on, with its data.
    """
    layout, old = _installed(settings)
    file = file.expanduser().absolute()
    if not file.is_file():
        raise refusal(settings, "no_bundle", file=file)
    _check_backups(settings)
    ask = cache(ask)
    passphrase = ask()
    with journal.alone(settings, layout) as lock:
        machine = Machine(settings, layout, lock)
        _settle(machine, ask, tell)
        tell("reading")
        with unpacked(settings, layout, file) as bundle:
            _check_newer(settings, bundle, old)
            if not machine.managed:
                machine.stop()  # nobody does it for us: to be told before anything is begun
            machine.raise_cluster()
            copying.check(settings)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            begun = Journal("placing", old, bundle.facts.version, now)
            with _taken_back(machine, begun, ask, tell):
                _do(machine, begun, bundle, archive, passphrase, tell)
        # It runs, and people work with it: from here on there is no way back, only forward.
        begun = journal.begin(layout, begun, "finishing")
        tell("finishing")
        _finish(machine, begun)
        made = records.last(settings, "backup")
    return Upgraded(old, begun.new, made.file if made else "")


def go_on(settings: Settings, ask: Ask, tell: Tell, *, waits: bool = False) -> None:
    """Finish or take back an upgrade that was interrupted; as a rule there is none. A restore that
    was, too. `ask` gives the passphrase where an archive is the way back.

    While one is at work nothing is done; `waits`: whoever asks must not begin before its end, but
    for the start that the upgrade itself asks for. Raises SetUpError.
    """
    found = of_program()
    if found is None:
        return
    layout = found[0]
    Machine(settings, layout).finish_restore()
    if not journal.place_of(layout).exists():
        return
    if journal.at_work(layout):
        if waits and not _starts(layout):
            raise refusal(settings, "another_at_work")
        return
    if not _may_write(layout):
        raise refusal(settings, "interrupted")
    with journal.alone(settings, layout) as lock:
        _settle(Machine(settings, layout, lock), ask, tell, start=False)


def _installed(settings: Settings) -> tuple[Layout, str]:
    """Where this program lies. Raises SetUpError where there is nothing to upgrade by a bundle."""
    found = of_program()
    if found is None:
        raise refusal(settings, "not_installed")
    layout, version = found
    if not _may_write(layout):
        raise refusal(settings, "root")
    if layout.running() != version:
        raise refusal(settings, "not_current", version=version, current=layout.running() or "–")
    return found


def _starts(layout: Layout) -> bool:
    """Whether the upgrade at work is as far as to start the service."""
    begun = journal.read(layout)
    return begun is None or journal.STEPS.index(begun.step) >= SWITCHED


def _may_write(layout: Layout) -> bool:
    return os.access(layout.opt, os.W_OK)


def _check_backups(settings: Settings) -> None:
    """Nothing is begun that a tried archive could not mend: also on a new installation."""
    made, tried = records.last(settings, "backup"), records.last(settings, "drill")
    if made is None or made.age > timedelta(days=settings.backup_days):
        raise refusal(settings, "no_backup", days=settings.backup_days)
    if tried is None or tried.age > timedelta(days=settings.drill_days):
        raise refusal(settings, "no_drill", days=settings.drill_days)


def _check_newer(settings: Settings, bundle: Bundle, old: str) -> None:
    """A later version whose migrations go on from this database."""
    from gridwarden import migrations

    new = bundle.facts.version
    if not is_newer(new, old):
        raise refusal(settings, "not_newer", new=new, old=old)
    head = migrations.current(settings)
    known = bundle.migrations
    if bundle.facts.head not in known or head not in known:
        raise refusal(settings, "other_line", new=new, head=head)


def _do(
    machine: Machine, begun: Journal, bundle: Bundle, archive: Path, passphrase: str, tell: Tell
) -> None:
    """The steps, each written down first."""
    settings, layout = machine.settings, machine.layout
    new = layout.program(begun.new)
    for step in journal.STEPS[: SWITCHED + 1]:
        begun = journal.begin(layout, begun, step)
        tell(step)
        match step:
            case "placing":
                _place(machine, bundle)
            case "stopping":
                machine.stop()
            case "backing_up":
                old = layout.program(begun.old)
                before = machine.must("seen_failed", old, "upgrade", "--seen")
                machine.must(
                    "backup_failed", old, "backup", str(archive),
                    GRIDWARDEN_BACKUP_PASSPHRASE=passphrase, GRIDWARDEN_BACKUP_PASSPHRASE_FILE="",
                )  # fmt: skip
            case "copying":
                begun = replace(begun, archive=copying.keep(settings))
            case "migrating":
                machine.must("migration_failed", new, "up")
            case "checking":
                machine.must("check_failed", new, "upgrade", "--check", said=before)
            case "answering":
                _ask(machine, begun.new)
            case "switching":
                layout.switch(begun.new)
            case "starting":
                machine.start()
                if machine.managed and not answer(settings, begun.new):
                    raise refusal(settings, "no_start", new=begun.new)


def _place(machine: Machine, bundle: Bundle) -> None:
    """The version, made in its own folder by the bundle's own script."""
    layout = machine.layout
    folder = layout.version(bundle.facts.version)
    shutil.rmtree(folder, ignore_errors=True)
    given = {"GRIDWARDEN_FROM": str(layout.version(layout.running() or ""))}
    scripts = [["place", str(folder)]]
    if layout.root == Path("/"):
        scripts.insert(0, ["system", "--check"])
    for words in scripts:
        if not (bundle.folder / words[0]).exists():
            continue
        done = subprocess.run(
            ["bash", *words], cwd=bundle.folder, env=os.environ | given, umask=0o022,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            pass_fds=() if machine.lock is None else (machine.lock,),
        )  # fmt: skip
        if done.returncode:
            reason = done.stderr.strip().rpartition("\n")[2] or str(done.returncode)
            raise refusal(machine.settings, "place_failed", reason=reason)
    placed = read_facts(folder / FACTS)
    if placed != bundle.facts or not layout.program(bundle.facts.version).exists():
        raise refusal(machine.settings, "place_failed", reason=str(folder))
    sync_folder(layout.versions)


def _ask(machine: Machine, version: str) -> None:
    """The new version's service, asked on a port of its own whether it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with machine.serving(machine.layout.program(version), port) as (own, alive):
        if not answer(own, version, alive):
            raise refusal(machine.settings, "no_answer", new=version)


@contextmanager
def _taken_back(machine: Machine, begun: Journal, ask: Ask, tell: Tell) -> Iterator[None]:
    """What is begun in the block is taken back when it fails, and the old version runs on."""
    try:
        yield
    except BaseException as error:
        tell("going_back")
        machine.halt()
        _take_back(machine, journal.read(machine.layout) or begun, ask)
        machine.start()
        if isinstance(error, (SetUpError, OSError, psycopg.Error)):
            reason = str(error).partition("\n")[0]
            raise refusal(machine.settings, "went_back", old=begun.old, reason=reason) from None
        raise


def _settle(machine: Machine, ask: Ask, tell: Tell, *, start: bool = True) -> None:
    """Finish, or take back, what an upgrade that was killed had begun."""
    layout = machine.layout
    sweep(layout)
    begun = journal.read(layout)
    if begun is None:
        return
    machine.raise_cluster()
    if layout.running() == begun.new:
        tell("finishing")
        _finish(machine, begun)
    else:
        tell("going_back")
        _take_back(machine, begun, ask)
    if start:
        machine.start()


def _take_back(machine: Machine, begun: Journal, ask: Ask) -> None:
    """The old version with the database as it was; each step looks before it acts."""
    layout, settings = machine.layout, machine.settings
    if layout.running() != begun.old:
        layout.switch(begun.old)
    machine.raise_cluster()
    old = layout.program(begun.old)
    if begun.archive:
        copying.end_sessions(settings)
        machine.wait_until_quiet()
        machine.must(
            "not_back", old, "restore", "--replace", begun.archive,
            GRIDWARDEN_BACKUP_PASSPHRASE=ask(), GRIDWARDEN_BACKUP_PASSPHRASE_FILE="",
        )  # fmt: skip
    if begun.archive or copying.bring_back(settings):
        machine.must("old_failed", old, "up")
    shutil.rmtree(layout.version(begun.new), ignore_errors=True)
    journal.clear(layout)


def _finish(machine: Machine, begun: Journal) -> None:
    """The new version runs: what kept the way back is let go, and the units become its own."""
    copying.forget(machine.settings)
    journal.clear(machine.layout)
    if machine.managed:
        command = [str(machine.layout.program(begun.new)), "install", "--no-start"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = done.stderr.strip().rpartition("\n")[2]
            raise refusal(machine.settings, "units_failed", new=begun.new, reason=reason)
