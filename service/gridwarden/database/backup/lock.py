"""One backup or restore at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from gridwarden.database.backup.files import OWN
from gridwarden.database.backup.told import refusal
from gridwarden.database.handing import lock_file, opened
from gridwarden.database.sentences import trouble
from gridwarden.settings import Settings


@contextmanager
def alone(settings: Settings, *, clears: bool = False) -> Iterator[None]:
    """Nobody else's backup or restore meanwhile; the lock ends with the process, however it ends.

    Raises SetUpError while there is one, and where there is no state folder. Who only clears up
    after a killed one (`clears`) is waited for.
    """
    if not settings.home.is_dir():
        raise trouble(settings, "home_missing", home=settings.home)
    own = settings.home / OWN
    own.mkdir(mode=0o700, exist_ok=True)
    with opened(own):  # root writes its notes into no folder that a link leads to
        pass
    with lock_file(own / "lock") as lock, lock_file(own / "clearing") as clearing:
        fcntl.flock(clearing, fcntl.LOCK_EX)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise refusal(settings, "another_at_work") from None
        if not clears:
            fcntl.flock(clearing, fcntl.LOCK_UN)
        yield
