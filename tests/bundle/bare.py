"""A bare Debian 12 in a folder, made by debootstrap, to install into without a network.

Only root can make one, and debootstrap must be here (`apt-get install debootstrap`).
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bundle.making import KEPT

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")


def make(folder: Path, *more: str) -> Path:
    """The least that Debian calls a system, and `more` of its packages: no Python, no certificates,
    no PostgreSQL.
    """
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        pytest.skip("a bare Debian is made by root, with debootstrap")
    cache = KEPT / "debootstrap"
    cache.mkdir(parents=True, exist_ok=True)
    # debootstrap mounts /proc in the folder: in a namespace of its own.
    command = ["unshare", "--mount", "--propagation", "private", "debootstrap"]
    command += ["--variant=minbase", f"--cache-dir={cache}"]
    if more:
        command.append(f"--include={','.join(more)}")
    command += ["bookworm", str(folder), MIRROR]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return folder


def run(
    root: Path, *command: str, check: bool = True, **variables: str
) -> subprocess.CompletedProcess[str]:
    """A command in the folder; its network is loopback alone, and what it leaves running ends."""
    own = ("--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private")
    inside = [sys.executable, str(Path(__file__).with_name("inside.py")), str(root)]
    done = subprocess.run(
        ["unshare", *own, *inside, *command],
        env={"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done
