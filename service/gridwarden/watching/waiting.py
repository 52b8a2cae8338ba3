"""What `status` and `doctor` say of changes that wait to be screened."""

from dataclasses import dataclass

import psycopg

from gridwarden.database import queries
from gridwarden.database.cluster import connect_owner
from gridwarden.database.doctor import line, look
from gridwarden.database.sentences import age, trouble
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words import say

Q = queries(__package__ or "gridwarden.watching", "watching.sql")
LATE_S = 60.0
"""A change that waits so long is not merely behind others: nobody takes it, or a step hangs."""
SLOW_S = 5.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Changes that wait: the age of the oldest (s), how many, how many were set aside; the longest
    lag of the last five minutes (s); whether a worker lives, and whether it is screening.
    """

    oldest_s: float
    rows: int
    stuck: int
    lag_s: float | None
    worker: bool
    busy: bool

    @property
    def wrong(self) -> str:
        """What the doctor finds, as a key of its words; empty where all is well."""
        late = self.oldest_s > LATE_S
        if late and not self.worker:
            return "no_worker"
        if late and not self.busy:
            return "idle_worker"
        return "stuck" if self.stuck else ""

    def trouble(self, settings: Settings) -> SetUpError:
        """What is wrong, and one step that mends it."""
        told = {"age": age(settings, self.oldest_s), "rows": self.rows, "stuck": self.stuck}
        return trouble(settings, self.wrong, **told)

    def line(self, settings: Settings) -> str:
        """As `gridwarden status` has it where nothing is wrong."""
        lang = settings.language
        if self.rows:
            told = {"n": self.rows, "age": age(settings, self.oldest_s)}
            return say("status.waiting", lang, **told)
        if self.lag_s is not None and self.lag_s > SLOW_S:
            return say("status.waited", lang, age=age(settings, self.lag_s))
        return say("status.nothing_waits", lang)


def waiting(settings: Settings) -> Waiting:
    """How the queue is now. Raises SetUpError where the tables are not up to date."""
    with connect_owner(settings) as c:
        try:
            row = c.execute(Q["waiting"]).fetchone()
            lag = c.execute(Q["lag"]).fetchone()
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
            raise trouble(settings, "old_tables") from None
    assert row is not None
    assert lag is not None
    oldest_s, rows, stuck, worker, busy = row
    return Waiting(oldest_s, rows, stuck, lag[0], worker, busy)


@line("screening")
def _line(settings: Settings) -> str:
    try:
        seen = waiting(settings)
        return str(seen.trouble(settings)) if seen.wrong else seen.line(settings)
    except SetUpError as error:
        return str(error)


@look("changes screened")
def _look(settings: Settings) -> None:
    seen = waiting(settings)
    if seen.wrong:
        raise seen.trouble(settings)
