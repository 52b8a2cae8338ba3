"""`python -m gridwarden.access.limits.helper`: does the heavy work that `aside` hands to it.

It hears one frame after another on its standard input and answers each piece of work by one frame:
`done` with what came of it, `problem` or `error` with what was raised, `left` where it was told to
leave. It ends with its input, so when the service is there no more.
"""

import asyncio
import os
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any, BinaryIO, Final

import psycopg
from psycopg_pool import PoolTimeout

from gridwarden.access.limits.aside import LEAVE, Reply, framed, heard, problem_said
from gridwarden.database import Pool, open_pool
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem
from gridwarden.words.telling import begin, fault, log

LESS_URGENT: Final = 10
"""By so much `nice`: a processor that the service wants is the service's."""


def main() -> None:
    """Serve until the service is gone."""
    begin()
    os.nice(LESS_URGENT)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    with suppress(BrokenPipeError):
        asyncio.run(_serve(answers))


async def _serve(answers: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    said = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(said), sys.stdin.buffer)
    try:
        settings, modules = await heard(said)
        for module in modules:
            import_module(module)
        async with await _alone(settings) as pool:
            await _answer(pool, settings, said, answers)
    except EOFError:
        return
    except PoolTimeout:  # it is begun again with the next work
        log.warning("helper ended: the database is away")


async def _alone(settings: Settings) -> Pool:
    """One connection: who asks for much does it with one statement at a time."""
    return await open_pool(settings.model_copy(update={"web_connections": 1}), "web")


async def _answer(
    pool: Pool, settings: Settings, said: asyncio.StreamReader, answers: BinaryIO
) -> None:
    """Do what is said, piece by piece; raises EOFError when nothing more is."""
    doing: asyncio.Task[None] | None = None
    try:
        while True:
            asked = await heard(said)
            if asked is not LEAVE:
                doing = asyncio.create_task(_done(pool, settings, asked, answers))
            elif doing is not None:
                doing.cancel()
    finally:
        if doing is not None:
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)


async def _done(pool: Pool, settings: Settings, asked: Any, answers: BinaryIO) -> None:
    """Do one piece of work and answer."""
    work, args, kwargs = asked
    reply: Reply
    try:
        reply = ("done", await work(pool, settings, *args, **kwargs))
    except Problem as problem:
        reply = ("problem", problem_said(problem))
    except psycopg.Error as error:
        reply = ("error", error)
    except asyncio.CancelledError:
        reply = ("left", None)
    except Exception as error:
        # Where it broke, never what it said: an error's text may quote what it was given.
        log.error("helper_failed", work=work.__qualname__, **fault(error))
        reply = ("error", RuntimeError(f"{type(error).__name__} in {work.__qualname__}"))
    answers.write(framed(reply))
    answers.flush()


if __name__ == "__main__":
    main()
