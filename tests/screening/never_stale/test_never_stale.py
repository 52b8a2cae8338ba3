"""Whatever happened: findings are those of a fresh screening of all."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from gridwarden.settings import Settings

from .machine import History
from .town import Town


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Iterator[Town]:
    """One town for all examples: each empties it."""
    made = Town(module_city)
    History.town = made
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
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            print_blob=True,
        ),
    )


def test_findings_are_those_of_a_fresh_screening(town: Town) -> None:
    histories(town, 12)


@pytest.mark.deep
def test_findings_are_those_of_a_fresh_screening_after_long_histories(town: Town) -> None:
    histories(town, 300)
