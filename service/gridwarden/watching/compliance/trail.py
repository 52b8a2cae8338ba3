"""The audit: sealed, verified, kept, told to the office's log; and the clock that dates it."""

import asyncio
import ctypes
import time
from typing import Any, Final

from gridwarden.access.audit.checking import Checked
from gridwarden.access.audit.heads import folder_of, kept_heads
from gridwarden.access.audit.verifying import verify
from gridwarden.database import Caller, open_pool
from gridwarden.settings import Settings
from gridwarden.watching.compliance.model import Asked, Seen, control, holds

LATE_S: Final = 600
"""A row that has waited so long for its seal is not merely young."""
FEWEST_DAYS: Final = 180
_UNSYNCHRONISED: Final = 5
"""TIME_ERROR of adjtimex(2)."""


@control("audit", "V16")
def trail_verifies(asked: Asked) -> Seen:
    """Every row is as it was sealed, and the heads that were written down outside fit."""
    found = asyncio.run(_verified(asked.settings))
    told: dict[str, Any] = {"faults": len(found.faults), "head": found.head.hex()[:16]}
    return holds(found.whole, rows=found.rows, seals=found.seals, **told)


async def _verified(settings: Settings) -> Checked:
    pool = await open_pool(settings, "web")
    try:
        caller = Caller("auditor", "compliance")
        return await verify(pool, caller, kept_heads(settings), settings)
    finally:
        await pool.close()


@control("audit", "V16")
def trail_is_sealed(asked: Asked) -> Seen:
    """Rows are sealed soon after they are written."""
    number, age, late = asked.one("seals", late=LATE_S)
    return holds(not late, seal=number, minutes="–" if age is None else age // 60, late=late)


@control("audit", "V16")
def heads_outside(asked: Asked) -> Seen:
    """The newest head stands outside the database, too."""
    number, age, _ = asked.one("seals", late=LATE_S)
    written = max((head.number or 0 for head in kept_heads(asked.settings)), default=0)
    right = written >= number or (age is not None and age < LATE_S)
    folder = folder_of(asked.settings).name
    return holds(right, "trail_is_sealed", written=written, seal=number, folder=folder)


@control("audit", "V16")
def trail_is_kept(asked: Asked) -> Seen:
    """At least 180 days."""
    days = asked.settings.keep_audit_days
    return holds(days >= FEWEST_DAYS, days=days)


@control("audit", "V16")
def syslog(asked: Asked) -> Seen:
    """The office's log is told, and has been told all but the last minutes."""
    target = asked.settings.syslog
    if target is None:
        return holds(False, told=0, seal=0)
    told, number = asked.one("forwarded", target=target, late=LATE_S)
    return holds(told >= number, "syslog_reached", told=told, seal=number)


@control("audit", "V16")
def clock(asked: Asked) -> Seen:
    """The kernel says that its clock is kept by a time service."""
    synchronised = kernel_clock()
    return holds(synchronised, utc=time.strftime("%Y-%m-%d %H:%M", time.gmtime()))


def kernel_clock() -> bool:
    """Whether adjtimex(2), which changes nothing when nothing is asked, knows the clock kept."""
    asks_nothing = ctypes.create_string_buffer(512)
    return ctypes.CDLL(None).adjtimex(asks_nothing) not in (-1, _UNSYNCHRONISED)
