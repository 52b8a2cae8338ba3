"""The trail that is in the database, held against its seals and against heads kept outside."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from gridwarden.access.audit.archiving import archives_of, check_archives
from gridwarden.access.audit.checking import Checked, Checker
from gridwarden.access.audit.heads import Head
from gridwarden.access.audit.reading import Q, lines_of, seals_after
from gridwarden.database import Caller, Pool, as_caller
from gridwarden.settings import Settings

TIMEOUT_MS: Final = 600_000
MOST: Final = 1_000


async def verify(
    pool: Pool, caller: Caller, heads: Iterable[Head] = (), settings: Settings | None = None
) -> Checked:
    """Check the whole trail, as the auditor. Sealing may go on meanwhile."""
    checker = Checker(list(heads))
    async with as_caller(pool, caller, TIMEOUT_MS) as c:
        archives = await archives_of(c)
        away = max((one.last_seal for one in archives), default=0)
        heads_there: dict[int, tuple[bytes, datetime]] = {}
        after = 0
        while seals := await seals_after(c, after):
            after = seals[-1].number
            lines = await lines_of(c, seals)
            for seal in seals:
                gone = seal.number <= away
                checker.seal(seal, None if gone else lines.get(seal.number, []))
                if gone:
                    heads_there[seal.number] = seal.head, seal.sealed_at
        if settings is not None:
            check_archives(checker.found, archives, heads_there, settings)
        for number, late in await (await c.execute(Q["others"], {"n": MOST})).fetchall():
            if late:
                checker.found.unsealed += 1
            else:
                checker.found.wrong("inserted", None, number)
        row = await (await c.execute(Q["young"])).fetchone()
        assert row is not None
        checker.found.unsealed += row[0]
    return checker.end()
