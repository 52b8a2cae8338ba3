"""Rules are data: packs in TOML with their clauses, published as rows, compiled to SQL."""

from gridwarden.rules.compiler import Statement, compiled
from gridwarden.rules.publishing import chosen
from gridwarden.rules.reading import BUILT_IN, BadPackError, LoadedPack, load, load_built_in
from gridwarden.rules.sharing import ensure_published

__all__ = [
    "BUILT_IN",
    "BadPackError",
    "LoadedPack",
    "Statement",
    "chosen",
    "compiled",
    "ensure_published",
    "load",
    "load_built_in",
]
