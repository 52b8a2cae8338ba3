"""The catalogues: `catalogue/<room>.toml`, each entry in both languages or not at all.

    [heat.title]
    en = "Heat map of suspected problems"
    zh = "疑似问题热力图"

A text may name parameters in braces (`{n}`); values are put in as they are and never read as
a pattern. `en_one` is the English wording for `n=1` where it differs.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from gridwarden.words.language import LANGUAGES

_EXTRA: Final = frozenset({"en_one"})


class UnknownWordsError(KeyError):
    """There is no such entry in words/catalogue; add it there in both languages."""


class CatalogueError(ValueError):
    """A catalogue entry lacks a language, holds something else, or stands in two files."""


def entries(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Walk one parsed catalogue; raise CatalogueError for an entry without both languages."""
    for name, value in table.items():
        key = f"{above}.{name}" if above else name
        if not isinstance(value, dict):
            raise CatalogueError(f"{key}: an entry is a table with {' and '.join(LANGUAGES)}")
        texts = {k: v for k, v in value.items() if isinstance(v, str)}
        below = {k: v for k, v in value.items() if not isinstance(v, str)}
        if texts:
            missing = [language for language in LANGUAGES if not texts.get(language)]
            if missing or set(texts) - _EXTRA - set(LANGUAGES):
                raise CatalogueError(f"{key}: lacks {missing} or holds more than languages")
            yield key, texts
        yield from entries(below, key)


def merged(catalogues: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, str]]:
    """Join the parsed files (name → table); raise CatalogueError when two files hold one key."""
    found: dict[str, dict[str, str]] = {}
    for file, table in catalogues.items():
        for key, texts in entries(table):
            if key in found:
                raise CatalogueError(f"{file}: {key} stands in another file, too")
            found[key] = texts
    return MappingProxyType(found)


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Every entry of every room, read once."""
    folder = files("gridwarden.words") / "catalogue"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return merged({f.name: tomllib.loads(f.read_text("utf-8")) for f in found})


def known(key: str) -> bool:
    """Whether the catalogue has this entry."""
    return key in catalogue()


def say(key: str, lang: str, /, **params: object) -> str:
    """The words of one entry; raise UnknownWordsError for a key that no catalogue has."""
    try:
        texts = catalogue()[key]
    except KeyError:
        raise UnknownWordsError(key) from None
    one = texts.get(f"{lang}_one") if params.get("n") in (1, "1") else None
    text = one or texts[lang if lang in LANGUAGES else LANGUAGES[0]]
    return text.format_map(params) if params else text
