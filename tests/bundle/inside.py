"""Runs a command in a folder that holds a Debian, as on a machine of its own without a network.

Started by `bare.run` in new namespaces for mounts, processes and network: what is mounted here no
other process sees, and everything ends with the command.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}
LINKS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40


def mount(kind: str, target: Path, options: str) -> None:
    subprocess.run(["mount", "-t", kind, "-o", options, kind, target], check=True)


def furnish(root: Path) -> None:
    """/proc and /dev as every machine has them, and the loopback interface."""
    mount("proc", root / "proc", "nosuid")
    mount("tmpfs", root / "dev", "mode=755")
    for name, minor in DEVICES.items():
        os.mknod(root / "dev" / name, 0o020666, os.makedev(1, minor))
        (root / "dev" / name).chmod(0o666)
    for name, what in LINKS.items():
        (root / "dev" / name).symlink_to(f"/proc/self/fd{what}")
    (root / "dev" / "shm").mkdir()
    mount("tmpfs", root / "dev" / "shm", "mode=1777")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        fcntl.ioctl(asked, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING))


def main(root: str, *command: str) -> None:
    """Become the command."""
    furnish(Path(root))
    os.chroot(root)
    os.chdir("/")
    os.umask(0o022)
    os.execve(command[0], command, dict(os.environ))


if __name__ == "__main__":
    main(*sys.argv[1:])
