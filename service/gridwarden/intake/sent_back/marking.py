"""The process that marks a file: `python -m gridwarden.intake.sent_back.marking FOLDER`.

It gets what to do as `asked.json` and the rejects as `rejects.jsonl` in its folder, writes the
marked file beside them and says its name in `made.json`. A stranger's file is opened here as
everywhere: without network, without other files than these, with limits (`intake.apart`).
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gridwarden.intake.apart import walls
from gridwarden.intake.apart.limits import MB, Limits
from gridwarden.intake.apart.reader import keep_known_drivers
from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats import point_line
from gridwarden.intake.formats.files import parts_of, with_siblings
from gridwarden.intake.formats.format import Part
from gridwarden.intake.formats.registry import BY_KIND
from gridwarden.intake.formats.sheets import Sheet
from gridwarden.intake.formats.source import open_source
from gridwarden.intake.sent_back import places, text, workbook
from gridwarden.intake.sent_back.as_read import AsRead
from gridwarden.intake.sent_back.ours import ONLY_THESE, REASON
from gridwarden.intake.sent_back.telling import Reject, Table
from gridwarden.words.problems import Problem

SECONDS: Final = 300
WHOLE_AT_MOST: Final = 64 << 20
"""Bytes of a GeoJSON that is written anew as a whole; of a larger one only the rejects go home."""


def main(folder: Path) -> None:
    """Mark one file, behind the walls that its reader had."""
    asked = json.loads((folder / "asked.json").read_text("utf-8"))
    file = Path(asked["file"])
    files = file.iterdir() if file.is_dir() else with_siblings(file)
    walls.die_with_parent()
    keep_known_drivers()
    for name in ("TMPDIR", "CPL_TMPDIR", "SQLITE_TMPDIR"):
        os.environ[name] = str(folder)
    limits = Limits(asked["memory_mb"], SECONDS)
    walls.shut(limits, folder, [file, *files], 2 * asked["limit_bytes"] + MB)
    rejects: dict[int, Reject] = {}
    with (folder / "rejects.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row, words, columns, place = json.loads(line)
            rejects[row] = Reject(row, words, tuple(columns), place)
    made = marked(folder, asked, rejects)
    (folder / "made.json").write_text(json.dumps({"file": made.name}), "utf-8")


def marked(folder: Path, asked: Mapping[str, Any], rejects: Mapping[int, Reject]) -> Path:
    """The sender's file with reasons in it, or a GeoPackage of the rejected rows. Raises what
    reading the file raises."""
    room = folder / "room"
    room.mkdir()
    file, name, limit = Path(asked["file"]), asked["name"], asked["limit_bytes"]
    parts = parts_of(file, name, room, limit)
    part = _part(parts, asked["from_layer"])
    reason = REASON[asked["language"]]
    if part is not None:
        try:
            done = _own_form(folder, part, asked, rejects, reason)
        except (Problem, ValueError, OSError):
            done = None  # in a form that we do not write: the rows alone, then
        if done is not None:
            return done
    source = open_source(file, name, room, limit, from_layer=asked["from_layer"],
                         encoding=asked["encoding"])  # fmt: skip
    made = folder / "marked.gpkg"
    made.unlink(missing_ok=True)
    places.rejected_only(
        source,
        made,
        AsRead(**asked["as_read"]),
        rejects=rejects,
        reason=reason,
        only=ONLY_THESE[asked["language"]],
    )
    return made


def _part(parts: list[Part], layer: str | None) -> Part | None:
    """The part that has the layer; None where another might have it, too."""
    fitting = [p for p in parts if layer is None or layer in BY_KIND[p.kind].layers(p)]
    return fitting[0] if len(fitting) == 1 else None


def _own_form(
    folder: Path, part: Part, asked: Mapping[str, Any], rejects: Mapping[int, Reject], reason: str
) -> Path | None:
    """The file marked in its own form; None for a form that is not marked."""
    made = folder / f"marked{part.path.suffix.lower() or '.' + part.kind}"
    kind = BY_KIND[part.kind]
    layer = asked["from_layer"] or kind.layers(part)[0]
    if part.kind in ("csv", "xlsx"):
        sheet = kind.open(part, layer, asked["encoding"])
        if not isinstance(sheet, Sheet) or point_line.is_of_lines(sheet):
            return None
        about = Table(
            sheet.fields, sheet.layout.header[-1], rejects, reason, frozenset(sheet.places)
        )
        if part.kind == "csv":
            text.mark(part.path, made, sheet.encoding, about)
        else:
            workbook.mark(part.path, made, layer, about)
        return made
    if part.kind == "gpkg":
        done = places.mark_geopackage(part.path, made, layer=layer, rejects=rejects, reason=reason)
        return made if done else None
    if part.kind == "geojson" and part.path.stat().st_size <= WHOLE_AT_MOST:
        spelt = asked["encoding"] or letters.of_text(letters.chunks_of(part.path))
        done = places.mark_geojson(part.path, made, encoding=spelt, rejects=rejects, reason=reason)
        return made if done else None
    return None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
