"""Small disks that only one command sees: a mount namespace of its own, gone with it."""

import os
import subprocess
import sys

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
