"""Every published vector: two features posted, screened by the job, read from the findings."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import shapely

from commands import run_command
from conftest import TEMPLATE, client_of, copy_database
from database.homes import home_of
from gridwarden import migrations
from gridwarden.database import cluster
from gridwarden.settings import Settings

from .brought import Brought, Found, bring_in
from .ground import length_of
from .table import Packs, Vector, table, vectors

TENTH_MM = 0.0001 + 1e-9
NATION = ("cn-city-gas",)
ALL = vectors()
JUDGED = frozenset(table()["judged"]["families"])


@pytest.mark.parametrize("vector", ALL, ids=lambda one: one.id)
def test_a_vector_is_drawn_as_the_table_says(vector: Vector) -> None:
    """By a geodesic measure that knows neither the working CRS nor the plane it was drawn in."""
    (_, main, _), (_, other, _), *_ = vector.features()
    if "gap_m" in vector.said:
        away = vector.ground.apart(main, other)
        assert abs(away - vector.radius_m - vector.said["gap_m"]) <= 1e-6
    assert shapely.intersects(main, other) == ("over" in vector.said["other"])
    if "over" in vector.said["other"]:
        under = length_of(shapely.intersection(main, other))
        assert abs(under - vector.said["other"]["over"]) <= 1e-5


class City:
    """All vectors of the same packs in one city, judged once."""

    def __init__(self, brought: Brought) -> None:
        self.brought = brought
        self.found = brought.findings()

    def of(self, vector: Vector) -> list[Found]:
        """Findings of the families under test that a vector's features are the subject of."""
        ids = self.brought.ids
        own = {("gas_pipelines", ids["gas_pipelines"][vector.main_id])}
        own |= {(vector.other_layer, ids[vector.other_layer][name]) for name in vector.other_ids}
        mine = [one for one in self.found if (one["layer"], one["subject_id"]) in own]
        return [one for one in mine if one["family"] in JUDGED]


@contextmanager
def installed(installation: Settings, packs: Packs) -> Iterator[Settings]:
    """An empty city that began with these packs."""
    if packs == NATION:
        copy_database(installation, TEMPLATE, "gridwarden")
        yield installation
        return
    with home_of("home", crs=4547, rules=packs) as settings:
        cluster.up(settings)
        migrations.upgrade(settings)
        done = run_command(settings, "up", GRIDWARDEN_RULES=",".join(packs))
        assert done.returncode == 0, done.stderr
        yield settings


@pytest.fixture(scope="module")
def city_of(
    installation: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Packs], City]]:
    """`city_of(packs)` holds the vectors of these packs; one city stands at a time."""
    made: dict[Packs, City] = {}
    with ExitStack() as open_now:

        def of(packs: Packs) -> City:
            if packs not in made:
                open_now.close()
                made.clear()
                settings = open_now.enter_context(installed(installation, packs))
                client = open_now.enter_context(client_of(settings))
                drawn = [
                    one for vector in ALL if vector.packs == packs for one in vector.features()
                ]
                brought = bring_in(settings, client, drawn, tmp_path_factory.mktemp("vectors"))
                brought.screen()
                made[packs] = City(brought)
            return made[packs]

        yield of


@pytest.mark.parametrize("vector", ALL, ids=lambda one: one.id)
def test_a_vector_is_found_as_the_table_says(
    city_of: Callable[[Packs], City], vector: Vector
) -> None:
    city = city_of(vector.packs)
    found = city.of(vector)
    expected = vector.said.get("finding", [])
    assert [one["family"] for one in found] == [one["family"] for one in expected], vector.said
    for one, said in zip(found, expected, strict=True):
        is_told(one, said, vector)
        is_explained(city.brought.finding(one["id"]), said, vector)


def is_told(one: Found, said: dict[str, Any], vector: Vector) -> None:
    """The finding as the list gives it, next to what the table says."""
    assert one["certainty"] == said.get("certainty", "certain")
    assert one["verified"] is False
    for name in ("rule", "severity", "pressure_class", "pack"):
        assert one[name].partition("@")[0] == said[name] if name in said else True, name
    if said.get("subject") == "main":
        assert one["distance_m"] is None
        return
    assert near(one["distance_m"], said.get("distance_m", vector.said["gap_m"]))
    for name in ("required_m", "margin_m", "accuracy_m", "pressed_length_m"):
        assert near(one[name], said[name]) if name in said else True, name


def is_explained(why: Found, said: dict[str, Any], vector: Vector) -> None:
    """Why it is one: how the number came about, every pack's band, what the notes allow."""
    assert why["row"]["asked"]["by"] == said["asked"] if "asked" in said else True
    for name in ("location_class", "units"):
        assert why["told"][name] == said["told"][name] if "told" in said else True
    assert why["told"]["verdict"] == said["verdict"] if "verdict" in said else True
    for band in said.get("bands", []):
        (told,) = [one for one in why["bands"] if is_band(one, band)]
        assert near(told["limit_m"], band["limit_m"])
        assert (told["inside"] != "no") is band["inside"], told
    for note in said.get("relaxations", []):
        (told,) = [one for one in why["relaxations"] if is_alike(one, note, "limit_m", "agreement")]
        assert is_alike(told, note, *note.keys()), told
    if said.get("no_relaxation"):
        assert all(one["holds"] is False for one in why["relaxations"])


def is_band(told: Found, said: dict[str, Any]) -> bool:
    """Whether an explained band is the one that the table speaks of."""
    return told["rule"] == said["rule"] and (
        "pack" not in said or told["pack"].partition("@")[0] == said["pack"]
    )


def is_alike(told: Found, said: dict[str, Any], *names: str) -> bool:
    """Whether both say the same under these names."""
    return all(told[name] == said[name] for name in names)


def near(one: float, other: float) -> bool:
    """Equal in whole tenths of a millimetre."""
    return abs(one - other) <= TENTH_MM
