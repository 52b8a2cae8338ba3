"""What a reader shuts around itself before it opens anything; there is no way back.

Four walls, each of which holds alone: limits of memory, time, size and open files; no rights of an
administrator; Landlock, so that only the file, the room and the libraries can be opened; seccomp,
so that there is no network and no other program. The last two depend on the kernel and on
libseccomp: `missing()` tells which are not there.
"""

import ctypes
import os
import resource
import signal
import site
import stat
import struct
import sysconfig
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

try:  # now: behind the walls libseccomp would not be found
    import pyseccomp as seccomp
except (ImportError, RuntimeError, OSError):
    seccomp = None

from gridwarden.intake.apart.limits import ALL_SECONDS, MB, OPEN_FILES, Limits

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CAPABILITIES_V3: Final = 0x20080522
_CLONE_THREAD: Final = 0x00010000
_EPERM, _ENOSYS = 1, 38

_FORBIDDEN: Final = {
    "the network, and talk with other processes": "socket socketpair connect bind listen accept"
    " accept4 sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg setsockopt shmget shmat msgget"
    " semget mq_open",
    "other programs and processes": "execve execveat fork vfork ptrace process_vm_readv"
    " process_vm_writev kill tkill pidfd_open pidfd_getfd pidfd_send_signal kcmp process_madvise",
    "the machine": "mount umount2 pivot_root chroot setns unshare bpf perf_event_open userfaultfd"
    " keyctl add_key request_key init_module finit_module delete_module kexec_load kexec_file_load"
    " reboot swapon swapoff sethostname setdomainname acct quotactl settimeofday clock_settime"
    " adjtimex clock_adjtime iopl ioperm syslog open_by_handle_at name_to_handle_at fsopen fsconfig"
    " fsmount fspick open_tree move_mount io_uring_setup io_uring_enter io_uring_register",
    "other accounts, and rights of files": "setuid setgid setreuid setregid setresuid setresgid"
    " setgroups setfsuid setfsgid capset chown fchown lchown fchownat setxattr lsetxattr fsetxattr"
    " mknod mknodat personality",
}
"""System calls that a reader has no need of, by what they are for."""

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ: Final = (1 << 2) | (1 << 3)
_OF_A_FILE: Final = (1 << 1) | (1 << 2)
_RIGHTS_BY_ABI: Final = (0, 13, 14, 15, 15, 16)
"""How many rights to files each version of Landlock knows."""
_NO_TCP: Final = 3
_NO_SIGNALS_OR_SOCKETS_OUTSIDE: Final = 3
_LIBRARIES: Final = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo")
_DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/urandom", "/etc/ld.so.cache", "/etc/localtime")


def shut(limits: Limits, room: Path, files: Iterable[Path], file_bytes: int) -> None:
    """Put up every wall that this machine has: `files` may be read, `room` also written, none
    larger than `file_bytes`. Raises OSError where a wall that is there cannot be put up."""
    os.chdir(room)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_mb * MB,) * 2)
    resource.setrlimit(resource.RLIMIT_AS, ((limits.memory_mb + 8192) * MB,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    more_time(limits)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _drop_rights()
    if landlock_abi():
        _landlock(room, files)
    load = _seccomp()
    if load is not None:
        load()


def more_time(limits: Limits) -> None:
    """`limits.seconds` of processor time from now on; then the kernel ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + limits.seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (min(until, ALL_SECONDS), ALL_SECONDS))


def die_with_parent() -> None:
    """End when the process that forked this one ends, however it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def missing() -> list[str]:
    """The walls that this machine does not have, for `gridwarden doctor`."""
    gone = []
    if _seccomp() is None:
        gone.append("seccomp")
    if not landlock_abi():
        gone.append("Landlock")
    return gone


def landlock_abi() -> int:
    """The kernel's version of Landlock; 0 where it has none."""
    return max(0, _syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def _seccomp() -> Callable[[], None] | None:
    """What puts the filter of system calls up; None where libseccomp is not there."""
    if seccomp is None:
        return None
    made = seccomp.SyscallFilter(seccomp.ALLOW)
    for name in " ".join(_FORBIDDEN.values()).split():
        _forbid(made, seccomp.ERRNO(_EPERM), name)
    # Threads are made by clone; a process is a clone that shares no threads. What clone3 asks for
    # lies in memory, where a filter cannot look: libc falls back to clone.
    _forbid(made, seccomp.ERRNO(_ENOSYS), "clone3")
    threads = seccomp.Arg(0, seccomp.MASKED_EQ, _CLONE_THREAD, 0)
    made.add_rule(seccomp.ERRNO(_EPERM), "clone", threads)
    made.add_rule(seccomp.ERRNO(_EPERM), "tgkill", seccomp.Arg(0, seccomp.NE, os.getpid()))
    return made.load  # type: ignore[no-any-return]


def _forbid(made: Any, answer: Any, name: str) -> None:
    try:
        made.add_rule(answer, name)
    except (ValueError, OSError):  # a name that this machine's libseccomp does not know
        return


def _drop_rights() -> None:
    """No capability is left, also where the service was started by root."""
    head = struct.pack("<Ii", _CAPABILITIES_V3, 0)
    libc().syscall(_capset_number(), head, bytes(24))


def _capset_number() -> int:
    return {"x86_64": 126, "aarch64": 91, "riscv64": 91}.get(os.uname().machine, 126)


def _landlock(room: Path, files: Iterable[Path]) -> None:
    abi = landlock_abi()
    rights = (1 << _RIGHTS_BY_ABI[min(abi, 5)]) - 1
    ruleset = struct.pack("<Q", rights)
    if abi >= 4:
        ruleset += struct.pack("<Q", _NO_TCP)
    if abi >= 6:
        ruleset += struct.pack("<Q", _NO_SIGNALS_OR_SOCKETS_OUTSIDE)
    made = _syscall(_LANDLOCK_CREATE, ruleset, ctypes.c_size_t(len(ruleset)), ctypes.c_uint32(0))
    if made < 0:
        raise OSError(ctypes.get_errno(), "landlock")
    try:
        for place in (*_libraries(), *_LIBRARIES, *_DEVICES, *map(str, files)):
            _allow(made, place, _READ)
        _allow(made, str(room), rights)
        if _syscall(_LANDLOCK_RESTRICT, ctypes.c_int(made), ctypes.c_uint32(0)) < 0:
            raise OSError(ctypes.get_errno(), "landlock")
    finally:
        os.close(made)


def _libraries() -> list[str]:
    """Where Python and its packages lie: readers load some of them late."""
    own = Path(__file__).resolve().parents[2]
    of_python = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = sysconfig.get_paths()
    return sorted({*(paths[one] for one in of_python), *site.getsitepackages(), str(own)})


def _allow(ruleset: int, place: str, rights: int) -> None:
    try:
        fd = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(fd).st_mode):
            rights &= _OF_A_FILE
        rule = struct.pack("<Qi", rights, fd)
        added = _syscall(
            _LANDLOCK_ADD, ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint32(0)
        )
        if added < 0:
            raise OSError(ctypes.get_errno(), "landlock")
    finally:
        os.close(fd)


def _prctl(what: int, value: int) -> None:
    if libc().prctl(what, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _syscall(number: int, *arguments: Any) -> int:
    return int(libc().syscall(ctypes.c_long(number), *arguments))


def libc() -> ctypes.CDLL:
    """The C library of this process."""
    return ctypes.CDLL(None, use_errno=True)
