"""Sentences of backup and restore, in the installation's language."""

from collections.abc import Callable

from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words import say

Report = Callable[[str, int, int | None], None]
"""Told which step goes on (a word of `backup.step`), how far it is, and of how much if known."""


def silent(step: str, done: int, total: int | None) -> None:
    """Report nothing."""


def refusal(settings: Settings, key: str, **values: object) -> SetUpError:
    """The sentence `backup.<key>` as an error that ends a command."""
    return SetUpError(say(f"backup.{key}", settings.language, **values))
