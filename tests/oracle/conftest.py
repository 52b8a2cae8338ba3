"""Sample cities on disk, written once in a session, and databases with them in."""

import asyncio
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from conftest import TEMPLATE, copy_database, owner
from gridwarden.rules.normal import normal
from gridwarden.rules.publishing import chosen
from gridwarden.sample.city import write_city
from gridwarden.sample.load import Loaded, load
from gridwarden.settings import Settings

from .oracle import Oracle
from .packs import Pack, built_in

CITY_GAS = ("cn-city-gas",)
SEEDS = (7, pytest.param(8, marks=pytest.mark.deep), pytest.param(9, marks=pytest.mark.deep))
SampleCity = Callable[..., Path]
OracleOf = Callable[..., Oracle]


@pytest.fixture(scope="session")
def pack() -> Pack:
    """The pack that the sample city lives by, as its text says it."""
    return built_in("cn-city-gas")


@pytest.fixture(scope="session")
def sample_city(tmp_path_factory: pytest.TempPathFactory) -> SampleCity:
    """`sample_city(7)` is the folder of that seed's files, size s.

    Its field proves the numbers of `cn-city-gas`, or of the packs that are named after the seed.
    """

    @cache
    def written(seed: int, *packs: str) -> Path:
        folder = tmp_path_factory.mktemp(f"city-{seed}")
        write_city(seed, "s", folder, packs=packs or CITY_GAS)
        return folder

    return written


@pytest.fixture(scope="session")
def oracle_of(sample_city: SampleCity) -> OracleOf:
    """The oracle of a seed's city, by `cn-city-gas` or the packs that are named."""

    @cache
    def made(seed: int, *packs: str) -> Oracle:
        return Oracle(sample_city(seed, *packs), [built_in(name) for name in packs or CITY_GAS])

    return made


BROUGHT: dict[tuple[Path, tuple[str, ...]], tuple[str, Loaded]] = {}
"""Cities that this process has screened once: the databases that keep them."""


def bring_in(settings: Settings, folder: Path, *packs: str) -> Loaded:
    """A fresh database with these packs in force (`cn-city-gas` else) and this city screened."""
    if (folder, packs) in BROUGHT:
        kept, loaded = BROUGHT[folder, packs]
        copy_database(settings, kept, "gridwarden")
        return loaded
    copy_database(settings, TEMPLATE, "gridwarden")
    if packs:
        enact(settings, *packs)
    loaded = asyncio.run(load(settings, folder, lambda what, done, total: None))
    kept = f"gridwarden_kept_{len(BROUGHT)}"
    copy_database(settings, "gridwarden", kept)
    BROUGHT[folder, packs] = kept, loaded
    return loaded


def enact(settings: Settings, *packs: str) -> None:
    """Put these packs in force, and no others."""
    with owner(settings) as connection:
        connection.execute("update data.rule_pack set withdrawn_at = clock_timestamp()")
        connection.execute("select data.turn_rules()")
        for loaded in chosen(packs):
            values = {
                "normal": json.dumps(normal(loaded)),
                "document": json.dumps(dict(loaded.documents)),
            }
            connection.execute(
                "select api.publish_rules(%(normal)s::jsonb, %(document)s::jsonb)", values
            )
        in_force = connection.execute("select id from data.rule_pack where in_force").fetchall()
    assert {name for (name,) in in_force} == set(packs)
