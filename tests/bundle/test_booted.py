"""A bare Debian 12 boots its own systemd, without a network: the bundle is installed on it, its
units start, fall, go on after a power cut, and are upgraded, as an office's are.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bundle import bare
from bundle.booted import Booted, booted
from installing.machines import PLACE, SITE
from installing.machines import bundle as later

pytestmark = pytest.mark.deep

SERVICES = ("gridwarden-db.service", "gridwarden.service")
TIMERS = ("gridwarden-backup.timer", "gridwarden-drill.timer")
READY = """
/opt/gridwarden/current/.venv/bin/python -I -c '
from urllib.request import urlopen
print(urlopen("http://127.0.0.1/readyz", timeout=60).read().decode())'
"""
RUNS = f"systemctl is-active {' '.join((*SERVICES, *TIMERS))} && {READY}"
FALLS = """
cat >"$1/{site}/falls.pth" <<'end'
import os, sys; os.environ.get("INVOCATION_ID") and sys.exit("It falls under systemd.")
end
"""
WHOLE = PLACE + 'cp -a "$GRIDWARDEN_FROM/assets" "$1/assets"\n'
"""A version has the page's files, too, or the doctor finds them missing."""
ASLEEP = """
grep -q migrating /opt/gridwarden/upgrading.json
grep -aqs 'gridwarden .local. SELECT' /proc/[0-9]*/cmdline
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, whole_bundle: Path) -> Iterator[Booted]:
    """A machine on which a clerk has installed the bundle, and tried a backup."""
    root = bare.make(tmp_path_factory.mktemp("office") / "root", "systemd-sysv", "dbus")
    shutil.copy2(whole_bundle, root / "srv")
    with booted(root) as machine:
        machine.run(
            "cd /srv && tar -xf gridwarden-*.tar && gridwarden-*/install --crs 4549 --port 80"
        )
        machine.run("rm -rf /srv/gridwarden-*")
        machine.run("sed -i s/LANGUAGE=zh/LANGUAGE=en/ /etc/gridwarden/gridwarden.env")
        machine.until(RUNS)
        machine.run("systemctl start gridwarden-backup.service")
        machine.run("systemctl start gridwarden-drill.service")
        yield machine
    shutil.rmtree(root.parent)


@pytest.fixture
def works(office: Booted) -> Booted:
    """And which does its work now."""
    office.until(RUNS)
    return office


def pid(machine: Booted, unit: str) -> str:
    return machine.run(f"systemctl show --value -p MainPID {unit}").strip()


def version(machine: Booted) -> str:
    return machine.run("gridwarden --version").strip()


def upgraded(machine: Booted, made: Path) -> tuple[int, str]:
    """What `gridwarden upgrade` says to a bundle, and its status."""
    place = machine.root / "srv" / made.name
    shutil.copy2(made, place)
    done = machine.ask("gridwarden", "upgrade", f"/srv/{made.name}")
    place.unlink()
    return done.returncode, done.stdout + done.stderr


def test_nothing_on_the_machine_has_failed_and_each_has_what_is_its_own(works: Booted) -> None:
    assert works.run("systemctl --failed --plain --no-legend") == ""
    service, database = (pid(works, unit) for unit in reversed(SERVICES))
    owners = works.run(f"stat -c %U /proc/{service} /proc/{database}").split()
    assert owners == ["gridwarden", "gridwarden-db"]
    owners = works.run("cd /var/lib/gridwarden && stat -c '%U %a' . cluster cluster/data").split()
    assert owners == ["gridwarden", "711", "gridwarden-db", "710", "gridwarden-db", "700"]
    for account, place in (
        ("gridwarden", "/var/lib/gridwarden/cluster/data/PG_VERSION"),
        ("gridwarden-db", "/etc/gridwarden/backup-passphrase"),
        ("gridwarden-db", "/var/backups/gridwarden"),
        ("nobody", "/etc/gridwarden/gridwarden.env"),
    ):
        assert works.ask("runuser", "-u", account, "--", "ls", place).returncode, place
    # The walls of the units stand: neither writes beside its own folder.
    for unit in (service, database):
        mounts = works.run(f"cat /proc/{unit}/mountinfo").splitlines()
        (whole,) = [line for line in mounts if line.split()[4] == "/"]
        assert whole.split()[5].startswith("ro")
        assert works.run(f"grep NoNewPrivs /proc/{unit}/status").split()[1] == "1"
    net = [works.run(f"readlink /proc/{one}/ns/net") for one in ("1", service, database)]
    assert net[0] == net[1] != net[2], "the database has no network"


@pytest.mark.parametrize("unit", SERVICES)
def test_killed_it_starts_again(works: Booted, unit: str) -> None:
    before = pid(works, unit)
    works.run(f"kill -KILL {before}")
    works.until(f"systemctl show --value -p MainPID {unit} | grep -vx '0\\|{before}'")
    works.until(RUNS)
    assert int(works.run(f"systemctl show --value -p NRestarts {unit}")) >= 1


def test_the_journal_holds_the_service_and_keeps_within_its_bounds(works: Booted) -> None:
    for unit in SERVICES:
        assert works.run(f"journalctl -o cat -u {unit} _TRANSPORT=stdout")
    said = works.run("journalctl -b -o cat -u systemd-journald | grep '^System Journal' | tail -1")
    assert "max 1.0G" in said
    assert works.run("find /var/log -name '*gridwarden*'") == ""


def test_switched_off_for_days_it_makes_up_for_the_backup_and_the_trial(works: Booted) -> None:
    """Timers begin by themselves what was missed, at the machine's next start."""
    for timer in TIMERS:
        folder = works.root / f"etc/systemd/system/{timer}.d"
        folder.mkdir()
        (folder / "soon.conf").write_text("[Timer]\nRandomizedDelaySec=0\n")
    stamps = " ".join(f"/var/lib/systemd/timers/stamp-{timer}" for timer in TIMERS)
    works.run(f"touch -d '15 days ago' {stamps}")
    works.off()
    works.on()
    works.until(RUNS)
    for each in ("backup", "drill"):
        shown = f"systemctl show gridwarden-{each} -p Result -p ExecMainExitTimestampMonotonic"
        works.until(f"{shown} | grep 'Monotonic=[1-9]'")
        assert "Result=success" in works.run(shown)
    for timer in TIMERS:
        shutil.rmtree(works.root / f"etc/systemd/system/{timer}.d")
    works.run("systemctl daemon-reload")


