"""`gridwarden compliance`: each control holds on a kept installation, and fails on a broken one."""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from access.test_audit import append, seal, superuser, worker
from commands import run_command
from conftest import bearer, free_port, make_key, owner, served
from gridwarden.access.audit.forwarding import forward
from gridwarden.access.tls import making
from gridwarden.access.tls.serving import certificate_options
from gridwarden.database import accounts
from gridwarden.database.backup import records
from gridwarden.settings import Settings
from gridwarden.watching.compliance import trail as trail_probes
from gridwarden.watching.compliance.controls import CONTROLS, Evidence
from gridwarden.watching.compliance.model import Asked, look_at
from gridwarden.words.speech import known

BY_ID = {one.id: one for one in CONTROLS}
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaA"
PEOPLE = (("sys", "周一", "administrator"), ("sec", "吴二", "security"), ("aud", "郑三", "auditor"))


@dataclass
class Kept:
    """An installation as it should be, and its service by https."""

    settings: Settings
    url: str

    def state(self, control: str, url: str | None = None, **changed: Any) -> Evidence:
        settings = self.settings.model_copy(update=changed)
        return look_at(BY_ID[control], Asked(settings, url or self.url), "en")


@pytest.fixture(scope="module")
def kept(module_city: Settings) -> Iterator[Kept]:
    making.make(module_city, making.names_of(["127.0.0.1"]), again=True)
    with owner(module_city) as c:
        for name, full_name, role in PEOPLE:
            c.execute(
                "insert into access.account (name, full_name, role, password_hash, password_at,"
                " totp, totp_at, last_seen_at)"
                " values (%s, %s, %s, %s, now(), 'c2VhbGVk-x', now(), now())",
                (name, full_name, role, HASH),
            )
    append(module_city, 3)
    seal(module_city)
    for kind in ("backup", "drill"):
        noted(module_city, kind)
    settings = module_city
    with listener() as port:
        settings = settings.model_copy(update={"syslog": f"tcp://127.0.0.1:{port}"})
        worker(settings, lambda pool: forward(pool, settings))
        with served(settings, **certificate_options(settings)) as url:
            settings = settings.model_copy(update={"port": int(url.rpartition(":")[2])})
            yield Kept(settings, settings.own_url)
    shutil.rmtree(module_city.tls)
    shutil.rmtree(module_city.home / "backup")


def noted(settings: Settings, kind: records.Kind) -> None:
    """A backup, or a trial of restoring it, that has just passed."""
    now = datetime.now(UTC).isoformat()
    records.note(settings, records.Record(kind, now, "a" * 32, "/none", 1, 1, 1, ""))


@contextmanager
def listener() -> Iterator[int]:
    """A log that takes whatever it is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    while connection.recv(65_536):
                        pass

        threading.Thread(target=take, daemon=True).start()
        yield server.getsockname()[1]


BY_SETTING: dict[str, dict[str, Any]] = {
    "second_factor": {"factor_roles": ("administrator",)},
    "lock_out": {"lock_tries": 20},
    "password_age": {"password_days": 0},
    "idle_lock": {"idle_minutes": 240},
    "trail_is_kept": {"keep_audit_days": 10},
    "syslog": {"syslog": None},
}
"""A setting that nobody would sign."""

BY_SQL: dict[str, tuple[str, str]] = {
    "administrators_apart": (
        "update access.account set disabled_at = now() where name = 'aud'",
        "update access.account set disabled_at = null where name = 'aud'",
    ),
    "second_factor": (
        "update access.account set totp = null where name = 'sys'",
        "update access.account set totp = 'c2VhbGVk-x' where name = 'sys'",
    ),
    "dormant": (
        "update access.account set last_seen_at = now() - interval '200 days' where name = 'sys'",
        "update access.account set last_seen_at = now() where name = 'sys'",
    ),
    "provider": (
        "update access.account set issuer = 'https://id.example', subject = '1' where name = 'sys'",
        "update access.account set issuer = null, subject = null where name = 'sys'",
    ),
    "keys_end": (
        "insert into access.credential (kind, hash, role, person, expires_at)"
        " values ('key', sha256('x'), 'viewer', 'endless', now() + interval '9 years')",
        "delete from access.credential where person = 'endless'",
    ),
    "kept_as_hashes": (
        "update access.account set password_hash = 'hunter2' where name = 'sys'",
        f"update access.account set password_hash = '{HASH}' where name = 'sys'",
    ),
    "readers_of_accounts": (
        "grant select (name) on api.account to gridwarden_viewer",
        "revoke select (name) on api.account from gridwarden_viewer",
    ),
    "tables_as_declared": (
        "grant select on data.gas_pipelines to gridwarden_planner",
        "revoke select on data.gas_pipelines from gridwarden_planner",
    ),
    "functions_as_declared": (
        "grant execute on function api.dormant(integer) to gridwarden_viewer",
        "revoke execute on function api.dormant(integer) from gridwarden_viewer",
    ),
    "nothing_for_public": (
        "grant select (id) on data.gas_pipelines to public",
        "revoke select (id) on data.gas_pipelines from public",
    ),
    "telltale_functions": (
        "grant execute on function st_estimatedextent(text, text) to public",
        "revoke execute on function st_estimatedextent(text, text) from public",
    ),
    "bare_logins": (
        "alter role gridwarden_web_gridwarden inherit",
        "alter role gridwarden_web_gridwarden noinherit",
    ),
    "administrators_read_no_main": (
        "grant select (geom) on data.gas_pipelines to gridwarden_security",
        "revoke select (geom) on data.gas_pipelines from gridwarden_security",
    ),
    "database_is_private": (
        "set password_encryption = 'md5'; alter role gridwarden_owner set password_encryption"
        " = 'md5'",
        "alter role gridwarden_owner reset password_encryption",
    ),
    "triggers_on": (
        "alter table data.audit disable trigger all",
        "alter table data.audit enable trigger all",
    ),
}
"""What somebody with a superuser's hands did, and how it is taken back."""


