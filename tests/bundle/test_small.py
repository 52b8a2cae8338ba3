"""The small bundle: what is in it, what is refused of it, and the version that it becomes."""

import json
import shutil
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from bundle.making import ROOT, make, place, unpack, version_that_runs
from gridwarden.database.trouble import SetUpError
from gridwarden.installing.bundle import unpacked
from gridwarden.installing.layout import Layout
from gridwarden.settings import Settings

ASKED = """
import atexit, sys
from gridwarden.cli import main
files = lambda: [str(getattr(module, "__file__", "")) for module in sys.modules.values()]
atexit.register(lambda: print("\\n".join(files())))
sys.argv = ["gridwarden", "--version"]
main()
"""


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key that a passphrase guards."""
    key = tmp_path_factory.mktemp("maker") / "a key"
    form = (Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"two words"))
    key.write_bytes(Ed25519PrivateKey.generate().private_bytes(*form))
    return key


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory, maker: Path) -> Path:
    """A small bundle, signed."""
    made = tmp_path_factory.mktemp("made")
    return make(made, "--small", "--sign", str(maker), said="two words\n")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory, tarball: Path) -> Path:
    """It, unpacked; tests that change it take a copy."""
    return unpack(tarball, tmp_path_factory.mktemp("un"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Path:
    return version_that_runs(tmp_path_factory.mktemp("runs") / "version", bundle)


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory, bundle: Path, running: Path) -> Iterator[Path]:
    """The bundle's version, in a folder with a blank in its name."""
    folder = tmp_path_factory.mktemp("placed") / "one version"
    done = place(bundle, folder, running)
    assert done.returncode == 0, done.stderr
    yield folder
    shutil.rmtree(folder)


def commit() -> str | None:
    """The commit of this checkout; None where there is no git, or only its files. (A bundle of
    files that differ from it names none.)"""
    if shutil.which("git") is None:
        return None
    told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, check=False)
    return told.stdout.decode().strip() or None


def test_the_bundle_holds_our_sources_whole_and_names_one_version(bundle: Path) -> None:
    manifest = json.loads((bundle / "bundle.json").read_text())
    assert bundle.name == f"gridwarden-{manifest['version']}"
    assert manifest["commit"] in (None, commit())
    (wheel,) = (bundle / "wheels").iterdir()
    with zipfile.ZipFile(wheel) as opened:
        inside = {name for name in opened.namelist() if name.startswith("gridwarden/")}
    sources = (ROOT / "service").rglob("*")
    ours = {
        str(path.relative_to(ROOT / "service"))
        for path in sources
        if path.is_file() and not {"__pycache__", "gridwarden.egg-info"} & set(path.parts)
    }
    assert inside == ours
    assert (bundle / "assets" / "leaflet" / "leaflet.js").is_file()


def test_the_list_of_parts_names_every_part_and_its_licence(bundle: Path) -> None:
    listed = json.loads((bundle / "sbom.cdx.json").read_text())
    lock = (bundle / "requirements.lock").read_text()
    locked = {line.split("==")[0] for line in lock.splitlines() if "==" in line}
    assert {"fastapi", "psycopg-binary", "argon2-cffi"} <= locked
    assert not {"pytest", "playwright", "cyclonedx-python-lib", "colorama"} & locked
    assert {part["name"] for part in listed["components"]} == locked | {"leaflet"}
    assert [part["name"] for part in listed["components"] if not part.get("licenses")] == []
    assert listed["metadata"]["component"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]


@pytest.mark.parametrize("spoil", ["a changed byte", "a lost file", "a file more", "a link"])
def test_a_bundle_that_was_changed_is_refused_before_anything_is_made(
    bundle: Path, running: Path, tmp_path: Path, spoil: str
) -> None:
    spoilt = tmp_path / "bundle"
    shutil.copytree(bundle, spoilt)
    (wheel,) = (spoilt / "wheels").iterdir()
    if spoil == "a changed byte":
        content = bytearray(wheel.read_bytes())
        content[len(content) // 2] ^= 1
        wheel.write_bytes(content)
    elif spoil == "a lost file":
        (spoilt / "assets" / "leaflet" / "leaflet.css").unlink()
    elif spoil == "a file more":
        (spoilt / "assets" / "own.js").write_text("1")
    else:
        (spoilt / "assets" / "own.js").symlink_to("/etc/passwd")
    done = place(spoilt, tmp_path / "version", running)
    assert done.returncode == 1
    assert "again" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "version").exists()


