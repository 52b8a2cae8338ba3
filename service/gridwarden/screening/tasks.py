"""What the worker does for a job of kind `screen`."""

from gridwarden.jobs import Job, task
from gridwarden.screening.screen import screen
from gridwarden.settings import Settings


@task("screen")
async def run(job: Job, settings: Settings) -> None:
    """Screen the whole city; the job's last words hold the counts."""

    async def progress(done: int, total: int) -> None:
        await job.progress(done, total, "rules")

    screened = await screen(job.pool, job.caller.person, progress)
    job.say = {"screened": screened.as_json()}
