"""Makes one version of Gridwarden in a folder: what `place` does once the sums are right.

Nothing but Python's own library; no network and no index. Packages come from the bundle's wheels,
each with its locked hash, or (a small bundle) from a version that is installed already and has the
same lock, each file by the hash that was noted when it was installed.
"""

import argparse
import base64
import ensurepip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, PackagePath, distributions
from pathlib import Path
from typing import NoReturn

WHOLE = "请使用完整安装包。"
SCRIPT = """#!{python}
import sys
from {module} import {first}
if __name__ == "__main__":
    sys.argv[0] = sys.argv[0].removesuffix(".exe")
    sys.exit({attribute}())
"""


def refuse(english: str, chinese: str) -> NoReturn:
    """What to do, in both languages (no setting is read yet), and status 1."""
    sys.exit(f"{english} {chinese}")


def main() -> None:
    """Make the version, or find that it is there."""
    parser = argparse.ArgumentParser(prog="place")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("folder", type=Path, metavar="DIR")
    runs = os.environ.get("GRIDWARDEN_FROM", "/opt/gridwarden/current")
    parser.add_argument("--from", dest="source", type=Path, default=runs)
    given = parser.parse_args()
    bundle, folder = given.bundle, given.folder.absolute()
    manifest = json.loads((bundle / "bundle.json").read_text())
    fit_machine(manifest)
    if (folder / "bundle.json").exists():
        if json.loads((folder / "bundle.json").read_text()) != manifest:
            refuse(
                f"{folder} holds another version: name an empty folder.",
                f"{folder} 中是另一版本：请指定空文件夹。",
            )
        print(f"{manifest['version']} is in {folder} already. 该版本已在此处。")
        return
    clear_away(folder)
    folder.mkdir(parents=True, exist_ok=True)
    put_packages(bundle, folder, given.source, manifest)
    shutil.copytree(bundle / "assets", folder / "assets")
    for name in ("requirements.lock", "sbom.cdx.json", "LICENSE"):
        shutil.copy2(bundle / name, folder)
    if (bundle / "maker.pub").exists():
        shutil.copy2(bundle / "maker.pub", folder)
    says = run(folder / ".venv/bin/gridwarden", "--version").strip()
    if says != manifest["version"]:
        refuse(
            f"{folder} calls itself {says}, not {manifest['version']}: place it again.",
            "版本与安装包不符：请重新安装。",
        )
    os.sync()  # whatever a power cut takes, it does not leave a version with a hole in it
    shutil.copy2(bundle / "bundle.json", folder / "bundle.part")
    (folder / "bundle.part").rename(folder / "bundle.json")
    print(f"{manifest['version']} is in {folder}. 已就位。")


def fit_machine(manifest: dict[str, str]) -> None:
    """Refuse, before anything is made, what would not run here."""
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if here != manifest["python"]:
        wanted = manifest["python"]
        refuse(
            f"This bundle is for Python {wanted}, and here is {here}.",
            f"此安装包适用于 Python {wanted}，本机为 {here}。",
        )
    if os.uname().machine != manifest["arch"]:
        wanted, here = manifest["arch"], os.uname().machine
        refuse(
            f"This bundle is for {wanted}, and this is {here}.",
            f"此安装包适用于 {wanted}，本机为 {here}。",
        )


def clear_away(folder: Path) -> None:
    """What an interrupted `place` left goes; a folder with anything else is refused."""
    own = {".venv", "assets", "requirements.lock", "sbom.cdx.json", "LICENSE", "maker.pub"}
    own.add("bundle.part")
    if folder.exists() and {each.name for each in folder.iterdir()} - own:
        refuse(
            f"{folder} is no version of Gridwarden: name an empty folder.",
            f"{folder} 不是本系统的版本文件夹：请指定空文件夹。",
        )
    shutil.rmtree(folder, ignore_errors=True)


def put_packages(bundle: Path, folder: Path, source: Path, manifest: dict[str, str]) -> None:
    """The environment of the version: packages of others, then ours; the installer stays out."""
    wheels = sorted((bundle / "wheels").glob("*.whl"))
    own = [wheel for wheel in wheels if wheel.name.startswith("gridwarden-")]
    small = len(wheels) == len(own)
    if small:
        fit_source(source, manifest)
    run(sys.executable, "-I", "-m", "venv", "--without-pip", folder / ".venv")
    if small:
        take(bundle / "requirements.lock", source, folder)
    else:
        install(folder, bundle, "--require-hashes", "-r", bundle / "requirements.lock")
    install(folder, bundle, "--no-deps", *own)


