"""Which files of the state folder an archive takes, and how none of them is lost meanwhile.

The database is read by one snapshot; its rows name files (proof, imports, archived audit rows).
A file is written before the row that names it is committed, and may be removed at any time. So
every file is linked into a folder of the backup's own twice: before the snapshot is taken, and
after it.
"""

import os
import shlex
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gridwarden.settings import Settings

OWN: Final = "backup"
"""The folder of backups' own notes, in the state folder."""
LEFT_OUT: Final = frozenset({"cluster", "assets", "cache", "exports", "logs", OWN})
"""The database is dumped; the rest is made again, or is for the moment alone."""
PASSING: Final = ("incoming-", "reading-", "restoring-", "replaced-", "sample", ".", "up.lock")
"""How names begin of what is left out wherever it lies."""
PARTS: Final = (".half", ".part", ".age")
"""How names end of what is being written, and of archives themselves."""
SETTINGS: Final = "settings"
SETTINGS_FILE: Final = "gridwarden.env"
PLACE: Final = "@GRIDWARDEN_HOME@"
FILES: Final = ("BOARD", "OIDC_RULES", "OIDC_SECRET_FILE", "OIDC_CA_FILE")
"""Settings that name a file of the office's."""
NOT_KEPT: Final = frozenset({"HOME", "DATABASE_URL", "DATABASE_ACCOUNT", "POSTGRESQL_BIN",
                             "BACKUP_PASSPHRASE", "BACKUP_PASSPHRASE_FILE"})  # fmt: skip
"""Settings of this machine, and what opens the archive itself."""


@contextmanager
def linked(settings: Settings) -> Iterator[Path]:
    """A folder for the links, beside what interrupted backups left, which is removed."""
    own = settings.home / OWN
    own.mkdir(mode=0o700, exist_ok=True)
    for left in own.glob("linked-*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = own / f"linked-{uuid.uuid4().hex[:12]}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def link_all(settings: Settings, folder: Path) -> None:
    """Link every file of the state folder that is not linked yet; one that just goes is let go."""
    for place in _walk(settings.home):
        target = folder / place.relative_to(settings.home)
        if target.exists():
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.link(place, target)
        except FileNotFoundError:
            continue
        except OSError:  # on another disk, or on one that knows no links
            with suppress(FileNotFoundError):
                shutil.copy2(place, target)


def _walk(folder: Path, top: bool = True) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        for place in sorted(folder.iterdir()):
            if place.name.startswith(PASSING) or place.name.endswith(PARTS):
                continue
            if place.is_symlink() or (top and place.name in LEFT_OUT):
                continue
            if place.is_dir():
                yield from _walk(place, top=False)
            elif place.is_file():
                yield place


def cut_heads(folder: Path, seals: int) -> None:
    """Of the audit's heads keep those that the snapshot has: later ones would look cut off."""
    for place in sorted((folder / "audit" / "heads").glob("*.txt")):
        lines = place.read_text("ascii").splitlines(keepends=True)
        kept = [line for line in lines if _number(line) <= seals]
        place.unlink()  # a link: what is written anew is a file of its own
        if kept:
            place.write_text("".join(kept), "ascii")
            place.chmod(0o600)


def _number(line: str) -> int:
    first = line.partition(" ")[0]
    return int(first) if first.isdecimal() and line.endswith("\n") else 2**63


def keep_settings(folder: Path, environment: Mapping[str, str]) -> None:
    """Write what GRIDWARDEN_… says, and the files that it names, beside the linked ones.

    What an earlier restore left there stays where this environment says nothing.
    """
    said = {
        name.removeprefix("GRIDWARDEN_"): value
        for name, value in environment.items()
        if name.startswith("GRIDWARDEN_") and name.removeprefix("GRIDWARDEN_") not in NOT_KEPT
    }
    if not said:
        return
    own = folder / SETTINGS
    own.mkdir(mode=0o700, exist_ok=True)
    lines = []
    for name, value in sorted(said.items()):
        told = value
        if name in FILES and Path(value).is_file():
            kept = own / f"{name.lower()}{Path(value).suffix}"
            kept.unlink(missing_ok=True)
            shutil.copyfile(value, kept)
            kept.chmod(0o600)
            told = f"{PLACE}/{SETTINGS}/{kept.name}"
        lines.append(f"GRIDWARDEN_{name}={shlex.quote(told)}\n")
    (own / SETTINGS_FILE).unlink(missing_ok=True)
    (own / SETTINGS_FILE).write_text("".join(lines), "utf-8")
    (own / SETTINGS_FILE).chmod(0o600)


def settle_settings(home: Path, final: Path) -> bool:
    """Have the kept settings name their files where these lie now; whether there are any."""
    file = home / SETTINGS / SETTINGS_FILE
    if not file.exists():
        return False
    text = file.read_text("utf-8").replace(PLACE, str(final))
    file.write_text(text, "utf-8")
    return True
