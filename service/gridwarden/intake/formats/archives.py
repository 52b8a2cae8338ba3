"""Zip archives: what in them can be read, unpacked under names of our own.

No member's path is ever used, so none leads out of the room; links are passed over; what comes out
is counted as it comes, whatever the archive's index says of sizes. Archives inside are not opened
(a KMZ, a workbook or a geodatabase is a kind of file, not an archive of them).
"""

import lzma
import re
import stat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.registry import BY_KIND, FORMATS
from gridwarden.words.problems import Problem

MAX_MEMBERS: Final = 2_000
LOOKED_AT: Final = 1 << 16
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
OTHER: Final = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00")
"""How archives begin that are not read: 7z, rar, gzip, bzip2, xz."""
GEODATABASE: Final = ".gdb"
FILEGDB: Final = "filegdb"
BESIDE: Final = ({".dbf", ".xls", ".et"}, {".txt", ".dat", ".tsv", ".xml"})
"""What lies beside data as often as it is data: each counts only where nothing before it does."""
_TABLE_FILE: Final = re.compile(r"[A-Za-z0-9_.$-]{1,80}")
_DAMAGED: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
)


@dataclass
class _Group:
    """The members that make one file: by suffix; those of a geodatabase by name."""

    name: str
    members: dict[str, zipfile.ZipInfo] = field(default_factory=dict)
    geodatabase: bool = False

    def rank(self) -> int | None:
        """0 for what is surely data, more for what may lie beside it, None for what is not read."""
        if self.geodatabase:
            return 0 if FILEGDB in BY_KIND else None
        read = [s for s in self.members if any(s in one.suffixes for one in FORMATS)]
        read += [s for s in self.members if s in BESIDE[1] and s not in read and s != ".xml"]
        ranks = [next((n for n, s in enumerate(BESIDE, 1) if one in s), 0) for one in read]
        return min(ranks, default=None)


def unpacked(path: Path, room: Path, limit_bytes: int) -> list[Part]:
    """The parts of an archive that can be read, in `room`, together at most `limit_bytes`.

    Raises Problem `unreadable_file`, `too_large`, `refused`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _parts(archive, room, limit_bytes)
    except _DAMAGED as error:
        raise Problem("unreadable_file", "intake.bad_archive", field="file") from error


def refuse_other(head: bytes, name: str) -> None:
    """Raises Problem `refused` for an archive that is not a zip."""
    if head.startswith(OTHER) or head[257:262] == b"ustar":
        raise Problem("refused", "intake.other_archive", field="file", name=name)


def _parts(archive: zipfile.ZipFile, room: Path, limit_bytes: int) -> list[Part]:
    members = [m for m in archive.infolist() if not m.is_dir() and not _is_link(m)]
    if len(members) > MAX_MEMBERS:
        raise Problem("refused", "intake.too_many_members", field="file", n=MAX_MEMBERS)
    ranked = [(group.rank(), group) for group in _groups(members)]
    best = min((rank for rank, _ in ranked if rank is not None), default=None)
    found: list[Part] = []
    left = limit_bytes
    for number, (rank, group) in enumerate(ranked):
        if rank is None or rank != best:
            continue
        part, taken = _taken(archive, group, room, number, left)
        left -= taken
        found.append(part)
    if not found:
        raise Problem("refused", "intake.nothing_in_archive", field="file")
    return found


def _groups(members: Sequence[zipfile.ZipInfo]) -> list[_Group]:
    """The members that belong together, in the order of their names."""
    groups: dict[str, _Group] = {}
    for member in members:
        pure = PurePosixPath(_name(member).replace("\\", "/"))
        if pure.name.startswith("._") or "__MACOSX" in pure.parts:
            continue
        folder = next((p for p in pure.parents if p.suffix.lower() == GEODATABASE), None)
        if folder is not None:
            if _TABLE_FILE.fullmatch(pure.name) and pure.parent == folder:
                group = groups.setdefault(f"{folder}/", _Group(folder.stem, geodatabase=True))
                group.members[pure.name] = member
        elif pure.suffix:
            group = groups.setdefault(str(pure.with_suffix("")), _Group(pure.stem))
            group.members[pure.suffix.lower()] = member
    return [groups[name] for name in sorted(groups)]


def _taken(
    archive: zipfile.ZipFile, group: _Group, room: Path, number: int, left: int
) -> tuple[Part, int]:
    """One file out of the archive; gives it and its bytes."""
    taken = 0
    if group.geodatabase:
        folder = room / f"part{number}{GEODATABASE}"
        folder.mkdir()
        for name, member in group.members.items():
            taken += _copy(archive, member, folder / name, left - taken)
        return Part(FILEGDB, folder, group.name), taken
    by_suffix = next((f for f in FORMATS if any(s in group.members for s in f.suffixes)), None)
    main = next(
        (s for s in by_suffix.suffixes if s in group.members) if by_suffix else iter(group.members)
    )
    siblings = by_suffix.siblings if by_suffix else ()
    for suffix in [main, *(s for s in siblings if s in group.members and s != main)]:
        there = room / f"part{number}{suffix}"
        taken += _copy(archive, group.members[suffix], there, left - taken)
    place = room / f"part{number}{main}"
    return Part(_kind(place, main, by_suffix), place, group.name), taken


def _kind(place: Path, suffix: str, by_suffix: Format | None) -> str:
    """What a file is, by its bytes; by its name where they do not tell."""
    with place.open("rb") as file:
        head = file.read(LOOKED_AT)
    known = next((one for one in FORMATS if one.known_by(head, suffix)), by_suffix)
    if known is None:
        raise Problem("refused", "intake.nothing_in_archive", field="file")
    return known.kind


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _name(member: zipfile.ZipInfo) -> str:
    """A member's name; archivers on Chinese Windows write GBK without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    raw = member.filename.encode("cp437", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, to: Path, left: int) -> int:
    """Copy one member; counts what really comes out, whatever the archive's index says."""
    copied = 0
    with archive.open(member) as source, to.open("wb") as target:
        while chunk := source.read(1 << 20):
            copied += len(chunk)
            if copied > left:
                raise Problem("too_large", "intake.archive_too_large", field="file")
            target.write(chunk)
    return copied