def test_the_placed_version_runs_by_itself(bundle: Path, placed: Path, running: Path) -> None:
    version = json.loads((placed / "bundle.json").read_text())["version"]
    python = placed / ".venv" / "bin" / "python"
    told = subprocess.run([python, "-I", "-c", ASKED], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[0] == version
    # Everything that it imports is its own: nothing of the version that the packages came from.
    packages = [line for line in told.stdout.splitlines() if "-packages" in line]
    assert any("fastapi" in line for line in packages)
    assert [line for line in packages if not line.startswith(f"{placed}/.venv/")] == []
    assert not (placed / ".venv/lib/python3.11/site-packages/pytest").exists()
    assert not (placed / ".venv/lib/python3.11/site-packages/pip").exists()
    again = place(bundle, placed, running)
    assert again.returncode == 0
    assert "already" in again.stdout


def test_the_version_knows_who_made_it(
    tarball: Path, bundle: Path, placed: Path, tmp_path: Path
) -> None:
    """A machine that took it takes what is signed by the same key alone."""
    settings, layout = Settings(home=tmp_path, language="en"), Layout(tmp_path)
    layout.maker.parent.mkdir(parents=True)
    shutil.copy2(placed / "maker.pub", layout.maker)
    with unpacked(settings, layout, tarball) as found:
        assert found.facts.version == json.loads((bundle / "bundle.json").read_text())["version"]
    layout.maker.write_text(b64encode(bytes(32)).decode())
    with pytest.raises(SetUpError, match="is not signed by the key"):
        unpacked(settings, layout, tarball).__enter__()


def test_a_key_is_opened_by_its_own_passphrase_or_none(maker: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    plain.write_bytes(Ed25519PrivateKey.generate().private_bytes(*form))
    (tmp_path / "none").write_text("no key")
    for key, said, opens in (
        (maker, "two words", True),
        (maker, "other words", False),
        (maker, "", False),
        (plain, "", True),
        (tmp_path / "none", "", False),
    ):
        command = [sys.executable, "-I", ROOT / "script/bundling/signing.py", "maker", key]
        done = subprocess.run(command, input=said, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == opens == (len(done.stdout) == 45), done.stderr
        assert "Traceback" not in done.stderr


def test_what_no_bundle_may_do(bundle: Path, running: Path, tmp_path: Path) -> None:
    """Other packages, changed packages, no version at all, a folder with other things in it."""
    manifest = json.loads((bundle / "bundle.json").read_text())
    other = version_that_runs(tmp_path / "other", bundle)
    (other / "bundle.json").write_text(json.dumps(manifest | {"lock_sha256": "0" * 64}))
    changed = tmp_path / "changed"
    packages = changed / ".venv/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    (changed / "bundle.json").write_text(json.dumps(manifest))
    lock = (bundle / "requirements.lock").read_text()
    first = lock.split("==")[0]
    from_here = running.resolve() / ".venv/lib/python3.11/site-packages"
    for each in from_here.glob(f"{first}*"):
        shutil.copytree(each, packages / each.name)
    (packages / first / "__init__.py").write_text("spoilt = 1\n")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")
    for source, folder, told in (
        (other, tmp_path / "a", "whole bundle"),
        (changed, tmp_path / "b", "changed since it was installed"),
        (tmp_path / "nowhere", tmp_path / "c", "whole bundle"),
        (running, foreign, "empty folder"),
    ):
        done = place(bundle, folder, source)
        assert done.returncode == 1, told
        assert told in done.stderr and "请" in done.stderr
        assert not (folder / "bundle.json").exists()
    assert (foreign / "letter.txt").read_text() == "mine"
