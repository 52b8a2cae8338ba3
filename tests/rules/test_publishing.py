"""Publishing: a version's rows stay as they are, the next lies beside it, a base stands alone."""

import json
from pathlib import Path

import psycopg
import pytest

from conftest import owner
from gridwarden.rules import LoadedPack, load, load_built_in
from gridwarden.rules.normal import normal
from gridwarden.settings import Settings

from .examples import BASE, RULES, SMALL

ROWS = """
    select w.id, w.xmin::text from data.rule_row w join data.rule r on r.id = w.rule_id
    where r.pack = %s order by w.id"""


def put_in_force(settings: Settings, loaded: LoadedPack) -> bool:
    """As the database's owner: nobody else may do it alone."""
    values = (json.dumps(normal(loaded)), json.dumps(dict(loaded.documents)))
    with owner(settings) as c:
        row = c.execute("select api.publish_rules(%s::jsonb, %s::jsonb)", values).fetchone()
    assert row is not None
    return bool(row[0])


def small_pack(folder: Path, **changes: str) -> LoadedPack:
    """The little pack of the tests, with texts replaced."""
    text = SMALL
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    file = folder / "try-out.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_the_same_pack_again_writes_nothing(city: Settings) -> None:
    with owner(city) as c:
        before = c.execute(ROWS, ("cn-city-gas",)).fetchall()
        audited = c.execute("select count(*) from data.audit").fetchone()
    assert len(before) == sum(len(r["rows"]) for r in normal(load_built_in())["rules"])
    assert put_in_force(city, load_built_in()) is False
    with owner(city) as c:
        assert c.execute(ROWS, ("cn-city-gas",)).fetchall() == before
        assert c.execute("select count(*) from data.audit").fetchone() == audited


def test_a_version_that_was_published_never_means_other_rules(
    city: Settings, tmp_path: Path
) -> None:
    assert put_in_force(city, small_pack(tmp_path))
    with pytest.raises(psycopg.Error) as refused:
        put_in_force(city, small_pack(tmp_path, **{"limit_m = 1.0": "limit_m = 1.2"}))
    assert refused.value.sqlstate == "GW409"


def test_the_next_version_lies_beside_the_last(city: Settings, tmp_path: Path) -> None:
    assert put_in_force(city, small_pack(tmp_path))
    with owner(city) as c:
        before = c.execute(ROWS, ("try-out",)).fetchall()
    changes = {'version = "1"': 'version = "2"', "limit_m = 1.0": "limit_m = 1.2"}
    assert put_in_force(city, small_pack(tmp_path, **changes))
    with owner(city) as c:
        after = c.execute(ROWS, ("try-out",)).fetchall()
        rules = c.execute(
            "select r.version, r.in_force, array_agg(w.limit_m order by w.row_no)"
            " from data.rule r join data.rule_row w on w.rule_id = r.id where r.pack = 'try-out'"
            " group by r.id order by r.version"
        ).fetchall()
        document = c.execute(
            "select document ->> 'try-out.toml' from data.rule_pack"
            " where id = 'try-out' order by version"
        ).fetchall()
    assert after[: len(before)] == before, "findings keep pointing at the rows they were judged by"
    told = [(version, now, [str(m) for m in limits]) for version, now, limits in rules]
    assert told == [("1", False, ["0.7", "1.0"]), ("2", True, ["0.7", "1.2"])]
    assert document[0] == (SMALL,)


def test_a_second_base_pack_is_refused(city: Settings, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(BASE + RULES, encoding="utf-8")
    with pytest.raises(psycopg.Error) as refused:
        put_in_force(city, load(tmp_path / "tiny.toml"))
    assert refused.value.sqlstate == "GW409"


def test_every_digit_arrives(city: Settings, tmp_path: Path) -> None:
    """0.6096 m is 0.6096 in the table, whatever a float makes of it."""
    odd = {"limit_m = 0.7": "limit_m = 0.6096", "limit_m = 1.0": "limit_m = 0.1234567890123"}
    assert put_in_force(city, small_pack(tmp_path, **odd))
    with owner(city) as c:
        rows = c.execute(
            "select w.limit_m::text from data.rule_row w join data.rule r on r.id = w.rule_id"
            " where r.pack = 'try-out' order by w.row_no"
        ).fetchall()
    assert rows == [("0.6096",), ("0.1234567890123",)]
