"""Becomes process 1 of a folder that holds a Debian: its systemd.

Started by `booted.Booted` in new namespaces. What would reach beyond them (the clock, the kernel's
settings and modules, its devices) is out of reach, as in a container.
"""

import ctypes
import os
import socket
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from inside import furnish, mount

AWAY = "-sys_time,-sys_module,-sys_rawio,-syslog"


def main(root: Path) -> None:
    """Furnish the folder, make it the root of everything here, and begin."""
    subprocess.run(["mount", "--bind", root, root], check=True)
    furnish(root)
    os.mknod(root / "dev/tty", 0o020666, os.makedev(5, 0))
    (root / "dev/pts").mkdir()
    mount("devpts", root / "dev/pts", "newinstance,ptmxmode=0666,mode=620,gid=5")
    (root / "dev/ptmx").symlink_to("pts/ptmx")
    mount("sysfs", root / "sys", "ro,nosuid,noexec,nodev")
    mount("cgroup2", root / "sys/fs/cgroup", "nosuid,noexec,nodev")
    mount("tmpfs", root / "run", "mode=755")
    settings, boot = root / "proc/sys", root / "run/boot_id"
    subprocess.run(["mount", "--bind", settings, settings], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", settings], check=True)
    subprocess.run(["mount", "--bind", settings / "net", settings / "net"], check=True)
    subprocess.run(["mount", "-o", "remount,bind,rw", settings / "net"], check=True)  # its own
    boot.write_text(f"{uuid4()}\n")  # the kernel's own does not change when this ends
    subprocess.run(["mount", "--bind", boot, settings / "kernel/random/boot_id"], check=True)
    socket.sethostname("office")
    os.chdir(root)
    libc = ctypes.CDLL(None, use_errno=True)
    pivoted = libc.syscall(155, b".", b".")
    assert pivoted == 0, os.strerror(ctypes.get_errno())
    subprocess.run(["umount", "-l", "."], check=True)
    os.chdir("/")
    given = {"container": "gridwarden", "PATH": "/usr/sbin:/usr/bin"}
    command = ["setpriv", f"--bounding-set={AWAY}", "/lib/systemd/systemd", "--show-status=1"]
    os.execve("/usr/bin/setpriv", command, given)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
