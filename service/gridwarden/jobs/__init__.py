"""Long work and who waits for it, on the same PostgreSQL: no broker, no second store.

A room registers what it can do with `@task("screen")`; callers queue it by SQL in their own
transaction (`queue`), and the worker process takes it from there. The queue holds ids only.
"""

from gridwarden.jobs.companions import accompanied, companion
from gridwarden.jobs.queueing import queue, queue_screen
from gridwarden.jobs.running import GIVEN_UP, Cancelled, Job, away, chore, run_here, task
from gridwarden.jobs.worker import work

__all__ = [
    "GIVEN_UP",
    "Cancelled",
    "Job",
    "accompanied",
    "away",
    "chore",
    "companion",
    "queue",
    "queue_screen",
    "run_here",
    "task",
    "work",
]
