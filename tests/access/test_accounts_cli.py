"""Accounts on the machine itself: one by one, and many at once from an office's CSV."""

import csv
import io
import re
import stat
import subprocess
from pathlib import Path

import pytest
from people import browser, set_own, try_in

from commands import run_command
from conftest import owner
from gridwarden.access.accounts.from_csv import read
from gridwarden.settings import Settings
from gridwarden.words.problems import Problem


def run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One `gridwarden` command against this city."""
    return run_command(settings, *arguments, GRIDWARDEN_LANGUAGE="en")


def names(settings: Settings) -> set[str]:
    with owner(settings) as c:
        return {row[0] for row in c.execute("select name from access.account").fetchall()}


def test_one_account_from_making_to_its_end(module_city: Settings) -> None:
    asked = ("--role", "planner", "--full-name", "王力", "--all-districts")
    made = run(module_city, "accounts", "add", "wang", *asked)
    assert made.returncode == 0, made.stderr
    first = made.stdout.strip()
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", first)
    assert first not in made.stderr
    with browser(module_city) as b:
        assert try_in(b, "wang", first).headers["location"] == "/login/password"
        assert set_own(b).status_code == 303
        reset = run(module_city, "accounts", "reset", "wang").stdout.strip()
        b.app.state.callers.forget()  # type: ignore[attr-defined]
        assert b.get("/api/whoami", headers={"Accept": "application/json"}).status_code == 401
        assert try_in(b, "wang", reset).status_code == 303
        listed = run(module_city, "accounts", "list").stdout
        assert "wang" in listed and "first password" in listed
        assert run(module_city, "accounts", "disable", "wang").returncode == 0
        assert try_in(b, "wang", reset).status_code == 401
    for wrong in (
        ("accounts", "disable", "nobody"),
        ("accounts", "add", "wang", *asked),
        ("accounts", "add", "x", "--role", "viewer", "--full-name", "X"),
        ("token", "viewer", "--scope", "everything"),
    ):
        refused = run(module_city, *wrong)
        assert refused.returncode == 1 and refused.stdout == "", wrong
        assert "Traceback" not in refused.stderr and refused.stderr.strip()


HEADS = "账号,姓名,角色,单位,行政区,网格,全市,语言\n"
GOOD = HEADS + "li.na,李娜,规划,,,,是,\nsun,孙立,planner,,,,1,en\n\nzhou,周 全,审计员,,,,,zh\n"
BAD = (
    HEADS
    + "ok,好,规划,,,,是,\n"
    + "ok,又一个,规划,,,,是,\n"
    + "b c,空格,规划,,,,是,\n"
    + "d,没有角色,校长,,,,是,\n"
    + "e,没有范围,规划,,,,,\n"
    + "f,没有此区,规划,,无此区,,,\n"
    + "g,说不清,规划,,,,也许,\n"
    + "h,周全,安全管理员,,,,,\n"
)


def test_a_csv_makes_all_accounts_or_none(city: Settings, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes((BAD + "i,周.全,审计员,,,,,\n").encode("utf-8-sig"))
    refused = run(city, "accounts", "import", str(file))
    assert refused.returncode == 1
    said = refused.stderr
    for line in (3, 4, 5, 6, 7, 8, 10):
        assert f"Line {line}, " in said, said
    assert "Line 2, " not in said and "Line 9, " not in said
    assert names(city) == set()

    file.write_bytes(GOOD.encode("gbk"))
    made = run(city, "accounts", "import", str(file))
    assert made.returncode == 0, made.stderr
    assert names(city) == {"li.na", "sun", "zhou"}
    [slips] = list(city.home.glob("first-passwords-*.csv"))
    assert stat.S_IMODE(slips.stat().st_mode) == 0o600
    rows = list(csv.DictReader(io.StringIO(slips.read_text(encoding="utf-8"))))
    assert [row["name"] for row in rows] == ["li.na", "sun", "zhou"]
    assert not any(row["first_password"] in made.stdout + made.stderr for row in rows)
    with browser(city) as b:
        first = rows[0]["first_password"]
        assert try_in(b, "li.na", first).headers["location"] == "/login/password"
    slips.unlink()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00\x00",
        b"name,role\nx,viewer\n",
        b"name,full_name,role\n",
        b'name,full_name,role\n"x',
        b"name,full_name,role\n" + b"x,y,viewer\n" * 2001,
        b"x" * 3_000_000,
        b"name,full_name,role\n" + b"a" * 200_000 + b",y,viewer\n",
    ],
)
def test_what_is_no_table_is_refused(body: bytes) -> None:
    try:
        rows = read(body)
    except Problem as problem:
        assert problem.status in (400, 413) and problem.said("zh")
    else:
        assert len(rows) == 1 and not rows[0].fields.get("full_name")
