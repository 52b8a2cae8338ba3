"""Cities of several seeds on disk, written once in a session, and how to look at them."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from gridwarden.sample.city import write_city
from oracle.reading import Feature, read_layer

SEEDS = (7, 8, 9)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The folder of a seed's files."""

    @cache
    def written(seed: int) -> Path:
        folder = tmp_path_factory.mktemp(f"seed-{seed}")
        write_city(seed, "s", folder)
        return folder

    return written


def shapes(features: list[Feature]) -> np.ndarray:
    """Their shapes as one array."""
    return np.array([feature.shape for feature in features], dtype=object)


def town(folder: Path, layer: str) -> list[Feature]:
    """A layer without the planted test field."""
    return [one for one in read_layer(folder, layer) if not one.source_id.startswith("plant:")]
