"""Which migration is the newest that this program knows, without loading them all."""

import re
from pathlib import Path

from gridwarden.migrations import HERE, extra_locations

_REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)
_BEFORE = re.compile(r'^down_revision = "(\w+)"$', re.MULTILINE)


def newest() -> str | None:
    """The revision that no other one follows; None where there are several, as in a program that is
    being worked on.
    """
    texts = [file.read_text(encoding="utf-8") for file in _files()]
    known = {found[1] for text in texts if (found := _REVISION.search(text))}
    followed = {found[1] for text in texts if (found := _BEFORE.search(text))}
    heads = known - followed
    return heads.pop() if len(heads) == 1 else None


def _files() -> list[Path]:
    return [
        file for folder in (HERE / "versions", *extra_locations) for file in folder.glob("m*.py")
    ]
