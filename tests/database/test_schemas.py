"""Every released schema version comes to today's with all that was in it.

`schemas/HEAD.dump.xz` is a corner of a city as the release of that head kept it, HEAD.json what it
held (`script/schema` makes both). The newest and the oldest are upgraded by default; all of them by
`--deep`.
"""

import asyncio
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from homes import address_of

from commands import run_command_in
from conftest import bearer, client_of, make_key, owner
from gridwarden import migrations
from gridwarden.access.audit.verifying import verify
from gridwarden.database import Caller, accounts, cluster, open_pool
from gridwarden.database.addresses import LOGINS, OWNER, login_name
from gridwarden.database.backup.making import counts
from gridwarden.database.backup.programs import Dump, client_for, pour_in
from gridwarden.database.backup.told import silent
from gridwarden.jobs import run_here
from gridwarden.migrations import configuration
from gridwarden.screening import screen
from gridwarden.screening import tasks as _tasks  # noqa: F401  (registers the job)
from gridwarden.screening.screener import all_steps
from gridwarden.settings import Settings
from gridwarden.watching.backups import ABOVE

SCHEMAS = Path(__file__).parent / "schemas"


def released() -> list[str]:
    """The heads that were released, in the order of the migrations."""
    from alembic.script import ScriptDirectory

    known = {path.stem for path in SCHEMAS.glob("*.json")}
    line = [one.revision for one in ScriptDirectory.from_config(configuration()).walk_revisions()]
    assert known <= set(line), "a fixture's head is no migration any more"
    return [name for name in reversed(line) if name in known]


def chosen() -> list[Any]:
    heads = released()
    often = {heads[0], heads[-1]}
    return [h if h in often else pytest.param(h, marks=pytest.mark.deep) for h in heads]


@pytest.fixture
def old(
    request: pytest.FixtureRequest, installation: Settings, tmp_path: Path
) -> Iterator[Settings]:
    """The database of a release, as its dump has it."""
    name = "schema_fixture"
    url = cluster.another_database(installation, name)
    settings = installation.model_copy(update={"database_url": url})
    try:
        cluster.up(settings)
        ABOVE.ensure_roles(settings)
        file = tmp_path / "dump"
        file.write_bytes(lzma.decompress((SCHEMAS / f"{request.param}.dump.xz").read_bytes()))
        logins = {f"gridwarden_{one}_gridwarden": login_name(settings, one) for one in LOGINS}
        pour_in(
            settings, client_for(settings, 15), Dump(file, OWNER, logins), [],
            ["alter default privileges revoke execute on functions from public"],
            lambda done: None,
        )  # fmt: skip
        assert migrations.current(settings) == request.param
        yield settings
    finally:
        accounts.drop_private_database(installation, name)


def gridwarden(settings: Settings, *words: str) -> str:
    done = run_command_in(address_of(settings), *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("old", chosen(), indirect=True)
def test_a_released_schema_comes_to_todays_with_all_that_was_in_it(
    old: Settings, request: pytest.FixtureRequest
) -> None:
    head = request.node.callspec.params["old"]
    told = json.loads((SCHEMAS / f"{head}.json").read_text("utf-8"))
    assert told["tables"]["data.finding"] and told["tables"]["data.audit"]
    gridwarden(old, "up")
    assert migrations.is_current(old)
    with owner(old) as c:
        now = counts(c, silent)
        had = told["tables"]
        assert not {name: rows for name, rows in had.items() if now.get(name, 0) < rows}
        seals = c.execute("select encode(head, 'hex') from data.audit_seal").fetchall()
    assert told["seal"] is None or (told["seal"],) in seals
    asyncio.run(judged(old))
    with client_of(old) as client:
        headers = bearer(make_key(old, "supervisor", all_districts=True))
        assert client.get("/api/findings?limit=3", headers=headers).json()["items"]
        assert client.get("/readyz").status_code == 200


async def judged(settings: Settings) -> None:
    """The trail holds; the worker judges what `up` asked it to, and a fresh full screening then
    finds nothing else.
    """
    with owner(settings) as c:
        waiting = c.execute(
            "select id from data.job where kind = 'screen' and state = 'queued' order by id"
        ).fetchall()
    web, worker = await open_pool(settings, "web"), await open_pool(settings, "worker")
    try:
        found = await verify(web, Caller("auditor", "test"), [])
        assert found.whole, found
        for (job,) in waiting:
            await run_here(job, worker, settings)
        await all_steps(worker)
        full = await screen(worker, "test")
        assert (full.added, full.changed, full.removed) == (0, 0, 0)
        assert sum(count.n for count in full.findings) > 0
    finally:
        await web.close()
        await worker.close()
