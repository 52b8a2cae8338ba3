"""Whatever stands in the way of a set-up is told in one sentence that says what to do."""

import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from homes import HomeMaker, full_disk, homes

from commands import run_command
from conftest import environment
from gridwarden.database import cluster, making, postgres
from gridwarden.database.passwords import write_private
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

UP = [sys.executable, "-m", "gridwarden.database.cluster", "up"]


@pytest.fixture
def home() -> Iterator[HomeMaker]:
    with homes() as maker:
        yield maker


@pytest.fixture
def small_disk() -> Iterator[Path]:
    with full_disk() as place:
        yield place


def refusal(action: Callable[[], object]) -> str:
    """The sentence of a set-up that cannot go on; it is one, and it has an end."""
    with pytest.raises(SetUpError) as caught:
        action()
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith((".", ";", "'")), text
    return text


def as_nobody(action: Callable[[], str]) -> str:
    """What `action` answers in a process without rights (root may write anywhere)."""
    if os.geteuid() != 0:
        return action()
    answers: multiprocessing.SimpleQueue[str] = multiprocessing.get_context("fork").SimpleQueue()

    def run() -> None:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        try:
            answers.put(action())
        except BaseException as error:
            answers.put(repr(error))
            raise

    child = multiprocessing.get_context("fork").Process(target=run)
    child.start()
    answer = answers.get()
    child.join()
    return answer


def test_a_disk_without_room_is_named_before_anything_is_made(
    small_disk: Path, home: HomeMaker
) -> None:
    settings = home().model_copy(update={"home": small_disk / "home"})
    told = refusal(lambda: cluster.up(settings))
    assert told == (
        f"There is no room left on the disk of {settings.home}: free at least 1 GB there, or name"
        " a folder on a larger disk in GRIDWARDEN_HOME, and run it again."
    )
    assert not (settings.cluster / "data").exists()


def test_a_disk_that_fills_while_the_cluster_is_made_leaves_nothing_half_made(
    small_disk: Path, home: HomeMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "ROOM_MB", 0)  # as if others had filled it in the meantime
    settings = home().model_copy(update={"home": small_disk / "home"})
    assert refusal(lambda: cluster.up(settings)).startswith("There is no room left on the disk")
    assert list(settings.cluster.iterdir()) == []


def test_without_postgresql_it_says_how_to_install_it(home: HomeMaker, tmp_path: Path) -> None:
    settings = home(postgresql_bin=tmp_path)
    told = refusal(lambda: cluster.up(settings))
    assert "script/setup" in told
    assert "sudo" in told
    assert "GRIDWARDEN_DATABASE_URL" in told


def test_without_postgis_it_names_the_package(home: HomeMaker, tmp_path: Path) -> None:
    """A PostgreSQL whose extension folder holds no PostGIS, as Debian's bare server package."""
    real = postgres.find_programs(home())
    for program in real.folder.iterdir():
        if program.name != "pg_config":
            (tmp_path / program.name).symlink_to(program)
    (tmp_path / "extension").mkdir()
    (tmp_path / "pg_config").write_text(f"#!/bin/sh\necho '{tmp_path}'\n")
    (tmp_path / "pg_config").chmod(0o755)
    told = refusal(lambda: cluster.up(home("other", postgresql_bin=tmp_path)))
    assert f"install postgresql-{real.major}-postgis-3" in told


def test_a_cluster_of_another_major_version_is_left_alone(home: HomeMaker) -> None:
    settings = home()
    (settings.cluster / "data").mkdir(parents=True)
    (settings.cluster / "data" / "PG_VERSION").write_text("9\n")
    told = refusal(lambda: cluster.up(settings))
    assert "was made by PostgreSQL 9, which is not installed" in told
    assert "GRIDWARDEN_HOME" in told


def test_a_folder_that_is_no_cluster_is_left_alone(home: HomeMaker) -> None:
    settings = home()
    (settings.cluster / "data").mkdir(parents=True)
    (settings.cluster / "data" / "diary.txt").write_text("mine")
    assert "is not a PostgreSQL cluster: move it away" in refusal(lambda: cluster.up(settings))
    assert (settings.cluster / "data" / "diary.txt").read_text() == "mine"


def test_a_state_folder_that_cannot_be_written(home: HomeMaker) -> None:
    settings = home()
    settings.home.mkdir(mode=0o555)
    told = as_nobody(lambda: refusal(lambda: cluster.up(settings)))
    assert f"{settings.home}" in told
    assert "is not writable for the account" in told


def test_a_state_folder_that_cannot_be_made(home: HomeMaker) -> None:
    settings = home()
    settings.home.parent.chmod(0o555)
    told = as_nobody(lambda: refusal(lambda: cluster.up(settings)))
    settings.home.parent.chmod(0o755)
    assert "is not writable for the account" in told


