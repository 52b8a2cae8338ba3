"""`script/demo` as a person runs it: a city on the screen, and nothing left behind by Ctrl-C."""

import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from homes import HomeMaker, homes

from conftest import environment, free_port
from gridwarden.database import cluster
from gridwarden.settings import Settings

DEMO = Path(__file__).parents[2] / "script" / "demo"
LONGEST_S = 240


@pytest.fixture
def home() -> Iterator[HomeMaker]:
    with homes() as maker:
        yield maker


@contextmanager
def demo(settings: Settings) -> Iterator["tuple[subprocess.Popen[str], str]"]:
    """The running demo without a terminal, and what it said until its link came."""
    running = subprocess.Popen(
        [DEMO],
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
    )
    said, until = "", time.monotonic() + LONGEST_S
    try:
        assert running.stdout is not None
        while "Ctrl-C stops it" not in said:
            line = running.stdout.readline()
            assert line and time.monotonic() < until, said
            said += line
        yield running, said
    finally:
        if running.poll() is None:
            running.terminate()
        running.communicate()


def left_behind(settings: Settings) -> list[str]:
    """The command lines of processes that still work on this state folder."""
    mark = f"GRIDWARDEN_HOME={settings.home}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (
                mark in (process / "environ").read_bytes()
                or str(settings.cluster).encode() in (process / "cmdline").read_bytes()
            ):
                found.append((process / "cmdline").read_bytes().decode())
        except OSError:  # gone, or not ours
            continue
    return found


def is_free(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) != 0


def test_the_demo_shows_a_city_twice_and_leaves_nothing_running(home: HomeMaker) -> None:
    settings = home("with spaces", port=free_port())
    with demo(settings) as (running, said):
        link = re.search(r"http://\S+/login\?\S+", said)
        assert link, said
        with httpx.Client(follow_redirects=True) as browser:
            page = browser.get(link[0])
            assert page.status_code == 200
            assert page.headers["content-type"].startswith("text/html")
        assert "Making a private PostgreSQL" in said
        assert cluster.is_running(settings)
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 143
    assert left_behind(settings) == []
    assert is_free(settings.port)

    with demo(settings) as (running, said):
        assert "The sample city is loaded and screened already" in said
        assert "Making" not in said
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
    assert left_behind(settings) == []
    assert not cluster.is_running(settings)


def test_a_database_that_ran_before_the_demo_runs_after_it(home: HomeMaker) -> None:
    """Interrupted while it prepares: what it found running is not its to stop."""
    settings = home(port=free_port())
    cluster.up(settings)
    running = subprocess.Popen(
        [DEMO], env=environment(settings), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    while not (settings.home / "sample").exists():
        assert running.poll() is None
        time.sleep(0.02)
    running.terminate()
    assert running.wait(60) == 143
    assert cluster.is_running(settings)
    assert [line for line in left_behind(settings) if "postgres" not in line] == []
