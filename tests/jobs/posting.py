"""Webhooks that may call this machine, and how their messages are sent and heard."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import client_of
from gridwarden.jobs.webhooks.sending import drain
from gridwarden.settings import Settings

from .hearing import (
    LOCAL,
    Heard,
    Receiver,
    Town,
    receiving,
    with_pool,
)

Add = Callable[..., dict[str, Any]]
"""What the fixture `add` is."""


@pytest.fixture(scope="module")
def settings(module_city: Settings) -> Settings:
    """Webhooks may call this machine, and are tried again soon."""
    return module_city.model_copy(
        update={"webhook_networks": LOCAL, "webhook_retry_s": (0.05, 0.05, 0.05)}
    )


@pytest.fixture(scope="module")
def town(settings: Settings) -> Town:
    town = Town(settings)
    town.build()
    return town


@pytest.fixture(scope="module")
def client(town: Town) -> Iterator[TestClient]:
    with client_of(town.settings) as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def add(client: TestClient, receiver: Receiver) -> Iterator[Add]:
    """`add(headers, layer="estates")` makes a webhook to the receiver; deleted at the end."""
    made: list[tuple[int, dict[str, str]]] = []

    def one(headers: dict[str, str], **wanted: Any) -> dict[str, Any]:
        body = {"url": f"{receiver.url}/here", **wanted}
        answer = client.post("/api/webhooks", headers=headers, json=body)
        assert answer.status_code == 201, answer.text
        document: dict[str, Any] = answer.json()
        made.append((document["id"], headers))
        return document

    yield one
    for number, headers in made:
        client.delete(f"/api/webhooks/{number}", headers=headers)


def deliver(settings: Settings) -> None:
    """Number what was committed, and send what is due now."""
    with_pool(settings, lambda pool: drain(pool, settings))


def deliver_until(settings: Settings, done: Callable[[], bool]) -> None:
    """Go on sending until that is so."""
    until = time.monotonic() + 30
    while not done():
        assert time.monotonic() < until
        deliver(settings)


def said(heard: list[Heard]) -> list[str]:
    return [json.loads(one.body)["data"]["subject"] for one in heard]
