"""An installation goes into one archive while a writer writes, and comes back whole elsewhere."""

import hashlib
import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from archives import OTHERS, PASSPHRASE, command, everything_allowed, killed, rows
from fastapi.testclient import TestClient
from homes import home_of

from access.test_audit import seal
from commands import run_command
from conftest import KeyMaker, bearer, client_of, make_key, owner
from gridwarden.database import accounts, cluster
from gridwarden.database.backup import records, switching
from gridwarden.database.backup.switching import PLAN
from gridwarden.database.doctor import examine
from gridwarden.hazards.proof import store
from gridwarden.settings import Settings
from permits.conftest import Ground, box, cover


@dataclass
class Archived:
    """A city, its archive, and what was there before."""

    city: Settings
    file: Path
    said: str
    key: str
    permit: dict[str, Any]
    headers: dict[str, str]
    rights: list[list[tuple[Any, ...]]]
    home: Path
    written: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def archived(
    module_city: Settings,
    module_client: TestClient,
    module_sign_in: KeyMaker,
    tmp_path_factory: Any,
) -> Iterator[Archived]:
    ground = Ground(module_city, module_client)
    ground.orgs["A"] = ground.insert("organisations", "companies", name="A", kind="gas_company")
    ground.keys["A"] = module_sign_in("utility", org_ids=(ground.orgs["A"],))
    y = ground.lane()
    ground.main("A", y, "MB")
    cover(ground, "A", y - 500, y + 500)
    permit = ground.ask(box(y + 2))
    seal(module_city)
    folder = tmp_path_factory.mktemp("archives")
    (folder / "board.toml").write_text("# the office's own\n", "utf-8")
    file = folder / "city.age"
    stop, written = threading.Event(), []

    def write() -> None:
        """Files, each named by a row that is committed after it."""
        while not stop.is_set():
            sha256 = store.put(module_city, os.urandom(2_000))
            with owner(module_city) as c:
                c.execute("select api.record('test', %s)", (sha256,))
            written.append(sha256)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        done = command(
            module_city, "backup", file, GRIDWARDEN_BOARD=str(folder / "board.toml"),
            GRIDWARDEN_PASSWORD_DAYS="30",
        )  # fmt: skip
    finally:
        stop.set()
        writer.join()
    assert done.returncode == 0, done.stderr
    with home_of("home") as fresh:
        yield Archived(
            module_city,
            file,
            done.stdout,
            make_key(module_city, "viewer"),  # after the archive: it must not be in it
            permit,
            ground.keys["A"],
            everything_allowed(module_city),
            fresh.home,
            written,
        )
    shutil.rmtree(module_city.home / "backup")
    shutil.rmtree(module_city.home / "proof")


@pytest.fixture(scope="module")
def restored(archived: Archived) -> Settings:
    """The archive on a machine that has nothing."""
    settings = archived.city.model_copy(update={"home": archived.home})
    done = command(settings, "restore", archived.file)
    assert done.returncode == 0, done.stderr
    assert "each as in the archive" in done.stdout, done.stdout
    told = dict(re.findall(r"^  (\S+) +(\d+ = \d+)$", done.stdout, re.M))
    assert len(told) > 10 and all(len(set(one.split(" = "))) == 1 for one in told.values())
    assert command(settings, "up").returncode == 0
    return settings


def test_the_archive_is_for_its_owner_and_says_nothing_without_its_passphrase(
    archived: Archived,
) -> None:
    assert archived.file.stat().st_mode & 0o777 == 0o600
    text = archived.file.read_bytes()
    assert text.startswith(b"age-encryption.org/v1\n")
    assert b"gas_pipelines" not in text and b"manifest" not in text
    assert not list(archived.file.parent.glob("*.part"))
    assert not list((archived.city.home / "backup").glob("linked-*"))
    assert PASSPHRASE not in archived.said


def test_every_row_has_its_file_though_a_writer_wrote(
    archived: Archived, restored: Settings
) -> None:
    named = [
        one for (one,) in rows(restored, "select object from data.audit where action = 'test'")
    ]
    assert named and set(named) <= set(archived.written)
    for sha256 in named:
        body = store.path_of(restored, sha256).read_bytes()
        assert hashlib.sha256(body).hexdigest() == sha256
    # what was written after the moment is not there: it is one moment
    assert len(archived.written) > len(named)


def test_roles_rights_and_code_are_the_same(archived: Archived, restored: Settings) -> None:
    for before, after in zip(archived.rights, everything_allowed(restored), strict=True):
        assert after == before


