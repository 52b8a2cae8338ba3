"""The database by an account of its own, the service by another, as `gridwarden install` has it.

Debian's own accounts stand for the two: `postgres` and `games`, in the group of the first.
"""

import codecs
import json
import os
import pwd
import signal
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from homes import home_of

from commands import run_command
from gridwarden.database import accounts, cluster, doctor
from gridwarden.database.backup import switching
from gridwarden.database.handing import give, hand_over
from gridwarden.database.trouble import SetUpError
from gridwarden.installing.layout import Layout
from gridwarden.installing.machine import Machine
from gridwarden.settings import Settings

for codec in ("ascii", "idna"):  # other accounts may not reach where this Python is
    codecs.lookup(codec)
SERVICE = "games"
"""An account by which nothing else runs on any machine."""
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
        games = pwd.getpwnam(SERVICE)
        os.chown(settings.home, games.pw_uid, games.pw_gid)
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
    return succeeds(pwd.getpwnam(SERVICE).pw_uid, pwd.getpwnam("postgres").pw_gid, do)


def test_what_root_made_is_handed_over(installed: Settings) -> None:
    games = pwd.getpwnam(SERVICE).pw_uid
    secrets = list(installed.secrets.iterdir())
    assert secrets and all(place.stat().st_uid == games for place in secrets)
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


def test_the_passphrase_that_install_writes_is_well_and_one_that_all_may_read_is_not(
    installed: Settings,
) -> None:
    """Root's, for the service's group to read: no backup could be made by a timer otherwise."""
    file = installed.home.parent / "passphrase"
    file.write_text("five words drawn by chance")
    os.chown(file, 0, pwd.getpwnam("postgres").pw_gid)
    settings = installed.model_copy(update={"backup_passphrase_file": file})

    def well() -> None:
        found = {one.what: one for one in doctor.examine(settings)}
        assert found["passwords"].good, found["passwords"].told

    for mode, good in ((0o640, True), (0o644, False), (0o660, False)):
        file.chmod(mode)
        assert service(well) == good


def test_a_restore_is_refused_while_the_installed_service_or_its_database_runs(
    installed: Settings, running: Settings
) -> None:
    """A process of the service could move what root lays out in the service's folder."""

    def said() -> str:
        done = run_command(installed, "restore", "--replace", "/nowhere", GRIDWARDEN_LANGUAGE="en")
        assert done.returncode == 1
        return done.stderr

    assert "by the account postgres: sudo systemctl stop gridwarden gridwarden-db" in said()
    games = pwd.getpwnam(SERVICE)
    at_work = begin(games.pw_uid, games.pw_gid, signal.pause)
    while Path(f"/proc/{at_work}").stat().st_uid != games.pw_uid:
        time.sleep(0.01)
    assert f"by the account {SERVICE}, postgres: sudo" in said()
    os.kill(at_work, signal.SIGKILL)
    os.waitpid(at_work, 0)
    assert "by the account postgres: sudo" in said()


def test_a_restore_that_stopped_as_it_moved_names_is_finished_before_the_service_starts(
    installed: Settings,
) -> None:
    """What it moves is root's and the database's: the service asks for root, who does it."""
    staged = installed.home / "restoring-00000000"
    staged.mkdir(mode=0o711)
    for name in ("cluster", "secrets"):
        (installed.home / name).rename(staged / name)
    for place in ((staged / "secrets"), *(staged / "secrets").iterdir()):
        os.chown(place, 0, 0)
    (installed.home / "cluster").mkdir()
    os.chown(installed.home / "cluster", pwd.getpwnam("postgres").pw_uid, 0)
    (installed.home / "backup").mkdir(exist_ok=True)
    plan = switching.begin(installed, staged, "a" * 32)
    hand_over(installed)  # but for the half that was not moved yet
    os.chown(staged, 0, 0)

    def asks() -> None:
        try:
            cluster.up(installed)
        except SetUpError as told:
            assert "sudo gridwarden upgrade --go-on" in str(told)
        else:
            raise AssertionError

    assert service(asks)
    Machine(installed, Layout(installed.home)).finish_restore()
    assert not switching.pending(installed) and not staged.exists()
    assert (installed.home / plan.replaced / "cluster").owner() == "postgres"
    assert (installed.cluster / "data/PG_VERSION").exists()
    assert {place.owner() for place in installed.secrets.iterdir()} == {SERVICE}
    assert installed.cluster.owner() == "postgres"


