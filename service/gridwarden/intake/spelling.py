"""How texts are compared, and what people write where there is no value."""

import unicodedata
from typing import Final

from gridwarden.intake.formats.headers import words
from gridwarden.intake.formats.positions import DRAWING

NOTHING: Final = words(
    "- -- --- — —— – / // \\ n/a na nan null none nil unknown tbd 不详 未知 无 空 缺 略 暂无 未填"
    " 未详 待定 待补 待查 无数据 无资料"
) | {""}
"""What people write where there is no value; a column whose choices know the word wins."""


class BadValueError(ValueError):
    """A value that the column cannot take; `reason` is the stable code."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def plain(value: str) -> str:
    """A text as it is compared: one width, lower case, no spaces around it."""
    return unicodedata.normalize("NFKC", value).strip().casefold()


def says_nothing(spelt: str) -> bool:
    """Whether a text (as `plain` gives it) stands where there is no value; 见图 is none here."""
    return spelt in NOTHING or bool(DRAWING.match(spelt))
