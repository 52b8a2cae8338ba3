"""Sample cities on disk, written once in a session."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gridwarden.sample.city import write_city

from .oracle import Oracle, read_pack

PACK = Path(__file__).parents[2] / "service/gridwarden/rules/packs/cn-city-gas.toml"


@pytest.fixture(scope="session")
def pack() -> dict[str, Any]:
    """The shipped pack, as its text says it."""
    return read_pack(PACK)


@pytest.fixture(scope="session")
def sample_city(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """`sample_city(7)` is the folder of that seed's files, size s."""

    @cache
    def written(seed: int) -> Path:
        folder = tmp_path_factory.mktemp(f"city-{seed}")
        write_city(seed, "s", folder)
        return folder

    return written


@pytest.fixture(scope="session")
def oracle_of(sample_city: Callable[[int], Path], pack: dict[str, Any]) -> Callable[[int], Oracle]:
    """The oracle of a seed's city."""

    @cache
    def made(seed: int) -> Oracle:
        return Oracle(sample_city(seed), pack)

    return made
