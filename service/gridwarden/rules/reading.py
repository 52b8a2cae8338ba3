"""Packs from their files: a file or a folder, read and checked, or refused with file and line."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gridwarden.rules.fitting import unfit
from gridwarden.rules.format import ClassSystem, Pack, Rule
from gridwarden.rules.mistakes import (
    BadPackError,
    Place,
    first_of,
    place_of,
    sentence_of,
    where,
)
from gridwarden.rules.places import line_of, places

BUILT_IN = "cn-city-gas"
"""The pack that a new installation is published with."""
HEAD = "pack.toml"
"""The file of a folder that holds everything but rules."""
__all__ = [
    "BUILT_IN",
    "BadPackError",
    "LoadedPack",
    "built_in_packs",
    "load",
    "load_built_in",
    "packs_folder",
    "parse",
]


@dataclass(frozen=True, slots=True)
class LoadedPack:
    """A checked pack, the texts that it was read from, and the packs that it extends.

    `extends` begins with the pack that is named and ends with the base.
    """

    pack: Pack
    documents: Mapping[str, str]
    extends: tuple[Pack, ...] = ()

    @property
    def base(self) -> Pack:
        """The pack that brings diameters and the class shown in answers."""
        return self.extends[-1] if self.extends else self.pack

    def system(self, rule: Rule) -> ClassSystem:
        """The class system that a rule's rows are about."""
        wanted = rule.classes or self.base.class_system[0].id
        systems = [s for p in (self.pack, *self.extends) for s in p.class_system]
        return next(s for s in systems if s.id == wanted)


def packs_folder() -> Path:
    """Where the built-in packs lie."""
    return Path(str(files("gridwarden.rules") / "packs"))


def built_in_packs() -> list[Path]:
    """Files and folders of the built-in packs, by name; of both of one name, the folder."""
    folder = packs_folder()
    found = {path.stem: path for path in folder.glob("*.toml")}
    found |= {path.parent.name: path.parent for path in folder.glob(f"*/{HEAD}")}
    return [found[name] for name in sorted(found)]


def load(path: Path, asking: tuple[str, ...] = ()) -> LoadedPack:
    """Read a pack from its file or folder. Raises BadPackError; OSError if it cannot be read.

    `asking` are the packs that are being read because they extend this one.
    """
    if path.is_dir():
        inside = sorted(path.glob("*.toml"))
        documents = {file.name: _text(file, f"{path.name}/{file.name}") for file in inside}
    else:
        documents = {path.name: _text(path, path.name)}
    return parse(documents, path.name if path.is_dir() else None, path.parent, asking)


DEEPEST = 12
"""Tables in tables; a pack needs six."""
TOO_DEEP = f"tables or lists lie more than {DEEPEST} deep in each other: no pack needs that"


def load_built_in(pack_id: str = BUILT_IN) -> LoadedPack:
    """One of the packs that come with Gridwarden. Raises KeyError."""
    for path in built_in_packs():
        if path.stem == pack_id:
            return load(path)
    raise KeyError(pack_id)


def parse(
    documents: Mapping[str, str],
    folder: str | None = None,
    beside: Path | None = None,
    asking: tuple[str, ...] = (),
) -> LoadedPack:
    """Check the texts of a pack: one file, or those of a folder (`folder` is its name, for errors).

    A pack that it extends is looked for in `beside`, then among the built-in ones.
    """
    source = _Source.read(documents, folder)
    try:
        pack = Pack.model_validate(source.found)
    except ValidationError as error:
        first = first_of(error.errors(include_url=False))
        place = place_of(first)
        sentence = sentence_of(first)
        named = place[:-1] if first["type"] in ("missing", "extra_forbidden") else place
        raise source.refuse(place, sentence, named) from error
    extended = _extended(pack, beside, source, asking)
    for place, sentence in unfit(pack, extended):
        raise source.refuse(place, sentence, place)
    return LoadedPack(pack, dict(documents), extended)


