"""The packs that an installation begins with, each after those that it extends."""

from collections.abc import Iterable

from gridwarden.database import queries
from gridwarden.rules.reading import LoadedPack, built_in_packs, load_built_in
from gridwarden.words.problems import Problem

Q = queries(__package__ or "gridwarden.rules", "rules.sql")


def chosen(names: Iterable[str]) -> list[LoadedPack]:
    """The built-in packs of these names, each after those that it extends.

    What a pack extends comes with it. Raises Problem for a name that there is no pack of.
    """
    there = {path.stem for path in built_in_packs()}
    found: dict[str, LoadedPack] = {}
    for name in names:
        if name not in there:
            listed = ", ".join(sorted(there))
            raise Problem("refused", "rules.no_built_in", field="rules", pack=name, packs=listed)
        loaded = load_built_in(name)
        for base in reversed(loaded.extends):
            found.setdefault(base.pack.id, load_built_in(base.pack.id))
        found.setdefault(name, loaded)
    return list(found.values())
