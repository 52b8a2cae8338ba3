"""A clerk waits for every import: what one command alone needs, it alone loads."""

import subprocess
import sys

ONE_ALONE_NEEDS = {"alembic", "sqlalchemy", "openpyxl", "pandas", "pyogrio", "folium"}


def test_no_command_loads_what_another_needs() -> None:
    loads = "import sys, gridwarden.cli as cli; cli.gather(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, check=True)
    assert "gridwarden.intake.commands" in done.stdout.split()
    assert ONE_ALONE_NEEDS & set(done.stdout.split()) == set()
