"""A clerk waits for every import: what one command alone needs, it alone loads."""

import signal
import subprocess
import sys

ONE_ALONE_NEEDS = {"alembic", "sqlalchemy", "openpyxl", "pandas", "pyogrio", "folium"}


def test_no_command_loads_what_another_needs() -> None:
    loads = "import sys, gridwarden.cli as cli; cli.gather(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert "gridwarden.intake.commands" in done.stdout.split()
    assert ONE_ALONE_NEEDS & set(done.stdout.split()) == set()


def test_ctrl_c_while_the_program_loads_ends_it_without_a_traceback() -> None:
    loads = """
import os, signal, sys
class Pressed:
    def find_spec(self, name, path=None, target=None):
        if name == "gridwarden.cli":
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Pressed())
from gridwarden.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")
