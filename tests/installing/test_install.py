"""`gridwarden install`: units, accounts, settings and timers in their places."""

import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from commands import run_command
from gridwarden.database.configuration import configuration
from gridwarden.installing.layout import MAKER, Layout
from gridwarden.installing.putting import PLACES, UNITS, _maker, read_environment
from gridwarden.settings import Settings

TARGETS = ("sysinit", "basic", "shutdown", "multi-user", "timers", "network-online", "network")


def install(settings: Settings, root: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run_command(settings, "install", "--root", root, *more, GRIDWARDEN_LANGUAGE="en")


@pytest.fixture(scope="module")
def image(installation: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("image")
    done = install(installation, root, "--crs", "4549", "--host", "0.0.0.0")
    assert done.returncode == 0, done.stderr
    return root


def test_it_writes_what_a_service_needs_and_no_secret_into_an_image(image: Path) -> None:
    for place in PLACES.values():
        assert (image / place).is_file()
    assert (image / "opt/gridwarden/bin/gridwarden").stat().st_mode & 0o111
    assert (image / "usr/local/bin/gridwarden").readlink() == Path("/opt/gridwarden/bin/gridwarden")
    settings = image / "etc/gridwarden/gridwarden.env"
    assert settings.stat().st_mode & 0o777 == 0o600
    known = read_environment(settings)
    assert known["GRIDWARDEN_CRS"] == "4549" and known["GRIDWARDEN_HOST"] == "0.0.0.0"
    assert known["GRIDWARDEN_DATABASE_ACCOUNT"] == "gridwarden-db"
    # every machine that is made of the image makes its own
    assert not (image / "etc/gridwarden/backup-passphrase").exists()


def test_run_again_it_leaves_the_offices_settings_alone(
    installation: Settings, image: Path
) -> None:
    settings = image / "etc/gridwarden/gridwarden.env"
    settings.write_text(settings.read_text() + "GRIDWARDEN_MAIL_FROM='map@office.example'\n")
    unit = image / "etc/systemd/system/gridwarden.service"
    text = unit.read_text()
    unit.write_text("changed")
    done = install(installation, image, "--port", "8443")
    assert done.returncode == 0 and unit.read_text() == text
    assert read_environment(settings) | {"GRIDWARDEN_PORT": "8443"} == read_environment(settings)
    assert read_environment(settings)["GRIDWARDEN_MAIL_FROM"] == "map@office.example"
    before = {place: place.stat().st_mtime_ns for place in image.rglob("*") if place.is_file()}
    assert "written" not in install(installation, image).stdout
    assert before == {p: p.stat().st_mtime_ns for p in image.rglob("*") if p.is_file()}
    (image / "var/lib/gridwarden/working-crs").write_text("4549\n")
    refused = install(installation, image, "--crs", "4547")
    assert refused.returncode == 1 and "EPSG:4549 already" in refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "a b; rm"), "a b; rm is neither an address nor a host name"),
        (("--host", "a\nGRIDWARDEN_CRS=4549"), "is neither"),
        (("--host", ""), "is neither"),
        (("--host", "256.1.1.1"), "is neither"),
        (("--crs", "4326"), "EPSG:4326 is not a projected system in metres"),
        (("--crs", "3857"), "EPSG:3857"),
        (("--crs", "1"), "EPSG:1 is not a projected system in metres"),
    ],
)
def test_what_no_service_could_run_with_is_not_written(
    installation: Settings, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = install(installation, tmp_path / "image", *words)
    assert done.returncode == 1 and said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "image").exists()


@pytest.mark.parametrize("host", ["::", "fe80::1%lo", "map.office.example", "my_host", "10.0.0.8"])
def test_addresses_and_names_are_hosts(installation: Settings, tmp_path: Path, host: str) -> None:
    done = install(installation, tmp_path, "--host", host)
    assert done.returncode == 0, done.stderr
    known = read_environment(tmp_path / "etc/gridwarden/gridwarden.env")
    assert known["GRIDWARDEN_HOST"] == host


def test_a_place_that_takes_no_folder_is_named(installation: Settings) -> None:
    for place in ("/proc/x", "/dev/null/x"):
        done = install(installation, Path(place))
        assert done.returncode == 1
        assert f"Installing ended at {place}" in done.stderr and "Traceback" not in done.stderr


