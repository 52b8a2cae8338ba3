"""Whatever is written into a pack, the answer is a pack or a sentence with a line."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gridwarden.rules import BadPackError
from gridwarden.rules.reading import parse

from .examples import BASE, RULES

LINES = (BASE + RULES).splitlines()
VALUE = re.compile(r'= ("[^"]*"|[0-9.]+|true|false|\[[^\]]*\]|\{[^}]*\})')
ODD = (
    *("1", "-1", "1.5", "nan", "1e400", "9223372036854775808", "true", '""', '"x"', '"@x"'),
    *("[]", "[1]", '["a"]', "[[1, 2]]", "{}", "[{}]", '{ en = "a", zh = "b" }', '"\\u0000"'),
    *("2026-01-01", "07:32:00", "2026-01-01T00:00:00"),
)
places = st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 9))
writing = st.lists(st.tuples(places, st.sampled_from([None, *ODD])), min_size=1, max_size=3)


@given(writing)
def test_it_is_a_pack_or_a_sentence(changes: list[tuple[tuple[int, int], str | None]]) -> None:
    lines = list(LINES)
    for (number, which), odd in changes:
        values = [*VALUE.finditer(lines[number])]
        if odd is None or not values:
            lines[number] = ""
        else:
            start, end = values[which % len(values)].span(1)
            lines[number] = lines[number][:start] + odd + lines[number][end:]
    try:
        parse({"tiny.toml": "\n".join(lines)})
    except BadPackError as error:
        assert error.line is not None, str(error)
        assert 1 <= error.line <= len(lines)