def do(settings: Settings, statements: str) -> None:
    with accounts.connect_superuser(settings, "gridwarden") as c:
        for one in statements.split("; "):
            c.execute(one)  # type: ignore[arg-type]


def both(kept: Kept, control: str, broken: Evidence) -> Evidence:
    """It failed, with a command; it holds again."""
    after = kept.state(control)
    assert (broken.state, after.state) == ("fails", "holds"), (broken, after)
    assert broken.mend and not after.mend
    return broken


@pytest.mark.parametrize("control", BY_SETTING)
def test_a_setting_that_fails(kept: Kept, control: str) -> None:
    both(kept, control, kept.state(control, **BY_SETTING[control]))


@pytest.mark.parametrize("control", BY_SQL)
def test_a_database_that_was_touched(kept: Kept, control: str) -> None:
    broken, back = BY_SQL[control]
    do(kept.settings, broken)
    try:
        found = kept.state(control)
    finally:
        do(kept.settings, back)
    both(kept, control, found)


def test_one_person_with_two_offices(kept: Kept) -> None:
    """The database refuses it; with its trigger switched off the report sees trigger and person."""
    do(kept.settings, "alter table access.account disable trigger one_administrator")
    do(kept.settings, "update access.account set full_name = '周 一' where name = 'aud'")
    assert kept.state("administrators_apart").facts["twice"] == 1
    do(kept.settings, "update access.account set full_name = '郑三' where name = 'aud'")
    found = kept.state("administrators_apart")
    assert "gridwarden up" in found.mend
    do(kept.settings, "alter table access.account enable trigger one_administrator")
    both(kept, "administrators_apart", found)


def test_a_trail_that_was_changed(kept: Kept) -> None:
    change = "update data.audit set rows = rows %s 7 where action = 'test'"
    with superuser(kept.settings) as c:
        c.execute(change % "+")
    found = kept.state("trail_verifies")
    with superuser(kept.settings) as c:
        c.execute(change % "-")
    assert both(kept, "trail_verifies", found).facts["faults"] > 0


def test_rows_that_nobody_seals_and_heads_that_nobody_wrote_down(kept: Kept) -> None:
    with superuser(kept.settings) as c:
        c.execute(
            "insert into data.audit (at, role, person, login, action, object, rows)"
            " values (now() - interval '1 hour', 'x', 'x', 'x', 'late', 'x', 0)"
        )
    late = kept.state("trail_is_sealed")
    seal(kept.settings)
    both(kept, "trail_is_sealed", late)
    with superuser(kept.settings) as c:
        c.execute("update data.audit_seal set sealed_at = sealed_at - interval '1 hour'")
    untold = kept.state("syslog")
    assert "worker" in untold.mend
    worker(kept.settings, lambda pool: forward(pool, kept.settings))
    both(kept, "syslog", untold)
    heads = kept.settings.home / "audit" / "heads"
    heads.rename(heads.with_name("gone"))
    gone = kept.state("heads_outside")
    heads.with_name("gone").rename(heads)
    both(kept, "heads_outside", gone)
    with superuser(kept.settings) as c:
        c.execute("update data.audit_seal set sealed_at = sealed_at + interval '1 hour'")


