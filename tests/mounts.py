"""Small disks that only some commands see: a mount namespace of their own, gone with them."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from conftest import environment
from gridwarden.settings import Settings

MOUNTED = """
while [ "$1" != -- ]; do mount -t tmpfs -o "size=$1" none "$2" || exit 99; shift 2; done
shift
exec "$@"
"""


def with_disks(
    settings: Settings, disks: dict[str, str], *words: object, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `gridwarden words…` where each folder of `disks` is an empty disk of that size."""
    own = [] if os.geteuid() == 0 else ["--map-root-user"]
    mounts = [part for folder, size in disks.items() for part in (size, folder)]
    program = [sys.executable, "-m", "gridwarden", *map(str, words)]
    done = subprocess.run(
        ["unshare", "--mount", *own, "sh", "-c", MOUNTED, "sh", *mounts, "--", *program],
        env=environment(settings) | {"GRIDWARDEN_LANGUAGE": "en"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 99, done.stderr
    return done


class SmallDisk:
    """An empty disk that only commands after `enter` see, at `inside`; everybody else (root) finds
    what lies on it at `outside`.
    """

    def __init__(self, holder: int, inside: Path) -> None:
        self.inside = inside
        self.outside = Path(f"/proc/{holder}/root{inside}")
        self.enter = ("nsenter", f"--mount=/proc/{holder}/ns/mnt")

    def fill(self, leaving: int = 0) -> None:
        """Have no room but these bytes left."""
        place = os.open(self.outside / "filling", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            size = os.fstat(place).st_size
            for piece in (2**26, 2**22, 2**18, 2**12):
                with suppress(OSError):  # somebody else was faster
                    while shutil.disk_usage(self.outside).free - leaving >= piece:
                        os.posix_fallocate(place, size, piece)
                        size += piece
        finally:
            os.close(place)

    def free(self) -> None:
        """Have room again."""
        (self.outside / "filling").unlink(missing_ok=True)


@contextmanager
def small_disk(size: str) -> Iterator[SmallDisk]:
    """A disk of this size, there until the block ends; only root can make one."""
    inside = Path(tempfile.mkdtemp(prefix="gw-small-"))
    inside.chmod(0o755)
    script = f"{MOUNTED.splitlines()[1]}; echo mounted; exec sleep infinity"
    holder = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", script, "sh", f"{size},mode=755", str(inside), "--"],
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == b"mounted\n"
        yield SmallDisk(holder.pid, inside)
    finally:
        holder.kill()
        holder.wait()
        shutil.rmtree(inside, ignore_errors=True)
