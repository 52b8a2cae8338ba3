"""Packs from their files: read, checked against the layers there are, or refused with the line."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from gridwarden.database import ADMINISTRATORS
from gridwarden.layers.catalogue import Layer, layers
from gridwarden.rules.model import Pack, PressureClass, Rule

BUILT_IN = "cn-city-gas"
"""The pack that a new installation is published with."""
AGAINST_MAINS = ("on", "protection", "clearance", "control")
"""Kinds of rule that judge by the distance to a main."""


class BadPackError(ValueError):
    """The pack cannot be used: `file`, `line` (where known) and `reason` say what to change."""

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        self.file, self.line, self.reason = file, line, reason
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")


@dataclass(frozen=True, slots=True)
class LoadedPack:
    """A checked pack, the text that it was read from and the classes its rows are about."""

    pack: Pack
    document: str
    classes: tuple[PressureClass, ...]


def packs_folder() -> Path:
    """Where the built-in packs lie."""
    return Path(str(files("gridwarden.rules") / "packs"))


def built_in_packs() -> list[Path]:
    """Files of the built-in packs, by name."""
    return sorted(packs_folder().glob("*.toml"))


def load(path: Path) -> LoadedPack:
    """Read one pack file. Raises BadPackError; OSError when the file cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadPackError(path.name, None, "the file is not UTF-8") from error
    return parse(text, path)


def load_built_in(pack_id: str = BUILT_IN) -> LoadedPack:
    """One of the packs that come with Gridwarden. Raises KeyError."""
    for path in built_in_packs():
        if path.stem == pack_id:
            return load(path)
    raise KeyError(pack_id)


def parse(text: str, path: Path) -> LoadedPack:
    """Check the text of a pack; `path` names it and its folder may hold the pack it extends."""
    name = path.name
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise BadPackError(name, int(line[1]) if line else None, str(error)) from error
    try:
        pack = Pack.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        reason = f"{where}: {first['msg']}" if where else str(first["msg"])
        raise BadPackError(name, line_of(text, first["loc"]), reason) from error
    classes = pack.class_ or _base_classes(pack, name, path.parent)
    known = {c.id for c in classes}
    there = layers()
    for number, rule in enumerate(pack.rule):
        mismatch = _mismatch(rule, known, there)
        if mismatch:
            raise BadPackError(name, line_of(text, ("rule", number)), f"{rule.id}: {mismatch}")
    return LoadedPack(pack, text, classes)


def _base_classes(pack: Pack, name: str, folder: Path) -> tuple[PressureClass, ...]:
    base = pack.pack.extends
    for path in (folder / f"{base}.toml", packs_folder() / f"{base}.toml"):
        if path.exists() and path.stem != pack.pack.id:
            return load(path).classes
    raise BadPackError(name, None, f"pack.extends: there is no pack {base!r}")


def _mismatch(rule: Rule, classes: set[str], there: Mapping[str, Layer]) -> str | None:
    """Why a rule does not fit the classes or the layers, or None."""
    for row in rule.row:
        if row.class_ is not None and row.class_ not in classes:
            return f"row: there is no class {row.class_!r}"
    for layer_id in (*rule.subjects, *([rule.counterpart] if rule.counterpart else [])):
        layer = there.get(layer_id)
        if layer is None:
            return f"there is no layer {layer_id!r}"
        if layer.geometry == "none" or layer.secret:
            return f"layer {layer_id!r} cannot be judged: it has no geometry, or a secret one"
    if rule.kind in AGAINST_MAINS:
        for layer_id in rule.subjects:
            probing = probers(there[layer_id], there["gas_pipelines"])
            if probing:
                return (
                    f"layer {layer_id!r} cannot be judged against mains: {', '.join(probing)} may"
                    " import it and read findings, and so find out where mains are"
                )
    if rule.counterpart and rule.counterpart_ignore:
        return _column(there[rule.counterpart], rule.counterpart_ignore.column, ("text",))
    if rule.attribute:
        test = rule.attribute
        for layer_id in rule.subjects:
            numbers = [
                _column(there[layer_id], column, ("real", "integer"))
                for column in (test.over.column, test.over.instead)
            ]
            reasons = [*numbers, _column(there[layer_id], test.unless.column, ("text",))]
            found = next((r for r in reasons if r), None)
            if found:
                return found
    return None


def probers(layer: Layer, mains: Layer) -> list[str]:
    """Roles that may bring this layer and see findings, but not the mains themselves.

    Judged against mains, what they bring would be a probe: its grade tells how near a main is.
    Administrators read no finding.
    """
    return [r for r in layer.importers if r not in mains.readers and r not in ADMINISTRATORS]


def _column(layer: Layer, name: str, types: Sequence[str]) -> str | None:
    column = next((c for c in layer.all_columns if c.name == name), None)
    if column is None:
        return f"layer {layer.id} has no column {name!r}"
    if column.type not in types:
        return f"column {layer.id}.{name} is {column.type}, not {' or '.join(types)}"
    return None


def line_of(text: str, place: Sequence[int | str]) -> int | None:
    """The line on which a place of the document (`rule`, 3, `row`, 0, `limit_m`) is written.

    The nearest line that is found counts: a missing key is shown where its table begins.
    """
    lines = text.splitlines()
    line = 0
    for number, part in enumerate(place):
        following = place[number + 1] if number + 1 < len(place) else None
        if isinstance(part, int):
            continue
        found = None
        if isinstance(following, int):
            found = _nth(lines, line, re.compile(rf"^\s*\[\[{re.escape(part)}\]\]"), following)
            if found is None and part == "row":
                found = _nth(lines, line, re.compile(r"\{[^{}]*limit_m"), following)
        if found is None:
            pattern = re.compile(rf"^\s*(\[{re.escape(part)}\]|{re.escape(part)}\s*=)")
            found = _nth(lines, line, pattern, 0)
        if found is None:
            break
        line = found
    return line + 1 if place else None


def _nth(lines: Sequence[str], start: int, pattern: re.Pattern[str], index: int) -> int | None:
    """Index of the line with the `index`-th match from line `start` on."""
    seen = 0
    for number in range(start, len(lines)):
        seen += len(pattern.findall(lines[number]))
        if seen > index:
            return number
    return None
