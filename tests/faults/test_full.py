"""A disk that is really full while an import is published and a change screened: who changes
something is told 503 and when to come back, nothing is half there, and with room again all is
done by itself. HOME with its private cluster lies on a small disk of its own.
"""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from conftest import environment, owner
from faults.office import MAIN, Office, Watch, blocked_by, houses, nothing_is_stale
from faults.test_ended import CHANGES, PAGES
from gridwarden.database import accounts
from gridwarden.settings import Settings
from mounts import SmallDisk, small_disk

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a disk"),
]
SIZE = "1200m"
MANY = 20_000
HALF_MB = 2**19


@pytest.fixture(scope="module")
def disk() -> Iterator[SmallDisk]:
    with small_disk(SIZE) as made:
        yield made


@pytest.fixture(scope="module")
def at_work(disk: SmallDisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An office whose HOME, and whose folder for what is passing, lie on the small disk."""
    for name in ("home", "passing"):
        (disk.outside / name).mkdir(mode=0o755)
    inside = {"GRIDWARDEN_HOME": str(disk.inside / "home"), "TMPDIR": str(disk.inside / "passing")}
    settings = Settings(home=disk.outside / "home", database_url=None)

    def command(word: str) -> int:
        words = [*disk.enter, sys.executable, "-m", "gridwarden", word]
        return subprocess.run(
            words, env=environment(settings) | inside, capture_output=True, check=False
        ).returncode

    assert command("up") == 0
    with owner(settings) as c:
        c.execute(MAIN.encode())
    made = Office(settings, tmp_path_factory.mktemp("full"), disk.enter, **inside)
    try:
        made.begin()
        yield made
    finally:
        disk.free()
        made.end()
        command("down")


def asked(made: Office) -> set[int]:
    """How the service answers whoever reads, and whoever changes something: never by a 5xx that
    does not say when to come back.
    """
    answers = {made.asks("GET", page) for page in PAGES}
    return answers | {made.asks(method, path, **sent) for method, path, sent in CHANGES}


def problem_of(made: Office, job: object) -> str:
    told = made.http.get(f"/api/jobs/{job}", headers=made.key).json()
    return str((told["say"] or {}).get("type", ""))


@pytest.mark.parametrize("ends", [False, True], ids=["the server lives", "the server ends"])
def test_a_disk_that_fills_in_the_middle(at_work: Office, disk: SmallDisk, ends: bool) -> None:
    was, becomes, name = 10.0 + ends, 20.0 + ends, f"full {ends}"
    first = at_work.bring(name, [was] * 40)
    at_work.wait(lambda: at_work.state(first) == "published")
    at_work.wait(at_work.nothing_waits)
    with Watch(at_work.settings) as watch, accounts.connect_superuser(at_work.settings) as journal:
        with (
            suppress(psycopg.OperationalError),
            owner(at_work.settings) as holder,
            holder.transaction(),
        ):
            holder.execute("lock table data.finding in access exclusive mode")
            holder.execute("select from data.dataset where name = %s for update", (name,))
            second = at_work.bring(name, [becomes] * MANY)
            with owner(at_work.settings) as c:
                c.execute("update data.gas_pipelines set accuracy_m = accuracy_m + 0.01")
            at_work.wait(lambda: blocked_by(holder) >= 2)
            disk.fill()
        if ends:
            end_the_server(journal)
        at_work.wait(lambda: at_work.http.get("/readyz").status_code == 503)
        answers = set[int]()
        for _ in range(1 if ends else 5):  # without a server each is told so after 10 s
            disk.fill()
            answers |= asked(at_work)
        assert 503 in answers
        at_work.wait(lambda: at_work.state(second) in ("failed", "away"))
        disk.free()
        took = at_work.wait(at_work.ready)
        took += at_work.wait(at_work.nothing_waits)
    print(f"disk full, {ends=}: answered {answers}, all was done after {took:.1f} s")
    state = at_work.state(second)
    assert state in ("published", "failed")
    if state == "failed":
        assert problem_of(at_work, second["job"]) == "urn:gridwarden:problem:disk_full"
    seen = [dict(one) for one in watch.seen]
    many = at_work.one("select count(*) from data.buildings where height_m = %s", becomes)
    whole = {(40, 0), (0, many)} if state == "published" else {(40, 0)}
    assert {(one.get(was, 0), one.get(becomes, 0)) for one in seen} <= whole
    third = at_work.bring(name, [becomes + 100.0] * MANY)
    at_work.wait(lambda: at_work.state(third) == "published")
    at_work.wait(at_work.nothing_waits)
    nothing_is_stale(at_work)


def end_the_server(journal: psycopg.Connection[Any]) -> None:
    """Have PostgreSQL begin new journal files until it cannot."""
    journal.autocommit = True
    with suppress(psycopg.OperationalError):
        while True:
            journal.execute("select pg_switch_wal(), pg_current_xact_id()")


def test_a_file_that_meets_the_full_disk_as_it_arrives(at_work: Office, disk: SmallDisk) -> None:
    file = houses(at_work.folder / "arriving.geojson", [5.0] * MANY)
    assert file.stat().st_size > 4 * HALF_MB
    disk.fill(HALF_MB)
    before = {path.name for path in at_work.settings.files.iterdir()}
    for _ in range(3):
        answer = at_work.http.post(
            "/api/imports",
            headers=at_work.key,
            data={"layer": "buildings", "dataset": "arriving"},
            files={"file": (file.name, file.read_bytes())},
        )
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:gridwarden:problem:disk_full"
        assert int(answer.headers["retry-after"]) >= 1
    assert {path.name for path in at_work.settings.files.iterdir()} <= before
    assert list((disk.outside / "passing").iterdir()) == []
    disk.free()
    assert at_work.one("select count(*) from data.dataset where name = 'arriving'") == 0
    taken = at_work.bring("arriving", [5.0] * MANY)
    at_work.wait(lambda: at_work.state(taken) == "published")


def test_a_file_that_is_being_read_as_the_disk_fills(at_work: Office, disk: SmallDisk) -> None:
    zipped = packed(at_work.folder, MANY)
    disk.fill(2 * HALF_MB)
    answer = at_work.http.post(
        "/api/imports",
        headers=at_work.key,
        data={"layer": "buildings", "dataset": "read"},
        files={"file": (zipped.name, zipped.read_bytes())},
    )
    assert answer.status_code in (202, 503), answer.text
    if answer.status_code == 202:
        told = answer.json()
        at_work.wait(lambda: at_work.state(told) == "failed")
        assert problem_of(at_work, told["job"]) == "urn:gridwarden:problem:disk_full"
    disk.free()
    at_work.wait(at_work.ready)
    assert at_work.one("select count(*) from data.dataset where name = 'read'") == 0
    nothing_is_stale(at_work)


def packed(folder: Path, many: int) -> Path:
    """A zipped file that is ten times as large when it is unpacked."""
    file = houses(folder / "packed.geojson", [6.0] * many)
    zipped = folder / "packed.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(file, file.name)
    return zipped
