"""A job run by a command in its own process, with a bar that shows how far it is."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gridwarden.database import open_pool
from gridwarden.jobs.running import run_here
from gridwarden.settings import Settings


async def watched(job_id: int, settings: Settings, words: str) -> str:
    """Run a queued job as the worker's login, `words` beside its bar; returns its last state."""
    worker = await open_pool(settings, "worker")
    try:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as bar:
            shown = bar.add_task(words, total=None)
            return await run_here(
                job_id,
                worker,
                settings,
                lambda done, total, _: bar.update(shown, completed=done, total=total),
            )
    finally:
        await worker.close()