@pytest.fixture
def planted() -> Iterator[tuple[Settings, Path]]:
    """A state folder of the service's, and beside it a folder of root's with a file in it."""
    with home_of("home", database_account="postgres") as settings:
        settings.home.mkdir(mode=0o711)
        games = pwd.getpwnam(SERVICE)
        os.chown(settings.home, games.pw_uid, games.pw_gid)
        theirs = settings.home.parent / "roots"
        theirs.mkdir(mode=0o755)
        (theirs / "file").write_text("root's own")
        yield settings, theirs


def of_root(theirs: Path) -> bool:
    """Whether root's things are as they were."""
    held = theirs.stat()
    return (held.st_uid, held.st_mode & 0o777, (theirs / "file").read_text()) == (
        *(0, 0o755),
        "root's own",
    )


def test_root_follows_no_link_that_the_service_put_where_its_own_things_are(
    planted: tuple[Settings, Path],
) -> None:
    settings, theirs = planted
    for name, where in (("cluster", theirs), ("up.lock", theirs / "file")):
        link = settings.home / name
        link.unlink(missing_ok=True)
        assert service(lambda link=link, where=where: link.symlink_to(where))
        with pytest.raises(SetUpError):
            cluster.make(settings)
        link.unlink()
        assert of_root(theirs)
    link = settings.home / "folder"
    link.symlink_to(theirs)
    with pytest.raises(OSError):
        give(link, 33, 33, 0o777)
    assert of_root(theirs)
    (settings.home / "backup").mkdir()
    (settings.home / "backup/lock").symlink_to(theirs / "file")
    refused = run_command(settings, "restore", "/nowhere", GRIDWARDEN_BACKUP_PASSPHRASE="x" * 12)
    assert refused.returncode == 1
    assert of_root(theirs)
    (settings.home / "backup/lock").unlink()
    (settings.home / "backup").rmdir()
    (settings.home / "backup").symlink_to(theirs)
    refused = run_command(settings, "restore", "/nowhere", GRIDWARDEN_BACKUP_PASSPHRASE="x" * 12)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert [place.name for place in theirs.iterdir()] == ["file"]


def test_root_moves_nothing_by_a_plan_that_the_service_wrote(
    planted: tuple[Settings, Path],
) -> None:
    settings, theirs = planted
    right = switching.Plan("a" * 32, "restoring-1", "replaced-1", ["file"], [], False)
    told = {name: getattr(right, name) for name in right.__slots__}
    (settings.home / "backup").mkdir()
    for wrong in (
        {"staged": "../roots"},
        {"staged": "restoring-1/../../roots"},
        {"replaced": "replaced-1/../../roots"},
        {"leaves": ["../roots"]},
        {"names": [".."]},
    ):
        (settings.home / "backup" / switching.PLAN).write_text(json.dumps(told | wrong))
        with pytest.raises(SetUpError, match="not what a restore writes down"):
            switching.finish(settings)
        assert of_root(theirs)
    # and none out of a folder, or into one, that a link leads to
    (settings.home / "backup" / switching.PLAN).write_text(json.dumps(told))
    (settings.home / "restoring-1").symlink_to(theirs)
    with pytest.raises(OSError):
        switching.finish(settings)
    assert of_root(theirs)
    (settings.home / "restoring-1").unlink()
    (settings.home / "backup" / switching.PLAN).write_text(json.dumps(told | {"leaves": ["mine"]}))
    (settings.home / "mine").write_text("x")
    (settings.home / "replaced-1").symlink_to(theirs)
    with pytest.raises(OSError):
        switching.finish(settings)
    assert [place.name for place in theirs.iterdir()] == ["file"]


def test_a_restore_that_is_refused_leaves_the_service_its_folder(
    planted: tuple[Settings, Path],
) -> None:
    settings, _ = planted
    done = run_command(settings, "restore", "/nowhere", GRIDWARDEN_BACKUP_PASSPHRASE="x" * 12)
    assert done.returncode == 1
    games = pwd.getpwnam(SERVICE).pw_uid
    made = [settings.home / "backup", *(settings.home / "backup").iterdir()]
    assert len(made) > 1 and {place.stat().st_uid for place in made} == {games}
