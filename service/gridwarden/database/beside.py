"""The private cluster beside the service: started again when it has died, as a worker is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gridwarden.database import cluster
from gridwarden.database.postgres import account_of, runs_apart
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words.telling import log

LOOK_S = 2.0
AGAIN_S = 5.0
"""How long after a start that failed (a disk that is still full) the next one is tried."""


@contextmanager
def cluster_beside(settings: Settings) -> Iterator[None]:
    """Start the private cluster when it has died, now and until the block ends.

    One that `gridwarden down` stopped stays so. Another account's cluster is another one's to
    watch: of an installed service, systemd's.
    """
    if settings.database_url is not None or runs_apart(settings) or not _ours(settings):
        yield
        return
    ending = threading.Event()

    def watch() -> None:
        wait_s = LOOK_S
        while not ending.wait(wait_s):
            wait_s = LOOK_S if _looked_after(settings) else AGAIN_S

    _looked_after(settings)
    threading.Thread(target=watch, name="cluster", daemon=True).start()
    try:
        yield
    finally:
        ending.set()


def _ours(settings: Settings) -> bool:
    try:
        account_of(settings)
    except SetUpError:
        return False
    return True


def _looked_after(settings: Settings) -> bool:
    """Look once, and start it where it died; False where it does not start."""
    data = settings.cluster / "data"
    if _lives(data / "postmaster.pid") or not data.exists():
        return True
    try:
        if cluster.start_again(settings):
            log.warning("the database had died; it was started again")
    except SetUpError as error:
        log.error("the database does not start", why=str(error))
        return False
    return True


def _lives(named: Path) -> bool:
    """Whether the server of this pid file runs; cheap, for it is asked every two seconds."""
    try:
        pid = int(named.read_text().partition("\n")[0])
        return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
    except (OSError, ValueError):
        return False
