"""The private cluster does its work, again and again, wherever its folder lies."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from homes import HomeMaker, homes, raised
from psycopg.conninfo import make_conninfo

from conftest import environment
from gridwarden.database import accounts, cluster
from gridwarden.database.addresses import LOGINS, login_name, server, socket_dir
from gridwarden.settings import Settings

UP = [sys.executable, "-m", "gridwarden.database.cluster", "up"]


@pytest.fixture
def home() -> Iterator[HomeMaker]:
    with homes() as maker:
        yield maker


@pytest.fixture(scope="module")
def ground() -> Iterator[Settings]:
    with raised() as settings:
        yield settings


def lets_in(settings: Settings) -> set[str]:
    """The logins that get in with their passwords."""
    names = set()
    for login in LOGINS:
        with psycopg.connect(cluster.login_dsn(settings, login)) as c:
            names.add(c.execute("select current_user::text").fetchone()[0])
    return names


def everything(settings: Settings) -> list[object]:
    """What a second `up` could have changed: server, roles with password hashes, rights, files."""
    questions = (
        "select pg_postmaster_start_time()",
        "select rolname, rolpassword, rolsuper, rolinherit from pg_authid order by 1",
        "select datname, datacl::text, datdba from pg_database order by 1",
    )
    with accounts.connect_superuser(settings) as c:
        seen: list[object] = [c.execute(q).fetchall() for q in questions]
    with cluster.connect_owner(settings) as c:
        seen += c.execute("select oid::int, xmin::text, proacl::text from pg_proc").fetchall()
        seen += c.execute("select oid::int, xmin::text, relacl::text from pg_class").fetchall()
    files = [p for p in settings.home.glob("*") if p.is_file()] + list(settings.secrets.iterdir())
    return seen + [(p.name, p.read_bytes()) for p in sorted(files)]


def test_a_second_up_changes_nothing_and_has_nothing_to_say(ground: Settings) -> None:
    before = everything(ground)
    said: list[str] = []
    assert cluster.up(ground, said.append) == cluster.Raised(made=False, started=False)
    assert said == []
    assert everything(ground) == before


def test_a_cluster_that_was_stopped_starts_again_with_the_same_passwords(home: HomeMaker) -> None:
    settings = home()
    assert cluster.up(settings) == cluster.Raised(made=True, started=True)
    passwords = {p.name: p.read_text() for p in settings.secrets.iterdir()}
    assert cluster.down(settings)
    assert not cluster.is_running(settings)
    assert not cluster.down(settings)
    assert cluster.up(settings) == cluster.Raised(made=False, started=True)
    assert {p.name: p.read_text() for p in settings.secrets.iterdir()} == passwords
    assert lets_in(settings) == {"gridwarden_web_gridwarden", "gridwarden_worker_gridwarden"}


@pytest.mark.parametrize(
    "name",
    ["with spaces in it", "it's 城市, %s {x} & (more); ~", "long" * 40],
    ids=["spaces", "punctuation", "longer than a socket's path"],
)
def test_the_state_folder_may_have_any_name(home: HomeMaker, name: str) -> None:
    settings = home(name)
    cluster.up(settings)
    assert len(lets_in(settings)) == 2
    cluster.down(settings)
    cluster.up(settings)
    with psycopg.connect(cluster.owner_dsn(settings)) as c:
        data = c.execute("select current_user").fetchone()
    assert data == ("gridwarden_owner",)
    cluster.down(settings)
    sockets = socket_dir(settings)
    assert settings.cluster in sockets.parents or not sockets.exists()


def _making(settings: Settings) -> bool:
    return any(settings.cluster.glob("making-*/data/base"))


def _made(settings: Settings) -> bool:
    return (settings.cluster / "data").exists()


def _listening(settings: Settings) -> bool:
    return any(socket_dir(settings).glob(".s.PGSQL.*"))


def _owner_known(settings: Settings) -> bool:
    return (settings.secrets / "gridwarden_owner").exists()


def _logins_known(settings: Settings) -> bool:
    return (settings.secrets / login_name(settings, "web")).exists()


@pytest.mark.parametrize("moment", [_making, _made, _listening, _owner_known, _logins_known])
def test_an_up_that_is_killed_is_finished_by_the_next(
    home: HomeMaker, moment: Callable[[Settings], bool]
) -> None:
    settings = home()
    killed = subprocess.Popen(UP, env=environment(settings), stdout=subprocess.DEVNULL)
    while not moment(settings) and killed.poll() is None:
        time.sleep(0.001)
    killed.kill()
    assert killed.wait() == -9, "it had ended before the moment came"
    cluster.up(settings)
    assert len(lets_in(settings)) == 2
    assert list(settings.cluster.glob("making-*")) == []
    assert cluster.up(settings) == cluster.Raised()


def test_two_ups_at_once_make_one_cluster(home: HomeMaker) -> None:
    settings = home()
    both = [
        subprocess.Popen(UP, env=environment(settings), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [one.communicate()[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sum("建立专用的 PostgreSQL" in text for text in said) == 1
    assert len(lets_in(settings)) == 2


def test_passwords_are_for_their_owner_alone(ground: Settings) -> None:
    assert stat.S_IMODE(ground.secrets.stat().st_mode) == 0o700
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in ground.secrets.iterdir()}
    assert modes == dict.fromkeys(
        ["postgres", "gridwarden_owner", *(login_name(ground, each) for each in LOGINS)], 0o600
    )
    assert len({p.read_text() for p in ground.secrets.iterdir()}) == len(modes)


@pytest.mark.parametrize("user", ["postgres", "gridwarden_owner", "gridwarden_web_gridwarden"])
@pytest.mark.parametrize("password", ["", "gridwarden", None])
def test_nobody_gets_in_over_the_socket_without_the_password(
    ground: Settings, user: str, password: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", os.devnull)
    dsn = make_conninfo(**server(ground), user=user, password=password)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(dsn)


def test_it_listens_on_no_tcp_port(ground: Settings) -> None:
    with cluster.connect_owner(ground) as c:
        assert c.execute("show listen_addresses").fetchone() == ("",)
        assert c.execute("show jit").fetchone() == ("off",)
    with accounts.connect_superuser(ground) as c:
        rules = c.execute("select type, auth_method from pg_hba_file_rules").fetchall()
    assert rules == [("local", "scram-sha-256")]


def test_it_keeps_nothing_where_a_log_out_would_clear_it(ground: Settings) -> None:
    """systemd removes a user's files in /dev/shm at log-out; a server that used it is lost."""
    pid = (ground.cluster / "data" / "postmaster.pid").read_text().split()[0]
    used = [line for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if "/shm/" in line]
    assert used == []
    with cluster.connect_owner(ground) as c:
        assert c.execute("show dynamic_shared_memory_type").fetchone() == ("mmap",)


