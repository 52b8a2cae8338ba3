"""What lies in an archive: a tar of the manifest, the state folder's files and the database's dump,
locked in the age format.

The manifest comes first: what an archive is can be said, and refused, before the rest is read.
"""

import io
import json
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, Self, cast

from gridwarden.database.backup.age_format import (
    DamagedError,
    Locked,
    NotAnArchiveError,
    Opened,
    WrongPassphraseError,
)
from gridwarden.database.backup.told import Report, refusal
from gridwarden.settings import Settings

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
HOME: Final = "home"
DUMP: Final = "database"
PART: Final = 8 * 2**20
"""The dump comes in parts of so many bytes: nobody knows its length before it has been made."""
LONGEST_MANIFEST: Final = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds. `tables` are the rows of each table, `head` and `seals` the audit's
    end, all of one snapshot; `next_xid` is a number that no transaction of it has reached; `epoch`
    the cluster whose numbers these are; `files` are so many of `size` bytes; `database_size` are
    the bytes of the database, 0 where it was not noted.
    """

    archive: str
    made_at: str
    program: str
    revision: str
    postgresql: int
    owner: str
    database: str
    crs: int
    epoch: str
    next_xid: int
    head: str
    seals: int
    tables: Mapping[str, int]
    files: int
    size: int
    format: int = FORMAT
    database_size: int = 0

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(self.tables.values())

    def text(self) -> bytes:
        """As it lies in the archive."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode("utf-8")

    @classmethod
    def read(cls, text: bytes) -> "Manifest":
        """Raises ValueError for what is no manifest."""
        known = {one.name: one.type for one in fields(cls)}
        said: Any = json.loads(text)
        if not isinstance(said, dict) or not isinstance(said.get("tables"), dict):
            raise ValueError("no manifest")
        return cls(**{name: value for name, value in said.items() if name in known})


class Packing:
    """An archive that is being written, whole when the block ends without an error."""

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        self._locked = Locked(file, passphrase)
        self._tar = tarfile.TarFile.open(
            fileobj=cast(BinaryIO, self._locked), mode="w|", format=tarfile.PAX_FORMAT
        )
        self._parts = 0

    def text(self, name: str, data: bytes) -> None:
        """Put in a file that is in memory."""
        self._tar.addfile(_member(name, len(data)), io.BytesIO(data))

    def file(self, name: str, place: Path) -> int:
        """Put in a file of the disk as it is now; returns its bytes."""
        with place.open("rb") as opened:
            size = opened.seek(0, io.SEEK_END)
            opened.seek(0)
            member = _member(name, size)
            member.mode = place.stat().st_mode & 0o777
            self._tar.addfile(member, opened)
        return size

    def dump(self, stream: BinaryIO, report: Callable[[int], None]) -> None:
        """Put in what `stream` gives, to its end."""
        done = 0
        while part := stream.read(PART):
            self._parts += 1
            self.text(f"{DUMP}/{self._parts:08d}", part)
            done += len(part)
            report(done)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._locked.give_up()  # a tar that nobody needs still writes its last block
            return
        self._tar.close()
        self._locked.close()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, int(time.time())
    return member


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An archive on the disk, whole: every byte was checked before this is told."""

    manifest: Manifest
    home: Path
    dump: Path


@contextmanager
def opened(settings: Settings, file: Path, passphrase: str) -> Iterator[Opened]:
    """The contents of an archive. What is wrong with it is one sentence (SetUpError)."""
    try:
        source = file.open("rb")
    except OSError as error:
        key = "is_folder" if isinstance(error, IsADirectoryError) else "no_file"
        raise refusal(settings, key, file=file) from None
    try:
        with source:
            yield Opened(source, passphrase)
    except NotAnArchiveError:
        raise refusal(settings, "not_an_archive", file=file) from None
    except WrongPassphraseError:
        raise refusal(settings, "wrong_passphrase", file=file) from None
    except (DamagedError, tarfile.TarError, FileExistsError):
        raise refusal(settings, "damaged", file=file) from None


def unpack(
    settings: Settings,
    file: Path,
    passphrase: str,
    into: Path,
    fits: Callable[[Manifest], None],
    report: Report,
) -> Unpacked:
    """Check a whole archive and lay it out in the folder `into`: `home/` and the dump.

    `fits` is shown the manifest before anything is laid out, and refuses by SetUpError. Raises
    SetUpError for a wrong passphrase and for an archive that is not as it was written.
    """
    home, dump = into / HOME, into / "database.dump"
    with opened(settings, file, passphrase) as contents:
        with (
            tarfile.open(fileobj=cast(BinaryIO, contents), mode="r|") as tar,
            dump.open("wb") as dumped,
        ):
            manifest, done, size = _manifest(tar), 0, file.stat().st_size
            fits(manifest)
            home.mkdir(mode=0o700)
            while member := tar.next():
                done += member.size
                report("unpack", min(done, size), size)
                source = tar.extractfile(member) if member.isreg() else None
                if source is None:
                    raise DamagedError
                with source:
                    _lay(cast(BinaryIO, source), member, home, dumped)
        while contents.read(2**20):  # what follows the last file must be as it was written, too
            pass
    return Unpacked(manifest, home, dump)


def _manifest(tar: tarfile.TarFile) -> Manifest:
    first = tar.next()
    source = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
    if first is None or source is None or first.size > LONGEST_MANIFEST:
        raise DamagedError
    try:
        return Manifest.read(source.read())
    except (ValueError, TypeError):
        raise DamagedError from None


def _lay(source: BinaryIO, member: tarfile.TarInfo, home: Path, dumped: BinaryIO) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
        raise DamagedError
    if path.parts[0] == DUMP:
        _copy(source, dumped)
        return
    if path.parts[0] != HOME:
        raise DamagedError
    place = home.joinpath(*path.parts[1:])
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with place.open("xb") as written:
        _copy(source, written)
    place.chmod(member.mode & 0o777)


def _copy(source: BinaryIO, into: BinaryIO) -> None:
    while data := source.read(2**20):
        into.write(data)
