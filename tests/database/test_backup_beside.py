"""An office keeps more in its database than Gridwarden: roles that read, tables, views over it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from archives import command
from homes import administrator, home_of, office_on

from gridwarden.database import accounts
from gridwarden.settings import Settings

READER = 'Lese "Amt" 1'
ROLES = ('"Lese ""Amt"" 1"', "press")
KEPT = (
    'create role "Lese ""Amt"" 1"',
    "create role press",
    'grant usage on schema data to "Lese ""Amt"" 1"',
    'grant select on data.buildings to "Lese ""Amt"" 1" with grant option',
    'set role "Lese ""Amt"" 1"; grant select on data.buildings to press; reset role',
    'grant select (id, name) on data.estates to "Lese ""Amt"" 1"',
    "create table public.layer_styles (id int generated always as identity)",
    'alter table public.layer_styles owner to "Lese ""Amt"" 1"',
    'create schema board authorization "Lese ""Amt"" 1"',
    "create table board.figures as select 1 as id",
)


@dataclass
class Office:
    """An office's server, Gridwarden on it, and its archive."""

    server: Settings
    city: Settings
    file: Path
    said: str

    def administrator(self, *statements: str) -> list[Any]:
        """As the server's superuser; what the last one gives."""
        return administrator(self.server, *statements)


@pytest.fixture(scope="module")
def office(installation: Settings, tmp_path_factory: Any) -> Iterator[Office]:
    try:
        with office_on(installation) as city:
            made = Office(installation, city, tmp_path_factory.mktemp("archives") / "city.age", "")
            made.administrator(*KEPT)
            done = command(city, "backup", made.file)
            assert done.returncode == 0, done.stderr
            made.said = done.stdout
            yield made
    finally:
        with accounts.connect_superuser(installation) as c:
            c.execute(f"drop role if exists {', '.join(ROLES)}")  # type: ignore[call-overload]


def test_what_others_own_is_not_in_it_and_is_named(office: Office) -> None:
    assert "board, public.layer_styles, public.layer_styles_id_seq" in office.said, office.said


def test_by_another_than_the_owner_no_archive_is_made(office: Office, tmp_path: Path) -> None:
    """All would be left out as somebody else's."""
    office.administrator("alter table data.audit_seal owner to press")
    done = command(office.city, "backup", tmp_path / "none.age")
    office.administrator("alter table data.audit_seal owner to gridwarden_owner")
    assert done.returncode == 1 and "The tables belong to press, and" in done.stderr, done.stderr
    assert not any(tmp_path.iterdir())


def test_rights_of_roles_that_another_machine_lacks_are_named_there(office: Office) -> None:
    with home_of("bare") as bare:
        done = command(bare, "restore", office.file)
        assert done.returncode == 0, done.stderr
        assert f"left away: {READER}, press." in done.stdout, done.stdout


def test_in_its_own_place_rights_and_neighbours_stay(office: Office) -> None:
    done = command(office.city, "restore", "--replace", office.file)
    assert done.returncode == 0, done.stderr
    assert "left away: press." in done.stdout, done.stdout  # the reader gave it, not the owner
    assert "The database was replaced where it is" in done.stdout, done.stdout
    held = (
        "select has_table_privilege(r.oid, 'data.buildings', 'select with grant option'),"
        " has_column_privilege(r.oid, 'data.estates', 'name', 'select'),"
        " has_schema_privilege(r.oid, 'data', 'usage')"
        " from pg_roles r where rolname like 'Lese%'"
    )
    assert office.administrator(held) == [(True, True, True)]
    kept = "select count(*) from board.figures union all select count(*) from public.layer_styles"
    assert office.administrator(kept) == [(1,), (0,)]


@pytest.mark.parametrize(
    ("made", "name"),
    [
        ("create view board.houses as select id from data.buildings", "board.houses"),
        (
            "create materialized view board.sites as select * from data.construction_sites",
            "board.sites",
        ),
        (
            "create function board.one() returns data.estates"
            " language sql return null::data.estates",
            "board.one()",
        ),
        (
            "alter table board.figures add column house bigint references data.buildings",
            "board.figures",
        ),
        (
            "create trigger told before insert on board.figures"
            " for each row execute function data.next_version()",
            "board.figures",
        ),
        (
            "create policy seen on board.figures using (data.permit_rank('clear') > 0)",
            "board.figures",
        ),
        (
            "create domain board.verdict as text check (data.permit_rank(value) > 0)",
            "board.verdict",
        ),
        (
            "create table data.theirs (); alter table data.theirs owner to press",
            "data.theirs",
        ),
    ],
)
def test_what_others_built_on_it_is_not_dropped_unasked(
    office: Office, made: str, name: str
) -> None:
    office.administrator(made)
    done = command(office.city, "restore", "--replace", office.file)
    assert done.returncode == 1, done.stdout
    assert f"would go with them: {name}. " in done.stderr, done.stderr
    office.administrator(
        "drop table if exists data.theirs",
        "drop schema board cascade",
        'create schema board authorization "Lese ""Amt"" 1"',
        "create table board.figures as select 1 as id",
    )
