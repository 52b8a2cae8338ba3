"""A clock that somebody sets, forth and back, under service, worker and server while an import is
published and a change screened: nothing is lost, nothing done twice, the audit is whole, and the
doctor says it.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import bearer, make_key, owner
from faults.clock import LIBRARY, Clock, clock_of
from faults.office import MAIN, Office, Watch, blocked_by, nothing_is_stale, office
from gridwarden.database.backup import records
from gridwarden.settings import Settings

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed"),
]
HOUR, DAY = 3_600, 86_400
STEPS = (0, HOUR, -HOUR, 2 * DAY, -DAY, 0)
HOUSES = 30


@pytest.fixture(scope="module")
def clock(module_city: Settings) -> Iterator[Clock]:
    with owner(module_city) as c:
        c.execute(MAIN.encode())
    with clock_of(module_city) as made:
        yield made


@pytest.fixture(scope="module")
def at_work(
    module_city: Settings, clock: Clock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """An office whose own key holds for a month."""
    folder = tmp_path_factory.mktemp("clock")
    with office(module_city, folder, **clock.variables) as made:
        with owner(module_city) as c:
            c.execute("update access.credential set expires_at = now() + interval '30 days'")
        yield made


def test_work_goes_on_while_the_clock_is_set_forth_and_back(at_work: Office, clock: Clock) -> None:
    day = bearer(make_key(at_work.settings, "supervisor", all_districts=True))
    first = at_work.bring("clock", [100.0] * HOUSES)
    at_work.wait(lambda: at_work.state(first) == "published")
    with Watch(at_work.settings) as watch:
        for number, ahead_s in enumerate(STEPS):
            with owner(at_work.settings) as holder, holder.transaction():
                holder.execute("lock table data.finding in access exclusive mode")
                holder.execute("select from data.dataset where name = 'clock' for update")
                next_one = at_work.bring("clock", [101.0 + number] * HOUSES)
                with owner(at_work.settings) as c:
                    c.execute("update data.gas_pipelines set accuracy_m = accuracy_m + 0.01")
                at_work.wait(lambda h=holder: blocked_by(h) >= 2)
                clock.set(ahead_s)
                at_work.wait(lambda s=ahead_s: abs(ahead(at_work) - s) < 60)
            took = at_work.wait(lambda one=next_one: at_work.state(one) == "published")
            took += at_work.wait(at_work.nothing_waits)
            took += at_work.wait(at_work.ready)
            print(f"clock set to {ahead_s:+d} s: all was done after {took:.1f} s")
            expired = at_work.http.get("/api/jobs", headers=day).status_code == 401
            assert expired == (ahead_s > DAY)
            nothing_is_stale(at_work)
    assert watch.seen == {((100.0 + n, HOUSES),) for n in range(len(STEPS) + 1)}
    published = len(STEPS) + 1
    assert at_work.rows("select version from data.dataset where name = 'clock'") == [(published,)]
    history = "select count(*) from data.history where layer = 'buildings'"
    assert at_work.one(history) == HOUSES * published
    states = at_work.rows("select kind, state, count(*) from data.job group by 1, 2")
    assert ("import", "finished", published) in states
    assert {state for _, state, _ in states} == {"finished"}
    said = {line["event"] for line in at_work.lines()}
    assert said.isdisjoint({"job failed", "unhandled", "recovery failed"})


def ahead(made: Office) -> float:
    """How far the server's clock is ahead of ours (s)."""
    return float(made.one("select extract(epoch from clock_timestamp())")) - time.time()


def test_the_doctor_says_that_the_clock_was_ahead(at_work: Office, clock: Clock) -> None:
    clock.set(2 * DAY)
    at_work.wait(lambda: ahead(at_work) > DAY)
    done = at_work.bring("later", [1.0])
    at_work.wait(lambda: at_work.state(done) == "published")
    clock.set(-DAY)
    at_work.wait(lambda: ahead(at_work) < 0)
    said = clock.command(at_work.settings, "doctor").stdout
    clock.set(0)
    at_work.wait(lambda: abs(ahead(at_work)) < 60)
    at_work.wait(at_work.ready)
    assert "so the clock has jumped" in " ".join(said.split())


def test_backups_made_while_the_clock_is_set_forth_and_back(
    at_work: Office, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order tells which is the newest; one of a time to come is of no age."""
    monkeypatch.setenv("GRIDWARDEN_BACKUP_PASSPHRASE", "five words drawn by chance")

    def said(*words: str, code: int = 0) -> str:
        done = clock.command(at_work.settings, *words)
        assert code in (done.returncode, -1), done.stderr
        return " ".join(done.stdout.split())

    def stands(ahead_s: int) -> None:
        clock.set(ahead_s)
        at_work.wait(lambda: abs(ahead(at_work) - ahead_s) < 60)

    def made(*more: str) -> str:
        before = {*tmp_path.iterdir()}
        said("backup", f"{tmp_path}/", *more)
        (one,) = {*tmp_path.iterdir()} - before
        return one.name

    def last() -> str:
        return said("status").partition("last backup ")[2].partition(" restore test ")[0]

    stands(2 * DAY)
    early = made()
    stands(0)
    assert last() == "at a time that is still to come: a clock was wrong"
    assert "The last backup bears a time that is still to come" in said("doctor", code=-1)
    second = made()
    assert last() == "just now"
    assert "Restore test passed" in said("backup", "--drill")
    stands(-DAY)
    assert "bears a time that is still to come" in said("doctor", code=-1)
    third = made("--keep", "1")  # and that which was restored for trial
    assert {one.name for one in tmp_path.iterdir()} == {second, third} and early > second > third
    stands(0)
    assert "Restore test passed" in said("backup", "--drill")
    assert last() == "24 hours ago"
    at_work.wait(at_work.ready)
    assert {"backup", "drill"} == {one.kind for one in records.kept(at_work.settings)}
    drilled = records.last(at_work.settings, "drill")
    assert drilled is not None and Path(drilled.file).name == third
    nothing_is_stale(at_work)
