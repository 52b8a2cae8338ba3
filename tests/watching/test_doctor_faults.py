"""Faults that are really made, and what the doctor says of each; what mends them is what it names.

Everything that it prints here is looked through for secrets and places.
"""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from commands import run_command
from conftest import owner
from gridwarden.database import accounts
from gridwarden.database.backup import records
from gridwarden.database.doctor import examine
from gridwarden.database.guessable import is_guessable
from gridwarden.settings import Settings
from gridwarden.watching import database_health
from mounts import with_disks

PLACE = re.compile(r"\d\.\d{4,}")
STEPS = (
    "insert into data.screen_step (changes, slice, subjects, added, changed, ended, lag_s, seconds)"
    " select 1, false, 1, 0, 0, 0, 0.1, 0.1 from generate_series(1, %s)"
)


def doctor(settings: Settings, lang: str = "en", **variables: str) -> dict[str, dict[str, Any]]:
    """What `gridwarden doctor --json` finds wrong, by what was looked at."""
    given = {"GRIDWARDEN_LANGUAGE": lang} | variables
    done = run_command(settings, "doctor", "--json", **given)
    found = json.loads(done.stdout)
    wrong = {one["check"]: one for one in found["findings"] if not one["good"]}
    assert (done.returncode == 1) == bool(wrong) == (not found["good"])
    assert all(one["wrong"] and one["mend"] for one in wrong.values())
    nothing_private(settings, done.stdout + done.stderr)
    return wrong


def nothing_private(settings: Settings, text: str) -> None:
    kept = [place.read_text().strip() for place in settings.secrets.iterdir() if place.is_file()]
    assert kept and not [one for one in kept if one in text]
    assert not PLACE.search(text), text


def psql(settings: Settings, mend: str) -> None:
    """Do what a finding names: `run gridwarden psql -c '…'`."""
    statement = re.search(r"gridwarden psql -c '([^']+)'", mend)
    assert statement, mend
    done = run_command(settings, "psql", "-c", statement[1])
    assert done.returncode == 0, done.stderr


def superuser(settings: Settings, *statements: str) -> None:
    with accounts.connect_superuser(settings, "gridwarden") as c:
        for one in statements:
            c.execute(one)  # type: ignore[call-overload]


def test_tables_that_nobody_counts_or_cleans(module_city: Settings) -> None:
    assert not {"statistics", "cleaning", "clocks"} & set(doctor(module_city))
    with owner(module_city) as c:
        c.execute("alter table data.screen_step set (autovacuum_enabled = off)")
        c.execute(STEPS, (60_000,))
    found = doctor(module_city)["statistics"]
    assert "data.screen_step" in found["wrong"]
    psql(module_city, found["mend"])
    with owner(module_city) as c:
        c.execute("delete from data.screen_step")
    found = doctor(module_city)["cleaning"]
    assert found["wrong"] == "data.screen_step holds 60000 dead rows beside 0 live ones"
    zh = doctor(module_city, "zh")["cleaning"]
    assert (zh["name"], zh["wrong"]) == (
        "数据表清理",
        "data.screen_step 有60000行失效数据，有效数据0行",
    )
    psql(module_city, found["mend"])
    assert "cleaning" not in doctor(module_city)
    superuser(module_city, "alter system set autovacuum = off", "select pg_reload_conf()")
    time.sleep(0.2)
    found = doctor(module_city)["statistics"]
    superuser(module_city, *re.findall(r"[A-Z]{5}[^;]+;", found["mend"]))
    time.sleep(0.2)
    assert "statistics" not in doctor(module_city)
    superuser(module_city, "alter system reset autovacuum", "select pg_reload_conf()")


def test_a_file_that_is_mostly_empty(module_city: Settings) -> None:
    with owner(module_city) as c:
        c.execute("alter table data.screen_step set (fillfactor = 10)")
        c.execute(STEPS, (80_000,))
        c.execute("alter table data.screen_step reset (fillfactor)")
        c.execute("analyze data.screen_step")
    found = doctor(module_city)["cleaning"]
    assert re.match(r"data\.screen_step takes \d\d+ MB on the disk for \d+ MB", found["wrong"])
    psql(module_city, found["mend"])
    assert "cleaning" not in doctor(module_city)