def test_a_disk_that_fills_leaves_no_half_of_whose_bundles_are_taken(tmp_path: Path) -> None:
    """Half a key would be one that nothing is signed by."""
    layout = Layout(tmp_path)
    placed = layout.version("1")
    placed.mkdir(parents=True)
    layout.maker.parent.mkdir(parents=True)
    (placed / MAKER).write_text("k" * 44 + "\n")
    layout.switch("1")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OSError):
            list(_maker(Settings(home=tmp_path), layout))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not layout.maker.exists()
    list(_maker(Settings(home=tmp_path), layout))
    assert layout.maker.read_text() == "k" * 44 + "\n"
    assert layout.maker.stat().st_mode & 0o777 == 0o644


def test_the_wrapper_hands_on_the_settings(image: Path, tmp_path: Path) -> None:
    """As an account that is not root: the very script, with its two places in this image."""
    text = (image / "opt/gridwarden/bin/gridwarden").read_text()
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\nenv | grep ^GRIDWARDEN_ | sort; echo "$# $1" $(id -u)\n')
    program.chmod(0o755)
    settings = tmp_path / "env"
    settings.write_text(
        '# a note\nGRIDWARDEN_A=$HOME `id` # x\nGRIDWARDEN_B="two words"\nPATH=/nowhere\n'
        "GRIDWARDEN_C='it''s'\nGRIDWARDEN_D=last"
    )
    wrapper = tmp_path / "wrapper"
    text = text.replace("/opt/gridwarden/current/.venv/bin/gridwarden", str(program))
    wrapper.write_text(text.replace("/etc/gridwarden/gridwarden.env", str(settings)))
    wrapper.chmod(0o755)
    done = subprocess.run([wrapper, "install", "--x"], capture_output=True, text=True, check=True)
    assert (
        "GRIDWARDEN_A=$HOME `id` # x\nGRIDWARDEN_B=two words\nGRIDWARDEN_C=it''s\n" in done.stdout
    )
    assert "GRIDWARDEN_D=last" in done.stdout and "2 install" in done.stdout


def test_systemd_takes_every_unit(image: Path) -> None:
    """`systemd-analyze verify` over the image, with a program that is there to be run."""
    system = image / "usr/lib/systemd/system"
    system.mkdir(parents=True, exist_ok=True)
    for target in TARGETS:
        (system / f"{target}.target").write_text("[Unit]\nDescription=x\n")
    program = image / "opt/gridwarden/versions/1/.venv/bin/gridwarden"
    program.parent.mkdir(parents=True, exist_ok=True)
    for name in ("gridwarden", "python"):
        shutil.copy("/bin/true", program.with_name(name))
    current = image / "opt/gridwarden/current"
    if not current.is_symlink():
        current.symlink_to("versions/1")
    (image / "bin").mkdir(exist_ok=True)
    shutil.copy("/bin/true", image / "bin/kill")
    units = [str(image / PLACES[unit]) for unit in UNITS]
    command = ["systemd-analyze", "verify", "--man=no", f"--root={image}", *units]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    # and it would have said what is wrong
    broken = image / "etc/systemd/system/broken.service"
    broken.write_text("[Service]\nExecStart=/bin/kill\nProtectSystem=perhaps\nNoSuch=1\n")
    done = subprocess.run([*command[:4], str(broken)], capture_output=True, text=True, check=False)
    assert "protect system" in done.stderr and "NoSuch" in done.stderr
    broken.unlink()


def test_a_shared_cluster_lets_the_group_reach_its_socket() -> None:
    own, shared = (configuration(Path("/s"), 2**30, shared=one) for one in (False, True))
    assert "unix_socket_permissions = 0700" in own
    assert "unix_socket_permissions = 0770" in shared


def test_a_cluster_is_sized_by_what_its_container_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer, older = tmp_path / "memory.max", tmp_path / "limit_in_bytes"
    monkeypatch.setattr("gridwarden.database.configuration.LIMITS", (newer, older))
    whole = configuration(tmp_path)
    newer.write_text("max\n")
    older.write_text("9223372036854771712\n")
    assert configuration(tmp_path) == whole
    newer.write_text(f"{600 * 2**20}\n")
    assert "shared_buffers = '150MB'" in configuration(tmp_path)
