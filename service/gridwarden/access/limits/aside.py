"""Heavy work in processes of its own, so that whoever asks a short question is not held up by it.

Counting a city's cells and drawing them takes this interpreter for a second or two, in which no
other request gets a step done. `Aside.run` hands a piece of work to a helper: a process with one
connection to the database, less urgent than the service (`nice`), that does one piece at a time.

A helper that dies is replaced at the next piece. It ends when the service does, however that ends:
its requests are then at their end.
"""

import asyncio
import os
import pickle
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Concatenate, Final, Literal, ParamSpec, TypeVar

from gridwarden.database import Pool
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from gridwarden.words.telling import log

P = ParamSpec("P")
R = TypeVar("R")
Work = Callable[Concatenate[Pool, Settings, P], Awaitable[R]]
"""What a helper can be asked to do: a function of a module, with arguments that can be pickled."""
Reply = tuple[Literal["done", "problem", "error", "left", "gone"], Any]

LONGEST_S: Final = 60.0
"""A piece of work that takes longer is given up."""
LEAVING_S: Final = 5.0
"""So long a helper may take to end, or to leave a piece of work; then it is killed."""
LEAVE: Final = None
_SIZE: Final = struct.Struct("!Q")
_MOST_IN_A_PIPE: Final = 1 << 24


def framed(said: object) -> bytes:
    """One frame of what the service and its helper say to each other."""
    text = pickle.dumps(said, pickle.HIGHEST_PROTOCOL)
    return _SIZE.pack(len(text)) + text


async def heard(reader: asyncio.StreamReader) -> Any:
    """The next frame's content. Raises EOFError where the other one is gone."""
    try:
        (size,) = _SIZE.unpack(await reader.readexactly(_SIZE.size))
        return pickle.loads(await reader.readexactly(size))
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise EOFError from error


def helpers_of(settings: Settings) -> int:
    """How many helpers a process of the service has: all processors but one share them."""
    if settings.heavy_processes is not None:
        return settings.heavy_processes
    return max(1, (len(os.sched_getaffinity(0)) - 1) // settings.processes)


def _surroundings() -> dict[str, str]:
    """A helper's environment: one processor for it, and one for the statement that it waits for."""
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    told = os.environ.get("PGOPTIONS", "")
    return os.environ | one | {"PGOPTIONS": f"{told} -c max_parallel_workers_per_gather=0"}


async def nothing(pool: Pool, settings: Settings) -> None:
    """A piece of work that shows that the helper is there."""


class Helper:
    """One process at a time: begun when there is work and none is there."""

    def __init__(self, settings: Settings, modules: Sequence[str]) -> None:
        self._settings, self._modules = settings, modules
        self._process: Process | None = None

    async def does(self, asked: tuple[Any, ...]) -> Reply:
        """What becomes of a piece of work."""
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await self._begun()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(framed(asked))
        try:
            reply: Reply = await heard(process.stdout)
        except (EOFError, pickle.UnpicklingError):
            self.kill()
            await process.wait()
            return "gone", process.returncode
        return reply

    async def _begun(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gridwarden.access.limits.helper"),
            stdin=PIPE,
            stdout=PIPE,
            limit=_MOST_IN_A_PIPE,
            env=_surroundings(),
            start_new_session=True,  # a terminal's Ctrl-C is the service's to handle
        )
        assert process.stdin is not None
        process.stdin.write(framed((self._settings, tuple(self._modules))))
        return process

    def leave(self) -> None:
        """Give up the piece of work that it is at, soon."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(framed(LEAVE))

    def kill(self) -> None:
        """End its process at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def end(self) -> None:
        """Let its process end: nothing more is asked of it."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), LEAVING_S)
        except TimeoutError:
            self.kill()
            await self._process.wait()


class Aside:
    """The helpers of one application; with none (`count` 0) it does the work itself.

    `modules` are those whose work the helpers are asked for: each reads them when it begins.
    """

    def __init__(
        self, pool: Pool, settings: Settings, count: int, modules: Sequence[str] = ()
    ) -> None:
        self._pool, self._settings = pool, settings
        self._helpers = [Helper(settings, modules) for _ in range(count)]
        self._free: asyncio.LifoQueue[Helper] = asyncio.LifoQueue()
        for helper in self._helpers:
            self._free.put_nowait(helper)
        self._tasks: set[asyncio.Task[Any]] = set()

    def warm(self) -> None:
        """Begin the helpers before anybody waits for one."""
        for _ in self._helpers:
            self._kept(asyncio.create_task(self._warmed()))

    async def _warmed(self) -> None:
        with suppress(Problem):
            await self.run(nothing)

    async def run(self, work: Work[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """`work(pool, settings, …)` in a helper, when one is free.

        Raises what the work raises of Problems and of the database's errors; Problem `unavailable`
        where the helper died of it, `too_slow` where it took too long. When whoever waits for it is
        cancelled, the work is given up, too.
        """
        if not self._helpers:
            return await work(self._pool, self._settings, *args, **kwargs)
        helper = await self._free.get()
        doing = self._kept(asyncio.create_task(helper.does((work, args, kwargs))))
        doing.add_done_callback(lambda _: self._free.put_nowait(helper))
        try:
            word, value = await asyncio.wait_for(asyncio.shield(doing), LONGEST_S)
        except (TimeoutError, asyncio.CancelledError) as error:
            helper.leave()
            self._kept(asyncio.create_task(_ends_soon(doing, helper)))
            if isinstance(error, TimeoutError):
                raise Problem("too_slow") from None
            raise
        if word == "done":
            found: R = value
            return found
        if word == "problem":
            raise problem_heard(value)
        if word == "error":
            assert isinstance(value, Exception)
            raise value
        log.warning("helper_died", work=work.__qualname__, status=value)
        raise Problem("unavailable", "limits.helper_died", retry_after=2)

    async def close(self) -> None:
        """End the helpers, and wait until they have ended."""
        await asyncio.gather(*(helper.end() for helper in self._helpers))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _kept(self, task: "asyncio.Task[R]") -> "asyncio.Task[R]":
        """The task, which nothing else may hold on to."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _ends_soon(doing: asyncio.Task[Reply], helper: Helper) -> None:
    """Kill a helper that does not leave what nobody waits for."""
    await asyncio.wait((doing,), timeout=LEAVING_S)
    if not doing.done():
        helper.kill()


def problem_said(problem: Problem) -> tuple[Any, ...]:
    """A Problem as it crosses."""
    return (
        *(problem.kind, problem.detail, problem.field),
        *(problem.retry_after, problem.headers, problem.params),
    )


def problem_heard(said: tuple[Any, ...]) -> Problem:
    """The Problem that `problem_said`."""
    kind, detail, field, wait, headers, params = said
    return Problem(kind, detail, field=field, retry_after=wait, headers=headers, **params)
