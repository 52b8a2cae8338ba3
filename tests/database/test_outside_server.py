"""With GRIDWARDEN_DATABASE_URL an office's own server carries Gridwarden, or hears what it lacks.

The "outside" server is a second private cluster: its superuser plays the office's administrator.
"""

from collections.abc import Iterator
from importlib.resources import files

import psycopg
import pytest
from homes import HomeMaker, homes, raised
from psycopg import sql

from gridwarden.database import accounts, cluster
from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings


@pytest.fixture(scope="module")
def office() -> Iterator[Settings]:
    with raised() as settings:
        yield settings


@pytest.fixture
def home() -> Iterator[HomeMaker]:
    with homes() as maker:
        yield maker


@pytest.fixture
def url(office: Settings) -> Iterator[str]:
    """A database `city` with PostGIS, and its owner's address."""
    yield cluster.another_database(office, "city")
    accounts.drop_private_database(office, "city")


def administrator(office: Settings, statement: str, database: str = "city") -> None:
    with accounts.connect_superuser(office, database) as c:
        c.execute(sql.SQL(statement))  # type: ignore[arg-type]


def told(settings: Settings) -> str:
    with pytest.raises(SetUpError) as caught:
        cluster.up(settings)
    return str(caught.value)


def test_logins_are_made_on_the_given_server_and_no_cluster(
    home: HomeMaker, office: Settings, url: str
) -> None:
    settings = home(database_url=url)
    assert cluster.up(settings) == cluster.Raised()
    assert not settings.cluster.exists()
    with psycopg.connect(cluster.login_dsn(settings, "worker")) as c:
        seen = c.execute("select current_user::text, current_database()::text").fetchone()
    assert seen == ("gridwarden_worker_city", "city")
    with cluster.connect_owner(settings) as c:
        assert accounts.stamps(c) == {"ground": accounts.GROUND, "crs": "4547"}
    assert not cluster.down(settings)
    assert cluster.is_running(office)


def test_sqlalchemys_spelling_of_the_address_is_understood(home: HomeMaker, url: str) -> None:
    assert url.startswith("postgresql+psycopg://")
    plain = url.replace("+psycopg", "", 1)
    for spelling in (url, plain, plain.replace("postgresql", "postgres", 1)):
        settings = home(database_url=spelling)
        with cluster.connect_owner(settings) as c:
            assert c.info.dbname == "city"


def test_another_state_folder_on_the_same_database_gets_in_too(home: HomeMaker, url: str) -> None:
    for name in ("first", "second"):
        settings = home(name, database_url=url)
        cluster.up(settings)
        with psycopg.connect(cluster.login_dsn(settings, "web")) as c:
            assert c.info.user == "gridwarden_web_city"


def test_the_database_keeps_its_working_crs(home: HomeMaker, url: str) -> None:
    cluster.up(home("first", database_url=url))
    assert "measures in EPSG:4547" in told(home("second", database_url=url, crs=32650))


def test_an_owner_without_createrole_is_told_the_command(
    home: HomeMaker, office: Settings, url: str
) -> None:
    settings = home(database_url=url)
    administrator(office, "alter role gridwarden_owner nocreaterole")
    try:
        assert 'ALTER ROLE "gridwarden_owner" CREATEROLE;' in told(settings)
    finally:
        administrator(office, "alter role gridwarden_owner createrole")
    cluster.up(settings)


def test_a_database_without_postgis_is_told_the_command_that_mends_it(
    home: HomeMaker, office: Settings, url: str
) -> None:
    settings = home(database_url=url)
    administrator(office, "drop extension postgis")
    file = files("gridwarden.database").joinpath("postgis.sql")
    assert told(settings) == (
        f"PostGIS is not in the database city: run as a superuser: psql -d city -f '{file}'"
    )
    administrator(office, file.read_text("utf-8"))
    cluster.up(settings)


def test_telltale_functions_must_be_closed_first(
    home: HomeMaker, office: Settings, url: str
) -> None:
    settings = home(database_url=url)
    administrator(
        office, "grant execute on function _postgis_stats(regclass, text, text) to public"
    )
    assert "anybody may ask PostGIS for the extent of any table" in told(settings)
    administrator(office, files("gridwarden.database").joinpath("postgis.sql").read_text("utf-8"))
    cluster.up(settings)


def test_a_database_of_somebody_elses_is_told_the_command(
    home: HomeMaker, office: Settings, url: str
) -> None:
    settings = home(database_url=url)
    administrator(office, "alter database city owner to postgres")
    administrator(office, "grant connect on database city to gridwarden_owner")
    assert 'ALTER DATABASE "city" OWNER TO "gridwarden_owner";' in told(settings)


def test_a_database_in_another_encoding_is_refused(
    home: HomeMaker, office: Settings, url: str
) -> None:
    accounts.drop_private_database(office, "city")
    administrator(
        office,
        "create database city owner gridwarden_owner encoding 'LATIN1' locale 'C'"
        " template template0",
        "postgres",
    )
    assert "is encoded in LATIN1: make it again with createdb" in told(home(database_url=url))


@pytest.mark.parametrize(
    "wrong",
    [
        "gridwarden",
        "postgresql://",
        "postgresql://host/",
        "host=h dbname=d",
    ],
)
def test_an_address_that_names_too_little_is_refused(home: HomeMaker, wrong: str) -> None:
    assert "postgresql://OWNER:PASSWORD@HOST:PORT/DATABASE" in told(home(database_url=wrong))


def test_a_server_that_is_away_is_told_without_its_password(home: HomeMaker) -> None:
    text = told(home(database_url="postgresql://me:hidden@127.0.0.1:1/city"))
    assert "The database city does not let me in" in text
    assert "check GRIDWARDEN_DATABASE_URL" in text
    assert "hidden" not in text


def test_a_name_too_long_for_a_login_is_refused(home: HomeMaker) -> None:
    text = told(home(database_url=f"postgresql://me@127.0.0.1:1/{'x' * 50}"))
    assert "use a database name of at most 45 bytes" in text
