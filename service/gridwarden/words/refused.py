"""What is wrong with the settings, in words for whoever wrote them."""

import errno
import os
import re

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gridwarden.words.language import as_language
from gridwarden.words.speech import known, say


def wrong_settings(refusal: ValidationError, lang: str) -> str:
    """Which GRIDWARDEN_… variable to change, and why; never its value, which may be a secret."""
    told = [
        say("settings.one", lang, name=f"GRIDWARDEN_{_field(error).upper()}", why=why(error, lang))
        for error in refusal.errors(include_input=False)
        if error["type"] != "default_factory_not_called"  # a consequence of another one
    ]
    return say("settings.wrong", lang, told=say("settings.and", lang).join(told))


def spoken() -> str:
    """The language of the settings, also where these cannot be read."""
    return as_language(os.environ.get("GRIDWARDEN_LANGUAGE")) or "zh"


def _field(error: ErrorDetails) -> str:
    """The setting, without the place in a list."""
    return str(error["loc"][0]) if error["loc"] else ""


def why(error: ErrorDetails, lang: str) -> str:
    """What is wrong with one value, by pydantic's name of it."""
    keys = (f"settings.{error['type']}.{_field(error)}", f"settings.{error['type']}")
    told = error.get("ctx", {})
    return next((say(key, lang, **told) for key in keys if known(key)), error["msg"])


def not_toml(error: Exception, lang: str) -> str:
    """Where a text stops being TOML; the library says the rest in English alone."""
    place = re.search(r"at line (\d+), column (\d+)", str(error))
    if place is None:
        return say("settings.toml_end", lang)
    return say("settings.toml_at", lang, line=place[1], column=place[2])


def no_file(error: OSError, lang: str) -> str:
    """What a file that was named cannot be: one sentence for each of the usual reasons."""
    name = errno.errorcode.get(error.errno or 0, "")
    key = f"no_file.{name}" if known(f"no_file.{name}") else "no_file.other"
    return say(key, lang, file=error.filename, why=error.strerror)
