"""`gridwarden backup`, `backup --drill` and `restore`: what the database's room does, with what
rooms above it know (roles, migrations, the audit), and a line of the audit trail each.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer
from psycopg.types.json import Jsonb
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from gridwarden.access.command import acting
from gridwarden.database import Caller, as_caller, open_pool, queries
from gridwarden.database.backup import making, records, restoring
from gridwarden.database.backup.archive import Manifest
from gridwarden.database.backup.keeping import Keep, going
from gridwarden.database.backup.quiet import check_quiet
from gridwarden.database.backup.told import Report, refusal
from gridwarden.database.handing import hand_over
from gridwarden.database.passwords import lies_open
from gridwarden.database.postgres import told_plainly
from gridwarden.database.sentences import trouble
from gridwarden.settings import Settings
from gridwarden.words import say

Q: Final = queries(__package__ or "gridwarden.watching", "backups.sql")
PassphraseFile = Annotated[Path | None, typer.Option(metavar="FILE")]


def add_to(app: typer.Typer) -> None:
    """Put the commands on the command line."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path | None, typer.Argument()] = None,
    drill: Annotated[bool, typer.Option("--drill")] = False,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="N | D/W/M",
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """`gridwarden backup`."""
    settings = Settings()
    if drill:
        _drill(settings, file, passphrase_file)
        return
    if file is None:
        raise refusal(settings, "which_file")
    kept = Keep.read(settings, keep) if keep is not None else None
    passphrase = passphrase_from(settings, passphrase_file, twice=True)
    with told_plainly(settings):
        with _watched(settings) as report:
            made = making.make(settings, file, passphrase, report)
        _say(
            settings, "made", file=made.file, mb=_mb(made.size), tables=len(made.manifest.tables),
            rows=made.manifest.rows, files=made.manifest.files,
            head=_short(settings, made.manifest),
        )  # fmt: skip
        if made.beside:
            _say(settings, "beside", what=", ".join(made.beside))
        _note(settings, "backup", made.file, made.size, made.manifest)
    asyncio.run(_record(settings, "backup", made.manifest))
    if kept is not None:
        _remove(settings, kept, made)


def _remove(settings: Settings, keep: Keep, made: making.Made) -> None:
    """Let older archives go, and say which; the audit has how many."""
    folder = made.file.parent
    gone = []
    for place in going(settings, keep, folder):
        try:
            place.unlink()
        except OSError:
            _say(settings, "not_removed", file=place)
        else:
            gone.append(place.name)
    if gone:
        asyncio.run(_record(settings, "backup_removed", made.manifest, rows=len(gone)))
        _say(settings, "removed", n=len(gone), names=", ".join(gone))


