"""A town with findings of every kind, and an HTTP server that hears what it is told."""

import asyncio
import base64
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from conftest import owner
from gridwarden.database import Caller, Pool, open_pool
from gridwarden.jobs.events.places import Places, places_of
from gridwarden.jobs.events.sequencing import number
from gridwarden.screening.screener import all_steps
from gridwarden.settings import Settings
from screening.conftest import STEEL_MA, SURE, DrawnCity, line, point, rectangle

LOCAL = ("127.0.0.0/8",)


def with_pool(settings: Settings, work: Callable[[Pool], Awaitable[Any]]) -> Any:
    """What `work` gives, with a pool of the worker's login."""

    async def whole() -> Any:
        pool = await open_pool(settings, "worker")
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(whole())


def numbered(settings: Settings) -> int:
    """Give places to what was committed; how many."""
    return int(with_pool(settings, number))


def places(settings: Settings, role: str = "planner") -> Places:
    """As the key seals and opens them that `sign_in(role)` makes."""
    return places_of(settings, Caller(role, f"test {role}"))


def told_of(settings: Settings, subject: str, act: str = "changed", **columns: Any) -> int:
    """An event of a finding that no main is part of, committed; its id."""
    with owner(settings) as c:
        return put(c, subject, act, **columns)


def put(connection: Any, subject: str, act: str = "changed", **columns: Any) -> int:
    """The same in the caller's transaction."""
    values = {
        "topic": "finding",
        "act": act,
        "subject": subject,
        "finding_id": 1,
        "family": "estate_without_shed",
        "layer": "estates",
        "subject_id": 1,
        "severity": "general",
        "certainty": "certain",
        "x": 500_000.0,
        "y": 3_400_000.0,
        **columns,
    }
    names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    row = connection.execute(
        f"insert into data.event ({names}) values ({marks}) returning id", tuple(values.values())
    ).fetchone()
    return int(row[0])


@dataclass
class Town(DrawnCity):
    """Two companies' mains in two districts with walls and trees too near, and a lonely estate.

    It was screened while it was empty, so that everything in it is news.
    """

    companies: tuple[int, ...] = ()
    districts: tuple[int, ...] = ()

    def build(self) -> None:
        """Draw it, screen it, and give its events their places."""
        self.screen()
        self.companies = tuple(
            int(
                self.sql(
                    "with d as (insert into data.dataset (layer, name, version)"
                    " values ('organisations', %s, 1) returning id)"
                    " insert into data.organisations (dataset_id, source_id, name)"
                    " select id, %s, %s from d returning id",
                    (name, name, name),
                )[0][0]
            )
            for name in ("gas one", "gas two")
        )
        self.districts = tuple(
            self.add("districts", rectangle(x, -500, x + 5000, 5000), name=name, code=code)
            for x, name, code in ((-500, "West", "W"), (4500, "East", "E"))
        )
        one, two = self.companies
        self.main(**STEEL_MA, org_id=one)
        self.main(line((6000, 0), (6100, 0)), **STEEL_MA, org_id=two)
        self.main(line((3000, 3000), (3100, 3000)), **STEEL_MA | {"pressure_class": "SHA"})
        self.wall(0.9)
        self.add("buildings", rectangle(6040, 0.9, 6050, 9), **SURE)
        self.add("street_objects", point(50, 0.3), kind="tree", **SURE)
        self.add("estates", rectangle(1000, 1000, 1100, 1100), **SURE)
        self.add("estates", rectangle(7000, 1000, 7100, 1100), **SURE)
        self.add("charging_sheds", point(2000, 2000), **SURE)
        self.step()

    def step(self) -> None:
        """Screen what changed, and give the events of that their places."""
        with_pool(self.settings, all_steps)
        numbered(self.settings)


@dataclass
class Heard:
    """One request that the receiver got."""

    path: str
    headers: dict[str, str]
    body: str
    at: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """A server on 127.0.0.1 that keeps what it hears and answers as `answer` says, else 204."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answer: Callable[[Heard], int] = lambda heard: 204
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                headers = {name.lower(): value for name, value in self.headers.items()}
                heard = Heard(self.path, headers, self.rfile.read(length).decode())
                outer.heard.append(heard)
                status = outer.answer(heard)
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def wait(self, n: int, seconds: float = 30) -> list[Heard]:
        """What was heard, once that is so much."""
        until = time.monotonic() + seconds
        while len(self.heard) < n:
            assert time.monotonic() < until, f"heard {len(self.heard)} of {n}"
            time.sleep(0.02)
        return self.heard


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver in a thread of its own."""
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        receiver.server.server_close()
        thread.join()


def signature_by_openssl(secret: str, heard: Heard) -> str:
    """What the signature of a message should be, by another program's arithmetic."""
    key = base64.b64decode(secret.removeprefix("whsec_")).hex()
    text = f"{heard.id}.{heard.headers['webhook-timestamp']}.{heard.body}"
    done = subprocess.run(
        ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key}", "-binary"],
        input=text.encode(),
        capture_output=True,
        check=True,
    )
    return "v1," + base64.b64encode(done.stdout).decode()
