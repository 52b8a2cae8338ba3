"""What root does in the state folder of another account.

That account may have put a link where root looks for its own: no link is followed.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gridwarden.settings import Settings


def hand_over(settings: Settings) -> None:
    """Give what root made in the state folder to whose folder it is; the cluster has its own
    account. Does nothing for anybody but root, and in root's own folder.
    """
    if os.geteuid() != 0 or not settings.home.exists():
        return
    owner = settings.home.stat()
    if owner.st_uid == 0:
        return
    for folder, inner, files, at in os.fwalk(settings.home, follow_symlinks=False):
        if Path(folder) == settings.home and settings.cluster.name in inner:
            inner.remove(settings.cluster.name)
        for name in (*inner, *files):
            if os.stat(name, dir_fd=at, follow_symlinks=False).st_uid == 0:
                os.chown(name, owner.st_uid, owner.st_gid, dir_fd=at, follow_symlinks=False)


def give(folder: Path, uid: int, gid: int, mode: int | None = None) -> None:
    """Have a folder belong to an account, with these rights. Raises OSError where it is a link."""
    with opened(folder) as at:
        os.fchown(at, uid, gid)
        if mode is not None:
            os.fchmod(at, mode)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """A folder's descriptor, by which to name what is in it. Raises OSError where it is a link."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield at
    finally:
        os.close(at)


def lock_file(place: Path) -> IO[str]:
    """The file of a lock, made where it is missing. Raises OSError where it is a link."""
    held = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    return os.fdopen(held, "r+")


__all__ = ["give", "hand_over", "lock_file", "opened"]
