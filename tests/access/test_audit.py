"""The audit is sealed, and every way of changing the past is found."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from conftest import owner
from gridwarden.access.audit.checking import Checked
from gridwarden.access.audit.heads import export_heads, folder_of, heads_of, kept_heads
from gridwarden.access.audit.sealing import seal_all
from gridwarden.access.audit.verifying import verify
from gridwarden.database import Caller, Pool, accounts, as_caller, open_pool
from gridwarden.settings import Settings

AUDITOR = Caller("auditor", "test auditor")


def worker(settings: Settings, work: Callable[[Pool], Any]) -> Any:
    """Run something with the worker's pool."""

    async def run() -> Any:
        pool = await open_pool(settings, "worker")
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(run())


def seal(settings: Settings) -> int:
    """What the companion does now and then; returns how many seals were made."""

    async def work(pool: Pool) -> int:
        made = await seal_all(pool)
        await export_heads(pool, settings)
        return made

    made: int = worker(settings, work)
    return made


def verified(settings: Settings, *heads: str, outside: bool = False) -> Checked:
    """The auditor's verification, with heads, or with all that were written down outside."""

    async def run() -> Checked:
        pool = await open_pool(settings, "web")
        try:
            held = [head for name in heads for head in heads_of(name)]
            return await verify(pool, AUDITOR, held + (kept_heads(settings) if outside else []))
        finally:
            await pool.close()

    return asyncio.run(run())


def append(settings: Settings, n: int, who: str = "clerk") -> None:
    """Rows as a request leaves them."""

    async def run() -> None:
        pool = await open_pool(settings, "web")
        try:
            async with as_caller(pool, Caller("planner", who)) as c:
                for i in range(n):
                    await c.execute("select api.record('test', 'row', %s, 1)", (f'{{"i": {i}}}',))
        finally:
            await pool.close()

    asyncio.run(run())


