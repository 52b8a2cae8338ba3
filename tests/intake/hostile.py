"""The canaries of hostile files: a server that must see nobody, a file that must stay secret."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import shapely

from gridwarden.intake.apart import Limits, open_apart
from gridwarden.words.problems import Problem

SECRET = "Z2FzLW1haW4tcG9zaXRpb25z"
LIMIT = 20 << 20
LIMITS = Limits(memory_mb=700, seconds=20)


class Canary:
    """A listening port, a secret file, and a folder that must stay as it is."""

    def __init__(self, folder: Path, server: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{server.getsockname()[1]}/canary"
        self.came = 0
        self.secret = folder / "secret.txt"
        self.secret.write_text(f"name\n{SECRET}\n")

    def silent(self) -> None:
        """Nobody called."""
        assert self.came == 0, "somebody called the server"


@contextmanager
def watched(folder: Path) -> Iterator[Canary]:
    """A canary that is looked at in the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.02)
        canary, over = Canary(folder, server), threading.Event()

        def watch() -> None:
            while not over.is_set():
                try:
                    server.accept()[0].close()
                    canary.came += 1
                except TimeoutError:
                    continue

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield canary
        finally:
            over.set()
            thread.join(5)
        canary.silent()


def said(
    file: Path, room: Path, name: str | None = None, *, limits: Limits = LIMITS, **options: Any
) -> Problem | list[Any]:
    """All that comes out of a file, or the refusal; the secret is in neither."""
    room.mkdir(exist_ok=True)
    out: Problem | list[Any] = []
    try:
        with open_apart(file, name or file.name, room, LIMIT, limits=limits, **options) as source:
            values: list[Any] = [source.fields, source.notes, source.claim, source.layer]
            for batch in source.batches():
                values += [batch.columns, batch.troubles, batch.marks, batch.passed_over]
                values += list(shapely.to_wkt(batch.shapes))
            out = values
    except Problem as problem:
        out = problem
        assert SECRET not in problem.said("en") + problem.said("zh")
    assert SECRET not in repr(out)
    return out


def refused(file: Path, room: Path, name: str | None = None, **options: Any) -> tuple[str, str]:
    """The kind and the key of the refusal of a file."""
    found = said(file, room, name, **options)
    assert isinstance(found, Problem), found
    return found.kind, found.detail
