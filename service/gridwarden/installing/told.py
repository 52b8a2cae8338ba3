"""Sentences of install and upgrade, in the installation's language."""

from collections.abc import Callable

from gridwarden.database.trouble import SetUpError
from gridwarden.settings import Settings
from gridwarden.words import say

Tell = Callable[[str], None]


def refusal(settings: Settings, key: str, **values: object) -> SetUpError:
    """The sentence `installing.<key>` as an error that ends a command."""
    return SetUpError(say(f"installing.{key}", settings.language, **values))
