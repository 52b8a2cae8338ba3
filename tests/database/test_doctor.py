"""`gridwarden doctor` finds what is wrong and names what mends it; `status` says what runs."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import HomeMaker, homes, raised

from commands import run_command
from conftest import environment, free_port
from gridwarden.database import accounts, cluster
from gridwarden.database.doctor import examine
from gridwarden.database.ports import check_port
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

IN_TABLES = {"changes screened", "clocks", "statistics", "cleaning"}
SCRIPTS = Path(__file__).parents[2] / "script"


@pytest.fixture(scope="module")
def ground() -> Iterator[Settings]:
    with raised() as settings:
        yield settings.model_copy(update={"port": free_port()})


@pytest.fixture
def home() -> Iterator[HomeMaker]:
    with homes() as maker:
        yield maker


def bad(settings: Settings) -> dict[str, str]:
    """What the doctor finds wrong with the ground that tables stand on: there are none here, and
    what is looked at in them (tests/watching) is known only where the whole program is loaded."""
    return {f.what: f.told for f in examine(settings) if not f.good and f.what not in IN_TABLES}


def command(settings: Settings, word: str) -> subprocess.CompletedProcess[str]:
    return run_command(settings, word, GRIDWARDEN_LANGUAGE="en")


def test_only_the_map_pages_files_are_missing_after_up(ground: Settings) -> None:
    assert set(bad(ground)) == {"map page's files"}
    ground.assets.mkdir()
    (ground.assets / "leaflet.js").write_text("")
    assert bad(ground) == {}


def test_it_goes_on_after_a_bad_finding(home: HomeMaker) -> None:
    found = bad(home())
    assert "run `gridwarden up`" in found["database server"]
    assert "state folder" in found
    assert "logins" in found
    assert "PostgreSQL and PostGIS" not in found
    again = "This could not be looked at, for the reason that stands at"
    told = [one for one in found.values() if not one.startswith(again)]
    assert 0 < len(told) == len(set(told)) < len(found), "a reason is told once"


def test_a_password_that_others_may_read(ground: Settings) -> None:
    place = ground.secrets / "gridwarden_web_gridwarden"
    place.chmod(0o644)
    assert f"chmod 600 '{place}'" in bad(ground)["passwords"]
    place.chmod(0o600)
    assert "passwords" not in bad(ground)


def test_a_login_that_was_given_rights(ground: Settings) -> None:
    with accounts.connect_superuser(ground) as c:
        c.execute("alter role gridwarden_web_gridwarden inherit bypassrls")
    mend = bad(ground)["logins"]
    with accounts.connect_superuser(ground) as c:
        c.execute(mend.partition("run as a superuser: ")[2])  # type: ignore[arg-type]
    assert "logins" not in bad(ground)


def test_a_telltale_function_that_was_opened(ground: Settings) -> None:
    with accounts.connect_superuser(ground, "gridwarden") as c:
        c.execute("grant execute on function st_estimatedextent(text, text) to public")
    assert "anybody may ask" in bad(ground)["database, owner and PostGIS"]
    with accounts.connect_superuser(ground, "gridwarden") as c:
        c.execute(accounts.postgis_sql())
    assert "database, owner and PostGIS" not in bad(ground)


def test_another_working_crs(ground: Settings) -> None:
    other = ground.model_copy(update={"crs": 4546})
    assert "GRIDWARDEN_CRS=4547" in bad(other)["working coordinates"]


def test_a_port_that_is_taken_is_named_with_the_way_out(ground: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ground.port))
        taken.listen()
        told = bad(ground)["service's port"]
        assert told == (
            f"Port {ground.port} of 127.0.0.1 is in use: stop what uses it, or set"
            f" GRIDWARDEN_PORT to a free one, such as {ground.port % 65535 + 1}."
        )
    assert "service's port" not in bad(ground)


def test_a_host_that_is_not_this_machine(ground: Settings) -> None:
    impossible = ("map..example", "m" * 64 + ".example")
    for host in ("no.such.host.invalid", "192.0.2.1", *impossible):
        with pytest.raises(SetUpError, match="GRIDWARDEN_HOST"):
            check_port(ground.model_copy(update={"host": host}))
    for host in impossible:
        told = bad(ground.model_copy(update={"host": host}))
        assert "set GRIDWARDEN_HOST to one" in told["service's port"]


def test_the_commands_tell_no_secret(ground: Settings) -> None:
    words = ("doctor", "status")
    said = "".join(done.stdout + done.stderr for done in (command(ground, w) for w in words))
    assert "ok  logins" in said
    assert "PostgreSQL 1" in said
    for place in ground.secrets.iterdir():
        assert place.read_text().strip() not in said


def test_status_ends_with_3_when_the_database_does_not_run(home: HomeMaker) -> None:
    settings = home()
    before = command(settings, "status")
    assert before.returncode == 3
    assert "not running" in before.stdout
    cluster.up(settings)
    assert command(settings, "status").returncode == 0
    assert command(settings, "down").stdout == "Stopped.\n"
    assert command(settings, "down").stdout == "It was not running.\n"
    away = run_command(settings, "login-link", "viewer", GRIDWARDEN_LANGUAGE="en")
    assert away.stderr.strip().splitlines() == [
        "The database does not answer: run gridwarden up, or gridwarden doctor to see why."
    ]
    assert command(settings, "status").returncode == 3


def test_the_demo_names_a_taken_port_before_any_work(home: HomeMaker) -> None:
    settings = home()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for script in ("demo", "serve"):
            done = subprocess.run(
                [SCRIPTS / script],
                env=environment(settings.model_copy(update={"port": port})),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 1
            assert done.stdout == ""
            assert done.stderr == (
                f"Port {port} of 127.0.0.1 is in use: stop what uses it, or set GRIDWARDEN_PORT"
                f" to a free one, such as {port % 65535 + 1}.\n"
            )
    assert not settings.home.exists()