def test_a_clock_that_nobody_keeps(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's word, as it is here and either way."""
    assert kept.state("clock").state == ("holds" if trail_probes.kernel_clock() else "fails")
    for kept_well, state in ((True, "holds"), (False, "fails")):
        monkeypatch.setattr(trail_probes, "kernel_clock", lambda said=kept_well: said)
        assert kept.state("clock").state == state


def test_https_that_is_missing_or_ends(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(kept.settings) as plain:
        home = kept.settings.home
        bare = {"home": home / "none"}
        assert kept.state("https", plain, **bare).state == "fails"
        assert kept.state("cookies", plain).state == "fails"
        assert kept.state("page_headers", plain).state == "holds"
    whole = kept.settings.tls / "server.crt"
    text = whole.read_text()
    monkeypatch.setattr(making, "DAYS", 12)
    making.renew(kept.settings)
    found = kept.state("https")
    monkeypatch.undo()
    making.renew(kept.settings)
    assert "renew" in both(kept, "https", found).mend
    assert text != whole.read_text()


def test_pages_that_a_proxy_stripped_and_a_service_that_is_away(kept: Kept) -> None:
    from proxies import proxied

    with served(kept.settings) as plain, proxied(plain, drop=("content-security-policy",)) as url:
        both(kept, "page_headers", kept.state("page_headers", url))
    with proxied("http://127.0.0.1:9") as away:
        assert kept.state("cookies", away).state == "fails"
    nobody = f"http://127.0.0.1:{free_port()}"
    found = kept.state("cookies", nobody)
    assert found.state == "fails" and "gridwarden serve" in found.mend


def test_files_that_others_read_and_files_that_stayed(kept: Kept) -> None:
    home = kept.settings.home
    secret = kept.settings.tls / "server.key"
    secret.chmod(0o644)
    found = kept.state("secret_files")
    secret.chmod(0o600)
    both(kept, "secret_files", found)
    for control, place in (
        ("first_passwords_gone", home / "first-passwords-20200101-000000.csv"),
        ("files_gone", kept.settings.files / "1" / "old.csv"),
    ):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x")
        os.utime(place, (0, 0))
        found = kept.state(control)
        place.unlink()
        both(kept, control, found)


def test_no_backup_and_none_that_was_tried(kept: Kept) -> None:
    file = kept.settings.home / "backup" / records.FILE
    lines = file.read_text("utf-8")
    for text, words in (
        ("", "gridwarden backup FILE"),
        (lines.partition("\n")[0] + "\n", "--drill"),
    ):
        file.write_text(text, "utf-8")
        found = kept.state("backups")
        file.write_text(lines, "utf-8")
        assert words in both(kept, "backups", found).mend


def test_what_the_doctor_finds_is_a_control(kept: Kept) -> None:
    found = kept.state("doctor_finds_nothing", home=kept.settings.home / "none")
    assert found.state == "fails" and "gridwarden doctor" in found.mend


def test_every_control_is_broken_somewhere_and_speaks_both_languages() -> None:
    text = Path(__file__).read_text("utf-8")
    for one in CONTROLS:
        assert f'"{one.id}"' in text or one.section in ("malware", "trusted"), one.id
        assert known(f"compliance.control.{one.id}.title")
        assert all(known(f"compliance.chapter.{chapter}") for chapter in one.chapters)
    assert {"backups"} == {c.id for c in CONTROLS if c.section == "backup"}


def test_the_threat_model_names_tests_that_are_there() -> None:
    root = Path(__file__).parents[2]
    named = re.findall(r"`((?:tests|docs)/[\w/.]+)`", (root / "SECURITY.md").read_text("utf-8"))
    assert len(named) > 25
    assert [one for one in named if not (root / one).is_file()] == []


def gridwarden(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    return run_command(settings, "compliance", *words)


def test_the_command_ends_with_1_and_says_what_mends_it(kept: Kept) -> None:
    key = make_key(kept.settings, "viewer")
    done = gridwarden(kept.settings, "--json", "--language", "en")
    assert done.returncode == 1, done.stderr  # no GRIDWARDEN_SYSLOG in this environment
    document = json.loads(done.stdout)
    states = {one["id"]: one["state"] for one in document["controls"]}
    assert states.keys() == BY_ID.keys()
    assert states["syslog"] == "fails" and states["backups"] == "holds"
    assert states["cookies"] == states["https"] == states["trail_verifies"] == "holds", document
    assert document["clauses_verified_against_print"] is False
    zh = gridwarden(kept.settings, "--language", "zh").stdout
    for word in (
        "身份鉴别",
        "不符合",
        "GB/T 22239-2019",
        "整改：",
        "尚未与标准正式文本核对",
    ):
        assert word in zh
    for secret in (key, *(p.read_text().strip() for p in kept.settings.secrets.iterdir())):
        assert secret not in done.stdout + zh
    for _, full_name, _ in PEOPLE:
        assert full_name not in done.stdout + zh
    assert httpx.get(kept.url + "/api/whoami", headers=bearer(key), verify=False).status_code == 200
