"""Whatever happened: findings are those of a fresh screening of all."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from gridwarden.settings import Settings

from .bringing import supplied
from .ground import Act, box
from .machine import PACKS, START, History
from .town import Town


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Iterator[Town]:
    """One town for all examples: each empties it."""
    made = Town(module_city)
    History.town = made
    with supplied(made) as History.supplier:
        yield made
    made.close()


def histories(town: Town, examples: int, steps: int = 40) -> None:
    """So many histories of so many steps."""
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
            print_blob=True,
        ),
    )


def test_findings_are_those_of_a_fresh_screening(town: Town) -> None:
    histories(town, 5)


@pytest.mark.deep
def test_findings_are_those_of_a_fresh_screening_after_long_histories(town: Town) -> None:
    histories(town, 300)


def test_rules_that_turned_back_before_they_were_screened_leave_nothing_behind(town: Town) -> None:
    """What changed in between was judged by rules that no screening of all ever saw."""
    house = Act("insert", "buildings", 0, box(20, 4, 10, 10), {"accuracy_m": 0.0, "height_m": 30.0})
    town.empty()
    town.at_once(START[0], house)
    town.check()
    town.publish(PACKS["own"])
    town.at_once(Act("move", "buildings", by=(1, 0)))
    town.step()
    assert town.rows("select 1 from data.finding where family = 'own_tall'")
    town.withdraw()
    town.check()
    assert not town.rows("select 1 from data.finding where family = 'own_tall'")


def test_a_dataset_read_otherwise_is_judged_again_though_the_rules_turned_besides(
    town: Town,
) -> None:
    """No row of it changed: a screening of what the rules changed may not take it for nothing."""
    town.empty()
    town.at_once(*START)
    town.check()
    town.rows("update data.dataset set crs = 'bd09' where layer = 'gas_pipelines'")
    town.publish(PACKS["own"])
    town.rules_screen()
    assert not town.rows("select 1 from data.finding where family = 'main_encroachment'")
    town.check()