def test_an_archive_comes_back_when_the_units_are_stopped_and_not_before(works: Booted) -> None:
    archive = works.run("ls -t /var/backups/gridwarden/*.age | head -1").strip()
    done = works.ask("gridwarden", "restore", "--replace", archive)
    assert done.returncode == 1 and "by the account gridwarden, gridwarden-db" in done.stderr
    works.run("systemctl stop gridwarden.service")
    done = works.ask("gridwarden", "restore", "--replace", archive)
    assert done.returncode == 1 and "by the account gridwarden-db" in done.stderr
    works.run("systemctl stop gridwarden-db.service")
    assert "each as in the archive" in works.run(f"gridwarden restore --replace {archive}")
    works.run(f"systemctl start {' '.join(SERVICES)}")
    works.until(RUNS)
    owners = works.run("cd /var/lib/gridwarden && stat -c %U secrets cluster cluster/data").split()
    assert owners == ["gridwarden", "gridwarden-db", "gridwarden-db"]


@pytest.mark.parametrize(
    ("more", "falls", "said"),
    [
        ("op.execute('commit; select 1 / 0')", "", "division by zero"),
        ("pass", FALLS.format(site=SITE), "systemctl start"),
    ],
    ids=["a migration fails", "the service does not start"],
)
def test_one_that_fails_is_taken_back(
    works: Booted, tmp_path: Path, more: str, falls: str, said: str
) -> None:
    old = version(works)
    bad = later(tmp_path, "0.1.0+910000000000.g2", more=more, place=WHOLE + falls)
    status, told = upgraded(works, bad)
    assert status == 1 and said in told and f"taken back: {old} runs" in told, told
    assert f'"version":"{old}"' in works.until(RUNS).replace(" ", "")
    assert works.run("systemctl --failed --plain --no-legend") == ""


def test_a_power_cut_in_the_middle_of_an_upgrade_is_taken_back_at_the_next_start(
    works: Booted, tmp_path: Path
) -> None:
    old = version(works)
    slow = later(
        tmp_path, "0.1.0+920000000000.g3", more="op.execute('commit; select pg_sleep(3600)')"
    )
    shutil.copy2(slow, works.root / "srv/slow.tar")
    works.run("systemd-run --unit=clerk /usr/local/bin/gridwarden upgrade /srv/slow.tar")
    works.until(ASLEEP)
    works.cut()
    works.on()
    works.until(RUNS)
    assert version(works) == old
    assert not (works.root / "opt/gridwarden/upgrading.json").exists()
    assert "0.1.0+920000000000.g3" not in works.run("ls /opt/gridwarden/versions")


def test_a_newer_version_takes_over(works: Booted, tmp_path: Path) -> None:
    """The last here: the tables of the later version stay."""
    old, before = version(works), [pid(works, unit) for unit in SERVICES]
    status, said = upgraded(works, later(tmp_path, "0.1.0+900000000000.g1", place=WHOLE))
    assert status == 0 and f"Upgraded from {old} to 0.1.0+900000000000.g1" in said, said
    assert '"version":"0.1.0+900000000000.g1"' in works.run(RUNS).replace(" ", "")
    assert pid(works, SERVICES[1]) != before[1]
    assert works.run("ls /opt/gridwarden").split() == ["bin", "current", "upgrade.lock", "versions"]
    works.off()
    works.on()
    works.until(RUNS)
    assert version(works) == "0.1.0+900000000000.g1"
