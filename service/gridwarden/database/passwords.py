"""Random passwords of the cluster's logins, and keys of this installation: one file each in
HOME/secrets, for its owner alone."""

import os
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path

from gridwarden.database.sentences import trouble
from gridwarden.settings import Settings


def password(settings: Settings, login: str) -> str:
    """The password kept for `login`.

    Raises SetUpError when there is none: `gridwarden up` makes it.
    """
    try:
        return (settings.secrets / login).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise trouble(settings, "no_secret", login=login, folder=settings.secrets) from None
    except PermissionError:
        raise trouble(settings, "secrets_closed", folder=settings.secrets) from None


def make_password(settings: Settings, login: str) -> str:
    """The password kept for `login`, made (192 random bits) when there is none yet.

    The file appears whole or not at all, so that an interrupted run cannot leave half of one.
    """
    place = settings.secrets / login
    if place.exists():
        return password(settings, login)
    settings.secrets.mkdir(parents=True, exist_ok=True)
    settings.secrets.chmod(0o700)
    made = secrets.token_urlsafe(24)
    write_private(place, made + "\n")
    return made


@cache
def installation_key(place: Path) -> bytes:
    """256 random bits, made once an installation: of processes that begin together one makes it."""
    with suppress(FileNotFoundError):
        return bytes.fromhex(place.read_text(encoding="ascii"))
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mine = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
    write_private(mine, secrets.token_hex(32))
    try:
        with suppress(FileExistsError):
            os.link(mine, place)
    finally:
        mine.unlink()
    return bytes.fromhex(place.read_text(encoding="ascii"))


def lies_open(place: Path) -> bool:
    """Whether it is a file that others may read, or change; root's own may be for the service's
    group to read (`gridwarden install`).
    """
    if not place.is_file():
        return False
    held = place.stat()
    handed = held.st_uid == 0 and (os.geteuid() == 0 or held.st_gid == os.getegid())
    return bool(held.st_mode & (0o037 if handed else 0o077))


def write_private(place: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    write_whole(place, text, 0o600)


def write_whole(place: Path, text: str, mode: int) -> None:
    """Write a file with these rights, whole or not at all."""
    half = place.with_name(f".{place.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half.rename(place)
    except OSError:
        half.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Have the disk keep a folder's names, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