@contextmanager
def superuser(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """Who rules the database: no trigger runs for them."""
    with accounts.connect_superuser(settings, "gridwarden") as c:
        c.execute("set session_replication_role = replica")
        yield c


@pytest.fixture
def trail(city: Settings) -> Settings:
    """A city whose trail has three seals of several rows each, and no heads of earlier cities."""
    shutil.rmtree(folder_of(city), ignore_errors=True)
    for _ in range(3):
        append(city, 5)
        seal(city)
    return city


def kinds(found: Checked) -> set[str]:
    return {fault.kind for fault in found.faults}


def last_ids(c: psycopg.Connection[Any], n: int) -> list[int]:
    rows = c.execute("select id from data.audit order by id desc limit %s", (n,)).fetchall()
    return [row[0] for row in rows]


def test_a_trail_that_nobody_touched_is_whole(trail: Settings) -> None:
    append(trail, 2)
    found = verified(trail, outside=True)
    assert found.whole and found.rows >= 15 and found.seals >= 3 and found.unsealed == 2
    assert found.heads == found.seals
    assert verified(trail, found.head.hex()).heads == 1
    assert seal(trail) == 1
    assert seal(trail) == 0, "nothing new, no seal"
    assert verified(trail, found.head.hex(), outside=True).whole


EDITS = {
    "person": "update data.audit set person = 'somebody else' where id = %s",
    "moment": "update data.audit set at = at - interval '1 microsecond' where id = %s",
    "detail": "update data.audit set detail = detail || '{\"i\": 9}' where id = %s",
    "rows": "update data.audit set rows = null where id = %s",
    "mains": "update data.audit set mains = '{[1,2)}' where id = %s",
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_row_is_found_and_named(trail: Settings, edit: str) -> None:
    with superuser(trail) as c:
        row = last_ids(c, 7)[-1]
        c.execute(EDITS[edit], (row,))  # type: ignore[call-overload]
    assert [(f.kind, f.id) for f in verified(trail).faults] == [("edited", row)]


def test_removed_reordered_and_inserted_rows_are_found(trail: Settings) -> None:
    with superuser(trail) as c:
        last, before, *_, old = last_ids(c, 8)
        c.execute("delete from data.audit where id = %s", (old,))
        c.execute(
            "with two as (select * from data.audit where id in (%(a)s, %(b)s)) update data.audit a"
            " set at = t.at, detail = t.detail from two t where a.id in (%(a)s, %(b)s)"
            " and t.id <> a.id",
            {"a": last, "b": before},
        )
        c.execute(
            "insert into data.audit (id, role, login, action, object) overriding system value"
            " values (0, 'gridwarden_viewer', 'x', 'test', 'x')"
        )
    found = {(f.kind, f.id) for f in verified(trail).faults}
    wanted = {("removed", old), ("reordered", last), ("reordered", before), ("inserted", 0)}
    assert found == wanted


def test_a_cut_off_end_is_found_even_when_it_is_sealed_anew(trail: Settings) -> None:
    head = verified(trail).head.hex()
    with superuser(trail) as c:
        upto = c.execute("select max(upto) from data.audit_seal where number < 3").fetchone()
        c.execute("delete from data.audit where id > %s", upto)
        c.execute("delete from data.audit_seal where number >= 3")
    assert verified(trail).whole, "inside the database nothing tells"
    assert kinds(verified(trail, outside=True)) == {"cut_off"}
    assert kinds(verified(trail, head)) == {"cut_off"}
    with superuser(trail) as c:
        c.execute("select setval(pg_get_serial_sequence('data.audit', 'id'), %s)", upto)
    append(trail, 4, "somebody else")
    seal(trail)
    assert verified(trail).whole
    assert "resealed" in kinds(verified(trail, outside=True))
    assert kinds(verified(trail, head)) == {"cut_off"}


def test_a_changed_seal_breaks_the_chain(trail: Settings) -> None:
    with superuser(trail) as c:
        c.execute("update data.audit_seal set void = '{[0,1)}' where number = 2")
    assert ("seal_changed", 2) in [(f.kind, f.seal) for f in verified(trail).faults]
    with superuser(trail) as c:
        c.execute("delete from data.audit_seal where number = 2")
    assert "seal_missing" in kinds(verified(trail))


def test_a_gap_by_rollback_is_no_removed_row_and_a_long_transaction_holds_nobody_up(
    trail: Settings,
) -> None:
    insert = "select api.record('test', 'long', '{}', %s)"
    with (
        owner(trail) as long,
        owner(trail) as other,
        long.transaction(),
    ):
        [late] = long.execute(insert, (1,)).fetchone() or ()
        with pytest.raises(ZeroDivisionError), other.transaction():
            [gone] = other.execute(insert, (2,)).fetchone() or ()
            raise ZeroDivisionError
        [after] = other.execute(insert, (3,)).fetchone() or ()
        assert seal(trail) == 1, "what is committed is sealed, though one id before it is open"
        newest = (
            "select ids @> %s::bigint, void @> %s::bigint, waiting @> %s::bigint"
            " from data.audit_seal order by number desc"
        )
        states = {i: other.execute(newest, (i, i, i)).fetchone() for i in (late, gone, after)}
        assert states[late] == (False, False, True)
        # The rolled-back one is not told from the open one before that has ended.
        assert states[gone] == (False, False, True)
        assert states[after] == (True, False, False)
        assert verified(trail, outside=True).whole
    assert verified(trail).unsealed == 1, "it has come, and is not sealed yet"
    assert seal(trail) == 1
    with owner(trail) as c:
        assert c.execute(newest, (late,) * 3).fetchone() == (True, False, False)
        assert c.execute(newest, (gone,) * 3).fetchone() == (False, True, False)
        assert c.execute("select count(*) from data.audit_waiting").fetchone() == (0,)
    assert verified(trail, outside=True).whole
    with superuser(trail) as c:
        c.execute(
            "insert into data.audit (id, role, login, action, object) overriding system value"
            " values (%s, 'gridwarden_viewer', 'x', 'test', 'x')",
            (gone,),
        )
    assert [(f.kind, f.id) for f in verified(trail).faults] == [("inserted", gone)]


def test_nobody_who_asks_or_works_can_change_seal_or_trail(trail: Settings) -> None:
    async def denied(pool: Pool, role: str, statement: str) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with as_caller(pool, Caller(role, "x")) as c:
                await c.execute(statement)

    changes = (
        "delete from data.audit",
        "update data.audit_seal set rows = 0",
        "delete from data.audit_seal",
        "insert into data.audit (role, login, action, object) values ('', '', '', '')",
    )

    async def run(login: str, roles: tuple[str, ...], statements: tuple[str, ...]) -> None:
        pool = await open_pool(trail, login)  # type: ignore[arg-type]
        try:
            for role in roles:
                for statement in statements:
                    await denied(pool, role, statement)
        finally:
            await pool.close()

    asyncio.run(run("web", ("auditor", "administrator", "security", "supervisor"), changes))
    asyncio.run(run("worker", ("seal", "screen"), changes))
    reads = ("select from data.audit", "select from data.audit_seal")
    asyncio.run(run("web", ("administrator", "security", "supervisor", "utility"), reads))
    asyncio.run(run("web", ("auditor",), ("select pg_cancel_backend(1) from data.audit_waiting",)))


def test_two_sealers_make_one_chain(city: Settings) -> None:
    append(city, 40)

    async def both(pool: Pool) -> list[int]:
        return await asyncio.gather(*(seal_all(pool) for _ in range(4)))

    assert sum(worker(city, both)) == 1
    assert verified(city).whole
