"""Somebody who has taken a reader over gets nowhere: each way out is really tried.

The canaries are a secret file, a server on this machine that must see no connection, a process
that must stay alive and a folder that must stay empty.
"""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridwarden.database.trouble import SetUpError
from gridwarden.intake.apart import walls
from gridwarden.intake.machine import walls_there
from gridwarden.settings import Settings

SECRET = "the mains' own place"

ATTEMPTS = """
import ctypes, json, os, signal, socket, subprocess, sys, threading
from pathlib import Path
secret, room, sent, outside, port, victim, without = sys.argv[1:]
if without == "seccomp":
    sys.modules["pyseccomp"] = None
from gridwarden.intake.apart import walls
from gridwarden.intake.apart.limits import Limits
if without == "Landlock":
    walls.landlock_abi = lambda: 0
import http.client, decimal, pyarrow as pa  # loaded late, they would be found, too
walls.shut(Limits(memory_mb=600), Path(room), [Path(sent)], 1 << 20)
libc = walls.libc()

def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)

def clone():
    pid = libc.syscall(56, signal.SIGCHLD, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid < 0:
        raise OSError(ctypes.get_errno(), "clone")

def trace():
    if libc.ptrace(16, int(victim), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")

def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"found", ("127.0.0.1", int(port)))

def remote():
    raw = http.client.HTTPConnection("127.0.0.1", int(port), timeout=2)
    raw.request("GET", "/")

def linked():
    Path(room, "link").symlink_to(secret)
    Path(room, "link").read_text()

def big():
    with open(Path(room) / "big", "wb") as file:
        for _ in range(3):
            file.write(bytes(1 << 20))

def thread():
    out = []
    one = threading.Thread(target=lambda: out.append(1))
    one.start()
    one.join(5)
    assert out == [1]

def wide():
    assert pa.array(range(300_000)).to_pylist()[-1] == 299_999
    import colorsys, xml.dom.minidom  # what is loaded late

attempts = {
    "read_secret": lambda: Path(secret).read_text(),
    "read_by_link": linked,
    "list_outside": lambda: os.listdir(Path(secret).parent),
    "write_outside": lambda: Path(outside, "canary").write_text("x"),
    "change_what_was_sent": lambda: open(sent, "r+b"),
    "kill": lambda: os.kill(int(victim), signal.SIGKILL),
    "trace": trace,
    "fork": fork,
    "clone": clone,
    "run": lambda: subprocess.run(["/bin/true"], check=True),
    "become": lambda: os.execv("/bin/true", ["true"]),
    "tcp": remote,
    "udp": datagram,
    "unix": lambda: socket.socket(socket.AF_UNIX).connect("/run/none"),
    "own": lambda: os.chown(room, 12345, 12345),
    "memory": lambda: bytearray(900 << 20),
    "big_file": big,
    "read_what_was_sent": lambda: Path(sent).read_text(),
    "write_room": lambda: Path(room, "own").write_text("x"),
    "thread": thread,
    "libraries": wide,
}
said = {}
for name, attempt in attempts.items():
    try:
        attempt()
        said[name] = "done"
    except BaseException as error:
        said[name] = type(error).__name__
print(json.dumps(said))
"""
MAY = {"read_what_was_sent", "write_room", "thread", "libraries"}


@pytest.fixture
def server() -> Iterator[tuple[int, list[str]]]:
    """A port that is listened to by TCP and UDP, and who came."""
    came: list[str] = []
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        tcp.listen()
        tcp.settimeout(0.05)
        udp.settimeout(0.05)
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                for name, wait in (("tcp", tcp.accept), ("udp", lambda: udp.recv(9))):
                    try:
                        wait()
                        came.append(name)
                    except TimeoutError:
                        continue

        thread = threading.Thread(target=watch)
        thread.start()
        yield tcp.getsockname()[1], came
        over.set()
        thread.join(5)


def attempted(tmp_path: Path, port: int, victim: int, without: str) -> dict[str, str]:
    """What came of each attempt in a process behind the walls, one of them missing."""
    here = tmp_path / (without or "all")
    for name in ("room", "outside", "secrets"):
        (here / name).mkdir(parents=True)
    secret, sent = here / "secrets" / "owner", here / "sent.csv"
    secret.write_text(SECRET)
    sent.write_text("x,y\n")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            ATTEMPTS,
            *map(str, (secret, here / "room", sent, here / "outside", port, victim, without)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
    said: dict[str, str] = json.loads(done.stdout)
    assert not list((here / "outside").iterdir()) or without == "Landlock"
    return said


def test_a_reader_that_was_taken_over_gets_nowhere(
    tmp_path: Path, server: tuple[int, list[str]]
) -> None:
    assert walls.missing() == [], "this machine lacks a wall that the tests need"
    port, came = server
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        whole = attempted(tmp_path, port, victim.pid, "")
        assert {name for name, how in whole.items() if how == "done"} == MAY
        assert whole["memory"] == "MemoryError"
        assert whole["tcp"] == whole["read_secret"] == "PermissionError"
        # Where libseccomp is not there, what the kernel keeps by itself still holds.
        plain = attempted(tmp_path, port, victim.pid, "seccomp")
        assert {name for name, how in plain.items() if how == "done"} >= MAY
        for name in (
            "read_secret",
            "read_by_link",
            "write_outside",
            "tcp",
            "memory",
            "kill",
            "run",
        ):
            assert plain[name] != "done", name
        assert came == [] or came == ["udp"]
        came.clear()
        # And where the kernel has no Landlock: no network, no program, no other process.
        bare = attempted(tmp_path, port, victim.pid, "Landlock")
        for name in ("tcp", "udp", "unix", "run", "become", "fork", "clone", "kill", "trace"):
            assert bare[name] != "done", name
        assert came == []
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


def test_the_wall_that_a_machine_lacks_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls, "seccomp", None)
    assert walls.missing() == ["seccomp"]
    monkeypatch.undo()
    assert walls.missing() == []
    # Looking puts nothing up: this process may still do everything.
    subprocess.run([sys.executable, "-c", ""], check=True)


def test_the_doctor_names_the_wall_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    walls_there(Settings())
    monkeypatch.setattr(walls, "seccomp", None)
    with pytest.raises(SetUpError, match="libseccomp2"):
        walls_there(Settings())
