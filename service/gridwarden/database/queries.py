"""Named SQL: set work lives in `.sql` files beside the code that calls it."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import LiteralString, cast

_NAME = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


@cache
def queries(package: str, file: str) -> Mapping[str, LiteralString]:
    """The named blocks of `file` in `package`; a block begins with `-- name: some_name`.

    Each bears its room and name as a comment, by which the server's own lists of what runs and
    what is slow can be read. Raises ValueError for a file without names or with one name twice.
    """
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    parts = _NAME.split(text)
    names, bodies = parts[1::2], parts[2::2]
    if not names or len(set(names)) != len(names):
        raise ValueError(f"{package}/{file}: every block needs a name of its own")
    room = package.removeprefix("gridwarden.")
    named = zip(names, bodies, strict=True)
    blocks = {n: f"/* {room}.{n} */ {b.strip()}" for n, b in named}
    # The text comes from the package itself, never from a caller.
    return MappingProxyType(cast("dict[str, LiteralString]", blocks))
