"""Versions of features as HTTP's entity tags (RFC 9110): strong, one a version."""

import re
from typing import Final

from gridwarden.words.problems import Problem

ANY: Final = "*"
_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def tag_of(version: int) -> str:
    """The entity tag of a feature's version, with its quotes."""
    return f'"{version}"'


def tags_in(header: str, field: str) -> tuple[tuple[bool, str], ...] | None:
    """The tags of an If-Match or If-None-Match header, each weak or not and its text; None for `*`.

    Raises Problem (400, naming `field`) for what is no list of tags.
    """
    text = header.strip()
    if text == ANY:
        return None
    found: list[tuple[bool, str]] = []
    for part in (p.strip() for p in text.split(",")):
        one = _TAG.fullmatch(part)
        if part and one is None:
            raise Problem("invalid_value", "features.bad_tag", field=field)
        if one is not None:
            found.append((one[1] is not None, one[2]))
    if not found:
        raise Problem("invalid_value", "features.bad_tag", field=field)
    return tuple(found)


def is_known(header: str | None, version: int) -> bool:
    """Whether If-None-Match names this version, so that it need not be sent again: weak tags count
    there. A header that is no list of tags names nothing."""
    if header is None:
        return False
    try:
        tags = tags_in(header, "If-None-Match")
    except Problem:
        return False
    return tags is None or any(text == str(version) for _, text in tags)


def versions_in(header: str) -> list[int] | None:
    """The versions that If-Match names; None for `*`, any of them.

    A weak tag counts as well: proxies that compress make ours weak, and a version is the same
    whatever its bytes were packed in. Raises Problem (400) for what is no list of tags.
    """
    tags = tags_in(header, "If-Match")
    if tags is None:
        return None
    plain = [text for _, text in tags]
    return [int(text) for text in plain if text.isascii() and text.isdigit() and len(text) < 10]
