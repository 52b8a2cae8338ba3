"""What an upgrade looks at before and after: nothing is lost, and the new version works.

`seen` is asked of the old version before its database is touched, `check` of the new one on what
it made of it, while nobody else works there. Both by the service's account: what that may not do,
such as to take port 443, is no difference.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from gridwarden.access.command import acting
from gridwarden.database import Caller, as_caller, doctor, open_pool, queries
from gridwarden.database.backup.making import counts
from gridwarden.database.backup.told import silent
from gridwarden.database.cluster import connect_owner
from gridwarden.installing.told import refusal
from gridwarden.rules import compiled
from gridwarden.settings import Settings
from gridwarden.watching.backups import ABOVE

Q: Final = queries(__package__ or "gridwarden.installing", "copying.sql")
CHAIN: Final = queries("gridwarden.database.backup", "backup.sql")["chain"]
RECORD: Final = queries("gridwarden.watching", "backups.sql")["record"]
PASSING: Final = frozenset({"room on the disk", "changes screened", "statistics", "cleaning"})
"""What the doctor looks at that an upgrade itself changes for a while: by a second copy of the
database, without a worker, by tables that were written anew."""
TIMEOUT_MS: Final = 120_000
EXPLAIN: Final[LiteralString] = "explain {}"


@dataclass(frozen=True, slots=True)
class Seen:
    """An installation before its upgrade: its version, rows of each table, the audit's end, and
    what the doctor had to say already.
    """

    version: str
    tables: dict[str, int]
    head: str
    seals: int
    bad: list[str]

    def text(self) -> str:
        """To hand to the new version."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "Seen":
        """As the old version wrote it; what a later one adds is passed over."""
        known: dict[str, Any] = json.loads(text)
        return cls(known["version"], known["tables"], known["head"], known["seals"], known["bad"])


def seen(settings: Settings) -> Seen:
    """What is there now, of this version."""
    with connect_owner(settings) as c:
        tables = dict(counts(c, silent))
        row = c.execute(CHAIN).fetchone() or ("", 0)
    return Seen(version("gridwarden"), tables, str(row[0]), int(row[1]), sorted(_bad(settings)))


def check(settings: Settings, before: Seen) -> None:
    """Raises SetUpError with the first thing that is not as it must be."""
    from gridwarden import migrations

    if not migrations.is_current(settings):
        raise refusal(settings, "check.tables")
    if lost := sorted(_lost(settings, before)):
        raise refusal(settings, "check.lost", what=", ".join(lost[:5]))
    with connect_owner(settings) as c:
        row = c.execute(Q["sealed"], {"number": before.seals}).fetchone()
    if before.seals and (row is None or row[0] != before.head):
        raise refusal(settings, "check.audit")
    ABOVE.verify(settings)
    asyncio.run(_judges(settings))
    if worse := sorted(set(_bad(settings)) - set(before.bad)):
        raise refusal(settings, "check.doctor", what=", ".join(worse))
    asyncio.run(_record(settings, before.version))


def _lost(settings: Settings, before: Seen) -> Iterator[str]:
    """Tables with fewer rows than before; one that this version has no more is no loss of its."""
    with connect_owner(settings) as c:
        now = counts(c, silent)
    for name, rows in before.tables.items():
        if name in now and now[name] < rows:
            yield f"{name} ({rows} → {now[name]})"


def _bad(settings: Settings) -> Iterator[str]:
    """What the doctor finds, but for what passes."""
    found = (finding.what for finding in doctor.examine(settings) if not finding.good)
    return (what for what in found if what not in PASSING)


async def _record(settings: Settings, old: str) -> None:
    """A row of the audit trail: from which version to which."""
    new = version("gridwarden")
    detail = {"from": old, "to": new}
    told = {"action": "upgrade", "object": f"version/{new}", "detail": Jsonb(detail), "rows": None}
    async with (
        acting("administrator", settings=settings) as (pool, caller, _),
        as_caller(pool, caller) as c,
    ):
        await c.execute(RECORD, told)


async def _judges(settings: Settings) -> None:
    """Every rule in force is compiled and planned over the tables as they are now."""
    pool = await open_pool(settings, "worker")
    try:
        async with as_caller(pool, Caller("screen", "upgrade"), TIMEOUT_MS) as c:
            for statement in await compiled(c):
                try:
                    await c.execute(sql.SQL(EXPLAIN).format(sql.SQL(statement.sql)))
                except psycopg.Error:
                    raise refusal(settings, "check.rule", what=statement.name) from None
    finally:
        await pool.close()


__all__ = ["Seen", "check", "seen"]
