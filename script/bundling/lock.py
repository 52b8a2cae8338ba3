"""Which locked packages the service needs on Debian 12, and their wheels.

The lock holds the tests' packages and other systems', too. What the service needs is found by
walking from `pyproject.toml` through the declared needs of what is installed here; a lock made of
that keeps the lines, and thereby the hashes, of the whole one.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).parents[2]
GLIBC = 36
"""Debian 12 has glibc 2.36: wheels for it and for older ones fit."""
TARGET = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.2",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.2",
    "python_version": "3.11",
    "sys_platform": "linux",
}


def fits(needed: Requirement, extra: str) -> bool:
    """Whether Debian 12's Python needs this, for an extra or ('') without one."""
    surroundings = {**default_environment(), **TARGET, "extra": extra}
    return needed.marker is None or needed.marker.evaluate(surroundings)


def needed_names() -> set[str]:
    """Normalised names of all packages that the service imports, directly or not."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    waiting = [(Requirement(text), "") for text in declared]
    seen: set[tuple[str, str]] = set()
    while waiting:
        needed, extra_of = waiting.pop()
        if not fits(needed, extra_of):
            continue
        name = canonicalize_name(needed.name)
        for extra in ("", *needed.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            requires = [Requirement(text) for text in distribution(name).requires or ()]
            waiting += [(each, extra) for each in requires]
    return {name for name, _ in seen}


def blocks(lock: str) -> list[tuple[Requirement, str]]:
    """Each locked package: what it says, and its lines without comments."""
    told = []
    for block in re.split(r"\n(?=[a-z0-9])", lock, flags=re.IGNORECASE):
        lines = [line for line in block.splitlines() if line and not line.lstrip().startswith("#")]
        if lines:
            told.append((Requirement(lines[0].rstrip("\\ ")), "\n".join(lines)))
    return told


def ours() -> str:
    """The lock of the service alone, on Debian 12."""
    needed = needed_names()
    kept = []
    for requirement, lines in blocks((ROOT / "requirements.lock").read_text()):
        name = canonicalize_name(requirement.name)
        if name in needed and fits(requirement, ""):
            first = f"{name}{requirement.specifier} \\"
            kept.append((name, "\n".join([first, *lines.splitlines()[1:]])))
    missing = needed - {name for name, _ in kept}
    if missing:
        sys.exit(f"requirements.lock lacks {', '.join(sorted(missing))}: compile it again.")
    return "\n".join(lines for _, lines in kept) + "\n"


def fetch(lock: Path, cache: Path, target: Path) -> None:
    """The wheels of a lock, one for each package, checked by hash."""
    cache.mkdir(parents=True, exist_ok=True)
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(GLIBC, 4, -1)]
    platforms += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"]
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--python-version", "3.11", "--implementation", "cp"]
    command += ["--abi", "cp311", *(f"--platform={each}" for each in platforms)]
    subprocess.run([*command, "-r", lock, "-d", cache], check=True)
    here = {}
    for path in sorted(cache.glob("*.whl")):
        name, version, *_ = parse_wheel_filename(path.name)
        here.setdefault((name, str(version)), []).append(path)
    for requirement, lines in blocks(lock.read_text()):
        hashes = set(re.findall(r"sha256:([0-9a-f]{64})", lines))
        name = canonicalize_name(requirement.name)
        found = here.get((name, str(requirement.specifier).removeprefix("==")), [])
        right = [p for p in found if hashlib.sha256(p.read_bytes()).hexdigest() in hashes]
        if len(right) != 1:
            sys.exit(f"{requirement}: {len(right)} wheels fit; empty {cache} and run this again.")
        shutil.copy2(right[0], target)


def main(what: str, *words: str) -> None:
    """One step of script/bundle."""
    if what == "ours":
        print(ours(), end="")
    else:
        fetch(*map(Path, words))


if __name__ == "__main__":
    main(*sys.argv[1:])
