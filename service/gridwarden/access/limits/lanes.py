"""A lane for heavy requests: few at once, few waiting, and the rest are told to come back.

Maps of a whole city, tiles, exports and what-ifs take a connection and a processor for a second or
more. Without a bound, sixty of them leave no connection for a permit check.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from gridwarden.words.problems import Problem


@dataclass
class Lane:
    """`at_once` places to work and `waiting` to wait in, for at most `wait_s` seconds.

    One caller takes at most half of all places, so that another one always finds some.
    """

    at_once: int
    waiting: int
    wait_s: float
    taken: Counter[str] = field(default_factory=Counter)
    _free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.at_once)

    async def enter(self, who: str) -> None:
        """A place to work; `leave` gives it back.

        Raises Problem `busy` where no place to wait is left, or none became free in time.
        """
        places = self.at_once + self.waiting
        if self.taken.total() >= places or self.taken[who] >= max(1, places // 2):
            raise self._busy()
        self.taken[who] += 1
        try:
            await asyncio.wait_for(self._free.acquire(), self.wait_s)
        except TimeoutError:
            self._forget(who)
            raise self._busy() from None
        except BaseException:
            self._forget(who)
            raise

    def leave(self, who: str) -> None:
        """What `enter` gave."""
        self._forget(who)
        self._free.release()

    def _forget(self, who: str) -> None:
        self.taken[who] -= 1
        if not self.taken[who]:
            del self.taken[who]

    def _busy(self) -> Problem:
        return Problem("busy", "limits.busy", retry_after=max(1, round(self.wait_s / 2)))
