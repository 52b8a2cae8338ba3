"""From a file somebody sent to the parts in it that can be read: known kinds, safe archives."""

import shutil
import zipfile
from pathlib import Path
from typing import Final

from gridwarden.intake.formats import archives, photos
from gridwarden.intake.formats.archives import FILEGDB, GEODATABASE, LOOKED_AT, ZIP
from gridwarden.intake.formats.format import Format, Part
from gridwarden.intake.formats.registry import BY_KIND, BY_SUFFIX, FORMATS
from gridwarden.words.problems import Problem

INDEX: Final = ".shx"


def parts_of(path: Path, name: str, room: Path, limit_bytes: int) -> list[Part]:
    """The readable parts of a file (or of a geodatabase, which is a folder); archives are unpacked
    into `room`, at most `limit_bytes`.

    Raises Problem `refused` for a kind that is not read, and `too_large` for an archive that
    unpacks to more than the limit, however small it looks.
    """
    if path.is_dir():
        if path.suffix.lower() != GEODATABASE or FILEGDB not in BY_KIND:
            raise Problem("refused", "intake.not_read", field="file", name=name)
        return [Part(FILEGDB, path, Path(name).stem)]
    with path.open("rb") as file:
        head = file.read(LOOKED_AT)
    suffix = Path(name).suffix.lower()
    found = next((one for one in FORMATS if one.known_by(head, suffix)), None)
    if found is not None:
        return [Part(found.kind, _gathered(found, path, room), Path(name).stem)]
    if head.startswith(ZIP):
        if photos.is_album(path, BY_SUFFIX):
            return [Part(photos.PHOTOS.kind, path, Path(name).stem)]
        return archives.unpacked(path, room, limit_bytes)
    archives.refuse_other(head, name)
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


def keep(path: Path, folder: Path) -> int:
    """Copy a file of this machine, with its siblings, into an import's folder, as `source.*`.

    A geodatabase's folder becomes one zip, as it would be uploaded. Returns the bytes copied.
    """
    folder.mkdir(parents=True, mode=0o700)
    if path.is_dir():
        return _packed(path, folder / "source.zip")
    total = 0
    for one in with_siblings(path):
        kept = folder / f"source{one.suffix.lower()}"
        shutil.copyfile(one, kept)
        total += kept.stat().st_size
    return total


def _packed(folder: Path, to: Path) -> int:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for one in sorted(folder.iterdir()):
            if one.is_file() and not one.is_symlink():
                archive.write(one, f"{folder.name}/{one.name}")
    return to.stat().st_size
