"""An office's own server: each right that Gridwarden needs there is taken away once, and the
command that is named brings it back. A real second cluster, on this machine's own address, plays
the office's.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from homes import HomeMaker, homes, raised

from conftest import free_port
from gridwarden.access.tls import making
from gridwarden.database import accounts, cluster
from gridwarden.database.doctor import examine
from gridwarden.database.postgres import account_of, find_programs, run_as
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings

OWNER = "gridwarden_owner"


@pytest.fixture(scope="module")
def office() -> Iterator[Settings]:
    """Its superuser plays the office's administrator."""
    with raised() as settings:
        yield settings


@pytest.fixture
def home() -> Iterator[HomeMaker]:
    with homes() as maker:
        yield maker


def administrator(office: Settings, *statements: str, database: str = "city") -> None:
    with accounts.connect_superuser(office, database) as c:
        for one in statements:
            c.execute(one)  # type: ignore[call-overload]


def refused(settings: Settings) -> SetUpError:
    with pytest.raises(SetUpError) as caught:
        cluster.up(settings)
    return caught.value


FAULTS = {
    "few_in_database": (("alter database city connection limit 5",), "takes 5 sessions at a time"),
    "few_of_owner": ((f"alter role {OWNER} connection limit 3",), "may have 3 sessions"),
    "no_createrole": ((f"alter role {OWNER} nocreaterole",), "may not create roles"),
    "no_create": ((f"revoke create on database city from {OWNER}",), "may not create schemas"),
    "not_owner": (
        ("alter database city owner to postgres", f"grant all on database city to {OWNER}"),
        "does not own the database",
    ),
    "postgis_half": (
        ("update pg_extension set extversion = '3.9.0' where extname = 'postgis'",),
        "upgraded on the server",
    ),
    "postgis_old": (
        ("update pg_extension set extversion = '2.5.5' where extname = 'postgis'",),
        "2.5.5 and Gridwarden needs 3.3",
    ),
}
"""What takes a right away, and words of the sentence."""


def test_each_right_that_is_missing_is_named_with_what_grants_it(
    home: HomeMaker, office: Settings
) -> None:
    url = cluster.another_database(office, "city")
    settings = home(database_url=url)
    with accounts.connect_superuser(office, "city") as c:
        row = c.execute("select extversion from pg_extension where extname = 'postgis'").fetchone()
    assert row
    back = f"update pg_extension set extversion = '{row[0]}' where extname = 'postgis'"
    try:
        for name, (statements, words) in FAULTS.items():
            administrator(office, *statements)
            told = refused(settings)
            assert words in told.wrong, name
            chinese = refused(settings.model_copy(update={"language": "zh"}))
            assert re.search("[一-鿿]", chinese.wrong) and chinese.wrong != told.wrong
            if name.startswith("postgis"):
                assert "ALTER EXTENSION postgis UPDATE" in told.mend
                administrator(office, back)
            else:
                administrator(office, told.mend.removeprefix("run as a superuser: "))
        administrator(office, "alter database city connection limit -1")
        many = settings.model_copy(update={"web_connections": 100})
        assert "max_connections = 224" in refused(many).mend
        cluster.up(settings)
        limited = "gridwarden_web_city"
        administrator(office, f"alter role {limited} connection limit 2")
        told = next(f for f in examine(settings) if f.what == "database, owner and PostGIS")
        assert f"The role {limited} may have 2 sessions" in told.wrong
    finally:
        accounts.drop_private_database(office, "city")


def test_a_new_database_of_another_locale_is_refused(home: HomeMaker, office: Settings) -> None:
    url = cluster.another_database(office, "city")
    with accounts.connect_superuser(office) as c:
        c.execute("drop database city")
        c.execute(
            "create database city owner gridwarden_owner encoding 'UTF8' locale 'C'"
            " template template0"
        )
    told = refused(home(database_url=url))
    assert "The locale of the database city is C" in told.wrong
    assert "--locale=C.UTF-8" in told.mend
    accounts.drop_private_database(office, "city")


def test_two_deployments_lie_side_by_side(home: HomeMaker, office: Settings) -> None:
    """An owner, a database and a state folder each: neither enters the other's."""
    made = {}
    for name in ("north", "south"):
        cluster.another_database(office, name)
        administrator(
            office,
            f"create role {name}_owner login createrole password 'kB3x-{name}-9LwQ0aVd'",
            f"alter database {name} owner to {name}_owner",
            database=name,
        )
        place = quote(str(office.cluster / "socket"), safe="")
        url = f"postgresql://{name}_owner:kB3x-{name}-9LwQ0aVd@{place}:5432/{name}"
        made[name] = home(name, database_url=url)
        cluster.up(made[name])
    for name, other in (("north", "south"), ("south", "north")):
        own = next(f for f in examine(made[name]) if f.what == "logins")
        assert own.good, own.told
        foreign = cluster.login_dsn(made[name], "web").replace(f"dbname={name}", f"dbname={other}")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(foreign)
        owner = cluster.owner_dsn(made[name]).replace(f"dbname={name}", f"dbname={other}")
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(owner)
    for name in made:
        accounts.drop_private_database(office, name)
        administrator(office, f"drop role {name}_owner", database="postgres")


