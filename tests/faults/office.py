"""An office that runs as offices do: `gridwarden serve` with its worker, asked over HTTP.

What is done to it is real: signals, cut connections, full disks, another clock. It answers all the
while, and `Watch` looks on from beside for what nobody should ever see.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg

from commands import run_command
from conftest import bearer, environment, free_port, make_key, owner
from gridwarden.database import accounts, cluster
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from intake.makers import geojson, polygon

RECOVERED_S = 180.0
"""45 s after a fault has ended all is done, without a hand; here, where others work beside, nobody
waits longer than this but where something is broken. `pytest -s` tells how long it took."""

MAIN = """
with d as (insert into data.dataset (layer, name, version) values ('gas_pipelines', 'm', 1)
           returning id)
insert into data.gas_pipelines
    (dataset_id, source_id, pressure_class, material, od_mm, accuracy_m, geom)
select d.id, 'm1', 'MA', 'steel', 219, 0.1,
       st_transform(st_geomfromtext('multilinestring((114.30 30.5005, 114.40 30.5005))', 4326),
                    data.working_srid())
from d"""
"""A main that every house stands on."""


class Office:
    """One service with its worker, on a port of its own, begun by the words of `enter`."""

    def __init__(
        self, settings: Settings, folder: Path, enter: Sequence[str] = (), **variables: str
    ) -> None:
        self.settings = settings.model_copy(update={"port": free_port()})
        self.folder = folder
        self.enter = enter
        self.variables = variables
        self.log = folder / "service.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.settings.port}", timeout=60)
        self.key = bearer(make_key(settings, "supervisor", all_districts=True))

    def begin(self) -> None:
        """Start the service and wait until it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.enter, sys.executable, "-m", "gridwarden", "serve"],
                env=environment(self.settings) | {"GRIDWARDEN_LANGUAGE": "en"} | self.variables,
                stdout=log,
                stderr=log,
            )
        self.wait(lambda: self.ready() or self.process is None or self.process.poll() is not None)
        assert self.process.poll() is None, self.said()[-3000:]

    def end(self) -> None:
        """Stop it as a service manager does."""
        self.http.close()
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)

    def kill(self) -> int:
        """Kill the service, and nothing else; gives its process's number."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        return self.process.pid

    def worker(self) -> int:
        """The process of its worker; 0 for none."""
        assert self.process is not None
        return next(iter(children(self.process.pid, b"worker")), 0)

    # ------------------------------------------------------------------------ asking
    def ready(self) -> bool:
        """Whether it says that it is, with a worker."""
        with suppress(httpx.TransportError):
            told = self.http.get("/readyz").json()
            return bool(told["status"] == "ready" and told["worker"] == "alive")
        return False

    def bring(self, dataset: str, heights: list[float]) -> dict[str, Any]:
        """Ask for an import of so many houses; the answer."""
        file = houses(self.folder / f"{uuid.uuid4().hex}.geojson", heights)
        answer = self.http.post(
            "/api/imports",
            headers=self.key,
            data={"layer": "buildings", "dataset": dataset},
            files={"file": (file.name, file.read_bytes())},
        )
        assert answer.status_code == 202, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def state(self, asked: Mapping[str, Any]) -> str:
        """What has become of an import; how the service answers meanwhile is looked at, too."""
        answer = self.http.get(str(asked["url"]), headers=self.key)
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) >= 1
            return "away"
        assert answer.status_code == 200, answer.text
        return str(answer.json()["state"])

    def asks(self, method: str, path: str, **sent: Any) -> int:
        """The status of a request; of one of 5xx, that it is 503 and says when to come back."""
        answer = self.http.request(method, path, headers=self.key, **sent)
        if answer.status_code >= 500:
            assert answer.status_code == 503, (path, answer.text)
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["request_id"] == answer.headers["x-request-id"]
        return answer.status_code

    def wait(self, what: Callable[[], object], seconds: float = RECOVERED_S) -> float:
        """Until it is so; how long that took (s)."""
        began = time.monotonic()
        while not what():
            assert time.monotonic() < began + seconds, self.said()[-3000:]
            time.sleep(0.1)
        return time.monotonic() - began

    def said(self) -> str:
        """Its log."""
        return self.log.read_text("utf-8", "replace")

    def lines(self) -> list[dict[str, Any]]:
        """Its log, line by line: each is a JSON object."""
        return [json.loads(line) for line in self.said().splitlines()]

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What the owner reads."""
        with owner(self.settings) as c:
            return c.execute(statement.encode(), values or None).fetchall()

    def one(self, statement: str, *values: object) -> Any:
        """One value of it."""
        return self.rows(statement, *values)[0][0]

    def nothing_waits(self) -> bool:
        """Whether every change has been screened and every job has ended."""
        return bool(
            self.one(
                "select not exists (select from data.change) and not exists"
                " (select from data.job where state in ('queued', 'running'))"
            )
        )


