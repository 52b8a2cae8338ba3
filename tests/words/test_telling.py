"""Whatever ends a process, its log is lines of JSON that quote nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from commands import run_command
from gridwarden.settings import Settings

BROKEN = """
import logging, threading, traceback
from gridwarden.words import telling
telling.begin()
def fails():
    raise ValueError("Key (code)=(G-114.3055) already exists")
thread = threading.Thread(target=fails)
thread.start()
thread.join()
try:
    fails()
except ValueError:
    logging.getLogger("uvicorn.error").error(traceback.format_exc())
fails()
"""


def test_an_error_that_nobody_took_is_a_line_without_what_it_said() -> None:
    done = subprocess.run([sys.executable, "-c", BROKEN], capture_output=True, text=True)
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(one["event"], one.get("error")) for one in lines] == [
        ("unhandled", "ValueError"),
        ("ValueError", None),
        ("unhandled", "ValueError"),
    ]
    assert "114.3055" not in done.stderr


@pytest.mark.parametrize(("word", "is_line"), [("worker", True), ("psql", False)])
def test_the_last_sentence_of_what_runs_on_is_a_line_and_of_a_command_a_sentence(
    tmp_path: Path, word: str, is_line: bool
) -> None:
    settings = Settings(home=tmp_path)
    done = run_command(settings, word, GRIDWARDEN_LANGUAGE="en")
    assert done.returncode
    assert done.stderr.lstrip().startswith("{") == is_line
    if is_line:
        (line,) = map(json.loads, done.stderr.splitlines())
        assert line["event"] == "ended" and "gridwarden up" in line["why"]
