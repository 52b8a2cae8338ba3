"""A load of questions by so many askers at once: per second, and the middle answer's time."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from benchmarks.measuring import Figures

Q = TypeVar("Q")


async def asked(
    questions: Sequence[Q], ask: Callable[[int, Q], Awaitable[object]], askers: int
) -> Figures:
    """Ask all questions, `askers` at a time; `ask` is told which asker it is (from 0).

    `each` is seconds a question overall, `per_s` its inverse, `p50_ms` and `p95_ms` of one answer.
    """
    left: Iterator[Q] = iter(questions)
    took: list[float] = []

    async def one(asker: int) -> None:
        for question in left:
            began = time.perf_counter()
            await ask(asker, question)
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(one(asker) for asker in range(askers)))
    each = (time.perf_counter() - began) / len(questions)
    p50, p95 = statistics.median(took), sorted(took)[int(len(took) * 0.95)]
    return {"each": each, "per_s": 1 / each, "p50_ms": p50 * 1e3, "p95_ms": p95 * 1e3}


class Line:
    """One kept-alive HTTP/1.1 connection: cheap, so that the service is what is measured."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str
    ) -> None:
        self._reader, self._writer, self._key = reader, writer, key

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of the answer. Raises RuntimeError for any status but 200."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in answer[1:] if line)
        text = await self._reader.readexactly(int(headers["content-length"]))
        if " 200 " not in answer[0]:
            raise RuntimeError(f"{path}: {answer[0]} {text[:300]!r}")
        return text

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@asynccontextmanager
async def lines(port: int, key: str, count: int) -> AsyncIterator[list[Line]]:
    """So many connections to the service on this machine."""
    made = [Line(*await asyncio.open_connection("127.0.0.1", port), key) for _ in range(count)]
    try:
        yield made
    finally:
        for line in made:
            line.close()
