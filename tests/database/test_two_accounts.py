"""The database by an account of its own, the service by another, as `gridwarden install` has it.

Debian's own accounts stand for the two: `postgres` and `www-data`, in the group of the first.
"""

import codecs
import os
import pwd
import signal
import socket
import time
import traceback
from collections.abc import Callable, Iterator

import pytest
from homes import home_of

from gridwarden.database import accounts, cluster, doctor
from gridwarden.database.handing import hand_over
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

for codec in ("ascii", "idna"):  # other accounts may not reach where this Python is
    codecs.lookup(codec)
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root alone can be two accounts")


def begin(uid: int, gid: int, do: Callable[[], object]) -> int:
    """A process of this account that does it; its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        do()
        status = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)


def succeeds(uid: int, gid: int, do: Callable[[], object]) -> bool:
    _, status = os.waitpid(begin(uid, gid, do), 0)
    return os.waitstatus_to_exitcode(status) == 0


@pytest.fixture(scope="module")
def installed() -> Iterator[Settings]:
    """A state folder of the service's, a cluster in it of the database's, not started."""
    with home_of("home", database_account="postgres") as settings:
        settings.home.mkdir(mode=0o711)
        www = pwd.getpwnam("www-data")
        os.chown(settings.home, www.pw_uid, www.pw_gid)
        cluster.make(settings)
        hand_over(settings)
        yield settings


@pytest.fixture(scope="module")
def running(installed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The server in the foreground, as its unit runs it, until it says that it is ready."""
    postgres = pwd.getpwnam("postgres")
    said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = f"\0gridwarden-{os.getpid()}"
    said.bind(name)
    said.settimeout(60)
    os.environ["NOTIFY_SOCKET"] = "@" + name[1:]
    try:
        server = begin(postgres.pw_uid, postgres.pw_gid, lambda: cluster.become(installed))
    finally:
        del os.environ["NOTIFY_SOCKET"]
    while b"READY=1" not in said.recv(4096):
        pass
    yield installed
    os.kill(server, signal.SIGINT)
    until = time.monotonic() + 30
    while os.waitpid(server, os.WNOHANG) == (0, 0):
        assert time.monotonic() < until, "it does not stop"
        time.sleep(0.05)


def service(do: Callable[[], object]) -> bool:
    return succeeds(pwd.getpwnam("www-data").pw_uid, pwd.getpwnam("postgres").pw_gid, do)


def test_what_root_made_is_handed_over(installed: Settings) -> None:
    www = pwd.getpwnam("www-data").pw_uid
    secrets = list(installed.secrets.iterdir())
    assert secrets and all(place.stat().st_uid == www for place in secrets)
    assert installed.cluster.owner() == "postgres"
    assert (installed.cluster / "data").stat().st_mode & 0o777 == 0o700


def test_the_service_prepares_and_uses_a_database_that_it_cannot_touch(running: Settings) -> None:
    assert service(lambda: cluster.up(running))
    assert service(lambda: cluster.up(running))  # and again, when all is there
    assert service(lambda: accounts.connect_owner(running).close())

    def sees_it_run() -> None:
        assert cluster.is_running(running)
        assert doctor.server_version(running).startswith("PostgreSQL")

    assert service(sees_it_run)
    assert not service(lambda: (running.cluster / "data/PG_VERSION").read_text())
    assert not service(lambda: list((running.cluster / "data").iterdir()))


def test_strangers_reach_nothing(running: Settings) -> None:
    nobody = pwd.getpwnam("nobody")
    for place in (running.cluster / "socket", running.secrets):
        assert not succeeds(nobody.pw_uid, nobody.pw_gid, lambda p=place: list(p.iterdir()))
    stranger = socket.socket(socket.AF_UNIX)
    path = str(running.cluster / "socket/.s.PGSQL.5432")
    assert not succeeds(nobody.pw_uid, nobody.pw_gid, lambda: stranger.connect(path))


def test_the_service_is_told_who_stops_and_starts_the_database(running: Settings) -> None:
    def refused() -> None:
        try:
            cluster.down(running)
        except SetUpError as told:
            assert "systemctl stop gridwarden-db" in str(told)
        else:
            raise AssertionError

    assert service(refused)
    assert cluster.is_running(running)
