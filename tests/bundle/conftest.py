"""The whole bundle and a bare Debian, each made once for all that asks for them."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle import bare
from bundle.making import make


@pytest.fixture(scope="session")
def whole_bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The tarball, in a folder of its own."""
    folder = tmp_path_factory.mktemp("whole")
    yield make(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def bare_debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What debootstrap makes; `machine` is a copy of it."""
    folder = bare.make(tmp_path_factory.mktemp("debian") / "root")
    yield folder
    shutil.rmtree(folder.parent)


@pytest.fixture
def machine(tmp_path_factory: pytest.TempPathFactory, bare_debian: Path) -> Iterator[Path]:
    """A bare Debian for one test."""
    folder = tmp_path_factory.mktemp("machine") / "root"
    subprocess.run(["cp", "-a", bare_debian, folder], check=True)
    yield folder
    shutil.rmtree(folder.parent)
