"""The trail is kept long enough, leaves in signed files, and is told to the office's own log."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pydantic import ValidationError
from test_audit import append, kinds, seal, superuser, worker

from gridwarden.access.audit import archiving
from gridwarden.access.audit.archiving import archive_old
from gridwarden.access.audit.checking import Checked
from gridwarden.access.audit.forwarding import forward
from gridwarden.access.audit.sealing import SEALER, seal_all
from gridwarden.access.audit.verifying import verify
from gridwarden.database import Caller, Pool, as_caller, open_pool
from gridwarden.settings import Settings

OLD = timedelta(days=400)


def verified(settings: Settings) -> Checked:
    async def work(_: Pool) -> Checked:
        pool = await open_pool(settings, "web")
        try:
            return await verify(pool, Caller("auditor", "x"), (), settings)
        finally:
            await pool.close()

    found: Checked = worker(settings, work)
    return found


@pytest.fixture
def aged(city: Settings) -> Settings:
    """A trail whose first seals are 400 days old, and whose last is of today."""
    append(city, 12, "old clerk")
    with superuser(city) as c:
        c.execute("update data.audit set at = at - interval '400 days'")
    worker(city, lambda pool: seal_all(pool, datetime.now(UTC) - OLD))
    append(city, 5, "new clerk")
    seal(city)
    return city


def test_old_rows_leave_in_a_signed_file_and_the_trail_still_verifies(aged: Settings) -> None:
    rows = verified(aged).rows
    assert worker(aged, lambda pool: archive_old(pool, aged)) == 1
    assert worker(aged, lambda pool: archive_old(pool, aged)) == 0
    found = verified(aged)
    assert found.whole, found.faults
    assert found.archived >= 12 and found.rows + found.archived == rows
    with superuser(aged) as c:
        people = c.execute("select distinct person from data.audit where action = 'test'")
        assert people.fetchall() == [("new clerk",)]
        told = c.execute("select rows from data.audit where action = 'audit_archived'").fetchall()
        assert told == [(found.archived,)]
    [file] = archiving.folder_of(aged).iterdir()
    whole = file.read_bytes()
    assert "old clerk" in whole.decode() and file.stat().st_mode & 0o777 == 0o600
    file.write_bytes(whole.replace(b"old clerk", b"old Clerk", 1))
    assert kinds(verified(aged)) == {"archive_changed"}
    file.unlink()
    assert kinds(verified(aged)) == {"archive_missing"}
    file.write_bytes(whole)
    with superuser(aged) as c:
        c.execute("delete from data.audit where person = 'new clerk' and detail->>'i' = '2'")
    assert kinds(verified(aged)) == {"removed"}


def test_nothing_leaves_before_180_days(aged: Settings) -> None:
    with pytest.raises(ValidationError):
        Settings(home=aged.home, keep_audit_days=179)
    worker(aged, lambda pool: archive_old(pool, aged))

    async def early(pool: Pool) -> None:
        async with as_caller(pool, SEALER) as c:
            await c.execute(
                "select api.archive_audit(max(last_seal) + 1, max(last_seal) + 1, 1, 'x', '')"
                " from data.audit_archive"
            )

    with pytest.raises(psycopg.errors.DatabaseError, match="time of keeping"):
        worker(aged, early)
    # Who rules the database says that young rows were archived.
    with superuser(aged) as c:
        c.execute(
            "insert into data.audit_archive (first_seal, last_seal, rows, file, sha256)"
            " select number, number, rows, 'forged.jsonl', '' from data.audit_seal"
            " order by number desc limit 1"
        )
        c.execute("delete from data.audit where person = 'new clerk'")
    assert "archive_missing" in kinds(verified(aged))


class Listener:
    """Somebody's log: gathers what it is sent."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.got = kind, list[bytes]()
        self.refuse = kind == "tcp"
        if kind == "unix":
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.socket.bind(str(folder / "log"))
            self.target = f"unix://{folder}/log"
        else:
            kinds_of = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
            self.socket = socket.socket(socket.AF_INET, kinds_of[kind])
            self.socket.bind(("127.0.0.1", 0))
            self.target = f"{kind}://127.0.0.1:{self.socket.getsockname()[1]}"
        if kind == "tcp":
            self.socket.listen(5)
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                if self.kind != "tcp":
                    self.got.append(self.socket.recv(65_536))
                    continue
                connection, _ = self.socket.accept()
                with connection:
                    if self.refuse:  # the first one reads a little and falls over
                        self.refuse = False
                        connection.recv(10)
                        continue
                    data = b"".join(iter(lambda c=connection: c.recv(65_536), b""))
                while data:
                    length, _, rest = data.partition(b" ")
                    self.got.append(rest[: int(length)])
                    data = rest[int(length) :]


@contextmanager
def listening(kind: str, folder: Path) -> Iterator[Listener]:
    listener = Listener(kind, folder)
    try:
        yield listener
    finally:
        listener.socket.close()


@pytest.mark.parametrize("kind", ["tcp", "udp", "unix"])
def test_the_office_s_own_log_is_told_in_order_at_least_once(
    city: Settings, tmp_path: Path, kind: str
) -> None:
    append(city, 7, 'Ann "the]\\clerk"')
    with superuser(city) as c:
        c.execute(
            "insert into data.audit (role, person, login, action, object, detail) values"
            " ('gridwarden_viewer', E'x\\ny', 'x', 'test', 'at 114.123456,30.543210',"
            ' \'{"secret": "gw_abc", "place": [114.123456, 30.54321]}\')'
        )
    seal(city)
    append(city, 3)
    seal(city)
    with listening(kind, tmp_path) as listener:
        settings = city.model_copy(update={"syslog": listener.target})
        if kind == "tcp":
            with suppress(OSError):
                worker(settings, lambda pool: forward(pool, settings))
        worker(settings, lambda pool: forward(pool, settings))
        before = len(listener.got)
        assert worker(settings, lambda pool: forward(pool, settings)) == 0
        for _ in range(100):
            if len(listener.got) >= before and any(b" seal [" in one for one in listener.got):
                break
            threading.Event().wait(0.05)
        text = [one.decode() for one in listener.got]
    head = re.compile(r"<110>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ gridwarden - (audit|seal) \[")
    assert all(head.match(one) for one in text), text
    rows = [int(found[1]) for one in text if (found := re.search(r' audit \[.* id="(\d+)"', one))]
    with superuser(city) as c:
        sealed = c.execute("select id from data.audit order by id").fetchall()
    assert list(dict.fromkeys(rows)) == [row[0] for row in sealed]
    assert rows == sorted(rows) or kind == "tcp"
    together = "\n".join(text)
    assert 'person="Ann \\"the\\]\\\\clerk\\""' in together
    assert "gw_abc" not in together and "114.1" not in together and "30.54" not in together
    assert 'person="x y"' in together
    assert together.count(" seal [") >= 2 and 'head="' in together


@pytest.mark.parametrize(
    "wrong", ["http://x", "udp://", "tcp://a b", "tcp://a:99999", "unix://log", "x"]
)
def test_a_listener_that_is_none_is_refused_at_the_start(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, syslog=wrong)
