"""What a bundle is made of: the version's name, a copy of the sources that bears it, the manifest.

A version is named after the commit (0.1.0+202611220216.g0da58ea1b2c3); where files differ from the
commit, or there is none, after their content, so that one name never means two things.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("service", "web", "script/bundled", "pyproject.toml", "requirements.lock", "LICENSE")
"""All that a bundle's content is made from."""
WHEEL = ("service", "pyproject.toml", "README.md", "LICENSE")
LEFT_OUT = ("__pycache__", "node_modules", "*.egg-info")
LONG_AGO = 1_577_836_800
"""2020-01-01: the time of files that no commit dates. (A wheel knows none before 1980.)"""


def git(*words: str) -> str | None:
    """What git says of this folder; None where it says nothing, or is not here."""
    try:
        done = subprocess.run(
            ["git", "-C", ROOT, *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def files() -> Iterator[Path]:
    """Each file of the parts, in an order that no file system changes."""
    for part in PARTS:
        place = ROOT / part
        found = [place] if place.is_file() else place.rglob("*")
        for path in sorted(found):
            below = path.relative_to(ROOT)
            left_out = any(fnmatch(name, each) for name in below.parts for each in LEFT_OUT)
            if path.is_file() and not left_out:
                yield below


def number() -> str:
    """The number that a release raises."""
    found = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert found, "pyproject.toml names a version"
    return found[1]


def content() -> str:
    """Eight characters that change with any of the parts."""
    told = hashlib.sha256()
    for path in files():
        told.update(f"{path}\0{hashlib.sha256((ROOT / path).read_bytes()).hexdigest()}\n".encode())
    return told.hexdigest()[:8]


def version() -> tuple[str, str, int]:
    """Name, commit (or `-`), and the time that all files are given, seconds since 1970."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    head = git("log", "-1", "--format=%H %ct %cd", "--date=format-local:%Y%m%d%H%M")
    if head is None:
        return f"{number()}+d{content()}", "-", int(epoch or LONG_AGO)
    commit, seconds, minute = head.split()
    name = f"{number()}+{minute}.g{commit[:12]}"
    if git("status", "--porcelain", "--", *PARTS):
        name, commit = f"{name}.d{content()}", "-"
    return name, commit, int(epoch or seconds)


def copy(target: Path, name: str) -> None:
    """The sources of the wheel, with the version's name in them."""
    target.mkdir(parents=True)
    for part in WHEEL:
        if (ROOT / part).is_file():
            shutil.copy2(ROOT / part, target / part)
        else:
            ignore = shutil.ignore_patterns(*LEFT_OUT)
            shutil.copytree(ROOT / part, target / part, ignore=ignore)
    named = (("pyproject.toml", "version"), ("service/gridwarden/__init__.py", "__version__"))
    for file, word in named:
        text = (target / file).read_text()
        told, changed = re.subn(rf'(?m)^{word} = ".*"$', f'{word} = "{name}"', text, count=1)
        assert changed, f"{file} names no {word}"
        (target / file).write_text(told)


def manifest(name: str, commit: str, lock: Path) -> str:
    """bundle.json: what a machine must have for this bundle, and what it becomes by it."""
    from alembic.script import ScriptDirectory

    from gridwarden.migrations import configuration

    told = {
        "format": 1,
        "version": name,
        "commit": None if commit == "-" else commit,
        "head": ScriptDirectory.from_config(configuration()).get_current_head(),
        "python": "3.11",
        "arch": "x86_64",
        "debian": "12",
        "postgresql": "15",
        "lock_sha256": hashlib.sha256(lock.read_bytes()).hexdigest(),
    }
    return json.dumps(told, indent=2)


def main(what: str, *words: str) -> None:
    """One step of script/bundle."""
    os.environ["TZ"] = "UTC"
    if what == "version":
        print(*version())
    elif what == "copy":
        copy(Path(words[0]), words[1])
    else:
        print(manifest(words[0], words[1], Path(words[2])))


if __name__ == "__main__":
    main(*sys.argv[1:])
