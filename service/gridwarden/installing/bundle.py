"""A bundle: one tar that holds a whole version, with the checksum of every file in it."""

import binascii
import hashlib
import json
import platform
import re
import shutil
import tarfile
import tempfile
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final
from zipfile import BadZipFile, ZipFile

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from packaging.version import InvalidVersion, Version

from gridwarden.installing.layout import FACTS, Layout
from gridwarden.installing.told import refusal
from gridwarden.settings import Settings

FORMAT: Final = 1
SUMS: Final = "SHA256SUMS"
SIGNED: Final = f"{SUMS}.sig"
_SUM: Final = re.compile(r"^([0-9a-f]{64}) [ *](.+)$")
_MIGRATION: Final = re.compile(r"^gridwarden/migrations/versions/(\w+)\.py$")
_NAME: Final = re.compile(r"^[0-9A-Za-z][0-9A-Za-z.+_-]{0,100}$")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a bundle says of itself; `head` is the newest migration."""

    format: int
    version: str
    commit: str
    head: str
    python: str
    arch: str
    debian: str
    postgresql: str
    lock_sha256: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that is unpacked, every file of it as its checksum says."""

    folder: Path
    facts: Facts

    @property
    def migrations(self) -> frozenset[str]:
        """The names of its migrations, which tell whether it goes on from a database."""
        for wheel in self.folder.glob("wheels/gridwarden-*.whl"):
            try:
                with ZipFile(wheel) as inside:
                    found = map(_MIGRATION.match, inside.namelist())
                    return frozenset(one[1] for one in found if one)
            except (BadZipFile, OSError):
                continue
        return frozenset()


def read_facts(place: Path) -> Facts | None:
    """What stands in a bundle.json; None where it is none."""
    try:
        known: Any = json.loads(place.read_text("utf-8"))
        return Facts(**{one.name: known[one.name] for one in fields(Facts)})
    except (OSError, ValueError, TypeError, KeyError):
        return None


@contextmanager
def unpacked(settings: Settings, layout: Layout, file: Path) -> Iterator[Bundle]:
    """The bundle in a folder of its own, until the block ends. Raises SetUpError for a file that
    is none, is cut off or changed, or is not for this machine.
    """
    layout.opt.mkdir(mode=0o755, parents=True, exist_ok=True)
    sweep(layout)
    with tempfile.TemporaryDirectory(prefix="unpacking-", dir=layout.opt) as folder:
        try:
            with file.open("rb") as opened, tarfile.open(fileobj=opened, mode="r:") as tar:
                top = _take_out(tar, Path(folder))
        except (FileNotFoundError, IsADirectoryError, PermissionError):
            raise refusal(settings, "no_bundle", file=file) from None
        except (tarfile.TarError, ValueError, EOFError):
            raise refusal(settings, "not_a_bundle", file=file) from None
        except OSError as error:
            raise refusal(settings, "not_unpacked", folder=folder, reason=error.strerror) from None
        facts = read_facts(top / FACTS)
        if facts is None or not (top / SUMS).is_file():
            raise refusal(settings, "not_a_bundle", file=file)
        if wrong := _changed(top):
            raise refusal(settings, "changed", file=file, what=wrong)
        if layout.maker.exists() and not _is_of(top, layout.maker):
            raise refusal(settings, "other_maker", file=file, maker=layout.maker)
        _fits(settings, facts)
        yield Bundle(top, facts)


def sweep(layout: Layout) -> None:
    """Remove what interrupted upgrades had unpacked; for whoever holds the lock."""
    for left in layout.opt.glob("unpacking-*"):
        shutil.rmtree(left, ignore_errors=True)


def _take_out(tar: tarfile.TarFile, folder: Path) -> Path:
    """Files and folders alone, below one folder: no link, no device, nothing beside."""
    tops = set()
    for member in tar:
        path = PurePosixPath(member.name)
        outside = path.is_absolute() or ".." in path.parts or not path.parts
        if outside or not (member.isfile() or member.isdir()):
            raise ValueError(member.name)
        tops.add(path.parts[0])
        place = folder / path
        if member.isdir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        source = tar.extractfile(member)
        assert source is not None
        with source, place.open("xb") as target:
            shutil.copyfileobj(source, target, 2**20)
        place.chmod(0o755 if member.mode & 0o100 else 0o644)
    if len(tops) != 1:
        raise ValueError("more than one folder")
    return folder / tops.pop()


def _changed(top: Path) -> str:
    """The first file that is not as its checksum says, has none, or is missing."""
    listed: dict[str, str] = {}
    for line in (top / SUMS).read_text("utf-8", "replace").splitlines():
        if found := _SUM.match(line):
            listed[str(PurePosixPath(found[2]))] = found[1]
    there = {str(p.relative_to(top)) for p in top.rglob("*") if p.is_file()} - {SUMS, SIGNED}
    if strange := there ^ listed.keys():
        return min(strange)
    for name, wanted in listed.items():
        with (top / name).open("rb") as file:
            if _sha256(file) != wanted:
                return name
    return ""


def _is_of(top: Path, maker: Path) -> bool:
    """Whether the sums, and by them every file, are signed by the key that this machine knows."""
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(maker.read_text("ascii")))
        key.verify(b64decode((top / SIGNED).read_text("ascii")), (top / SUMS).read_bytes())
    except (OSError, ValueError, binascii.Error, InvalidSignature):
        return False
    return True


def _sha256(file: IO[bytes]) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _fits(settings: Settings, facts: Facts) -> None:
    """Refuse what is made for another machine."""
    if facts.format != FORMAT or not _NAME.match(facts.version):
        raise refusal(settings, "other_format", version=facts.version)
    python = ".".join(platform.python_version_tuple()[:2])
    here = {"arch": platform.machine(), "python": python, "debian": _debian()}
    for what, found in here.items():
        wanted = getattr(facts, what)
        if found and found != wanted:
            raise refusal(settings, "other_machine", what=what, wanted=wanted, found=found)


def _debian() -> str:
    """Debian's number; empty where this is no Debian, which is told by what fails then."""
    try:
        known = platform.freedesktop_os_release()
    except OSError:
        return ""
    return known.get("VERSION_ID", "") if known.get("ID") == "debian" else ""


def is_newer(new: str, old: str) -> bool:
    """Whether a version comes after another."""
    try:
        return Version(new) > Version(old)
    except InvalidVersion:
        return False
