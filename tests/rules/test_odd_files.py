"""Files that no person writes: refused with a sentence like any other mistake."""

import pytest

from gridwarden.rules.reading import BadPackError, parse

DEEP = "more than 12 deep"
ODD = [
    ("x=" + "[" * 20_000 + "]" * 20_000, None, DEEP),
    ("x=" + "{a=" * 3_000 + "1" + "}" * 3_000, None, DEEP),
    ("x=" + "[" * 50 + "]" * 50, None, DEEP),
    ('[pack]\nid = "a\\u0000"', 2, "the character NUL"),
    ("x = [1,\n2", 2, "Unclosed array"),
]


@pytest.mark.parametrize(("text", "line", "words"), ODD)
def test_a_file_that_nobody_writes_is_refused_with_a_sentence(
    text: str, line: int | None, words: str
) -> None:
    with pytest.raises(BadPackError) as told:
        parse({"odd.toml": text})
    assert (told.value.file, told.value.line) == ("odd.toml", line)
    assert words in told.value.reason
