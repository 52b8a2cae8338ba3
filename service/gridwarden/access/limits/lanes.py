"""A lane for heavy requests: few at once, few waiting, and the rest are told to come back.

Maps of a whole city, exports and what-ifs take a connection and a processor for a second or more.
Without a bound, sixty of them leave no connection for a permit check.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from gridwarden.words.problems import Problem


@dataclass
class Lane:
    """`at_once` places to work and `waiting` to wait in, for at most `wait_s` seconds.

    One caller takes at most half of all places, so that another one always finds some. Files are
    written at all but one of the places to work, or at the only one: they take minutes.
    """

    at_once: int
    waiting: int
    wait_s: float
    taken: Counter[str] = field(default_factory=Counter)
    _free: asyncio.Semaphore = field(init=False)
    _files: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.at_once)
        self._files = asyncio.Semaphore(max(1, self.at_once - 1))

    async def enter(self, who: str, *, file: bool = False) -> "Place":
        """A place to work, of who makes a file or not.

        Raises Problem `busy` where no place to wait is left, or none became free in time.
        """
        places = self.at_once + self.waiting
        if self.taken.total() >= places or self.taken[who] >= max(1, places // 2):
            raise self._busy()
        self.taken[who] += 1
        gates = (self._files, self._free) if file else (self._free,)
        held: list[asyncio.Semaphore] = []
        try:
            async with asyncio.timeout(self.wait_s):
                for gate in gates:
                    await gate.acquire()
                    held.append(gate)
        except BaseException as error:
            Place(self, who, held).leave()
            if isinstance(error, TimeoutError):
                raise self._busy() from None
            raise
        return Place(self, who, held)

    def _busy(self) -> Problem:
        return Problem("busy", "limits.busy", retry_after=max(1, round(self.wait_s / 2)))


@dataclass
class Place:
    """What one request holds of a lane."""

    lane: Lane
    who: str
    gates: list[asyncio.Semaphore]

    def rest(self) -> None:
        """The work is done, and what it made is still being sent: another one may work."""
        while self.gates:
            self.gates.pop().release()

    def leave(self) -> None:
        """Leave the lane, once."""
        self.rest()
        if self.who:
            self.lane.taken[self.who] -= 1
            if not self.lane.taken[self.who]:
                del self.lane.taken[self.who]
            self.who = ""
