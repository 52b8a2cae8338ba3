"""What the worker does for a job of kind `screen`."""

from gridwarden.jobs import Job, task
from gridwarden.screening.screen import Cause, screen
from gridwarden.settings import Settings


@task("screen")
async def run(job: Job, settings: Settings) -> None:
    """Screen the city; the job's last words hold the counts."""

    async def progress(done: int, total: int) -> None:
        await job.progress(done, total, "rules")

    screened = await screen(job.pool, job.caller.person, progress, cause_of(job))
    job.say = {"screened": screened.as_json()}


def cause_of(job: Job) -> Cause:
    """Approved rules (the job names the proposal) or those whose day came, an import, a person."""
    role = job.caller.role
    if job.subject_id is not None or role == "screen":
        return Cause("rules", job.id, role)
    return Cause("data" if role == "import" else "asked", job.id, role)
