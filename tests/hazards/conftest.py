"""The town of the ledger's tests, one for each module."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from conftest import client_of
from gridwarden.settings import Settings
from hazards.town import Town


@pytest.fixture(scope="module")
def town(module_city: Settings) -> Iterator[Town]:
    """Two districts, their grids and companies; closing waits for no worker."""
    settings = module_city.model_copy(update={"closing_wait_s": 0})
    with client_of(settings) as client:
        assert isinstance(client, TestClient)
        made = Town(settings, client=client)
        made.build()
        made.screen()
        yield made