def test_the_password_is_in_no_log(ground: Settings) -> None:
    said = "".join(p.read_text() for p in (ground.cluster / "log").iterdir())
    assert "database system is ready" in said
    for place in ground.secrets.iterdir():
        assert place.read_text().strip() not in said


@pytest.mark.parametrize("login", LOGINS)
def test_a_login_owns_nothing_and_may_do_nothing(ground: Settings, login: str) -> None:
    with psycopg.connect(cluster.login_dsn(ground, login), autocommit=True) as c:
        row = c.execute(
            "select rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication"
            " from pg_roles where rolname = current_user"
        ).fetchone()
        assert row == (False,) * 6
        for forbidden in (
            "create table public.mine (x int)",
            "create schema mine",
            "create temporary table mine (x int)",
            "set role gridwarden_owner",
            "copy (select 1) to program 'true'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                c.execute(forbidden)


def test_a_login_learns_no_extent_of_a_table_it_may_not_read(ground: Settings) -> None:
    """The values lie in statistics and indexes, which PostGIS shows without any grant."""
    with cluster.connect_owner(ground) as c:
        c.execute("create table public.secret (geom geometry(Point, 4547))")
        c.execute("create index on public.secret using gist (geom)")
        c.execute(
            "insert into public.secret"
            " select st_setsrid(st_point(500000 + n, 3380000 + n), 4547)"
            " from generate_series(1, 300) n"
        )
        c.execute("analyze public.secret")
    asked = [
        "select st_estimatedextent('public', 'secret', 'geom', true)",
        "select st_estimatedextent('public', 'secret', 'geom')",
        "select st_estimatedextent('secret', 'geom')",
        "select _postgis_stats('public.secret', 'geom')",
        "select _postgis_index_extent('public.secret', 'geom')",
        "select _postgis_selectivity('public.secret', 'geom', st_makeenvelope(0, 0, 1, 1, 4547))",
        "select _postgis_join_selectivity('public.secret', 'geom', 'public.secret', 'geom')",
        "select st_findextent('public', 'secret', 'geom')",
        "select st_extent(geom) from public.secret",
    ]
    with accounts.connect_superuser(ground, "gridwarden") as c:
        # only a question that has an answer can be refused for the right reason
        assert [q for q in asked if c.execute(q).fetchone()[0] is None] == []
    with psycopg.connect(cluster.login_dsn(ground, "web"), autocommit=True) as c:
        for question in asked:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                c.execute(question)
        assert c.execute("select count(*) from geometry_columns").fetchone() == (0,)
        assert c.execute("select st_area(st_makeenvelope(0, 0, 2, 2))").fetchone() == (4.0,)


def test_every_function_that_reads_tables_by_name_is_closed(ground: Settings) -> None:
    """What PostGIS brings in a later version must be looked at before it is left open."""
    with cluster.connect_owner(ground) as c:
        rows = c.execute(
            "select p.oid::regprocedure::text from pg_proc p"
            " join pg_depend d on d.objid = p.oid and d.classid = 'pg_proc'::regclass"
            " and d.deptype = 'e'"
            " where has_function_privilege('public', p.oid, 'execute')"
            " and (p.prosecdef or 'regclass'::regtype = any(p.proargtypes::oid[])"
            " or p.proargnames && array['tbl_oid', 'table_name', 'tablename', 'tbl', 'geomtable',"
            " 'geomtab', 'tbl_name'])"
        ).fetchall()
    assert rows == []


def test_a_second_database_has_logins_of_its_own(ground: Settings) -> None:
    url = cluster.another_database(ground, "trial")
    other = ground.model_copy(update={"database_url": url})
    cluster.up(other)
    assert lets_in(other) == {"gridwarden_web_trial", "gridwarden_worker_trial"}
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(make_conninfo(cluster.login_dsn(ground, "web"), dbname="trial"))
    accounts.drop_private_database(ground, "trial")


def test_root_never_runs_the_server(ground: Settings) -> None:
    owner = (ground.cluster / "data").stat().st_uid
    assert owner != 0
    pid = (ground.cluster / "data" / "postmaster.pid").read_text().split()[0]
    assert Path(f"/proc/{pid}").stat().st_uid == owner
