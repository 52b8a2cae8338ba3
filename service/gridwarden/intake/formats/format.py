"""What a kind of file is: how it is known, which files it is made of, how it is opened."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gridwarden.intake.formats.batch import Source


@dataclass(frozen=True, slots=True)
class Part:
    """A file that can be read, under the name its sender gave it; `kind` names its Format."""

    kind: str
    path: Path
    name: str


def one_layer(part: Part) -> list[str]:
    """The layers of a file that has but one: the file's own name."""
    return [part.name]


@dataclass(frozen=True)
class Format:
    """One kind of file.

    `suffixes` are those of the main file inside an archive (lower case, with the dot), `siblings`
    those of the files that belong to it, the main file's first. `known_by` is given the first
    64 KB and the lower-case suffix. `open` is given the part, the layer, and the encoding that
    somebody asked for; it raises Problem `unreadable_file` or `refused`.

    `layers_within` tells that the file is one layer, of which `open` takes the name of a part as
    well (a layer of a drawing), and raises Problem `not_found` for one that is not there.
    """

    kind: str
    suffixes: tuple[str, ...]
    known_by: Callable[[bytes, str], bool]
    open: Callable[[Part, str, str | None], Source]
    layers: Callable[[Part], list[str]] = one_layer
    siblings: tuple[str, ...] = ()
    layers_within: bool = False
