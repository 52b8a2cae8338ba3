"""Where a key stands in a TOML text: found for every key of every pack, and for odd writing."""

import tomllib
from collections.abc import Iterator

import pytest

from gridwarden.rules.places import line_of, places
from gridwarden.rules.reading import built_in_packs, load

ODD = '''\
# a comment with [brackets] = "and signs"
"quoted key" = 1
a.b.c = { d = [1, 2, { e = "x # no comment" }], 'f' = """
many
lines" with [[things]] in them
""", g = 2026-01-01T00:00:00Z }

[ spaced . "out" ]
k = \'\'\'
raw "text"
\'\'\'
[[list]]
n = [
  # a comment ] in a list
  "one",  # another
  { two = 2 },
]
[[list.inner]]
x = 1
[[list.inner]]
x = 2
[list.table]
y = -1.5e3
[[list]]
n = []
inner = [{ x = 3 }]
'''


def paths(found: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a document."""
    if at:
        yield at
    if isinstance(found, dict):
        for key, value in found.items():
            yield from paths(value, (*at, key))
    elif isinstance(found, list):
        for number, value in enumerate(found):
            yield from paths(value, (*at, number))


def documents() -> list[str]:
    return [text for path in built_in_packs() for text in load(path).documents.values()]


@pytest.mark.parametrize("text", [ODD, *documents()])
def test_every_place_of_a_document_has_its_line(text: str) -> None:
    found, lines = places(text), text.splitlines()
    wanted = set(paths(tomllib.loads(text)))
    assert set(found) == wanted
    for place in wanted:
        key = place[-1]
        if isinstance(key, str):
            assert key in lines[found[place] - 1], place


def test_the_lines_of_odd_writing() -> None:
    found = places(ODD)
    assert found["quoted key",] == 2
    assert found["a", "b", "c", "d", 2, "e"] == 3
    assert found["a", "b", "c", "g"] == 6
    assert found["spaced", "out", "k"] == 9
    assert found["list", 0, "n", 1, "two"] == 16
    assert found["list", 0, "inner", 1, "x"] == 21
    assert found["list", 0, "table", "y"] == 23
    assert found["list", 1] == 24
    assert found["list", 1, "inner", 0, "x"] == 26


def test_a_missing_key_has_the_line_of_its_table() -> None:
    found = places(ODD)
    assert line_of(found, ("list", 0, "inner", 1, "missing")) == 20
    assert line_of(found, ("nothing",)) is None
    assert line_of(found, ()) is None


def test_lines_are_counted_alike_with_other_line_ends() -> None:
    assert places(ODD.replace("\n", "\r\n")) == places(ODD)
