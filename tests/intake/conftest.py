"""Bring a file as a person would (by HTTP), let a worker do the job, see what came of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, owner
from gridwarden.database import open_pool
from gridwarden.intake import tasks as _tasks  # noqa: F401  (registers the job)
from gridwarden.intake.importers import usual_role
from gridwarden.jobs import run_here
from gridwarden.settings import Settings

Bring = Callable[..., dict[str, Any]]


def work(settings: Settings, job: int) -> str:
    """Do one job as the worker process does it."""

    async def one() -> str:
        pool = await open_pool(settings, "worker")
        try:
            return await run_here(job, pool, settings)
        finally:
            await pool.close()

    return asyncio.run(one())


def post(client: TestClient, headers: dict[str, str], file: Path, **form: Any) -> Any:
    """Send the file; gives the answer."""
    with file.open("rb") as opened:
        return client.post(
            "/api/imports", headers=headers, data=form, files={"file": (file.name, opened)}
        )


@pytest.fixture
def bring(city: Settings, client: TestClient, sign_in: KeyMaker) -> Bring:
    """`bring(file, layer="buildings")` gives the import when its job has ended."""
    keys: dict[str, dict[str, str]] = {}

    def whole(file: Path, *, role: str = "", **form: Any) -> dict[str, Any]:
        role = role or usual_role(form["layer"])
        headers = keys.setdefault(role, sign_in(role, all_districts=True))
        answer = post(client, headers, file, **{"dataset": "test", **form})
        assert answer.status_code == 202, answer.text
        work(city, answer.json()["job"])
        seen = client.get(answer.json()["url"], headers=headers)
        assert seen.status_code == 200, seen.text
        document: dict[str, Any] = seen.json()
        document["headers"] = headers
        return document

    return whole


@pytest.fixture
def count(city: Settings) -> Callable[..., Any]:
    """`count("select … from data.buildings")`: one value, by the owner."""

    def one(statement: str, *values: Any) -> Any:
        with owner(city) as c:
            row = c.execute(statement, values).fetchone()  # type: ignore[arg-type]
            assert row is not None
            return row[0]

    return one


def quarantine(settings: Settings, import_id: int) -> dict[int, str]:
    """Row number → reason of an import."""
    with owner(settings) as c:
        rows = c.execute(
            "select row, reason from data.quarantine where import_id = %s order by row",
            (import_id,),
        ).fetchall()
    return dict(rows)


@pytest.fixture(scope="module")
def module_bring(
    module_city: Settings, module_client: TestClient, module_sign_in: KeyMaker
) -> Bring:
    """As `bring`, for the city that the tests of a module share: each names its own dataset."""
    keys: dict[str, dict[str, str]] = {}

    def whole(file: Path, *, role: str = "", **form: Any) -> dict[str, Any]:
        role = role or usual_role(form["layer"])
        if role not in keys:
            keys[role] = module_sign_in(role, all_districts=True)
        answer = post(module_client, keys[role], file, **form)
        assert answer.status_code == 202, answer.text
        work(module_city, answer.json()["job"])
        document: dict[str, Any] = module_client.get(
            answer.json()["url"], headers=keys[role]
        ).json()
        return document | {"headers": keys[role]}

    return whole


@pytest.fixture(scope="module")
def module_count(module_city: Settings) -> Callable[..., Any]:
    """As `count`, for the module's city."""

    def one(statement: str, *values: Any) -> Any:
        with owner(module_city) as c:
            row = c.execute(statement, values).fetchone()  # type: ignore[arg-type]
            assert row is not None
            return row[0]

    return one
