"""`gridwarden …` in a process of its own that begins at once.

Starting Python and importing all rooms takes a command most of a second. One process does that
once and forks for every command: each still has its own arguments, environment, streams, memory
and exit status, as from a shell. Tests that stop, kill or leave a process running start a real one.
"""

import atexit
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import IO

from gridwarden.settings import Settings

PRELOADED = ("gridwarden.cli", "gridwarden.app", "gridwarden.migrations")
SAFE_BESIDE = {Path("/proc/self/comm").read_text().strip(), "jemalloc_bg_thd"}
"""Threads by name: our own, and Arrow's memory, which knows how to be forked."""
STREAMS = ("stdin", "stdout", "stderr")


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a `gridwarden` command against this installation."""
    return os.environ | {
        "GRIDWARDEN_HOME": str(settings.home),
        "GRIDWARDEN_CRS": str(settings.crs),
        "GRIDWARDEN_PORT": str(settings.port),
        "COLUMNS": "160",
    }


def run_command(
    settings: Settings, *words: object, said: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run `gridwarden words…` to its end, with `variables` in its environment and `said` on its
    standard input.
    """
    return run_command_in(environment(settings) | variables, *words, said=said)


def run_command_in(
    surroundings: dict[str, str], *words: object, said: str = ""
) -> subprocess.CompletedProcess[str]:
    """As `run_command`, in exactly this environment."""
    arguments = ["gridwarden", *map(str, words)]
    with tempfile.TemporaryDirectory(prefix="gw-said-") as folder:
        streams = {name: str(Path(folder) / name) for name in STREAMS}
        Path(streams["stdin"]).write_text(said, encoding="utf-8")
        order = {"argv": arguments, "env": surroundings, "cwd": str(Path.cwd()), **streams}
        code = _forking().run(order)
        told = [Path(streams[name]).read_text(encoding="utf-8") for name in STREAMS[1:]]
    return subprocess.CompletedProcess(arguments, code, *told)


class Forking:
    """The process that has imported everything; it ends when its standard input does."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"COLUMNS": "160", "OPENBLAS_NUM_THREADS": "1"},
        )

    def run(self, order: dict[str, object]) -> int:
        """Fork, and wait for the end; the exit status as `subprocess` gives it."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> None:
        """No more commands."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(20)


@cache
def _forking() -> Forking:
    made = Forking()
    atexit.register(made.end)
    return made


def serve(orders: IO[str], answers: IO[str]) -> dict[str, str] | None:
    """Fork for each order. Returns its order in a child, and None when there are no more."""
    for name in PRELOADED:
        importlib.import_module(name)
    beside = {task.read_text().strip() for task in Path("/proc/self/task").glob("*/comm")}
    assert beside <= SAFE_BESIDE, "a process with threads of others cannot be forked safely"
    gc.freeze()  # or a collection in a child would write to all that it shares
    for line in orders:
        child = os.fork()
        if not child:
            return dict(json.loads(line))
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()
    return None


def become(order: dict[str, str]) -> None:
    """Take on the arguments, folder, environment and streams of an order."""
    sys.argv = list(order["argv"])
    os.environ.clear()
    os.environ.update(order["env"])  # type: ignore[call-overload]
    os.chdir(order["cwd"])
    for number, name in enumerate(STREAMS):
        flags = os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY
        opened = os.open(order[name], flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115  (what it had read ahead are orders)


if __name__ == "__main__":
    ordered = serve(sys.stdin, sys.stdout)
    if ordered is not None:
        become(ordered)
        from gridwarden.cli import main

        main()
