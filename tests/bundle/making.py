"""Bundles made for tests, by `script/bundle` itself, and what they are placed beside."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = Path.home() / ".cache" / "gridwarden-tests"


def make(folder: Path, *words: str, said: str = "") -> Path:
    """The tarball that script/bundle makes in a folder; `said` is piped in."""
    done = subprocess.run(
        [ROOT / "script" / "bundle", *words, "--to", folder],
        env=os.environ | {"npm_config_cache": str(KEPT / "npm")},
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (tarball,) = folder.glob("gridwarden-*.tar")
    return tarball


def unpack(tarball: Path, folder: Path) -> Path:
    """The one folder in a bundle."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["tar", "-xf", tarball, "-C", folder], check=True)
    (bundle,) = folder.iterdir()
    return bundle


def version_that_runs(folder: Path, bundle: Path) -> Path:
    """A version with the same lock as a bundle, of the packages that these tests run by."""
    packages = folder / ".venv/lib/python3.11/site-packages"
    packages.mkdir(parents=True)
    for each in ("bin", "pyvenv.cfg"):
        (folder / ".venv" / each).symlink_to(Path(sys.prefix) / each)
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if package.is_dir():
            (packages / package.name).symlink_to(package)
        else:
            shutil.copy2(package, packages)
    _note_again(packages, "certifi")
    manifest = json.loads((bundle / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps(manifest | {"version": "0.0.9"}))
    return folder


def _note_again(packages: Path, name: str) -> None:
    """A package's hashes as they are now: some developers' machines, and the proxies that these are
    behind, add an authority of their own to certifi's.
    """
    (noted,) = packages.glob(f"{name}-*.dist-info")
    was = noted.resolve()
    noted.unlink()
    shutil.copytree(was, noted)
    lines = []
    for line in (noted / "RECORD").read_text().splitlines():
        file, is_hash, _ = line.rsplit(",", 2)
        if is_hash.startswith("sha256="):
            told = hashlib.sha256((packages / file).read_bytes()).digest()
            is_hash = f"sha256={base64.urlsafe_b64encode(told).rstrip(b'=').decode()}"
        lines.append(f"{file},{is_hash},")
    (noted / "RECORD").write_text("\n".join(lines) + "\n")


def place(bundle: Path, folder: Path, source: Path) -> subprocess.CompletedProcess[str]:
    """The bundle's own `place`."""
    command = [bundle / "place", folder, "--from", source]
    return subprocess.run(command, capture_output=True, text=True, check=False)