def test_keys_and_the_audit_hold_and_the_restore_stands_in_it(
    archived: Archived, restored: Settings
) -> None:
    heads = rows(restored, "select max(number), count(*) from data.audit_seal")[0]
    assert heads[0] == heads[1] > 0
    verified = run_command(restored, "audit", "verify")
    assert verified.returncode == 0, verified.stdout
    told = rows(restored, "select role, person, detail from data.audit where action = 'restore'")
    assert len(told) == 1 and told[0][0] == "gridwarden_administrator", told
    with client_of(restored) as http:
        ask = "/ogc/collections/gas_pipelines/items"
        assert http.get(ask, headers=archived.headers).status_code == 200
        assert http.get(ask, headers=bearer(archived.key)).status_code == 401  # younger than it
    own = (archived.city.secrets, restored.secrets)
    for login in ("gridwarden_owner", "gridwarden_web_gridwarden"):
        assert len({(folder / login).read_text() for folder in own}) == 1


def test_an_answer_from_before_is_given_again_and_numbers_go_on(
    archived: Archived, restored: Settings
) -> None:
    number = archived.permit["number"]
    with client_of(restored) as http:
        found = http.get(f"/api/permits/checks/{number}/replay", headers=archived.headers).json()
        assert found["same"] is True and found["replayed"] == archived.permit, found
        past = rows(
            restored,
            "select pg_snapshot_xmin(pg_current_snapshot())::text::numeric,"
            " max(greatest(xid_from::text::numeric, xid_to::text::numeric)) from data.history",
        )[0]
        assert past[0] > past[1]
        # and history goes on: an answer of now is given again, too, over mains from before
        again = archived.permit["data"]["snapshot"]
        asked = http.post(
            "/api/permits/check?crs=EPSG:4547",
            headers=archived.headers | {"Content-Type": "application/json"},
            content=json.dumps({"area": box(3_412_002.0), "method": "mechanical"}),
        ).json()
        assert asked["mains"] and asked["data"]["snapshot"] != again
        address = f"/api/permits/checks/{asked['number']}/replay"
        assert http.get(address, headers=archived.headers).json()["same"] is True


def test_the_offices_settings_come_along(restored: Settings) -> None:
    kept = (restored.home / "settings" / "gridwarden.env").read_text("utf-8")
    board = restored.home / "settings" / "board.toml"
    assert f"GRIDWARDEN_BOARD={board}" in kept and "GRIDWARDEN_PASSWORD_DAYS=30" in kept
    assert board.read_text("utf-8") == "# the office's own\n"
    assert "PASSPHRASE" not in kept and "GRIDWARDEN_HOME" not in kept


def test_what_is_no_whole_archive_is_refused_before_anything_is_touched(
    archived: Archived, tmp_path: Path
) -> None:
    text = archived.file.read_bytes()
    half = len(text) // 2
    damaged = {
        "cut": text[:half],
        "flipped": text[:half] + bytes([text[half] ^ 1]) + text[half + 1 :],
    }
    with home_of("bare") as bare:
        for name, body in damaged.items():
            (tmp_path / name).write_bytes(body)
            done = command(bare, "restore", tmp_path / name)
            assert done.returncode == 1 and "is not as it was written" in done.stderr, name
        done = command(bare, "restore", archived.file, GRIDWARDEN_BACKUP_PASSPHRASE="x" * 20)
        assert done.returncode == 1 and "passphrase does not open" in done.stderr
        (tmp_path / "other").write_text("PGDMP")
        done = command(bare, "restore", tmp_path / "other")
        assert done.returncode == 1 and "is no archive" in done.stderr
        assert [place.name for place in bare.home.iterdir()] == ["backup"]


def test_an_installation_is_replaced_only_where_that_is_said(
    archived: Archived, restored: Settings
) -> None:
    done = command(restored, "restore", archived.file)
    assert done.returncode == 1 and "add --replace" in done.stderr
    with owner(restored) as busy:
        busy.execute("select api.record('test', 'later')")
        done = command(restored, "restore", "--replace", archived.file)
        assert done.returncode == 1 and "stop them first" in done.stderr
    (restored.home / "proof" / "later").write_text("x")
    killed(restored, ["restore", "--replace", archived.file], "restoring-*/home/cluster/data/base")
    assert command(restored, "up").returncode == 0  # what stood there still stands
    assert rows(restored, "select count(*) from data.audit where object = 'later'") == [(1,)]
    done = command(restored, "restore", "--replace", archived.file)
    assert done.returncode == 0, done.stderr
    assert command(restored, "up").returncode == 0
    assert rows(restored, "select count(*) from data.audit where object = 'later'") == [(0,)]
    replaced = list(restored.home.glob("replaced-*"))
    assert len(replaced) == 1 and (replaced[0] / "proof" / "later").exists()
    assert (replaced[0] / "cluster" / "data" / "PG_VERSION").exists()
    assert not (restored.home / "proof" / "later").exists()
    assert not list(restored.home.glob("restoring-*"))


def test_a_switch_that_was_interrupted_is_finished_by_up(restored: Settings) -> None:
    """Every place where the machine may stop: names moved, half moved, not moved."""
    cluster.down(restored)
    staged = restored.home / "restoring-00000000"
    staged.mkdir(mode=0o755)
    for name in ("cluster", "secrets", "audit"):
        (restored.home / name).rename(staged / name)
    (restored.home / "audit").mkdir()
    (restored.home / "audit" / "old").write_text("x")
    plan = switching.begin(restored, staged, "a" * 32)
    (staged / "secrets").rename(restored.home / "secrets")
    assert run_command(restored, "up").returncode == 0
    assert not (restored.home / "backup" / PLAN).exists() and not staged.exists()
    assert (restored.home / plan.replaced / "audit" / "old").exists()
    assert rows(restored, "select count(*) > 0 from data.audit") == [(True,)]