def install(folder: Path, bundle: Path, *what: str | Path) -> None:
    """pip, as Python brings it, from the bundle's wheels alone, whatever pip is set to here."""
    debian = Path("/usr/share/python-wheels").glob("pip-*.whl")
    pythons = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    pip = [*pythons, *debian]
    if not pip:
        refuse(
            "Python has no pip to install with: run ./system as root first.",
            "本机 Python 没有 pip：请先以 root 执行 ./system。",
        )
    quiet = ("-q", "--no-input", "--no-cache-dir", "--disable-pip-version-check")
    command = [folder / ".venv/bin/python", "-I", pip[-1] / "pip", "--isolated", "install", *quiet]
    command += ["--no-index", "--find-links", (bundle / "wheels").as_uri()]
    run(*command, "--only-binary", ":all:", "--no-warn-script-location", *what)


def run(*command: str | Path) -> str:
    """A program's output; where it fails, its last lines and status 1."""
    done = subprocess.run(list(command), capture_output=True, text=True, check=False)
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines()[-8:]
        told.append(f"{Path(command[0]).name} failed: the lines above say why.")
        refuse("\n".join(told), "执行失败，原因见以上各行。")
    return done.stdout


def fit_source(source: Path, manifest: dict[str, str]) -> None:
    """Refuse, before anything is made, an installed version with other packages, or none."""
    small = "This is a small bundle, for a machine that runs a version with the same packages"
    whole = "take the whole bundle."
    try:
        theirs = json.loads((source / "bundle.json").read_text())
    except OSError:
        refuse(
            f"{small}, and {source} holds none: {whole}",
            f"这是精简安装包，而 {source} 中没有已安装的版本：{WHOLE}",
        )
    if theirs["lock_sha256"] != manifest["lock_sha256"]:
        refuse(
            f"{small}; {theirs['version']} has others: {whole}",
            f"这是精简安装包，而 {theirs['version']} 的软件包与之不同：{WHOLE}",
        )


def take(lock: Path, source: Path, folder: Path) -> None:
    """Packages of others from an installed version: those that the lock names, unchanged."""
    old, new = site_packages(source), site_packages(folder)
    here = {plain(each.name): each for each in distributions(path=[str(old)])}
    for name, version in re.findall(r"^(\S+?)==(\S+)", lock.read_text(), flags=re.MULTILINE):
        found = here.get(plain(name))
        if found is None or found.version != version:
            refuse(
                f"{source} lacks {name} {version}: take the whole bundle.",
                f"{source} 缺少 {name} {version}：{WHOLE}",
            )
        for file in found.files or ():
            bring(file, old, new)
        write_scripts(found, folder / ".venv" / "bin")


def site_packages(version: Path) -> Path:
    """Where a version's packages lie."""
    return version.resolve() / ".venv" / "lib" / "python3.11" / "site-packages"


def plain(name: str) -> str:
    """A package's name as all its spellings have it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def bring(file: PackagePath, old: Path, new: Path) -> None:
    """One file of a package, and what Python compiled of it, which it trusts by the file's time."""
    path = old / file
    if file.parts[0] == ".." or path.suffix == ".pyc":  # programs: see `write_scripts`
        return
    if file.hash is not None and digest(path, file.hash.mode) != file.hash.value:
        refuse(
            f"{path} was changed since it was installed: take the whole bundle.",
            f"{path} 安装后被改动：{WHOLE}",
        )
    link(path, new / file)
    compiled = path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
    if path.suffix == ".py" and compiled.exists():
        link(compiled, new / file.parent / "__pycache__" / compiled.name)


def link(path: Path, target: Path) -> None:
    """A second name of the same bytes, where the disk allows it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, target)
    except OSError:
        shutil.copy2(path, target)


def digest(path: Path, mode: str) -> str | None:
    """A file's hash as packages note it, or None where there is no such file."""
    try:
        with path.open("rb") as opened:
            told = hashlib.file_digest(opened, mode).digest()
    except FileNotFoundError:
        return None
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def write_scripts(found: Distribution, folder: Path) -> None:
    """The commands that a package brings, for this environment's Python."""
    for entry in found.entry_points:
        if entry.group != "console_scripts":
            continue
        first = entry.attr.split(".")[0]
        words = {"python": folder / "python", "module": entry.module, "attribute": entry.attr}
        path = folder / entry.name
        path.write_text(SCRIPT.format(first=first, **words))
        path.chmod(0o755)


if __name__ == "__main__":
    main()
