"""The bundle that script/bundle makes, taken by `gridwarden upgrade`."""

import shutil
import subprocess
from pathlib import Path

import pytest
from machines import PASSPHRASE, note

from bundle.making import make, unpack, version_that_runs
from conftest import environment, free_port
from gridwarden.installing.layout import Layout
from gridwarden.settings import Settings


@pytest.mark.deep
def test_a_small_bundle_of_this_very_source_takes_over(city: Settings, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    tarball = make(tmp_path / "made", "--small")
    layout = Layout(tmp_path / "machine")
    layout.versions.mkdir(parents=True)
    version_that_runs(layout.version("0.0.9"), unpack(tarball, tmp_path / "unpacked"))
    layout.switch("0.0.9")
    settings = city.model_copy(update={"port": free_port()})
    note(settings, "backup")
    note(settings, "drill")
    try:
        old = layout.program("0.0.9").with_name("python")
        command = [old, "-m", "gridwarden", "upgrade", tarball, "--archive", tmp_path]
        given = environment(settings) | {"GRIDWARDEN_BACKUP_PASSPHRASE": PASSPHRASE}
        done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(settings.home / "backup")
    assert done.returncode == 0, done.stderr
    new = layout.running()
    assert new is not None and new != "0.0.9" and new in tarball.name
    says = subprocess.run([layout.program(new), "--version"], capture_output=True, text=True)
    assert says.stdout.strip() == new