def test_a_backup_that_is_killed_leaves_the_older_archive(archived: Archived) -> None:
    before = hashlib.sha256(archived.file.read_bytes()).digest()
    killed(archived.city, ["backup", archived.file], "backup/linked-*")
    assert hashlib.sha256(archived.file.read_bytes()).digest() == before
    beside = archived.file.with_name("again.age")
    for words in (["backup", archived.file.parent / "none" / "x.age"], ["backup"]):
        assert command(archived.city, *words).returncode == 1
    short = command(archived.city, "backup", beside, GRIDWARDEN_BACKUP_PASSPHRASE="short")
    assert short.returncode == 1 and "fewer than 12" in short.stderr
    nobody = command(archived.city, "backup", beside, GRIDWARDEN_BACKUP_PASSPHRASE_FILE="/none")
    assert nobody.returncode == 1 and not beside.exists()


def test_a_drill_passes_is_noted_and_leaves_nothing(archived: Archived) -> None:
    city = archived.city
    before = sorted(place.name for place in city.home.iterdir())
    done = command(city, "backup", "--drill")
    assert done.returncode == 0, done.stderr
    assert "Restore test passed" in done.stdout
    assert sorted(place.name for place in city.home.iterdir()) == before
    last = records.last(city, "drill")
    assert last is not None and Path(last.file) == archived.file
    lines = command(city, "status").stdout.splitlines()
    ages = [line[14:] for line in lines if line.startswith(("last backup", "restore test"))]
    assert len(ages) == 2 and "never" not in ages, lines
    told = rows(city, "select action from data.audit where action in ('backup', 'backup_drill')")
    assert [one for (one,) in told] == ["backup", "backup_drill"]
    zh = command(city, "backup", "--drill", city.home / "none", GRIDWARDEN_LANGUAGE="zh")
    assert zh.returncode == 1 and "没有文件" in zh.stderr


def test_the_doctor_names_a_backup_that_is_old_or_was_never_tested(archived: Archived) -> None:
    city = archived.city

    def found(home: Path) -> str:
        settings = city.model_copy(update={"home": home, "language": "en"})
        return next(one.told for one in examine(settings) if one.what == "backups")

    assert found(city.home) == ""
    with home_of("aged") as aged:
        (aged.secrets).mkdir(parents=True)
        assert found(aged.home) == ""
        (aged.secrets / "old").write_text("x")
        os.utime(aged.secrets / "old", (0, 0))
        assert "no backup yet" in found(aged.home)
        note = records.last(city, "backup")
        assert note is not None
        old = {"at": "2020-01-01T00:00:00+00:00"}
        now = {"at": note.at}
        values = {name: getattr(note, name) for name in type(note).__slots__}
        for told, words in (
            ({"kind": "backup"} | old, "older than 2 days"),
            ({"kind": "backup"} | now, "ever restored for trial"),
            ({"kind": "drill"} | old, "older than 35 days"),
        ):
            records.note(aged, records.Record(**(values | told)))
            assert words in found(aged.home)
        records.note(aged, records.Record(**(values | {"kind": "drill"})))
        assert found(aged.home) == ""


def test_an_outside_server_takes_it_and_a_second_deployment_there_is_not_touched(
    archived: Archived, restored: Settings
) -> None:
    """The restored machine's cluster plays the office's server; its own database is the second."""
    second = everything_allowed(restored)
    counted = "select count(*), max(id) from data.audit"
    before = rows(restored, counted)
    url = cluster.another_database(restored, "city")
    words = ["restore", archived.file, "--replace"]
    try:
        with home_of("outside", database_url=url) as outside:
            cluster.up(outside)
            with owner(outside) as c:
                c.execute("create schema data")
                c.execute("create table data.kept as select 1 as one")
            refused = command(outside, *words[:2])
            assert refused.returncode == 1 and "add --replace" in refused.stderr
            killed(outside, words, "restoring-*/working-crs")
            while rows(outside, OTHERS) != [(0,)]:
                time.sleep(0.05)
            assert rows(outside, "select one from data.kept") == [(1,)]
            done = command(outside, *words)
            assert done.returncode == 0, done.stderr
            assert "each as in the archive" in done.stdout
            assert rows(outside, "select to_regclass('data.kept')") == [(None,)]
            with client_of(outside) as http:
                asked = http.get("/ogc/collections/gas_pipelines/items", headers=archived.headers)
                assert asked.status_code == 200
    finally:
        accounts.drop_private_database(restored, "city")
    assert everything_allowed(restored) == second and rows(restored, counted) == before
