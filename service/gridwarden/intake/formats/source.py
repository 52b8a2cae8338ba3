"""One file, one layer of it, ready to be read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gridwarden.intake.formats import encoding as letters
from gridwarden.intake.formats import point_line
from gridwarden.intake.formats.batch import Source
from gridwarden.intake.formats.files import parts_of
from gridwarden.intake.formats.format import Part
from gridwarden.intake.formats.registry import BY_KIND
from gridwarden.words.problems import Problem

SHOWN = 30


def open_source(
    path: Path,
    name: str,
    room: Path,
    limit_bytes: int,
    *,
    from_layer: str | None = None,
    encoding: str | None = None,
) -> Source:
    """The layer of a file that is to be imported; `room` takes what is unpacked.

    Raises Problem: `refused` for a kind that is not read and for several layers of which none
    was chosen, `not_found` for a layer that is not there, `unreadable_file`, `too_large`.
    """
    found = letters.asked(encoding)
    parts = parts_of(path, name, room, limit_bytes)
    part, layer = _chosen(parts, from_layer)
    source = BY_KIND[part.kind].open(part, layer, found)
    if not point_line.is_of_lines(source):
        return source
    return point_line.joined(source, _others(parts, (part, layer), found))


def _others(
    parts: Sequence[Part], chosen: tuple[Part, str], encoding: str | None
) -> Iterator[Source]:
    """The other tables of the file, in which the points of a table of lines may be."""
    for part in parts:
        if part.kind in point_line.TABLES:
            for layer in BY_KIND[part.kind].layers(part):
                if (part, layer) != chosen:
                    yield BY_KIND[part.kind].open(part, layer, encoding)


def _chosen(parts: Sequence[Part], from_layer: str | None) -> tuple[Part, str]:
    all_layers = [(part, layer) for part in parts for layer in BY_KIND[part.kind].layers(part)]
    names = ", ".join(layer for _, layer in all_layers[:SHOWN])
    if from_layer is None:
        if len(all_layers) == 1:
            return all_layers[0]
        if not all_layers:
            raise Problem("unreadable_file", "intake.no_layer", field="file")
        raise Problem("refused", "intake.several_layers", field="from_layer", layers=names)
    for part, layer in all_layers:
        if layer == from_layer:
            return part, layer
    if len(parts) == 1 and BY_KIND[parts[0].kind].layers_within:
        return parts[0], from_layer
    raise Problem(
        "not_found", "intake.no_such_layer", field="from_layer", layer=from_layer[:80], layers=names
    )