@contextmanager
def office(settings: Settings, folder: Path, **variables: str) -> Iterator[Office]:
    """A service with its worker, until the block ends; its database runs then in any case."""
    made = Office(settings, folder, **variables)
    try:
        made.begin()
        yield made
    finally:
        made.end()
        cluster.up(settings)


def houses(path: Path, heights: list[float]) -> Path:
    """A file of houses of these heights."""
    rows = [(polygon(at=i), {"id": f"h{i}", "height": h}) for i, h in enumerate(heights)]
    return geojson(path, rows)


def children(process: int, named: bytes = b"") -> list[int]:
    """The child processes whose command holds a word."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    found = [int(pid) for each in tasks for pid in each.read_text().split()]
    return [pid for pid in found if named in Path(f"/proc/{pid}/cmdline").read_bytes()]


def postmaster(settings: Settings) -> int:
    """The first process of the private cluster."""
    return int((settings.cluster / "data" / "postmaster.pid").read_text().split()[0])


def kill_cluster(settings: Settings) -> None:
    """Kill every process of the private cluster, as the kernel does that has no memory left."""
    first = postmaster(settings)
    for pid in (first, *children(first)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def nothing_is_stale(made: Office) -> None:
    """A screen of the whole city finds what is there already; the audit is whole."""
    done = run_command(made.settings, "screen", "--full", GRIDWARDEN_LANGUAGE="en")
    assert done.returncode == 0, done.stderr
    assert "0 new, 0 changed, 0 gone" in done.stdout, done.stdout
    verified = run_command(made.settings, "audit", "verify", GRIDWARDEN_LANGUAGE="en")
    assert verified.returncode == 0, verified.stdout + verified.stderr


class Watch:
    """Whoever reads while all this happens: the sets of houses that were ever seen, by height."""

    def __init__(self, settings: Settings) -> None:
        self.seen: set[tuple[tuple[float, int], ...]] = set()
        self._settings = settings
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ending.is_set():
            with suppress(SetUpError, psycopg.OperationalError), owner(self._settings) as c:
                while not self._ending.wait(0.02):
                    rows = c.execute(
                        "select height_m, count(*) from data.buildings group by 1 order by 1"
                    ).fetchall()
                    self.seen.add(tuple((float(height), many) for height, many in rows))


def end_sessions(settings: Settings) -> int:
    """Have the server end every session of service and worker; how many there were."""
    with accounts.connect_superuser(settings) as c:
        row = c.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = 'gridwarden' and application_name like 'gridwarden %'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def blocked_by(connection: psycopg.Connection[Any]) -> int:
    """How many sessions wait for what this one holds."""
    row = connection.execute(
        "select count(distinct pid) from pg_locks"
        " where not granted and pg_backend_pid() = any (pg_blocking_pids(pid))"
    ).fetchone()
    assert row is not None
    return int(row[0])
