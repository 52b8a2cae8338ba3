"""From a file somebody sent to the parts in it that can be read: known kinds, safe archives."""

import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

from gridwarden.intake.formats import photos
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.registry import BY_SUFFIX, FORMATS
from gridwarden.words.problems import Problem

MAX_MEMBERS: Final = 2_000
LOOKED_AT: Final = 1 << 16
INDEX: Final = ".shx"
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")


def parts_of(path: Path, name: str, room: Path, limit_bytes: int) -> list[Part]:
    """The readable parts of a file; archives are unpacked into `room`, at most `limit_bytes`.

    Raises Problem `refused` for a kind that is not read, and `too_large` for an archive that
    unpacks to more than the limit, however small it looks.
    """
    with path.open("rb") as file:
        head = file.read(LOOKED_AT)
    suffix = Path(name).suffix.lower()
    found = next((one for one in FORMATS if one.known_by(head, suffix)), None)
    if found is not None:
        return [Part(found.kind, _gathered(found, path, room), Path(name).stem)]
    if head.startswith(ZIP):
        if photos.is_album(path, BY_SUFFIX):
            return [Part(photos.PHOTOS.kind, path, Path(name).stem)]
        return _unpacked(path, room, limit_bytes)
    raise Problem("refused", "intake.not_read", field="file", name=name)


def _gathered(known: Format, path: Path, room: Path) -> Path:
    """A file with its siblings in the room, where an index that is broken may be made anew; what
    was sent is not written to."""
    if not known.siblings:
        return path
    for suffix in known.siblings:
        found = (path.with_suffix(spelt) for spelt in (suffix, suffix.upper()))
        one = next((place for place in found if place.is_file()), None)
        if one is None:
            continue
        there = room / f"whole{suffix}"
        there.unlink(missing_ok=True)
        if suffix == INDEX:
            shutil.copyfile(one, there)
        else:
            there.symlink_to(one.absolute())
    return room / f"whole{path.suffix.lower()}"


def with_siblings(path: Path) -> list[Path]:
    """A file and the files that belong to it (a bare `.shp`)."""
    known = BY_SUFFIX.get(path.suffix.lower())
    if known is None or not known.siblings:
        return [path]
    there = {p.suffix.lower(): p for p in path.parent.iterdir() if p.stem == path.stem}
    return [there[s] for s in known.siblings if s in there]


def _unpacked(path: Path, room: Path, limit_bytes: int) -> list[Part]:
    """Unpack what can be read, each under a name of our own: no member's path is ever used."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _parts(archive, room, limit_bytes)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, zipfile.BadZipFile):
            raise
        raise Problem("unreadable_file", "intake.bad_archive", field="file") from error


def _parts(archive: zipfile.ZipFile, room: Path, limit_bytes: int) -> list[Part]:
    members = [m for m in archive.infolist() if not m.is_dir()]
    if len(members) > MAX_MEMBERS:
        raise Problem("refused", "intake.too_many_members", field="file", n=MAX_MEMBERS)
    groups: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for member in members:
        pure = PurePosixPath(_name(member).replace("\\", "/"))
        if pure.suffix and not pure.name.startswith("._") and "__MACOSX" not in pure.parts:
            groups.setdefault(str(pure.with_suffix("")), {})[pure.suffix.lower()] = member
    found: list[Part] = []
    left = limit_bytes
    for number, (stem, members_of) in enumerate(sorted(groups.items())):
        known = next((f for f in FORMATS if any(s in members_of for s in f.suffixes)), None)
        if known is None:
            continue
        wanted = _wanted(known, members_of)
        for suffix in wanted:
            left -= _copy(archive, members_of[suffix], room / f"part{number}{suffix}", left)
        main = room / f"part{number}{wanted[0]}"
        found.append(Part(known.kind, main, PurePosixPath(stem).name))
    if not found:
        raise Problem("refused", "intake.nothing_in_archive", field="file")
    return found


def _wanted(known: Format, members: dict[str, zipfile.ZipInfo]) -> list[str]:
    """The suffixes of the members that make the file, the main one first."""
    main = next(s for s in known.suffixes if s in members)
    return [main, *(s for s in known.siblings if s in members and s != main)]


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


def keep(path: Path, folder: Path) -> int:
    """Copy a file of this machine, with its siblings, into an import's folder, as `source.*`.

    Returns the bytes copied.
    """
    folder.mkdir(parents=True, mode=0o700)
    total = 0
    for one in with_siblings(path):
        kept = folder / f"source{one.suffix.lower()}"
        shutil.copyfile(one, kept)
        total += kept.stat().st_size
    return total