def test_a_transaction_that_nobody_ends(
    module_city: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_health, "HELD_S", 0.1)

    def said() -> str:
        return next(f.told for f in examine(module_city) if f.what == "cleaning")

    with accounts.connect_superuser(module_city, "gridwarden") as c, c.transaction():
        c.execute("select pg_current_xact_id()")
        time.sleep(0.3)
        assert f"pg_terminate_backend({c.info.backend_pid})" in said()
    assert said() == ""


def test_a_small_disk_and_a_machine_without_letters(module_city: Settings, tmp_path: Path) -> None:
    """In a mount namespace of its own, nothing of which is seen outside."""
    small = tmp_path / "small"
    small.mkdir()
    settings = module_city.model_copy(update={"home": small})
    disks = {str(small): "30m", "/usr/share/fonts": "1m"}
    done = with_disks(settings, disks, "doctor", "--json")
    wrong = {one["check"]: one for one in json.loads(done.stdout)["findings"] if not one["good"]}
    assert re.match(r"Only \d\d MB are free on the disk of", wrong["room on the disk"]["wrong"])
    assert "fonts-noto-cjk" in wrong["fonts"]["mend"]
    assert not list(small.iterdir())


GUESSED = (
    *("postgres", "Gridwarden123456", "0123456789", "aaaaaaaaaaaaaaaa"),
    *("P@ssw0rd-2026", "changeme.admin", "short", "gridwardengridwarden", "AdminAdmin2026"),
    *("metrics-token-1234", "kroqkroqkroqkroq", "gridwarden-chongqing-ranqi"),
)
DRAWN = ("five words drawn by chance", "kB3x/9+LwQ0aVd7sTz==", "湖灯 七桥 雨山 木石")


def test_passwords_that_others_would_try(module_city: Settings) -> None:
    assert [one for one in (*GUESSED, *DRAWN) if is_guessable(one)] == list(GUESSED)
    assert is_guessable("zhang-san-2026", ("zhang", "san"))
    for setting, secret in (
        ("GRIDWARDEN_METRICS_TOKEN", "gridwardengridwarden"),
        ("GRIDWARDEN_BACKUP_PASSPHRASE", "gridwarden-2026"),
        ("GRIDWARDEN_SMTP", "smtp://clerk:clerk@mail.example:25"),
    ):
        found = doctor(module_city, **{setting: secret})["guessable passwords"]
        assert setting in found["wrong"]
        assert secret not in json.dumps(found)
    zh = doctor(module_city, "zh", GRIDWARDEN_SMTP="smtp://a:b@c")["guessable passwords"]
    assert zh["name"] == "弱口令" and "容易被猜出" in zh["wrong"]


def test_a_backup_that_is_too_old(module_city: Settings) -> None:
    record = records.Record("backup", "2020-01-01T00:00:00+00:00", "a", "/nowhere", 1, 1, 1, "")
    records.note(module_city, record)
    try:
        assert "older than 2 days" in doctor(module_city)["backups"]["wrong"]
        assert "已超过2天" in doctor(module_city, "zh")["backups"]["wrong"]
    finally:
        (module_city.home / "backup" / records.FILE).unlink()


def test_clocks_that_jumped(module_city: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last test of the file: the audit keeps the row of tomorrow."""
    now = time.time
    monkeypatch.setattr("gridwarden.watching.database_health.time.time", lambda: now() - 90)
    english = module_city.model_copy(update={"language": "en"})
    said = next(f for f in examine(english) if f.what == "clocks")
    assert "differ by 90 s" in said.wrong and "set-ntp" in said.mend
    monkeypatch.undo()
    assert "clocks" not in doctor(module_city)
    with owner(module_city) as c:
        c.execute(
            "insert into data.audit (at, role, login, action, object)"
            " values (now() + interval '2 days', 'owner', 'owner', 'test', 'clock')"
        )
    assert "dated 48 h ahead" in doctor(module_city)["clocks"]["wrong"]