@dataclass(frozen=True, slots=True)
class _Source:
    """The files of a pack put together, and where each part of it came from."""

    names: tuple[str, ...]
    lines: tuple[Mapping[Place, int], ...]
    found: Mapping[str, Any]
    rules: tuple[tuple[int, int], ...]
    """For each rule: its file, and its number in there."""

    @classmethod
    def read(cls, documents: Mapping[str, str], folder: str | None) -> "_Source":
        files_ = sorted(documents, key=lambda name: (name != HEAD, name))
        names = tuple(f"{folder}/{file}" if folder else file for file in files_)
        if not files_ or (folder is not None and files_[0] != HEAD):
            raise BadPackError(folder or "pack", None, f"a pack in a folder needs a {HEAD}")
        read = [_toml(documents[file], name) for file, name in zip(files_, names, strict=True)]
        lines = tuple(places(documents[file]) for file in files_)
        for number, other in enumerate(read[1:], start=1):
            for key in other:
                if key != "rule":
                    raise BadPackError(
                        names[number],
                        line_of(lines[number], (key,)),
                        f"{key} belongs in {HEAD}: the other files of a folder hold rules alone",
                    )
        together = dict(read[0])
        rules: list[Any] = []
        origins: list[tuple[int, int]] = []
        for number, one in enumerate(read):
            own = one.get("rule", [])
            if not isinstance(own, list):
                line = line_of(lines[number], ("rule",))
                raise BadPackError(names[number], line, "write each rule under [[rule]]")
            rules += own
            origins += [(number, index) for index in range(len(own))]
        if rules:
            together["rule"] = rules
        return cls(names, lines, together, tuple(origins))

    def refuse(self, place: Place, sentence: str, named: Sequence[str | int]) -> BadPackError:
        """The error for a place of the whole pack."""
        file, within = 0, place
        if len(place) > 1 and place[0] == "rule" and isinstance(place[1], int):
            file, index = self.rules[place[1]]
            within = ("rule", index, *place[2:])
        told = where(named, self.found)
        reason = f"{told}: {sentence}" if told else sentence
        return BadPackError(self.names[file], line_of(self.lines[file], within), reason)


def _text(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadPackError(name, None, "the file is not UTF-8") from error


def _toml(text: str, name: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(text, parse_float=_exact)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        # "at end of document" means that something which was opened is not closed
        number = int(line[1]) if line else len(text.splitlines())
        raise BadPackError(name, number or None, f"not TOML: {error}") from error
    except RecursionError as error:
        raise BadPackError(name, None, TOO_DEEP) from error
    except _TooLongError as error:
        raise BadPackError(name, _line_with(text, error.digits), str(error)) from error
    _check_values(found, text, name)
    return found


def _check_values(found: dict[str, Any], text: str, name: str) -> None:
    """Refuse what no pack needs and no database takes: deep nesting, the character NUL."""
    waiting: list[tuple[Any, int]] = [(found, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise BadPackError(name, None, TOO_DEEP)
        if isinstance(value, str) and "\x00" in value:
            line = _line_with(text, "\\u0000") or _line_with(text, "\\x00")
            raise BadPackError(name, line, "a text holds the character NUL: take it out")
        if isinstance(value, dict):
            waiting += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            waiting += [(part, depth + 1) for part in value]


def _line_with(text: str, piece: str) -> int | None:
    return next((n for n, row in enumerate(text.splitlines(), 1) if piece in row), None)


class _TooLongError(Exception):
    """A number with more digits than are kept."""

    def __init__(self, digits: str) -> None:
        self.digits = digits
        super().__init__(f"{digits} has more than 15 digits: it would not be kept exactly")


def _exact(digits: str) -> float:
    """A number whose shortest writing is what the file says, so that JSON repeats it exactly."""
    if len(re.sub(r"[eE].*|\D", "", digits).lstrip("0")) > 15:
        raise _TooLongError(digits)
    return float(digits)


def _extended(
    pack: Pack, beside: Path | None, source: _Source, asking: tuple[str, ...]
) -> tuple[Pack, ...]:
    """The packs that one extends, the nearest first."""
    wanted, place = pack.pack.extends, ("pack", "extends")
    if wanted is None:
        return ()
    if wanted in asking:
        raise source.refuse(place, f"{wanted} and this pack extend each other", place)
    for folder in (beside, packs_folder()):
        for path in (folder / wanted, folder / f"{wanted}.toml") if folder else ():
            if path.is_file() or (path / HEAD).is_file():
                found = load(path, (*asking, pack.pack.id))
                if found.pack.pack.id != wanted:
                    told = f"{path.name} holds the pack {found.pack.pack.id!r}, not {wanted!r}"
                    raise source.refuse(place, told, place)
                return (found.pack, *found.extends)
    raise source.refuse(place, f"there is no pack {wanted!r}", place)
