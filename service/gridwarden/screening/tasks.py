"""What the worker does for a job of kind `screen`."""

from collections.abc import Collection
from dataclasses import replace

from gridwarden.database import Caller, Pool, as_caller
from gridwarden.jobs import Job, task
from gridwarden.screening.kept import Q
from gridwarden.screening.screen import Cause, Screened, screen
from gridwarden.settings import Settings

WHOLE = ("supervisor", "import", "screen")
"""Who is told all counts: who may look at mains, and the service itself."""


@task("screen")
async def run(job: Job, settings: Settings) -> None:
    """Screen the city; the job's last words hold the counts.

    Whoever may bring features, but looks at no main, is not told families that are judged against
    mains: a number that goes up by one is a distance.
    """

    async def progress(done: int, total: int) -> None:
        await job.progress(done, total, "rules")

    screened = await screen(job.pool, job.caller.person, progress, cause_of(job))
    if job.caller.role not in WHOLE:
        screened = without(screened, await in_mains(job.pool))
    job.say = {"screened": screened.as_json()}


async def in_mains(pool: Pool) -> frozenset[str]:
    """The families that any rule ever judged against mains (pool of the worker's login)."""
    async with as_caller(pool, Caller("screen", "worker")) as connection:
        rows = await (await connection.execute(Q["in_mains"])).fetchall()
    return frozenset(row[0] for row in rows)


def without(screened: Screened, families: Collection[str]) -> Screened:
    """What a screen did, without these families; its totals are of the others, too."""
    split = tuple(one for one in screened.split if one.family not in families)
    return replace(
        screened,
        findings=tuple(one for one in screened.findings if one.family not in families),
        steps=tuple(one for one in screened.steps if one.family not in families),
        split=split,
        added=sum(one.added for one in split),
        changed=sum(one.changed for one in split),
        removed=sum(one.ended for one in split),
    )


def cause_of(job: Job) -> Cause:
    """Approved rules (the job names the proposal) or those whose day came, an import, a person."""
    role = job.caller.role
    if job.subject_id is not None or role == "screen":
        return Cause("rules", job.id, role)
    return Cause("data" if role == "import" else "asked", job.id, role)
