"""Publishing a pack: rows that change only where the pack did, audited, by an administrator."""

import asyncio
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient

from conftest import KeyMaker, environment, owner
from gridwarden.database import Caller, as_caller, open_pool
from gridwarden.rules import LoadedPack, load, load_built_in, publish
from gridwarden.settings import Settings

from .test_packs import SMALL

ROWS = "select id, xmin::text from data.rule_row where pack = 'cn-city-gas' order by id"


def put_in_force(settings: Settings, loaded: LoadedPack, role: str = "administrator") -> bool:
    """Publish as somebody would."""

    async def run() -> bool:
        pool = await open_pool(settings, "web")
        try:
            async with as_caller(pool, Caller(role, "test")) as connection:
                return await publish(connection, loaded)
        finally:
            await pool.close()

    return asyncio.run(run())


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
        before = c.execute(ROWS).fetchall()
        audited = c.execute("select count(*) from data.audit").fetchone()
    assert len(before) == 214
    assert put_in_force(city, load_built_in()) is False
    with owner(city) as c:
        assert c.execute(ROWS).fetchall() == before
        assert c.execute("select count(*) from data.audit").fetchone() == audited


def test_a_changed_pack_keeps_the_ids_of_rows_that_stay(city: Settings, tmp_path: Path) -> None:
    seen = "select pressure_class, id, limit_m from data.rule_row where pack = 'try-out' order by 1"
    assert put_in_force(city, small_pack(tmp_path))
    with owner(city) as c:
        before = c.execute(seen).fetchall()
    stricter = small_pack(
        tmp_path, **{"limit_m = 1.0": "limit_m = 1.2", 'class = "L"': 'class = "MA"'}
    )
    assert put_in_force(city, stricter)
    with owner(city) as c:
        after = c.execute(seen).fetchall()
        audit = c.execute(
            "select role, person, object, rows from data.audit"
            " where action = 'publish' order by id desc limit 2"
        ).fetchall()
    assert [(row[0], row[2]) for row in after] == [("MA", 0.7), ("MB", 1.2), ("unknown", 1.2)]
    ids = {row[0]: row[1] for row in before}
    assert {row[0]: row[1] for row in after if row[0] != "MA"} == {
        "MB": ids["MB"],
        "unknown": ids["unknown"],
    }
    assert audit == [("gridwarden_administrator", "test", "rules", 3)] * 2


@pytest.mark.parametrize("role", ["utility", "supervisor", "planner", "viewer", "auditor"])
def test_only_an_administrator_publishes(city: Settings, tmp_path: Path, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        put_in_force(city, small_pack(tmp_path), role)


def test_a_second_base_pack_is_refused(city: Settings, tmp_path: Path) -> None:
    from gridwarden.rules.loading import built_in_packs

    text = built_in_packs()[0].read_text(encoding="utf-8")
    file = tmp_path / "cn-other.toml"
    file.write_text(text.replace('id = "cn-city-gas"', 'id = "cn-other"'), encoding="utf-8")
    with pytest.raises(psycopg.Error) as refused:
        put_in_force(city, load(file))
    assert refused.value.sqlstate == "GW409"


def gridwarden(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    """A command, as a person types it."""
    return subprocess.run(
        [sys.executable, "-m", "gridwarden", *words],
        env=environment(settings) | {"GRIDWARDEN_LANGUAGE": "en"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_check_publish_and_list(city: Settings, tmp_path: Path) -> None:
    small_pack(tmp_path)
    file = str(tmp_path / "try-out.toml")
    checked = gridwarden(city, "rules", "check", file)
    assert "try-out@1: 1 rules, 3 rows, 0 verified against print" in checked.stdout
    published = gridwarden(city, "rules", "publish", file)
    assert "published; screening is queued as job" in published.stdout, published.stderr
    assert "unchanged" in gridwarden(city, "rules", "publish", file).stdout
    listed = gridwarden(city, "rules", "list").stdout
    assert "try-out@1" in listed
    assert "cn-city-gas@" in listed


def test_a_bad_file_is_one_sentence_with_its_line(city: Settings, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(SMALL.replace("limit_m = 0.7", "limit_m = -7"), encoding="utf-8")
    refused = gridwarden(city, "rules", "check", str(file))
    assert refused.returncode == 1
    assert "bad.toml:23: " in refused.stderr
    assert "Traceback" not in refused.stderr
    missing = gridwarden(city, "rules", "check", str(tmp_path / "none.toml"))
    assert missing.returncode == 1
    assert "There is no pack" in missing.stderr


def test_rules_are_read_by_http_with_their_clauses(client: TestClient, sign_in: KeyMaker) -> None:
    headers = sign_in("viewer")
    rules = {r["id"]: r for r in client.get("/api/rules", headers=headers).json()["items"]}
    assert rules["zy-3-protection-range"]["edition"] == "GB 55009-2021"
    assert rules["zy-3-protection-range"]["verified"] is False
    assert rules["estate-without-shed"]["clause"] == ""
    one = client.get("/api/rules/site-control-range", headers=headers).json()
    assert {r["class"]: r["limit_m"] for r in one["rows"]}["unknown"] == 50.0
    assert len(one["rows"]) == 9
    for wrong in ("nothing", "a%00b", "x" * 500):
        assert client.get(f"/api/rules/{wrong}", headers=headers).status_code == 404
    assert client.get("/api/rules").status_code == 401