def test_a_file_where_the_state_folder_should_be(home: HomeMaker) -> None:
    settings = home()
    settings.home.write_text("")
    assert "name another one in GRIDWARDEN_HOME" in refusal(lambda: cluster.up(settings))
    inside = settings.model_copy(update={"home": settings.home / "deeper"})
    assert "name another one in GRIDWARDEN_HOME" in refusal(lambda: cluster.up(inside))


@pytest.mark.parametrize(
    "words",
    [
        *(("up",), ("down",), ("status",), ("doctor",), ("serve",), ("worker",)),
        *(("token", "viewer"), ("backup", "a.age"), ("backup", "--drill", "/dev/null")),
        *(("restore", "/dev/null"), ("tls", "make", "map.example")),
    ],
)
def test_where_no_folder_can_be_no_command_falls(words: tuple[str, ...]) -> None:
    settings = Settings(home=Path("/proc/x/gridwarden"))
    told = {"GRIDWARDEN_LANGUAGE": "en", "GRIDWARDEN_BACKUP_PASSPHRASE": "two words and more"}
    done = run_command(settings, *words, **told)
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    if words in (("up",), ("restore", "/dev/null")):
        assert done.stderr.strip().count("\n") == 0, done.stderr
        assert "/proc/x/gridwarden cannot be a folder" in done.stderr


@pytest.mark.parametrize("character", list('"$`\\'))
def test_a_path_that_a_shell_would_read_is_refused(home: HomeMaker, character: str) -> None:
    settings = home(f"a{character}b")
    assert "name a state folder without" in refusal(lambda: cluster.up(settings))
    assert not settings.home.exists()


def test_another_accounts_cluster_is_left_alone(home: HomeMaker) -> None:
    settings = home()
    settings.home.mkdir()
    settings.cluster.symlink_to("/usr")  # root's, here as everywhere
    told = as_nobody(lambda: refusal(lambda: postgres.account_of(settings)))
    assert "belongs to the account root: use that account or root" in told


def test_a_socket_folder_that_somebody_else_holds_is_not_used(home: HomeMaker) -> None:
    settings = home("long" * 40)
    sockets = cluster.socket_dir(settings)
    sockets.mkdir(mode=0o777)
    sockets.chmod(0o777)
    try:
        told = refusal(lambda: cluster.up(settings))
    finally:
        shutil.rmtree(sockets, ignore_errors=True)
    assert f"{sockets}, where the database's socket must be, belongs to somebody else" in told


def test_lost_passwords_are_told_of(home: HomeMaker) -> None:
    settings = home()
    cluster.up(settings)
    write_private(settings.secrets / "postgres", "wrong\n")
    (settings.secrets / "gridwarden_owner").unlink()
    told = refusal(lambda: cluster.up(settings))
    assert "does not let postgres in" in told


def test_the_working_crs_is_fixed_at_the_first_start(home: HomeMaker) -> None:
    settings = home()
    cluster.up(settings)
    other = settings.model_copy(update={"crs": 32650})
    told = refusal(lambda: cluster.up(other))
    assert told == (
        "This installation measures in EPSG:4547, fixed at its first start: set"
        " GRIDWARDEN_CRS=4547, or name a new state folder in GRIDWARDEN_HOME for EPSG:32650."
    )
    (settings.home / "working-crs").unlink()  # the database knows it, too
    assert refusal(lambda: cluster.up(other)) == told
    cluster.up(settings)
    assert (settings.home / "working-crs").read_text() == "4547\n"


@pytest.mark.parametrize("epsg", [4326, 3857, 2263, 999999])
def test_a_working_crs_without_true_metres_is_refused(home: HomeMaker, epsg: int) -> None:
    settings = home(crs=epsg)
    assert "is not a projected system in metres" in refusal(lambda: cluster.up(settings))
    assert not settings.cluster.exists()


@pytest.mark.parametrize("epsg", [3035, 3031])
def test_a_working_crs_whose_metres_are_not_the_ground_s_is_refused(
    home: HomeMaker, epsg: int
) -> None:
    settings = home(crs=epsg)
    assert refusal(lambda: cluster.up(settings)) == (
        f"The metres of EPSG:{epsg} are not metres of the ground: set GRIDWARDEN_CRS to one whose"
        " metres are, such as 4547 (CGCS2000, central meridian 114°E) or the UTM zone of your city."
    )
    assert not settings.cluster.exists()


def test_the_command_prints_the_sentence_and_no_traceback(home: HomeMaker) -> None:
    settings = home()
    settings.home.write_text("")
    done = subprocess.run(
        UP,
        env=environment(settings) | {"GRIDWARDEN_LANGUAGE": "en"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "GRIDWARDEN_HOME" in done.stderr and "a file stands there, not a folder" in done.stderr