@dataclass
class Elsewhere:
    """A server that listens on this machine's own address, as another machine's would."""

    host: str
    port: int
    data: Path
    control: Callable[..., None]

    def settings(self, home: HomeMaker, **more: object) -> Settings:
        url = f"postgresql://{OWNER}:kB3x-9LwQ0aVd7@{self.host}:{self.port}/city"
        return home(database_url=url, **more)

    def believes(self, method: str) -> None:
        """Let `postgres` in by its socket, everybody else by this method."""
        lines = f"local all postgres trust\nhost all all {self.host}/32 {method}\n"
        (self.data / "pg_hba.conf").write_text(lines)
        self.control("reload")


@pytest.fixture
def elsewhere(office: Settings) -> Iterator[Elsewhere]:
    host = own_address()
    folder = Path(tempfile.mkdtemp(prefix="gw-far-"))
    account, programs = account_of(office), find_programs(office)
    os.chown(folder, account.uid, account.gid)
    data, port = folder / "data", free_port()

    def run(program: str, *words: object) -> None:
        done = run_as(account, [programs.folder / program, *map(str, words)])
        assert done.returncode == 0, done.stdout

    def control(*words: str) -> None:
        options = f"-c listen_addresses={host} -p {port} -k {folder} -c fsync=off"
        run("pg_ctl", *words, "-D", data, "-w", "-l", folder / "log", "-o", options)

    run(
        "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "-A",
        "trust",
        "-N",
    )
    try:
        control("start")
        found = Elsewhere(host, port, data, control)
        with psycopg.connect(host=str(folder), port=port, user="postgres", autocommit=True) as c:
            c.execute(f"create role {OWNER} login createrole password 'kB3x-9LwQ0aVd7'")  # type: ignore[arg-type]
            c.execute(f"create database city owner {OWNER} template template0")  # type: ignore[arg-type]
        with psycopg.connect(
            host=str(folder), port=port, user="postgres", dbname="city", autocommit=True
        ) as c:
            c.execute(accounts.postgis_sql())
        found.believes("scram-sha-256")
        yield found
        control("stop", "-m", "immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def own_address() -> str:
    """This machine's own address, by which its server is as far as any; none is sent anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("192.0.2.1", 9))
        return str(asking.getsockname()[0])


def way(settings: Settings) -> str:
    return next(f.told for f in examine(settings) if f.what == "way to the database")


def test_a_server_elsewhere_encrypts_asks_for_passwords_and_takes_changes(
    elsewhere: Elsewhere, home: HomeMaker, tmp_path: Path
) -> None:
    settings = elsewhere.settings(home)
    cluster.up(settings)
    assert "does not encrypt" in way(settings)
    plainly = settings.model_copy(
        update={"database_url": f"{settings.database_url}?sslmode=disable"}
    )
    assert way(plainly) == ""
    kept = Settings(home=tmp_path / "tls")
    making.make(kept, making.names_of([elsewhere.host]))
    owner = elsewhere.data.stat()
    for name in ("server.crt", "server.key"):
        shutil.copy(kept.tls / name, elsewhere.data / name)
        os.chown(elsewhere.data / name, owner.st_uid, owner.st_gid)
    with (elsewhere.data / "postgresql.auto.conf").open("a") as more:
        more.write("ssl = on\n")
    elsewhere.control("reload")
    assert way(settings) == ""
    elsewhere.believes("trust")
    assert f"lets {OWNER} in without its password" in way(settings)
    elsewhere.believes("scram-sha-256")
    assert way(settings) == ""
    (elsewhere.data / "standby.signal").touch()
    os.chown(elsewhere.data / "standby.signal", owner.st_uid, owner.st_gid)
    elsewhere.control("restart", "-m", "fast")
    told = next(f.told for f in examine(settings) if f.what == "database, owner and PostGIS")
    assert "is a standby, which takes no changes: name its primary" in told


@pytest.mark.deep
def test_two_whole_deployments_work_side_by_side(office: Settings, home: HomeMaker) -> None:
    """Tables, roles, rules and keys of both; what one holds the other does not see."""
    urls = {name: cluster.another_database(office, name) for name in ("north", "south")}
    cities = {name: home(name, database_url=url) for name, url in urls.items()}
    environment = {name: _environment(one) for name, one in cities.items()}
    for name in cities:
        _gridwarden(environment[name], "up")
    keys = {name: _gridwarden(environment[name], "token", "viewer").strip() for name in cities}
    for name, settings in cities.items():
        with cluster.connect_owner(settings) as c:
            row = c.execute("select count(*) from access.credential").fetchone()
        assert row == (1,), name
        assert "ok  logins" in _gridwarden(environment[name], "doctor", fails=True)
    assert keys["north"] != keys["south"]
    for name in cities:
        accounts.drop_private_database(office, name)


def _environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "GRIDWARDEN_HOME": str(settings.home),
        "GRIDWARDEN_DATABASE_URL": str(settings.database_url),
        "GRIDWARDEN_LANGUAGE": "en",
    }


def _gridwarden(environment: dict[str, str], *words: str, fails: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "gridwarden", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert fails or done.returncode == 0, done.stderr
    return done.stdout
