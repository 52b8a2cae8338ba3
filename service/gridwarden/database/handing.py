"""What root makes in the state folder of another account is that account's."""

import os
from pathlib import Path

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


__all__ = ["hand_over"]