def restore(
    file: Path,
    replace: Annotated[bool, typer.Option("--replace")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """`gridwarden restore`."""
    settings = Settings()
    check_quiet(settings)
    passphrase = passphrase_from(settings, passphrase_file)
    try:
        with told_plainly(settings), _watched(settings) as report:
            done = restoring.restore(
                settings, file, passphrase, ABOVE, report, replace=replace, ready=_ready
            )
        manifest = done.compared.manifest
        _note(settings, "restore", file.absolute(), file.stat().st_size, manifest)
    finally:
        hand_over(settings)  # also what a refused one made: the next backup is the service's
    _tell(settings, done.compared, "restored")
    if done.replaced is not None:
        what = "replaced" if settings.database_url is None else "replaced_files"
        _say(settings, what, folder=done.replaced)
    if done.settings_kept:
        _say(settings, "settings_kept", folder=settings.home / "settings")
    _say(settings, "next" if settings.database_account is None else "next_installed")


def _drill(settings: Settings, file: Path | None, passphrase_file: Path | None) -> None:
    archive = file or records.newest_archive(settings)
    if archive is None:
        raise refusal(settings, "no_archive")
    passphrase = passphrase_from(settings, passphrase_file)
    with told_plainly(settings):
        with _watched(settings) as report:
            done = restoring.restore_aside(settings, archive, passphrase, ABOVE, report)
        _tell(settings, done, "drilled")
        _note(settings, "drill", archive.absolute(), archive.stat().st_size, done.manifest)
    asyncio.run(_record(settings, "backup_drill", done.manifest))


def _ready(settings: Settings, compared: restoring.Compared) -> None:
    asyncio.run(_record(settings, "restore", compared.manifest))


async def _record(
    settings: Settings, action: str, manifest: Manifest, rows: int | None = None
) -> None:
    """A row of the audit trail."""
    detail = {"made_at": manifest.made_at, "seals": manifest.seals, "head": manifest.head}
    told = {"action": action, "object": f"archive/{manifest.archive}",
            "detail": Jsonb(detail), "rows": manifest.rows if rows is None else rows}  # fmt: skip
    async with (
        acting("administrator", settings=settings) as (pool, caller, _),
        as_caller(pool, caller) as c,
    ):
        await c.execute(Q["record"], told)


def _note(settings: Settings, kind: records.Kind, file: Path, size: int, of: Manifest) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    note = records.Record(kind, now, of.archive, str(file), size, len(of.tables), of.rows, of.head)
    records.note(settings, note)


def _tell(settings: Settings, done: restoring.Compared, key: str) -> None:
    """The rows of every table that has some, beside the archive's, and the sentence."""
    manifest = done.manifest
    for name, rows in manifest.tables.items():
        if rows:
            typer.echo(f"  {name:<40} {rows:>12} = {done.tables[name]}")
    empty = sum(not rows for rows in manifest.tables.values())
    at = datetime.fromisoformat(manifest.made_at).astimezone(ZoneInfo(settings.time_zone))
    _say(
        settings, key, made_at=f"{at:%Y-%m-%d %H:%M}", tables=len(manifest.tables), empty=empty,
        rows=manifest.rows, head=_short(settings, manifest), files=manifest.files,
    )  # fmt: skip
    if done.strangers:
        _say(settings, "strangers", who=", ".join(done.strangers))


def _say(settings: Settings, key: str, **values: object) -> None:
    typer.echo(say(f"backup.{key}", settings.language, **values))


def _short(settings: Settings, manifest: Manifest) -> str:
    return manifest.head[:16] or say("backup.no_head", settings.language)


def _mb(size: int) -> str:
    return f"{size / 10**6:.1f}"


def passphrase_from(settings: Settings, file: Path | None, *, twice: bool = False) -> str:
    """From the file that is named, the settings, or whoever sits there; never from a command line,
    which everybody on the machine can read.
    """
    place = file or settings.backup_passphrase_file
    if place is not None:
        try:
            _warn_if_open(settings, place)
            return place.read_text("utf-8").strip("\r\n")
        except (OSError, ValueError):
            raise refusal(settings, "no_passphrase_file", file=place) from None
    if settings.backup_passphrase is not None:
        return settings.backup_passphrase.get_secret_value()
    if not sys.stdin.isatty():
        raise refusal(settings, "no_passphrase")
    given = getpass(say("backup.ask", settings.language))
    if twice and getpass(say("backup.ask_again", settings.language)) != given:
        raise refusal(settings, "not_the_same")
    return given


def _warn_if_open(settings: Settings, place: Path) -> None:
    """It is taken all the same: a night without an archive, or a machine that is not restored, is
    worse than a passphrase that others here may read.
    """
    if lies_open(place):
        typer.echo(str(trouble(settings, "readable", place=place)), err=True)


@contextmanager
def _watched(settings: Settings) -> Iterator[Report]:
    """A bar on stderr, for whoever sits there: which step, and how far."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        shown = bar.add_task("", total=None, told="")

        def report(step: str, done: int, total: int | None) -> None:
            told = f"{_mb(done)} MB" if done > 10**5 else ""
            words = say(f"backup.step.{step}", settings.language)
            bar.update(shown, description=words, completed=done, total=total, told=told)

        yield report


def _ensure_roles(settings: Settings) -> None:
    from sqlalchemy import NullPool, create_engine

    from gridwarden.access.roles import ensure_roles
    from gridwarden.database.cluster import owner_url

    with create_engine(owner_url(settings), poolclass=NullPool).begin() as connection:
        ensure_roles(connection)


def _knows(revision: str) -> bool:
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    from gridwarden.migrations import configuration

    try:
        return ScriptDirectory.from_config(configuration()).get_revision(revision) is not None
    except CommandError:
        return False


def _verify(settings: Settings) -> None:
    """The whole trail against its seals, its archived files and the heads in the archive."""
    from gridwarden.access.audit.heads import kept_heads
    from gridwarden.access.audit.verifying import verify

    async def look() -> bool:
        pool = await open_pool(settings, "web")
        try:
            auditor = Caller("auditor", "restore")
            return (await verify(pool, auditor, kept_heads(settings), settings)).whole
        finally:
            await pool.close()

    if not asyncio.run(look()):
        raise refusal(settings, "audit_broken")


ABOVE: Final = restoring.Above(_ensure_roles, _knows, _verify)
